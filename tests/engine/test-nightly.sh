#!/bin/sh
# Night after night, the cutover, and back: what an admin would look at after each run.
#   test-nightly.sh MAILHAUL
set -u
mailhaul=$(realpath "$1")
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" && chmod 755 . || exit 1
failed=0
state=$scratch/state

# Root's mail may not be carried as root; somebody else works as himself.
if [ "$(id -u)" -eq 0 ]; then uid=23456; else uid=$(id -u); fi
fred() { [ "$(id -u)" -ne 0 ] || chown -R "$uid:$uid" "$@"; }

complain() {
    echo "FAILED: $case: $*" >&2
    sed 's/^/    /' "$scratch/out" "$scratch/err" >&2
    failed=1
}

# run STATUS COMMAND ARGUMENT...: leaves out and err
run() {
    wanted=$1 command=$2
    shift 2
    where="--inbox=$scratch/spool/%u --folders=%h/mail"
    [ "$command" != undo ] || where=
    # shellcheck disable=SC2086
    "$mailhaul" "$command" --config /dev/null --users users $where --maildir "$scratch/new/%u" \
        --state "$state" "$@" >out 2>err
    status=$?
    [ "$status" -eq "$wanted" ] || complain "$command $*: exit status $status, not $wanted"
}

says() { grep -q -e "$1" out || complain "no '$1' on standard output"; }
errs() { grep -q -e "$1" err || complain "no '$1' on standard error"; }
there() { [ -e "$1" ] || complain "$1 is not there"; }
gone() { [ ! -e "$1" ] || complain "$1 is there"; }
# count N FOLDER: so many messages are in the folder of the target
count() {
    n=$(find "new/fred/$2/cur" "new/fred/$2/new" -type f 2>/dev/null | wc -l)
    [ "$n" -eq "$1" ] || complain "$n messages in $2, not $1"
}
# Everything of the target, its times included.
snapshot() {
    find new -printf '%p %i %s %T@ %C@ %m\n' | sort
    find new -type f -exec cksum {} + | sort
}

message() {
    printf 'From a@b.example Mon Jan  1 00:00:00 2024\nFrom: a@b.example\nSubject: %s\n' "$1"
    printf 'Message-ID: <%s@b.example>\n\nbody of %s\n\n' "$1" "$1"
}

# A new site: INBOX 2, Sent 3, Empty 0, dir/sub 1. Its files are older than a clock's tick.
site() {
    case=$1
    rm -rf home spool new state
    mkdir -p home/fred/mail/dir spool new
    { message one; message two; } >spool/fred
    { message s1; message s2; message s3; } >home/fred/mail/Sent
    : >home/fred/mail/Empty
    message d1 >home/fred/mail/dir/sub
    echo 'no mail' >home/fred/mail/notes.txt
    printf 'mail/Sent\nmail/Empty\n' >home/fred/.mailboxlist
    echo "fred:x:$uid:$uid::$scratch/home/fred:/bin/sh" >users
    : >out
    : >err
    fred home/fred spool/fred
    chmod 1777 spool
    sleep 0.3
}

# ---- nothing has changed -------------------------------------------------------------------

site 'nothing changed'
run 0 migrate
says '6 carried'
count 2 .
count 3 .Sent
snapshot >before
run 0 migrate
says 'up to date'
snapshot >after
cmp -s before after || complain "the target changed"
touch new/fred/.Sent/dovecot-uidlist # the target is looked at again, too
sleep 0.3
run 0 migrate
says 'up to date'
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    run 0 migrate
    ASAN_OPTIONS=detect_leaks=0 strace -f -o trace "$mailhaul" migrate --config /dev/null --users users \
        --inbox "$scratch/spool/%u" --folders %h/mail --maildir "$scratch/new/%u" \
        --state "$state" >out 2>err || complain "the traced run failed"
    says 'up to date'
    # what was opened but for looking (O_PATH) and directories
    grep -E 'open(at2?)?\(' trace | grep -v -e O_PATH -e O_DIRECTORY |
        grep -E -e '(fred|Sent|sub|Empty|uidlist|keywords|cur|new)"' && complain "it was opened"
    if grep -E 'fork|clone' trace | grep -q -v -e vfork; then
        grep -B 3 -E 'fork|clone' trace # what was looked at last had changed
        complain "a worker was started"
    fi
    calls=$(grep -c -E '(stat|openat2)\(.*(Sent|dovecot-uidlist|dovecot-keywords|cur|new)"' trace)
    [ "$calls" -le 40 ] || complain "$calls calls for 4 mailboxes"
    # one mailbox changed: the others are not opened
    sleep 0.2
    message three >>spool/fred
    ASAN_OPTIONS=detect_leaks=0 strace -f -o trace "$mailhaul" migrate --config /dev/null --users users \
        --inbox "$scratch/spool/%u" --folders %h/mail --maildir "$scratch/new/%u" \
        --state "$state" >out 2>err || complain "the traced run failed"
    says '1 carried'
    grep -E 'open(at2?)?\(' trace | grep -v -e O_PATH -e O_DIRECTORY |
        grep -E -e '"(Sent|sub|Empty)"' && complain "it was opened"
    grep -q '"fred"' trace || complain "the trace shows nothing"
