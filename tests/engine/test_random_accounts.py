#!/usr/bin/python3
"""Random accounts, migrated by the real program, and what must be true of any of them: every
message of the source arrives exactly once with its bytes, its UID, flags and keywords; UIDs ascend;
verify finds nothing; a second run changes nothing; after random changes the same is true again; and
the source stays as it was. Accounts are mbox files, and Maildirs of Courier copied, linked and converted where they are.

    test_random_accounts.py [--seed N] [--seconds S]      a failure names the seed of its round
"""
import argparse
import collections
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile

import reflink

MAILHAUL = os.environ.get("MAILHAUL", "build/tools/mailhaul")
IS_ROOT = os.geteuid() == 0
FIRST_UID = 22100
ACCOUNTS = 12                             # a round
NAMES = ("Sent", "Drafts", "a b", "Entwürfe", "日本", "x.y", "R&D", "~tilde", "UPPER", "upper-2",
         "with,comma", "per%cent", "a=b", "1", "mail-2019", "(old)", "quote'", "star-")
KEYWORDS = ("Work", "later", "$Label1", "NonJunk", "todo")
FLAGS = "SRFTD"                           # Maildir's: \Seen \Answered \Flagged \Deleted \Draft


class Failure(Exception):
    pass


class Message:
    def __init__(self, rng, number):
        lines = [b"Message-Id: <%d@random.example>" % number,
                 b"Date: Sat, 1 Jan 2005 00:%02d:%02d +0000" % (number // 60 % 60, number % 60)]
        for _ in range(rng.randrange(4)):
            lines.append(rng.choice((b"Subject: hello", b"X-Long: " + b"y" * rng.randrange(3000),
                                     b"Received: from a\n\tby b; Sat, 1 Jan 2005 00:00:00 +0000",
                                     b"X-Eight: \xfc\xe4\xf6", b"Subject: =?utf-8?q?=C3=A4?=",
                                     b"X-Status-Quo: kept", b"Content-Type: text/plain")))
        rng.shuffle(lines)
        self.header = b"\n".join(lines) + b"\n"
        body = []
        for _ in range(rng.choice((0, 1, 3, 10, 60))):
            body.append(rng.choice((b"", b"text", b">From the start", b">>From", b"From: me",
                                    b" From here", b"x" * rng.randrange(5000), b"a\rb", b"\xff\x80",
                                    b"a\0b", b"From", b"Status: RO", b"--boundary", b".", b"\t ")))
        self.body = b"".join(line + b"\n" for line in body)
        self.uid = None
        self.flags = frozenset(f for f in FLAGS if rng.random() < 0.25)
        self.keywords = sorted(rng.sample(KEYWORDS, rng.choice((0, 0, 1, 2))))
        self.name = None                  # Courier's
        self.recent = False

    def digest(self):
        return hashlib.sha256(self.header + b"\n" + self.body).hexdigest()


class Folder:
    def __init__(self, path, has_uids, validity):
        self.path, self.has_uids, self.validity = path, has_uids, validity
        self.messages = []
        self.next_uid = 1

    def grow(self, rng, count, numbers):
        for _ in range(count):
            if self.messages and rng.random() < 0.1:              # a real duplicate
                twin = rng.choice(self.messages)
                message = Message(rng, next(numbers))
                message.header, message.body = twin.header, twin.body
            else:
                message = Message(rng, next(numbers))
            if self.has_uids:
                self.next_uid += rng.choice((0, 0, 0, 1, 7, 1000))
                message.uid = self.next_uid
                self.next_uid += 1
            self.messages.append(message)

    def shrink(self, rng):
        self.messages = [m for m in self.messages if rng.random() > 0.2]
        for message in self.messages:
            if rng.random() < 0.3:
                message.flags = frozenset(f for f in FLAGS if rng.random() < 0.25)


class MboxAccount:
    kind = "mbox"

    def __init__(self, rng, numbers):
        self.folders = [Folder("INBOX", rng.random() < 0.8, rng.randrange(1, 2**31))]
        for name in rng.sample(NAMES, rng.randrange(6)):
            path = name if rng.random() < 0.7 else "deep/" + name
            self.folders.append(Folder(path, rng.random() < 0.8, rng.randrange(1, 2**31)))
        for folder in self.folders:
            folder.grow(rng, rng.choice((0, 1, 2, 9, 40)), numbers)

    def text(self, folder):
        out = []
        for i, m in enumerate(folder.messages):
            status = ("R" if "S" in m.flags else "") + "O"
            x_status = "".join(x for f, x in (("T", "D"), ("F", "F"), ("R", "A"), ("D", "T"))
                               if f in m.flags)
            extra = b""
            if folder.has_uids:
                if i == 0:
                    extra += b"X-IMAPbase: %d %010d %s\n" % (
                        folder.validity, folder.next_uid - 1, " ".join(KEYWORDS).encode())
                extra += b"X-UID: %d\n" % m.uid
                extra += b"X-Keywords: %s\n" % " ".join(m.keywords).encode()
            extra += b"Status: %s\nX-Status: %s\n" % (status.encode(), x_status.encode())
            out.append(b"From sender@example.org Sat Jan  1 00:00:00 2005\n" + m.header + extra +
                       b"\n" + m.body + b"\n")
        return b"".join(out)

    def write(self, home, spool):
        shutil.rmtree(home, ignore_errors=True)
        os.makedirs(os.path.join(home, "mail/deep"))
        for folder in self.folders:
            path = spool if folder.path == "INBOX" else os.path.join(home, "mail", folder.path)
            with open(path, "wb") as f:
                f.write(self.text(folder))
        return [spool]

    @staticmethod
    def keywords_are_known(folder):
        return folder.has_uids


class CourierAccount:
    def __init__(self, rng, numbers, kind):
        self.kind = kind
        self.folders = [Folder("", True, rng.randrange(1, 2**31))]
        for name in rng.sample(("Sent", "Drafts", "a b", "Entw&APw-rfe", "UPPER", "x,y", "R&-D"),
                               rng.randrange(5)):
            path = "." + name if rng.random() < 0.7 else ".deep." + name
            self.folders.append(Folder(path, True, rng.randrange(1, 2**31)))
        for folder in self.folders:
            folder.grow(rng, rng.choice((0, 1, 2, 9, 40)), numbers)

    def write(self, home, spool):
        """As Courier does: what is there keeps its file, but for its name."""
        del spool
        maildir = os.path.join(home, "Maildir")
        for folder in self.folders:
            directory = os.path.join(maildir, folder.path)
            for name in ("cur", "new", "tmp", "courierimapkeywords"):
                os.makedirs(os.path.join(directory, name), exist_ok=True)
            if folder.path:
                open(os.path.join(directory, "maildirfolder"), "wb").close()
            self.write_messages(folder, directory)
        return []

    @staticmethod
    def write_messages(folder, directory):
        cur = os.path.join(directory, "cur")
        there = {name.partition(":")[0]: name for name in os.listdir(cur)}
        listed, keywords = b"1 %d %d\n" % (folder.validity, folder.next_uid), ""
        for m in folder.messages:
            size = len(m.header) + 1 + len(m.body)
            if m.name is None:
                number = int(m.digest()[:8], 16)
                m.name = "%d.M%dP%d_%d.host,S=%d" % (1100000000 + m.uid, number, m.uid, m.uid, size)
            path = os.path.join(cur, m.name + ":2," + "".join(sorted(m.flags)))
            old = there.pop(m.name, None)
            if old is None:
                with open(path, "wb") as f:
                    f.write(m.header + b"\n" + m.body)
                os.utime(path, (1100000000 + m.uid,) * 2)
            elif "".join(c for c in old.partition(":2,")[2] if c.isupper()) != "".join(sorted(m.flags)):
                os.rename(os.path.join(cur, old), path)
            listed += b"%d %s\n" % (m.uid, m.name.encode())
            if m.keywords:
                keywords += "%s:%s\n" % (m.name, " ".join(str(KEYWORDS.index(k))
                                                         for k in m.keywords))
        for name in there.values():
            os.unlink(os.path.join(cur, name))
        with open(os.path.join(directory, "courierimapuiddb"), "wb") as f:
            f.write(listed)
        with open(os.path.join(directory, "courierimapkeywords", ":list"), "w",
                  encoding="ascii") as f:
            f.write("".join(k + "\n" for k in KEYWORDS) + "\n" + keywords)

    @staticmethod
    def keywords_are_known(folder):
        del folder
        return True


# ---- the target, read without any of mailhaul's own code ------------------------------------------

def read_folder(path):
    """[(UID, digest, flags, keywords)...] and the list's UIDVALIDITY; checks what stands alone."""
    words = {}
    if os.path.exists(os.path.join(path, "dovecot-keywords")):
        with open(os.path.join(path, "dovecot-keywords"), encoding="utf-8") as f:
            words = {chr(97 + int(n)): w for n, w in (line.rstrip("\n").split(" ", 1) for line in f)}
    files = {}
    for which in ("cur", "new"):
        for name in os.listdir(os.path.join(path, which)):
            base, _, info = name.partition(":2,")
            if base in files:
                raise Failure("%s: two files with one base name" % path)
            with open(os.path.join(path, which, name), "rb") as f:
                files[base] = (hashlib.sha256(f.read()).hexdigest(), info)
    if os.listdir(os.path.join(path, "tmp")):
        raise Failure("%s: something is left in tmp" % path)
    with open(os.path.join(path, "dovecot-uidlist"), "rb") as f:
        head, *lines = f.read().split(b"\n")
    if lines[-1:] != [b""]:
        raise Failure("%s: the list's last line has no end" % path)
    fields = dict((part[:1], part[1:]) for part in head.split(b" ")[1:])
    rows, last = [], 0
    for line in lines[:-1]:
        front, _, base = line.partition(b" :")
        uid = int(front.split(b" ")[0])
        if not last < uid < int(fields[b"N"]):
            raise Failure("%s: UID %d follows %d, next is %s" % (path, uid, last, fields[b"N"]))
        last = uid
        digest, info = files.pop(os.fsdecode(base), (None, ""))
        if digest is None:
            raise Failure("%s: UID %d has no file" % (path, uid))
        rows.append((uid, digest, frozenset(c for c in info if c.isupper()),
                     sorted(words[c] for c in info if c.islower())))
    if files:
        raise Failure("%s: %d files are not listed" % (path, len(files)))
    return rows, int(fields[b"V"])


def check_account(account, target):
    seen = collections.Counter()
    found = {}
    for name in [""] + [n for n in os.listdir(target) if n.startswith(".")]:
        path = os.path.join(target, name)
        if not os.path.isdir(os.path.join(path, "cur")):
            continue
        rows, validity = read_folder(path)
        seen[tuple(sorted(r[1] for r in rows))] += 1
        found[validity] = rows
    wanted = collections.Counter(tuple(sorted(m.digest() for m in f.messages))
                                 for f in account.folders)
    for digests, count in (wanted - seen).items():
        if digests or account.kind != "mbox":
            raise Failure("%s: %d folders with %d messages are not as they were"
                          % (target, count, len(digests)))
    if any(digests for digests in seen - wanted):
        raise Failure("%s: there is a folder that was not at the source" % target)
    for folder in account.folders:
        if not folder.has_uids or not folder.messages:
            continue
        expected = [(m.uid, m.digest(), m.flags,
                     m.keywords if account.keywords_are_known(folder) else [])
                    for m in folder.messages]
        rows = found.get(folder.validity)
        if rows != expected:
            for row, right in zip(rows or [], expected):
                if row != right:
                    raise Failure("%s, folder %r: %r, not %r" % (target, folder.path, row, right))
            raise Failure("%s: folder %r has not its UIDs" % (target, folder.path))


def snapshot(top, links=False):
    """@links: what a second name of a file changes does not count, and nor do locks."""
    seen = {}
    for folder, _, names in os.walk(top):
        for name in names:
            st = os.lstat(os.path.join(folder, name))
            seen[os.path.join(folder, name)] = (st.st_ino, st.st_size, st.st_mtime_ns,
                                                None if links else st.st_ctime_ns)
    return seen


def changed(before, after):
    return sorted(p for p in set(before) | set(after) if before.get(p) != after.get(p))


# ---- a round --------------------------------------------------------------------------------------

class Round:
    def __init__(self, top, seed):
        self.top, self.rng = top, random.Random(seed)
        numbers = iter(range(1, 10**9))
        self.accounts = [
            MboxAccount(self.rng, numbers) if kind == "mbox"
            else CourierAccount(self.rng, numbers, kind)
            for kind in ("mbox", "copied", "linked", "in place") * (ACCOUNTS // 4)]
        self.numbers = numbers
        self.are_links = not reflink.is_there(top)
        os.chmod(top, 0o755)
        os.makedirs(os.path.join(top, "spool"))
        os.chmod(os.path.join(top, "spool"), 0o1777)

    def home(self, number):
        return os.path.join(self.top, "home", "u%d" % number)

    def target(self, number):
        return os.path.join(self.home(number), "Maildir") \
            if self.accounts[number].kind == "in place" else os.path.join(self.top, "out/u%d" % number)

    def write(self):
        lists = collections.defaultdict(list)
        for i, account in enumerate(self.accounts):
            uid = FIRST_UID + i if IS_ROOT else os.getuid()
            extra = account.write(self.home(i), os.path.join(self.top, "spool/u%d" % i))
            if IS_ROOT:
                subprocess.run(["chown", "-R", "%d:%d" % (uid, uid), self.home(i), *extra],
                               check=True)
            lists[account.kind].append("u%d:x:%d:%d::%s:/bin/sh\n" % (i, uid, uid, self.home(i)))
        for kind, lines in lists.items():
            with open(self.list_of(kind), "w", encoding="ascii") as f:
                f.writelines(lines)

    def list_of(self, kind):
        return os.path.join(self.top, "users." + kind.replace(" ", "-"))

    def mailhaul(self, command, kind, *options):
        inbox = os.path.join(self.top, "spool/%u") if kind == "mbox" else "%h/Maildir"
        maildir = "%h/Maildir" if kind == "in place" else os.path.join(self.top, "out/%u")
        done = subprocess.run(
            [MAILHAUL, command, "--config", "/dev/null", "--source-format",
             "mbox" if kind == "mbox" else "courier", "--inbox", inbox, "--folders", "%h/mail",
             "--users", self.list_of(kind), "--maildir", maildir, *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False, env=dict(os.environ, TZ="UTC"))
        if done.returncode != 0:
            raise Failure("%s %s: status %d\n%s" % (command, kind, done.returncode, done.stdout))

    def migrate(self):
        for kind in sorted({account.kind for account in self.accounts}):
            self.mailhaul("migrate", kind, "--sync", "none", "--state",
                          os.path.join(self.top, "state." + kind.replace(" ", "-")),
                          "--transfer", {"copied": "copy", "linked": "link"}.get(kind, "auto"))

    def check(self):
        for i, account in enumerate(self.accounts):
            check_account(account, self.target(i))
            if account.kind == "linked" and self.are_links:
                self.check_links(i)
        for kind in sorted({account.kind for account in self.accounts}):
            self.mailhaul("verify", kind)

    def check_links(self, number):
        """Its messages are the very files of the source."""
        inodes = [{os.lstat(os.path.join(folder, name)).st_ino
                   for folder, _, names in os.walk(top) if os.path.basename(folder) == "cur"
                   for name in names} for top in (self.target(number), self.home(number))]
        if inodes[0] != inodes[1]:
            raise Failure("u%d: %d of %d messages are not linked"
                          % (number, len(inodes[0] - inodes[1]), len(inodes[0])))

    def sources(self):
        """All of them but what is converted where it stands."""
        seen = snapshot(os.path.join(self.top, "spool"))
        for i, account in enumerate(self.accounts):
            if account.kind != "in place":
                seen.update(snapshot(self.home(i), links=account.kind == "linked"))
        return seen

    def targets(self):
        seen = {}
        for i in range(len(self.accounts)):
            seen.update(snapshot(self.target(i)))
        return seen

    def change(self):
        for account in self.accounts:
            for folder in account.folders:
                if self.rng.random() < 0.5:
                    folder.shrink(self.rng)
                    folder.grow(self.rng, self.rng.randrange(5), self.numbers)
                if not folder.messages:   # a mailbox that has become empty is another story
                    folder.grow(self.rng, 1, self.numbers)

    def carry(self):
        """A run, and another that must find nothing to do."""
        before = self.sources()
        self.migrate()
        self.check()
        targets = self.targets()
        self.migrate()
        if self.targets() != targets:
            raise Failure("the second run has changed %s" % changed(targets, self.targets())[:5])
        if self.sources() != before:
            raise Failure("sources have changed: %s" % changed(before, self.sources())[:5])

    def run(self):
        self.write()
        self.carry()
        self.change()
        self.write()
        self.carry()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.randrange(10**9))
    parser.add_argument("--seconds", type=float, default=15)
    options = parser.parse_args()
    started, seed, rounds = os.times().elapsed, options.seed, 0
    while rounds == 0 or os.times().elapsed - started < options.seconds:
        top = tempfile.mkdtemp(prefix="mh-random-",
                               dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        try:
            Round(top, seed).run()
        except Failure as failure:
            print("--seed %d: %s\nIt is all in %s" % (seed, failure, top))
            return 1
        shutil.rmtree(top)
        seed, rounds = seed + 1, rounds + 1
    print("%d rounds of %d accounts from --seed %d" % (rounds, ACCOUNTS, options.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
