#!/usr/bin/python3
"""Input made to be slow: twice as much of it takes about twice the processor time, not four times.

    test_worst_cases.py             each case once, and once twice as large: fails beyond MOST times
    test_worst_cases.py --table     the table of doc/worst-cases.md, with sizes four times as large
"""
import os
import resource
import shutil
import subprocess
import sys
import tempfile

MAILHAUL = os.environ.get("MAILHAUL", "build/tools/mailhaul")
MOST = 2.8                                # growth like n log n is 2.1; like the square, 4
TRIES = 3                                 # other work on the machine disturbs a measurement
DATED = b"From a@example.org Sat Jan  1 00:00:00 2005\n"
HEAD = DATED + b"Subject: x\n\n"
BASE = 1700000000
DIGITS = "abcdefghijklmnopqrstuvwxyz234567"
UID = 21903                               # of the Maildirs, where the test runs as root


# ---- what is read: each writes one input of size n below the directory top ------------------------

def mbox(text):
    def write(top, n):
        with open(os.path.join(top, "in"), "wb") as f:
            f.write(text(n))
        return ["inspect", os.path.join(top, "in")]
    return write


def same_messages(top, n):
    with open(os.path.join(top, "in"), "wb") as f:
        f.write((HEAD + b"body\n\n") * n)
    return ["convert", "--sync", "none", os.path.join(top, "in"), os.path.join(top, "out")]


def target_list(top, n):
    """A UID list of the target with lines for files that are not there."""
    with open(os.path.join(top, "in"), "wb") as f:
        f.write(HEAD + b"body\n\n")
    for name in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(top, "out", name))
    with open(os.path.join(top, "out/dovecot-uidlist"), "wb") as f:
        f.write(b"3 V1 N%d G0123456789abcdef0123456789abcdef\n" % (n + 1))
        for i in range(n):
            f.write(b"%d W10 :%d.M%dP1.h\n" % (i + 1, BASE, i))
    return ["convert", "--sync", "none", os.path.join(top, "in"), os.path.join(top, "out")]


def courier(write_state, messages=1):
    """A Maildir with few messages whose Courier files are large."""
    def write(top, n):
        box = os.path.join(top, "in")
        for name in ("cur", "new", "tmp", "courierimapkeywords"):
            os.makedirs(os.path.join(box, name))
        for i in range(messages if messages else n):
            with open(os.path.join(box, "cur", "%d.M%dP1.h:2,S" % (BASE, i)), "wb") as f:
                f.write(b"Subject: x\n\nbody\n")
        write_state(box, n)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "%d:%d" % (UID, UID), top], check=True)
        return ["convert", "--sync", "none", box, os.path.join(top, "out")]
    return write


def state(name, head, line, tail=b""):
    def write(box, n):
        with open(os.path.join(box, name), "wb") as f:
            f.write(head(n) + b"".join(line(i) for i in range(n)) + tail)
    return write


def keyword_list(box, n):
    """:list that names n keywords, and gives them all to one message and one each to others."""
    with open(os.path.join(box, "courierimapkeywords/:list"), "wb") as f:
        f.write(b"".join(b"keyword%d\n" % i for i in range(n)) + b"\n")
        f.write(b"%d.M0P1.h:" % BASE + b" ".join(b"%d" % i for i in range(n)) + b"\n")
        f.write(b"".join(b"%d.M%dP1.h:%d\n" % (BASE, i + 1, i) for i in range(n)))


def keyword_updates(box, n):
    """Updates of updates: n of them for one message."""
    with open(os.path.join(box, "courierimapkeywords/:list"), "wb") as f:
        f.write(b"a\n\n")
    for i in range(n):
        with open(os.path.join(box, "courierimapkeywords/.%d.%d.M0P1.h" % (5984379 + i, BASE)),
                  "wb") as f:
            f.write(b"k%d\n" % i)


def long_names(box, n):
    """Names that have no room on disk, of folders that are not there."""
    with open(os.path.join(box, "courierimapsubscribed"), "wb") as f:
        f.write(b"".join(b"INBOX.%d" % i + b"x" * n + b"\n" for i in range(20)))


def folders(box, n):
    for i in range(n):
        for name in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(box, ".f%d" % i, name))


def deep_folder(box, n):
    """Folder names of many levels, each one level deeper than the one before."""
    for i in range(1, n):
        for name in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(box, ".a" * min(i, 110) + ".%d" % i, name))


def colliding(n):
    """Names that are one to a hash without a key: to GLib's, here."""
    for i in range(n):
        yield b"".join(b"BA" if i >> bit & 1 else b"Ab" for bit in range(n.bit_length()))


def colliding_subscriptions(box, n):
    with open(os.path.join(box, "courierimapsubscribed"), "wb") as f:
        f.write(b"".join(b"INBOX.%s\n" % name for name in colliding(n)))


def chosen_digests(box, n):
    """Names as mailhaul gives them, with digests that begin alike."""
    for i in range(n):
        digest = "a" * 28 + "".join(DIGITS[i >> shift & 31] for shift in (15, 10, 5, 0))
        name = "%d.H%s.1.mailhaul:2,S" % (BASE, digest)
        with open(os.path.join(box, "cur", name), "wb") as f:
            f.write(b"Subject: x\n\nbody\n")


