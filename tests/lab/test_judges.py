#!/usr/bin/python3
"""How many messages others find in the mbox fixtures: Dovecot, c-client, Python's mailbox module and
procmail's formail. With --dialect dovecot and uw mailhaul reads as those two do; where it knowingly
differs, the reason stands here and in mailhaul-formats(5)."""
import collections
import mailbox
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import servers

TOP = servers.TOP
MAILHAUL = os.environ.get("MAILHAUL", os.path.join(TOP, "build/tools/mailhaul"))
FIXTURES = os.path.join(TOP, "tests/fixtures/mbox")
FRED = 21904

REFUSES = "it refuses the file; mailhaul takes the messages in it, with findings"
HOLE = "a run of NULs before a dated From_ line is a hole that a crash left: a message ends there"
TEXT = "a file without any From_ line is no mailbox"
ANYWHERE = 'it begins a message at every line "From "; mailhaul weighs what stands around the line'
BLANK = "it begins a message only after an empty line, and one with a CR is none"
PLACEHOLDER = "c-client's placeholder message is no message"
EXPUNGED = "mail that Thunderbird has deleted is left out"
PATCH = "a patch in a body, with git's fixed date, is no message"
LENGTH = "it does not believe a Content-Length that fits"
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
        "broken-cr-only": (1, None, TEXT),
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
        "broken-cr-only": (1, None, TEXT),
        "broken-not-mbox": (0, None, TEXT),
        "broken-only-nuls": (0, None, TEXT),
        "broken-nul-hole": (1, 2, HOLE),
        "broken-nul-in-line": (1, 2, HOLE),
        "mboxcl2": (3, 2, LENGTH),
        "patch-in-body": (3, 2, PATCH),
        "thunderbird-expunged": (2, 1, EXPUNGED),
        "uw-pseudo": (4, 3, PLACEHOLDER),
    },
    "formail": {
        "bare-from": (1, 2, BLANK),
        "broken-cr-only": (1, None, TEXT),
        "broken-not-mbox": (1, None, TEXT),
        "broken-only-nuls": (1, None, TEXT),
        "broken-leading-garbage": (2, 1, GARBAGE),
        "broken-nul-hole": (1, 2, HOLE),
        "broken-nul-in-line": (1, 2, HOLE),
        "crlf": (1, 2, BLANK),
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
}


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
            theirs[case] = int(found.group(1)) if found else 0 if "No messages" in text else None
        self.compare("uw", "uw", theirs)

    def test_python(self):
        self.compare("python", "auto",
                     {c: len(mailbox.mbox(source_of(c), create=False)) for c in cases()})

    def test_formail(self):
        theirs = {}
        for case in cases():
            with open(source_of(case), "rb") as f:
                done = subprocess.run(["formail", "-s", "sh", "-c", "cat >/dev/null; echo"],
                                      stdin=f, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      check=True)
            theirs[case] = done.stdout.count(b"\n")
        self.compare("formail", "auto", theirs)


if __name__ == "__main__":
    unittest.main()
