#!/usr/bin/python3
"""How much memory a message costs, in the first run over a large mailbox and in the next ones.

Two mailboxes of tiny messages, one four times the other: what the peak grows by, shared out among
the messages that it grew by. (Where a mailbox doubles, among those that it had before.)"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

MAILHAUL = os.environ.get("MAILHAUL", "build/tools/mailhaul")
MOST_BESIDES_MB = 20
TRIES = 3
# Hundreds of thousands of small files: a disk would take minutes for what memory is asked here.
SHM, NEED_BYTES = "/dev/shm", 4 << 30
DATE = 1104537600


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


def convert(source, target, *options):
    return peak(MAILHAUL, "convert", "--sync", "none", "--json", *options, source, target)


def change_flags(path, every):
    """Rewrites the Status of each @every-th message, in place."""
    with open(path, "r+b") as f:
        text = bytearray(f.read())
        for number, at in enumerate(mark.start() for mark in re.finditer(b"Status: RO", text)):
            if number % every == 0:
                text[at:at + 10] = b"Status: O "
        f.seek(0)
        f.write(text)


def mbox(top, count):
    source, target = os.path.join(top, "mbox"), os.path.join(top, "target")
    write(source, 1, count, "wb")
    yield "first", convert(source, target)
    yield "same", convert(source, target)
    write(source, count + 1, count // 100, "ab")
    yield "new", convert(source, target)
    change_flags(source, 100)
    yield "flags", convert(source, target)


def arrived(top, count):
    """The new server has delivered into the folder before; the mbox has no UIDs."""
    source, target = os.path.join(top, "mbox"), os.path.join(top, "target")
    for name in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(target, name))
    with open(os.path.join(target, "cur", "1:2,S"), "wb") as f:
        f.write(b"Subject: test\n\nbody\n")
    with open(source, "wb") as f:
        for number in range(count):
            f.write(re.sub(rb"X-[^\n]*\n", b"", message(number)))
    yield "arrived", convert(source, target)
    with open(source, "ab") as f:
        f.write(b"".join(message(number) for number in range(count, count * 2)))
    yield "doubled", convert(source, target)


def put(source, place, number):
    """A message of Courier's; its base name and size."""
    text = b"Message-ID: <%d@example.org>\n\nbody %d\n" % (number, number)
    name = f"{DATE + number}.M{number % 1000000:06}P4711V0801I{number:08}.mx.example.org"
    name += f",S={len(text)}"
    path = os.path.join(source, place % name)
    with open(path, "wb", 0) as f:
        f.write(text)
    os.utime(path, (DATE + number, DATE + number))
    return name, len(text)


def maildir(top, count):
    """An INBOX with UIDs and POP3 UIDLs."""
    source = os.path.join(top, "Maildir")
    for name in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(source, name))
    with open(os.path.join(source, "courierimapuiddb"), "w") as lists, \
            open(os.path.join(source, "courierpop3dsizelist"), "w") as sizes:
        lists.write(f"1 {DATE} {count + 1}\n")
        sizes.write(f"/3 {count + 8} {DATE + 1}\n")
        for number in range(1, count + 1):
            name, size = put(source, "cur/%s:2,S", number)
            lists.write(f"{number} {name}\n")
            sizes.write(f"{name}:2,S {size + 3} {number + 7}:{DATE + 1}:0\n")
    return source


def answer(source, every):
    """Another flag for each @every-th message."""
    cur = os.path.join(source, "cur")
    for number, name in enumerate(sorted(os.listdir(cur))):
        if number % every == 0:
            os.rename(os.path.join(cur, name), os.path.join(cur, name[:-1] + "RS"))


def courier(top, count):
    source, target = maildir(top, count), os.path.join(top, "target")
    yield "linked", convert(source, target)
    yield "linked, same", convert(source, target)
    answer(source, 100)
    yield "linked, flags", convert(source, target)


def pop3_only(top, count):
    """Nobody has read the INBOX by IMAP: it has no UIDs."""
    source, target = maildir(top, count), os.path.join(top, "target")
    os.remove(os.path.join(source, "courierimapuiddb"))
    yield "POP3", convert(source, target)
    yield "POP3, same", convert(source, target)
    oldest = sorted(os.listdir(os.path.join(source, "cur")))[0]
    os.remove(os.path.join(source, "cur", oldest))
    yield "POP3, deleted", convert(source, target)


def copied(top, count):
    source, target = maildir(top, count), os.path.join(top, "target")
    yield "copied", convert(source, target, "--transfer", "copy")


def in_place(top, count):
    source = maildir(top, count)
    yield "in place", convert(source, source)
    yield "in place, same", convert(source, source)


# Two sizes, and bytes a message that each kind of run may take. Below 60,000 messages of Courier
# the program itself is what counts.
SCENES = (
    (mbox, 40000, 160000, {"first": 100, "same": 100, "new": 100, "flags": 100}),
    (arrived, 10000, 40000, {"arrived": 100, "doubled": 200}),
    (courier, 60000, 140000, {"linked": 100, "linked, same": 100, "linked, flags": 100}),
    (pop3_only, 60000, 140000, {"POP3": 100, "POP3, same": 100, "POP3, deleted": 100}),
    (copied, 60000, 140000, {"copied": 100}),
    (in_place, 60000, 140000, {"in place": 100, "in place, same": 100}),
)


def place():
    roomy = os.access(SHM, os.W_OK) and shutil.disk_usage(SHM).free > NEED_BYTES
    return SHM if roomy else None


def measure(scene, small, large, most):
    """{kind of run: (bytes a message, megabytes besides)}"""
    peaks = []
    for count in (small, large):
        with tempfile.TemporaryDirectory(prefix="mailhaul-memory-", dir=place()) as top:
            peaks.append(dict(scene(top, count)))
    each = {run: (peaks[1][run] - peaks[0][run]) / (large - small) for run in most}
    return {run: (each[run], (peaks[1][run] - each[run] * large) / (1 << 20)) for run in most}


def is_within(scene, small, large, most):
    """Tells how much each kind of run took. What the system gives a process beyond what it asked
    for differs by some percent from one time to the next, so there are three of them."""
    open_runs = dict(most)
    for _ in range(TRIES):
        for run, (each, besides) in measure(scene, small, large, most).items():
            if run not in open_runs:
                continue
            bad = each > most[run] or besides > MOST_BESIDES_MB
            print(f"{run:15} {each:6.1f} bytes a message and {besides:5.1f} MB besides"
                  + (f"; more than {most[run]} or {MOST_BESIDES_MB} MB" if bad else ""), flush=True)
            if not bad:
                del open_runs[run]
        if not open_runs:
            return True
    return False


def main():
    sys.exit(not all([is_within(*scene) for scene in SCENES]))


if __name__ == "__main__":
    main()