CASES = (
    # what, n for the test, how it is written
    ("`From ` lines without a date in a body", 400000, mbox(lambda n: HEAD + b"From x\n" * n)),
    ("dated `From ` lines, nothing between them", 100000, mbox(lambda n: DATED * n)),
    ("dated `From ` lines with text between", 60000, mbox(lambda n: HEAD + (DATED + b"y\n\n") * n)),
    ("lines `>From `", 2500000, mbox(lambda n: HEAD + b">From x\n" * n)),
    ("one line of `>`", 12000000, mbox(lambda n: HEAD + b">" * n + b"From x\n")),
    ("one line without an end", 20000000, mbox(lambda n: HEAD + b"x" * n)),
    ("header lines in one message", 300000,
     mbox(lambda n: DATED + b"".join(b"X-%d: y\n" % i for i in range(n)) + b"\nbody\n")),
    ("one header folded over many lines", 800000,
     mbox(lambda n: DATED + b"X-Keywords: a\n" + b" b\n" * n + b"\nbody\n")),
    ("keywords of one message", 60000,
     mbox(lambda n: DATED + b"X-IMAPbase: 1 9\nX-Keywords: " +
          b" ".join(b"k%d" % i for i in range(n)) + b"\nX-UID: 1\nStatus: RO\n\nbody\n")),
    ("a keyword of its own for each message", 40000,
     mbox(lambda n: b"".join(DATED + b"X-Keywords: k%d\nX-UID: %d\n\nb\n\n" % (i, i + 1)
                             for i in range(n)))),
    ("Content-Length that points to the end", 30000,
     mbox(lambda n: b"".join(DATED + b"Content-Length: %d\n\nb\n\n" % (64 * (n - i))
                             for i in range(n)))),
    ("UIDs that descend", 40000,
     mbox(lambda n: b"".join(DATED + b"X-UID: %d\nStatus: RO\n\nb\n\n" % (n - i)
                             for i in range(n)))),
    ("holes of NULs", 100000, mbox(lambda n: HEAD + (b"\0" * 16 + b"From x\n") * n)),
    ("equal messages, delivered", 5000, same_messages),
    ("lines in the target's dovecot-uidlist", 150000, target_list),
    ("lines in courierimapuiddb", 150000,
     courier(state("courierimapuiddb", lambda n: b"1 77 %d\n" % (n + 1),
                   lambda i: b"%d %d.M%dP1.h\n" % (i + 1, BASE, i)))),
    ("the same name again and again in courierimapuiddb", 150000,
     courier(state("courierimapuiddb", lambda n: b"1 77 %d\n" % (n + 1),
                   lambda i: b"%d %d.M0P1.h\n" % (i + 1, BASE)))),
    ("lines in courierpop3dsizelist", 150000,
     courier(state("courierpop3dsizelist", lambda n: b"/2 %d 77\n" % (n + 1),
                   lambda i: b"%d.M%dP1.h:2,S 17 %d:77\n" % (BASE, i, i + 1)))),
    ("lines in courierimapsubscribed", 60000,
     courier(state("courierimapsubscribed", lambda n: b"", lambda i: b"INBOX.f%d\n" % i))),
    ("the same, names chosen to collide in a hash table", 8192, courier(colliding_subscriptions)),
    ("digests in names, chosen to collide", 8000, courier(chosen_digests)),
    ("letters in each name of courierimapsubscribed", 1000, courier(long_names)),
    ("lines in courierimapacl", 60000,
     courier(state("courierimapacl", lambda n: b"", lambda i: b"user=u%d lr\n" % i))),
    ("keywords in Courier's :list", 100000, courier(keyword_list)),
    ("updates of one message's keywords", 12000, courier(keyword_updates)),
    ("folders", 600, courier(folders)),
    ("folders, each a level deeper", 400, courier(deep_folder)),
)


def measure(write, n):
    """Processor seconds of one run."""
    top = tempfile.mkdtemp(prefix="mh-worst-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    try:
        os.chmod(top, 0o755)
        command = write(top, n)
        process = subprocess.Popen([MAILHAUL, *command, "--config", "/dev/null"], cwd=top,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, env={"TZ": "UTC", "PATH": "/usr/bin:/bin"})
        err = process.stderr.read().decode(errors="replace")
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise RuntimeError("%s ends with %d: %s" % (command[0], process.returncode, err[:2000]))
        return usage.ru_utime + usage.ru_stime
    finally:
        shutil.rmtree(top)


def compare(write, n):
    """(seconds of n, seconds of 2 n, their ratio): of the best of a few tries."""
    best = None
    for _ in range(TRIES):
        one, two = measure(write, n), measure(write, 2 * n)
        if best is None or two / one < best[2]:
            best = (one, two, two / one)
        if best[2] <= MOST or two < 0.1:  # too little to tell
            break
    return best


def print_table():
    print("| input | n | n takes | 2 n take | times |")
    print("|---|---:|---:|---:|---:|")
    for what, n, write in CASES:
        one, two = measure(write, 4 * n), measure(write, 8 * n)
        print("| %s | %d | %.2f s | %.2f s | %.1f |" % (what, 4 * n, one, two, two / one), flush=True)


def main():
    if sys.argv[1:] == ["--table"]:
        return print_table()
    bad = 0
    for what, n, write in CASES:
        one, two, times = compare(write, n)
        is_bad = times > MOST and two >= 0.1
        bad += is_bad
        print("%-4s %5.2f s %5.2f s %4.1f  %s" % ("BAD" if is_bad else "good", one, two, times, what),
              flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