fi

site 'a change within the same tick'
message s4 >>home/fred/mail/Sent
run 0 migrate
sed -i s/body/BODY/ home/fred/mail/Sent # the same size, at once
run 0 migrate
says '4 carried'
grep -q 'BODY of s4' new/fred/.Sent/*/*S=* || complain "the old text stayed"

site 'the state directory is lost, or old'
run 0 migrate
cp -r state old
snapshot >before
rm -r state
run 0 migrate
says 'up to date'
message three >>spool/fred
run 0 migrate
says '1 carried'
rm -r state
mv old state
run 0 migrate
says 'up to date'
count 3 .

site 'other settings, and a new file'
printf 'From x@y.example Mon Jan  1 00:00:00 2024\nSubject: q\n\n>From q\n\n' >>home/fred/mail/Sent
run 0 migrate
run 0 migrate --unquote=mboxo
says '1 carried'
run 0 migrate --unquote=mboxo
says 'up to date'
message n >home/fred/mail/dir/Fresh
run 0 migrate --unquote=mboxo
says '1 carried'
count 1 .dir.Fresh

# ---- folders come and go -------------------------------------------------------------------

site 'renamed, removed, another kind'
run 0 migrate
touch "new/fred/.dir.sub/cur/1.foreign:2,"
mv home/fred/mail/Sent home/fred/mail/Sent2
rm home/fred/mail/Empty home/fred/mail/dir/sub
mkdir home/fred/mail/Empty home/fred/mail/dir/sub
message x >home/fred/mail/Empty/below
fred home/fred
run 0 migrate --dry-run
there new/fred/.Sent
gone new/fred/.Sent2
run 0 migrate
gone new/fred/.Sent
gone new/fred/.Empty
count 3 .Sent2
count 1 .Empty.below
count 1 .dir.sub
there "new/fred/.dir.sub/cur/1.foreign:2,"

site 'kept on request'
run 0 migrate
rm home/fred/mail/Sent
run 0 migrate --keep-expunged
count 3 .Sent
run 0 migrate
gone new/fred/.Sent

site 'a mailbox that is none any more'
run 0 migrate
echo broken >home/fred/mail/Sent
run 1 migrate
says "no mailbox now"
count 3 .Sent
run 1 migrate
count 3 .Sent

site 'a directory that cannot be read'
if [ "$(id -u)" -ne 0 ] || [ "$uid" -ne 0 ]; then
    run 0 migrate
    chmod 0 home/fred/mail/dir
    run 2 migrate
    count 1 .dir.sub
    chmod 755 home/fred/mail/dir
    run 0 migrate
    count 1 .dir.sub
fi

site 'an unmounted source'
message three >>spool/fred
run 0 migrate
mv home/fred/mail away
mv spool/fred inbox
run 2 migrate
errs 'not there now'
mkdir home/fred/mail
fred home/fred
run 2 migrate
errs 'is empty now'
run 2 migrate
mv inbox spool/fred
run 2 migrate
errs 'is its file system mounted'
count 3 .
count 3 .Sent
rmdir home/fred/mail
mv away home/fred/mail
run 0 migrate
says 'up to date'
rm spool/fred # as a mail server does with an empty one; others have theirs
touch spool/other
run 0 migrate
count 0 .
there new/fred/cur
count 3 .Sent
rm -r home/fred/mail/*
run 0 migrate --keep-expunged
count 3 .Sent
run 2 migrate
errs 'nothing of it is left'
rm -r away 2>/dev/null

# ---- UIDs and flags ------------------------------------------------------------------------

# uids FOLDER: the UIDs of its list, in one line
uids() { tail -n +2 "new/fred/$1/dovecot-uidlist" | cut -d' ' -f1 | tr '\n' ' '; }
validity() { head -n 1 "new/fred/$1/dovecot-uidlist" | grep -o 'V[0-9]*'; }
is() { [ "$1" = "$2" ] || complain "'$1', not '$2'"; }
# numbered SUBJECT HEADER...: a message with more headers
numbered() {
    subject=$1
    shift
    printf 'From a@b.example Mon Jan  1 00:00:00 2024\nSubject: %s\n' "$subject"
    printf '%s\n' "$@" ''
    printf 'body of %s\n\n' "$subject"
}

site 'X-IMAPbase appears on Tuesday, and is another one on Wednesday'
numbered a >home/fred/mail/Sent
numbered b >>home/fred/mail/Sent
run 0 migrate
is "$(uids .Sent)" '1 2 '
{ numbered a 'X-IMAPbase: 1234567890 0000000009' 'X-UID: 7'; numbered b 'X-UID: 9'; } \
    >home/fred/mail/Sent
run 0 migrate
is "$(validity .Sent)" V1234567890
is "$(uids .Sent)" '7 9 '
{ numbered a 'X-IMAPbase: 1234567891 0000000002' 'X-UID: 1'; numbered b 'X-UID: 2'; } \
    >home/fred/mail/Sent
run 0 migrate
is "$(validity .Sent)" V1234567891
is "$(uids .Sent)" '1 2 '
count 2 .Sent

site 'one of two equal messages goes'
{ numbered t 'X-IMAPbase: 1234567890 0000000009' 'X-UID: 3'; numbered t 'X-UID: 5'; } \
    >home/fred/mail/Sent
run 0 migrate
is "$(uids .Sent)" '3 5 '
numbered t 'X-IMAPbase: 1234567890 0000000009' 'X-UID: 5' >home/fred/mail/Sent
run 0 migrate
is "$(uids .Sent)" '5 '
count 1 .Sent

site 'the flag of a tester'
numbered a 'Status: RO' >home/fred/mail/Sent
run 0 migrate
mail=$(ls new/fred/.Sent/cur/*)
mv "$mail" "${mail}T" # Seen, and now Trashed
numbered new >>home/fred/mail/Sent
run 0 migrate
ls new/fred/.Sent/cur/*:2,ST >/dev/null 2>&1 || complain "the tester's flag is gone"
run 0 migrate --mirror
ls new/fred/.Sent/cur/*:2,S >/dev/null 2>&1 || complain "--mirror left the tester's flag"

# ---- subscriptions -------------------------------------------------------------------------

site 'subscriptions'
run 0 migrate
list=new/fred/subscriptions
grep -qx Sent $list || complain "Sent is not subscribed"
printf 'Mine\n' >>$list
sed -i /Empty/d $list
printf 'mail/dir/sub\nmail/Empty\n' >home/fred/.mailboxlist
run 0 migrate
grep -qx Sent $list && complain "what is gone at the source is subscribed"
grep -qx Mine $list || complain "the tester's is gone"
grep -qx Empty $list && complain "what the tester removed is there"
grep -q "^dir	sub$" $list || complain "the new one is not there"
run 0 migrate --mirror
grep -qx Empty $list || complain "--mirror does not follow the source"

site 'subscriptions of a target that was put back'
run 0 migrate
cp -a new/fred older
sleep 0.1
printf 'mail/dir/sub\n' >>home/fred/.mailboxlist
run 0 migrate
grep -q "^dir	sub$" new/fred/subscriptions || complain "the new one is not there"
rm -r new/fred
mv older new/fred
run 0 migrate
grep -q "^dir	sub$" new/fred/subscriptions || complain "the new one went with the newer target"

# ---- the cutover ---------------------------------------------------------------------------

site 'final and late'
run 0 migrate
message three >>spool/fred
run 0 migrate --final
says '1 carried'
snapshot >before
run 0 migrate --final
says 'up to date'
message four >>spool/fred
run 2 migrate
errs 'was closed by its final run on 2'
run 2 migrate --final
errs 'its source or the settings may have changed since'
"$mailhaul" status --config /dev/null --users users --state "$state" >out 2>err
says '^fred: in step, closed; .* 4 mailboxes'
run 2 migrate --dry-run
run 2 undo fred
errs 'was closed'
run 0 check
snapshot >after
cmp -s before after || complain "a closed account changed"
rm "$(find new/fred/cur new/fred/new -name '*mailhaul*' | head -n 1)"
rm -r new/fred/.dir.sub
message s4 >>home/fred/mail/Sent
message new >home/fred/mail/New
rm home/fred/mail/Empty
fred home/fred
run 0 migrate --late
says '3 carried'
count 3 .
count 4 .Sent
count 1 .New
there new/fred/.Empty
gone new/fred/.dir.sub
snapshot >before
run 0 migrate --late
says 'up to date'
snapshot >after
cmp -s before after || complain "a second late run changed something"
for again in 1 2; do
    run 2 migrate --late --folders %h
    errs 'it is not known what of it was carried before'
    gone new/fred/.mail.Sent
done
run 0 migrate --late
says 'up to date'
mv state away
run 2 migrate --late
errs 'no record of what was carried'
rm -r state
mv away state
run 0 migrate --reopen
count 4 .
run 0 migrate

site 'late mail in places that were not there'
rm -r home/fred/mail spool/fred home/fred/.mailboxlist
mkdir -p home/fred/mail
message one >home/fred/mail/Only
fred home/fred
run 0 migrate --final
message two >>spool/fred
fred spool/fred
message s >home/fred/mail/Sent
fred home/fred
run 0 migrate --late
count 1 .
count 1 .Sent
rm -r new/fred state home/fred/mail
run 0 migrate --final --reopen
rm spool/fred
mkdir home/fred/mail
message s >home/fred/mail/Sent
fred home/fred
run 0 migrate --late
count 1 .Sent
rm -r new/fred state home/fred/mail
run 0 migrate --final
message one >>spool/fred
fred spool/fred
run 0 migrate --late
count 1 .

site 'late mail for a target that is older'
run 0 migrate
cp -a new/fred older
message three >>spool/fred
run 0 migrate --final
mv new/fred newest
mv older new/fred
message four >>spool/fred
run 2 migrate --late
errs 'the target is older than the last run'
count 2 .
rm -r new/fred
run 2 migrate --late
errs 'the target is not the one into which mail was carried'
[ ! -e new/fred/cur ] || complain "late mail went to a target that has nothing else"
run 0 migrate --reopen --keep-expunged
count 4 .
rm -r new/fred
mv newest new/fred
run 0 migrate --final --reopen
message five >>spool/fred
run 0 migrate --late
says '1 carried'
count 5 .

site 'a final run under which the source changes'
run 0 migrate
# the change comes while the last mailbox is being locked
sleep 0.2
: >home/fred/mail/dir/sub.lock
fred home/fred/mail/dir
message d2 >>home/fred/mail/dir/sub
(sleep 2 && message three >>spool/fred && rm home/fred/mail/dir/sub.lock) &
run 2 migrate --final
errs "changed during the last run: '$scratch/spool/fred'"
wait
run 0 migrate --final
count 3 .
count 2 .dir.sub

# ---- POP3 UIDLs -----------------------------------------------------------------------------

# inbox_of COUNT: an INBOX with so many messages that have UIDs
inbox_of() {
    n=0
    while [ "$((n += 1))" -le "$1" ]; do
        printf 'From a@b.example Mon Jan  1 00:00:00 2024\nSubject: %s\n' "$n"
        [ "$n" -gt 1 ] || printf 'X-IMAPbase: 1300000000 %010d\n' "$1"
        printf 'X-UID: %d\nStatus: RO\n\nbody %d\n\n' "$n" "$n"
    done
}

site 'a UIDL that the server makes of mail of its own'
inbox_of 2 >spool/fred
fred spool/fred
run 0 migrate --pop3-uidl uw
touch new/fred/cur/own:2,
sed -i '1s/ N3 / N4 /; $a3 :own' new/fred/dovecot-uidlist
fred new/fred
inbox_of 3 >spool/fred
fred spool/fred
run 1 migrate --pop3-uidl uw
says 'could not keep their UID'
grep -q '^3 P :own$' new/fred/dovecot-uidlist || complain "mail of the server has the UIDL of other"
grep '^4 ' new/fred/dovecot-uidlist | grep -q ' P' && complain "a UIDL is there twice"
run 0 migrate --pop3-uidl uw
grep -q '^3 P :own$' new/fred/dovecot-uidlist || complain "it has another UIDL again"

# ---- undo ----------------------------------------------------------------------------------

site undo
run 0 migrate
snapshot >before
run 0 undo fred --dry-run
says '6 to remove'
snapshot >after
cmp -s before after || complain "a dry run changed something"
mv new away # not mounted, or another --maildir
run 2 undo fred
errs "no directory for the target .*/new/fred', though mail was carried"
mv away new
run 0 undo fred
gone new/fred
run 0 undo fred
says 'up to date'
run 0 migrate
says '6 carried'
touch "new/fred/cur/1.mine:2," "new/fred/.Sent/new/2.mine"
mkdir -p new/fred/.Mine/cur new/fred/.Mine/new new/fred/.Mine/tmp
printf '3 V77 N9\n8 :3.mine\n' >new/fred/.Mine/dovecot-uidlist
touch "new/fred/.Mine/cur/3.mine:2,S"
last=$(tail -n 1 new/fred/.Sent/dovecot-uidlist | cut -d' ' -f1)
echo "$((last + 1)) :2.mine" >>new/fred/.Sent/dovecot-uidlist
fred new/fred
printf 'Mine\n' >>new/fred/subscriptions
rm -r state # the target knows by itself
run 0 undo fred --dry-run
says "'.Sent/new/2.mine'"
run 0 undo fred --dry-run --quiet
[ ! -s out ] || complain "it is not quiet"
run 0 undo fred
says "'.Sent/new/2.mine'"
says "'./cur/1.mine:2,'"
count 1 .
count 1 .Sent
count 1 .Mine
gone new/fred/.dir.sub
gone new/fred/.Empty
tail -n 1 new/fred/.Sent/dovecot-uidlist | grep -q "^$((last + 1)) .*:2.mine" ||
    complain "the UID of mail that stays changed"
