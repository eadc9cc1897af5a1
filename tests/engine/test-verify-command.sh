#!/bin/sh
# The command as an admin runs it: exit status, words, JSON.
#   test-verify-command.sh MAILHAUL
set -u
mailhaul=$1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
failed=0

complain() {
    echo "FAILED: $*" >&2
    cat "$scratch/out" "$scratch/err" >&2
    failed=1
}

# run EXPECTED-STATUS COMMAND ARGUMENT...
run() {
    expected=$1 command=$2
    shift 2
    "$mailhaul" "$command" --config /dev/null --users "$scratch/users" --inbox "$scratch/spool/%u" \
        --maildir "$scratch/out.d/%u" "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
    [ "$status" -eq "$expected" ] || complain "$command $*: exit status $status, not $expected"
}

says() {
    grep -qF -e "$1" "$scratch/out" || complain "nothing says '$1'"
}

# Twelve messages.
mkdir "$scratch/spool" "$scratch/home" "$scratch/out.d"
for n in 01 02 03 04 05 06 07 08 09 10 11 12; do
    printf 'From a@example.org Thu Jan  1 10:%s:00 2004\nSubject: %s\nStatus: RO\n\ntext\n\n' \
        "$n" "$n"
done >"$scratch/spool/fred"
uid=$(id -u) gid=$(id -g)
[ "$uid" -ne 0 ] || uid=4711 gid=4711
chown "$uid:$gid" "$scratch/spool/fred" "$scratch/home"
echo "fred:x:$uid:$gid::$scratch/home:/bin/sh" >"$scratch/users"

run 2 verify
grep -q 'has not been carried yet' "$scratch/err" || complain "a missing target is not told"

run 0 migrate --state "$scratch/state"
run 0 verify
says 'fred: 1 mailbox, 12 messages, 12 the same'
run 0 verify --quiet
[ ! -s "$scratch/out" ] || complain "--quiet says something of an account that is all right"

printf 'From a@example.org Thu Jan  1 11:00:00 2004\nSubject: late\n\ntext\n\n' \
    >>"$scratch/spool/fred"
run 1 verify
says '1 newer at the source'
says 'newer-at-source: INBOX: message 13: a message is missing at the target'
run 0 migrate --state "$scratch/state"
run 0 verify

# Whatever is newer, damage decides; ten differences are shown, all are in JSON.
chmod 640 "$scratch"/out.d/fred/cur/*
run 2 verify
says '12 DAMAGED'
says 'a file has another mode'
says 'and 2 more; --json lists all'
[ "$(grep -c '^  damage' "$scratch/out")" -eq 10 ] || complain "not ten differences"
run 2 verify --json
[ "$(grep -o '"code":"mode","class":"damage"' "$scratch/out" | wc -l)" -eq 12 ] ||
    complain "JSON does not list all"
says '"difference_counts":{"note":0,"changed-at-target":0,"newer-at-source":0,"loss":0,"damage":12}'
run 0 verify --mode 0600 --help

# A tester's flag stays a tester's when the next run takes the server's indexes of the folder away.
rm -r "$scratch/out.d/fred" "$scratch/state"
for n in 1 2 3; do
    printf 'From a@example.org Thu Jan  1 10:0%s:00 2004\n' "$n"
    [ "$n" -ne 1 ] || echo 'X-IMAPbase: 1072951260 0000000003'
    printf 'X-UID: %s\nSubject: %s\nStatus: RO\n\ntext\n\n' "$n" "$n"
done >"$scratch/spool/fred"
in="$scratch/out.d/fred"
run 0 migrate --state "$scratch/state"
first=$(find "$in/cur" -name '1072951260.*')
mv "$first" "${first}T"
rm "$(find "$in/cur" -name '1072951320.*')"
for name in dovecot.index.log dovecot.list.index.log; do
    : >"$in/$name"
    chmod 600 "$in/$name"
    chown "$uid:$gid" "$in/$name"
done
run 0 migrate --state "$scratch/state"
[ ! -e "$in/dovecot.index.log" ] || complain "the index stays although a UID has come back"
run 1 verify
says 'changed-at-target: INBOX: message 1 '
rm "$in/dovecot.list.index.log"
run 2 verify

# In place: files have the group that they had, or that the directory gives them.
group=$gid
[ "$(id -u)" -ne 0 ] || group=4712
mkdir "$scratch/home/Maildir" "$scratch/home/Maildir/cur" "$scratch/home/Maildir/new" \
    "$scratch/home/Maildir/tmp"
printf 'Subject: 1\n\ntext\n' >"$scratch/home/Maildir/cur/1:2,S"
chown -R "$uid:$group" "$scratch/home"
chmod 640 "$scratch/home/Maildir/cur/1:2,S"
chmod 2700 "$scratch/home" "$scratch/home/Maildir"
set -- --inbox "$scratch/home/Maildir" --maildir "%h/Maildir"
run 0 migrate --state "$scratch/state.place" "$@"
[ "$(stat -c %g "$scratch/home/Maildir/dovecot-uidlist")" -eq "$group" ] ||
    complain "the directory gave no group"
run 0 verify "$@"
says '1 the same, 0 damaged'
exit "$failed"
