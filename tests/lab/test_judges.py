#!/usr/bin/python3
"""How many messages others find in the mbox fixtures: Dovecot, c-client, Python's mailbox module,
mutt and procmail's formail; and what Dovecot, Python and mutt find in the Maildirs that become of
them. With --dialect dovecot and uw mailhaul reads as those two do; where it knowingly
differs, the reason stands here and in mailhaul-formats(5)."""
import collections
import contextlib
import glob
import mailbox
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import time
import unittest

import servers

TOP = servers.TOP
MAILHAUL = os.environ.get("MAILHAUL", os.path.join(TOP, "build/tools/mailhaul"))
FIXTURES = os.path.join(TOP, "tests/fixtures/mbox")
FRED = 21904

REFUSES = "it refuses the file; mailhaul takes the messages in it, with findings"
HOLE = "a run of NULs before a dated From_ line is a hole that a crash left: a message ends there"
TEXT = "a file without any From_ line is no mailbox"
BARE_CR = "a file whose lines end in CR alone is refused; to it, it is one long message"
ANYWHERE = 'it begins a message at every line "From "; mailhaul weighs what stands around the line'
BLANK = "it begins a message only after an empty line, and one with a CR is none"
PLACEHOLDER = "a server's placeholder message is no message"
EXPUNGED = "mail that Thunderbird has deleted is left out"
PATCH = "a patch in a body, with git's fixed date, is no message"
LENGTH = "it does not believe a Content-Length that fits"
DATED = 'it begins a message at every dated line "From "; mailhaul weighs what stands around the line'
UNDATED = 'a line "From " without a date is none to it'
HEADER = "within a header it looks for no new message"
GARBAGE = "what stands before the first From_ line is to it a message"

# {judge: {fixture: (what it finds, None: it refuses; what mailhaul finds; why)}}
DIFFERENCES = {
    "dovecot": {
        "bare-from": (None, 1, REFUSES),
        "broken-leading-garbage": (None, 1, REFUSES),
        "leading-blanks": (None, 1, REFUSES),
        "pipermail": (None, 1, REFUSES),
        "broken-nul-hole": (1, 2, HOLE),
        "broken-nul-in-line": (1, 2, HOLE),
    },
    "uw": {
        "broken-cr-only": (1, None, BARE_CR),
        "broken-not-mbox": (1, None, TEXT),
        "broken-only-nuls": (1, None, TEXT),
        "broken-nul-hole": (1, 2, HOLE),
        "broken-nul-in-line": (1, 2, HOLE),
    },
    "python": {
        "bare-from": (3, 2, ANYWHERE),
        "body-dated-line": (3, 2, ANYWHERE),
        "body-dated-line-dovecot": (3, 2, ANYWHERE),
        "body-from-lines": (6, 2, ANYWHERE),
        "broken-truncated-from": (2, 1, ANYWHERE),
        "broken-cr-only": (1, None, BARE_CR),
        "broken-not-mbox": (0, None, TEXT),
        "broken-only-nuls": (0, None, TEXT),
        "broken-nul-hole": (1, 2, HOLE),
        "broken-nul-in-line": (1, 2, HOLE),
        "dovecot-pseudo": (3, 2, PLACEHOLDER),
        "mboxcl2": (3, 2, LENGTH),
        "patch-in-body": (3, 2, PATCH),
        "thunderbird-expunged": (2, 1, EXPUNGED),
        "uw-pseudo": (4, 3, PLACEHOLDER),
    },
    "formail": {
        "bare-from": (1, 2, BLANK),
        "broken-cr-only": (1, None, BARE_CR),
        "broken-not-mbox": (1, None, TEXT),
        "broken-only-nuls": (1, None, TEXT),
        "broken-leading-garbage": (2, 1, GARBAGE),
        "broken-nul-hole": (1, 2, HOLE),
        "broken-nul-in-line": (1, 2, HOLE),
        "crlf": (1, 2, BLANK),
        "dovecot-pseudo": (3, 2, PLACEHOLDER),
        "gmail": (1, 2, BLANK),
        "header-from-line-uw": (1, 2, BLANK),
        "mixed-line-ends": (2, 4, BLANK),
        "no-blank-lines": (1, 3, BLANK),
        "no-blank-lines-dovecot": (1, 2, BLANK),
        "no-header-end": (1, 2, BLANK),
        "patch-in-body": (3, 2, PATCH),
        "thunderbird-expunged": (2, 1, EXPUNGED),
        "uw-pseudo": (4, 3, PLACEHOLDER),
    },
    "mutt": {
        "bare-from": (0, 2, UNDATED),
        "body-dated-line": (3, 2, DATED),
        "body-dated-line-dovecot": (3, 2, DATED),
        "broken-cr-only": (1, None, BARE_CR),
        "broken-leading-garbage": (None, 1, REFUSES),
        "broken-nul-hole": (1, 2, HOLE),
        "broken-nul-in-line": (1, 2, HOLE),
        "dovecot-pseudo": (3, 2, PLACEHOLDER),
        "header-from-line-uw": (1, 2, HEADER),
        "no-header-end": (1, 2, HEADER),
        "patch-in-body": (3, 2, PATCH),
        "thunderbird-expunged": (2, 1, EXPUNGED),
        "uw-pseudo": (4, 3, PLACEHOLDER),
    },
}