printf '3 V77 N9\n8 :3.mine\n' | cmp -s - new/fred/.Mine/dovecot-uidlist ||
    complain "a foreign folder changed"

site 'undo in a directory that was there before'
mkdir new/fred
fred new/fred
run 0 migrate
run 0 undo fred
there new/fred
[ -z "$(ls -A new/fred)" ] || complain "something is left: $(ls -A new/fred)"

# ---- locks and signals ---------------------------------------------------------------------

site 'two runs'
: >spool/fred.lock # holds up the first
fred spool/fred.lock
"$mailhaul" migrate --config /dev/null --users users --inbox "$scratch/spool/%u" \
    --folders %h/mail --maildir "$scratch/new/%u" --state "$state" >first 2>&1 &
pid=$!
sleep 1
run 75 migrate
errs "held by another run, process $pid"
began=$(date +%s)
kill "$pid"
wait "$pid"
[ $? -eq 2 ] || complain "stopped, and not exit status 2: $(cat first)"
[ $(($(date +%s) - began)) -lt 10 ] || complain "asked to stop, it went on to wait for a lock"
grep -q 'run again to continue' first || complain "no word on going on"
rm -f spool/fred.lock
run 0 migrate # the lock of who has gone does not count
count 2 .
count 3 .Sent
gone new/fred/mailhaul.build

site 'stopped in the middle'
i=0
while [ $i -lt 3000 ]; do
    message "m$i"
    i=$((i + 1))
done >home/fred/mail/Big
fred home/fred/mail
"$mailhaul" migrate --config /dev/null --users users --inbox "$scratch/spool/%u" \
    --folders %h/mail --maildir "$scratch/new/%u" --state "$state" --sync=message >first 2>&1 &
pid=$!
n=0
until [ "$(find new/fred -name '*mailhaul,*' 2>/dev/null | wc -l)" -gt 20 ] || [ $n -gt 100 ]; do
    sleep 0.05
    n=$((n + 1))
done
kill -INT "$pid" 2>/dev/null || kill "$pid"
wait "$pid"
run 0 migrate
count 3000 .Big
count 3 .Sent
gone new/fred/mailhaul.build
run 0 migrate
says 'up to date'

exit "$failed"
