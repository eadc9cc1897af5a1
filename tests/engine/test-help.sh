#!/bin/sh
# Walks --help through all commands, and compares it with the manual page.
#   test-help.sh MAILHAUL MANUAL
set -u
mailhaul=$1
manual=$2
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
failed=0

# Commands that the manual page has and the program not yet. One that exists must go from here.
pending=''

complain() {
    echo "FAILED: $*" >&2
    failed=1
}

# run EXPECTED-STATUS ARGUMENT...: leaves $scratch/out and $scratch/err
run() {
    expected=$1
    shift
    "$mailhaul" "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
    [ "$status" -eq "$expected" ] || complain "$*: exit status $status, not $expected"
}

check_help() {
    run 0 "$@"
    [ -s "$scratch/out" ] || complain "$*: nothing on standard output"
    [ ! -s "$scratch/err" ] || complain "$*: something on standard error"
    awk 'length > 79 { print; bad = 1 } END { exit bad }' "$scratch/out" ||
        complain "$*: wider than 80 columns"
}

# check_wrong STATUS WORDS ARGUMENT...: an error on standard error only, with WORDS in it
check_wrong() {
    wanted=$1 words=$2
    shift 2
    run "$wanted" "$@"
    [ ! -s "$scratch/out" ] || complain "$*: something on standard output"
    grep -q -e "$words" "$scratch/err" || complain "$*: no '$words' on standard error"
}

check_help --help
commands=$(awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on && /^  [a-z]/ { print $1 }' \
    "$scratch/out")
[ -n "$commands" ] || complain "no commands"
for command in $commands; do
    check_help "$command" --help
    sed -n 's/^ *\(-[a-z], \)\{0,1\}--\([a-z0-9-]*\).*/\2/p' "$scratch/out" >"$scratch/options"
    grep -qx help "$scratch/options" || complain "$command: --help does not list itself"
    while read -r option; do
        grep -q "^\.It .*Fl -$option\( \|\$\)" "$manual" || complain "manual: no --$option"
    done <"$scratch/options"
    grep -q "^\.It Cm $command\( \|\$\)" "$manual" || complain "manual: no $command"
    "$mailhaul" --help | tr -s ' \n' ' ' >"$scratch/help"
    summary=$(sed -n "/^\.It Cm $command\( \|\$\)/,/\.\$/p" "$manual" | sed 1d | tr '\n' ' ')
    summary=$(echo "$summary" | sed 's/\. *$//' | cut -c 2-)
    grep -qF -e "$summary" "$scratch/help" || complain "$command: manual and help differ: $summary"
    check_wrong 64 "Try 'mailhaul $command --help'" "$command" --no-such-option
done

# Every command of the manual exists, or is known to be missing.
for command in $(sed -n '/^\.Sh COMMANDS/,/^\.Sh OPTIONS/s/^\.It Cm \([a-z-]*\).*/\1/p' "$manual"); do
    case " $pending " in
    *" $command "*)
        case " $(echo $commands) " in *" $command "*) complain "$command is not pending" ;; esac
        ;;
    *) check_help "$command" --help ;;
    esac
done

check_help --version
check_wrong 64 '^Usage: mailhaul'
check_wrong 64 "is 'server-config' meant" sever-config
check_wrong 64 "there is no command 'xyzzy'" xyzzy
check_wrong 64 'there is no option --xyzzy' --xyzzy
check_wrong 64 'is --maildir meant' server-config --maildr=/m/%u
check_wrong 64 "not one of 'server-config'" server-config --final
check_wrong 64 "needs --maildir" server-config --config /dev/null
check_wrong 64 "takes no argument 'x\\\\x1by'" server-config --config /dev/null --maildir /m/%u \
    "$(printf 'x\033y')"
check_wrong 64 '^mailhaul: --dovecot: .2.5. is not one of' server-config --config /dev/null \
    --dovecot 2.5
check_wrong 78 'cannot read configuration file' server-config --config "$scratch/none"

# The command line goes before the file; keys of other commands' options are allowed.
conf=$scratch/mailhaul.conf
printf '[mailhaul]\nmaildir = /a/%%u\nfolders = %%h/mail\nmirror = yes\ndovecot = 2.3\n' >"$conf"
run 0 server-config --config "$conf"
grep -q 'mail_location = "maildir:/a/%u"' "$scratch/out" || complain "the file does not count"
run 0 server-config --config "$conf" --maildir /b/%u
grep -q 'mail_location = "maildir:/b/%u"' "$scratch/out" || complain "the file goes first"
printf '[mailhaul]\nmaildr = /a/%%u\n' >"$conf"
check_wrong 78 "mailhaul.conf:2: there is no key 'maildr'; is 'maildir' meant?" \
    server-config --config "$conf" --maildir /b/%u
printf '[mailhaul]\n\njobs = many\n' >"$conf"
check_wrong 78 "mailhaul.conf:3: jobs: 'many'" server-config --config "$conf" --maildir /b/%u

# A full disk is not success.
if [ -w /dev/full ]; then
    "$mailhaul" --help >/dev/full 2>/dev/null
    [ $? -eq 2 ] || complain "output to a full disk looks like success"
fi

# Completion is made of the same tables.
run 0 completion bash
for command in $commands; do
    grep -q "    $command) options=" "$scratch/out" || complain "bash completion: no $command"
done
if command -v bash >/dev/null; then
    cat >"$scratch/try" <<'EOF'
source "$1"
COMP_WORDS=(mailhaul server-config --dovecot = 2) COMP_CWORD=4
_mailhaul
echo "${COMPREPLY[*]}"
COMP_WORDS=(mailhaul serv) COMP_CWORD=1
_mailhaul
echo "${COMPREPLY[*]}"
EOF
    bash "$scratch/try" "$scratch/out" >"$scratch/tried" 2>&1
    [ "$(cat "$scratch/tried")" = "$(printf '2.3 2.4\nserver-config')" ] ||
        complain "bash completion: $(cat "$scratch/tried")"
fi
run 0 completion zsh
if command -v zsh >/dev/null; then
    zsh -n "$scratch/out" || complain "zsh completion does not parse"
fi
check_wrong 64 'bash or zsh' completion fish

if command -v mandoc >/dev/null; then
    mandoc -Tlint -Wwarning "$(dirname "$manual")"/*.[1-8] ||
        complain "mandoc has complaints"
fi
exit "$failed"