def as_mutt_writes(text):
    """The line that ends a header is mutt's own: an LF in the place of the one that is there, or
    one more where a header ends without it."""
    at = 0
    for line in re.findall(rb"[^\n]*\n", text):
        if line in (b"\n", b"\r\n"):
            return text[:at] + b"\n" + text[at + len(line):]
        if not re.match(rb"[ \t]|[!-9;-~]+:|>?From ", line):
            return text[:at] + b"\n" + text[at:]
        at += len(line)
    return text + b"\n"


def cases():
    return sorted(n for n in os.listdir(FIXTURES) if n != "README")


def source_of(case):
    return os.path.join(FIXTURES, case, "input.mbox")


class Judges(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="mh-judges-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.top)
        os.chmod(self.top, 0o755)
        self.home = os.path.join(self.top, "home")
        self.boxes = os.path.join(self.home, "boxes")
        os.makedirs(self.boxes)
        for case in cases():
            shutil.copy(source_of(case), os.path.join(self.boxes, case))
        self.etc = servers.etc_files(os.path.join(self.top, "etc"),
                                     [("fred", FRED, FRED, self.home)])
        if os.geteuid() == 0:
            for folder, _, names in os.walk(self.home):
                for path in [folder] + [os.path.join(folder, n) for n in names]:
                    os.chown(path, FRED, FRED)

    def run_there(self, server, *argv):
        return servers.run(server, argv, self.etc, owner=(FRED, FRED), check=False,
                           env={"HOME": self.home, "USER": "fred", "LOGNAME": "fred"})

    def ours(self, case, dialect):
        done = subprocess.run([MAILHAUL, "inspect", "--config", "/dev/null", "--dialect", dialect,
                               source_of(case)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False)
        found = re.search(r"^  messages: (\d+)", done.stdout, re.M)
        if found is None:
            self.assertIn("this is not an mbox", done.stderr)
        return int(found.group(1)) if found else None

    def compare(self, judge, dialect, theirs):
        """The differences are those that are known, no more and no fewer."""
        seen = {}
        for case in cases():
            here = self.ours(case, dialect)
            if theirs[case] != here:
                seen[case] = (theirs[case], here)
        self.assertEqual(seen, {c: row[:2] for c, row in DIFFERENCES[judge].items()})

    def test_dovecot(self):
        config = os.path.join(self.top, "dovecot.conf")
        with open(config, "w", encoding="ascii") as f:
            f.write("mail_location = mbox:%s:INBOX=%s/inbox\nlog_path = /dev/stderr\nssl = no\n"
                    "base_dir = %s/run\n" % (self.boxes, self.home, self.top))
        done = self.run_there("dovecot-2.3", "/usr/bin/doveadm", "-c", config, "-o",
                              "mail_home=" + self.home, "fetch", "mailbox uid", "mailbox", "*",
                              "all")
        found = collections.Counter(re.findall(r"^mailbox: (.*)$", done.stdout.decode(), re.M))
        refused = re.findall(r"Syncing mailbox (\S+) failed", done.stderr.decode())
        self.assertGreater(sum(found.values()), 80, done.stderr)
        self.compare("dovecot", "dovecot",
                     {c: None if c in refused else found[c] for c in cases()})

    def test_uw(self):
        theirs = {}
        for case in cases():
            text = self.run_there("uw", "/usr/bin/mailutil", "check", "boxes/" + case).stdout.decode()
            found = re.search(r"(\d+) total", text)
            self.assertTrue(found or "No messages" in text, text)
            theirs[case] = int(found.group(1)) if found else 0
        self.compare("uw", "uw", theirs)

    def test_python(self):
        theirs = {}
        for case in cases():
            with contextlib.closing(mailbox.mbox(source_of(case), create=False)) as box:
                theirs[case] = len(box)
        self.compare("python", "auto", theirs)

    def test_formail(self):
        theirs = {}
        for case in cases():
            with open(source_of(case), "rb") as f:
                done = subprocess.run(["formail", "-s", "sh", "-c", "cat >/dev/null; echo"],
                                      stdin=f, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      check=True)
            theirs[case] = done.stdout.count(b"\n")
        self.compare("formail", "auto", theirs)

    def test_mutt(self):
        theirs = {}
        for case in cases():
            bar = Mutt(self.top).look(source_of(case))
            found = re.search(r"\[Msgs:(\d+)", bar)
            if found is None:
                self.assertIn("input.mbox is not a mailbox", bar)
            theirs[case] = int(found.group(1)) if found else None
        self.compare("mutt", "auto", theirs)


class Mutt:
    """mutt on a terminal of its own."""

    def __init__(self, top):
        self.out = os.path.join(top, "mutt")
        shutil.rmtree(self.out, ignore_errors=True)
        os.makedirs(self.out)
        os.makedirs(os.path.join(top, "Mail"), exist_ok=True)      # it would ask
        self.each = os.path.join(top, "each")
        with open(self.each, "w", encoding="ascii") as f:
            f.write('cat >"$(mktemp -p "$OUT")"\n')

    def look(self, path):
        """Its last status bar, "[Msgs:3 New:1 ...]"; each message is then a file below out."""
        pid, terminal = pty.fork()
        if pid == 0:
            termios.tcsetwinsize(0, (24, 1000))        # so that no line is cut
            os.execvpe("mutt", [
                "mutt", "-n", "-F", "/dev/null", "-R", "-f", path, "-e",
                "set pipe_split=yes pipe_decode=no pipe_sep='' wait_key=no weed=no quit=yes "
                "sort=mailbox-order sleep_time=0 history_file='' header_cache=''", "-e",
                "push '<tag-pattern>~A<enter><tag-prefix><pipe-message>sh %s<enter><exit>'"
                % self.each], {"TERM": "vt100", "HOME": os.path.dirname(self.out), "OUT": self.out,
                               "LC_ALL": "C", "PATH": "/usr/bin:/bin"})
        said, until = b"", time.monotonic() + 20
        while time.monotonic() < until:
            try:
                if not select.select([terminal], [], [], 0.5)[0]:
                    os.write(terminal, b"x")    # what was pushed ends where nothing can be tagged
                    continue
                said += os.read(terminal, 65536)
            except OSError:                # the other end is closed
                break
        else:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)                 # before its terminal goes
        os.close(terminal)
        bars = re.findall(rb"\[Msgs:\d+[^\]]*\]", said)
        return bars[-1].decode() if bars else said.decode(errors="replace")

    def texts(self):
        return read_files(glob.glob(self.out + "/*"))


def read_files(paths):
    out = []
    for path in paths:
        with open(path, "rb") as f:
            out.append(f.read())
    return sorted(out)


class Targets(Judges):
    """What others find in the Maildir that becomes of each fixture: every message, its bytes, its
    flags, its UID and its date."""

    FLAGS = {"\\Seen": "S", "\\Answered": "R", "\\Flagged": "F", "\\Deleted": "T", "\\Draft": "D"}

    def setUp(self):
        super().setUp()
        self.maildir = os.path.join(self.home, "Maildir")
        for name in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.maildir, name))
        self.files = {}                    # case: {base: (path, letters)}
        for case in cases():
            folder = os.path.join(self.maildir, "." + case)
            subprocess.run([MAILHAUL, "convert", "--config", "/dev/null", source_of(case), folder],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            self.files[case] = {
                os.path.basename(p).split(":")[0]:
                    (p, "".join(c for c in p.partition(":2,")[2] if c in "DFRST"))
                for p in glob.glob(folder + "/cur/*") + glob.glob(folder + "/new/*")}
        self.assertGreater(sum(map(len, self.files.values())), 80)

    def texts(self, case):
        return read_files(path for path, _ in self.files[case].values())

    def lines(self, case):
        """{base: UID} of the folder's list."""
        path = os.path.join(self.maildir, "." + case, "dovecot-uidlist")
        with open(path, encoding="utf-8") as f:
            return {line.rstrip("\n").partition(" :")[2]: int(line.split()[0]) for line in
                    f.readlines()[1:]}

    def test_dovecot(self):
        config = os.path.join(self.top, "dovecot.conf")
        with open(config, "w", encoding="ascii") as f:
            f.write("mail_location = maildir:%s\nlog_path = /dev/stderr\nssl = no\n"
                    "base_dir = %s/run\nfirst_valid_uid = 1\n" % (self.maildir, self.top))
        if os.geteuid() == 0:
            for folder, _, names in os.walk(self.home):
                for path in [folder] + [os.path.join(folder, n) for n in names]:
                    os.chown(path, FRED, FRED)
        lists = {case: self.lines(case) for case in cases() if self.files[case]}
        done = self.run_there("dovecot-2.3", "/usr/bin/doveadm", "-f", "tab", "-c", config, "-o",
                              "mail_home=" + self.home, "fetch",
                              "mailbox uid flags size.physical date.received.unixtime", "mailbox", "*", "all")
        seen = collections.defaultdict(dict)
        for line in done.stdout.decode().splitlines()[1:]:
            folder, uid, flags, size, date = line.split("\t")
            letters = "".join(sorted(self.FLAGS[f] for f in flags.split() if f in self.FLAGS))
            seen[folder][int(uid)] = (letters, int(size), int(date))
        self.assertEqual(sorted(seen), sorted(lists), done.stderr)
        for case, uids in lists.items():
            expected = {}
            for base, uid in uids.items():
                path, letters = self.files[case][base]
                path = path if os.path.exists(path) else path.replace("/new/", "/cur/") + ":2,"
                st = os.stat(path)
                expected[uid] = (letters, st.st_size, int(st.st_mtime))
            self.assertEqual(seen[case], expected, case)

    def test_uw(self):
        """c-client on Debian reads no Maildir."""

    def test_formail(self):
        """Nor does formail."""

    def test_python(self):
        for case, files in self.files.items():
            if files:
                theirs = mailbox.Maildir(os.path.join(self.maildir, "." + case), create=False)
                self.assertEqual({k: "".join(c for c in m.get_flags() if c.isupper())
                                  for k, m in theirs.items()},
                                 {base: row[1] for base, row in files.items()}, case)
                self.assertEqual(sorted(theirs.get_bytes(k) for k in theirs.keys()),
                                 self.texts(case), case)

    def test_mutt(self):
        for case, files in self.files.items():
            if not files:
                continue
            mutt = Mutt(self.top)
            bar = mutt.look(os.path.join(self.maildir, "." + case))
            counts = collections.Counter(dict(
                (k, int(v)) for k, v in re.findall(r"(Msgs|Flag|Del):(\d+)", bar)))
            self.assertEqual(counts, collections.Counter({
                "Msgs": len(files), "Flag": sum("F" in row[1] for row in files.values()),
                "Del": sum("T" in row[1] for row in files.values())}) + collections.Counter(), case)
            self.assertEqual(mutt.texts(), sorted(map(as_mutt_writes, self.texts(case))), case)


if __name__ == "__main__":
    unittest.main()
