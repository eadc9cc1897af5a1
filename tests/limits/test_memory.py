#!/usr/bin/python3
"""How much memory a message costs, in the first run over a large mbox and in the next ones.

Two mailboxes of tiny messages, one four times the other: what the peak grows by, shared out among
the messages that it grew by."""
import os
import subprocess
import sys
import tempfile

MAILHAUL = os.environ.get("MAILHAUL", "build/tools/mailhaul")
SMALL, LARGE = 30000, 120000
MOST_BYTES = {"first": 125, "same": 165, "new": 165}  # a message; 106, 148 and 150 were measured
MOST_BESIDES_MB = 20


def message(number):
    return (b"From a@example.org Sat Jan  1 00:00:00 2005\nMessage-ID: <%d@example.org>\n"
            b"X-UID: %d\nStatus: RO\n\nbody %d\n\n" % (number, number, number))


def write(path, first, count, mode):
    with open(path, mode) as f:
        for number in range(first, first + count):
            f.write(message(number) if number > 1 else
                    message(number).replace(b"X-UID", b"X-IMAPbase: 1058640000 1\nX-UID"))


def peak(*command):
    """Bytes that the command had at most. Asked of a process of its own, for the largest of all
    children counts, and a child begins as large as its parent."""
    ask = ("import os, resource, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ);"
           "_, status, used = os.wait4(pid, 0); print(status, used.ru_maxrss)")
    said = subprocess.run([sys.executable, "-SEc", ask, *command], check=True,
                          capture_output=True, text=True).stdout.split()
    assert os.waitstatus_to_exitcode(int(said[-2])) in (0, 1), command
    return int(said[-1]) * 1024


def runs(top, count):
    mbox, target = os.path.join(top, "mbox"), os.path.join(top, "target")
    command = (MAILHAUL, "convert", "--sync", "none", "--json", mbox, target)
    write(mbox, 1, count, "wb")
    peaks = {"first": peak(*command), "same": peak(*command)}
    write(mbox, count + 1, count // 100, "ab")
    peaks["new"] = peak(*command)
    return peaks


def main():
    peaks = []
    for count in (SMALL, LARGE):
        with tempfile.TemporaryDirectory(prefix="mailhaul-memory-") as top:
            peaks.append(runs(top, count))
    failed = False
    for run, most in MOST_BYTES.items():
        each = (peaks[1][run] - peaks[0][run]) / (LARGE - SMALL)
        besides = (peaks[1][run] - each * LARGE) / (1 << 20)
        bad = each > most or besides > MOST_BESIDES_MB
        failed |= bad
        print(f"{run:6} {each:6.1f} bytes a message and {besides:5.1f} MB besides"
              + (f"; more than {most} or {MOST_BESIDES_MB} MB" if bad else ""))
    sys.exit(failed)


if __name__ == "__main__":
    main()
