#!/usr/bin/python3
"""What goes wrong on a real site: one account is odd, the others must not notice.

Each case says what an admin must read: one line, with the name of the thing, and why.
"""
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import unittest

import dovecot
import lab
import messages
import mbox_site
import sample_site

DONE, PARTLY, NOT_DONE, USAGE, BUSY, CONFIGURATION = 0, 1, 2, 64, 75, 78


class Case(unittest.TestCase):
    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        self.site = mbox_site.Site(self.work)
        generator = messages.Generator(11)
        for n, name in enumerate(("anna", "bert", "carl")):
            account = self.site.add(name, "small")
            for k, path in enumerate((account.inbox, os.path.join(account.folders, "Sent"))):
                mbox_site.write(path, sample_site.mbox(generator.mails(4), 1180000000 + 10 * n + k))
            self.site.settle(account)
        self.bert = self.site.accounts[1]
        self.target = lab.Target(self.site, self.work)

    def migrate(self, *more, **how):
        """A run that must leave the source as it is, and end by itself."""
        how.setdefault("timeout", 60)
        before = lab.snapshot(self.site.top)
        done = self.target.migrate(*more, **how)
        self.assertEqual(lab.changes(before, lab.snapshot(self.site.top)), [])
        self.assertNotRegex(done.stderr, "AddressSanitizer|runtime error|CRITICAL|Segmentation")
        return done

    def messages(self, user, folder=""):
        path = os.path.join(self.target.maildirs, user, folder, "cur")
        return len(os.listdir(path)) if os.path.isdir(path) else None

    def assert_others_done(self):
        for user in ("anna", "carl"):
            self.assertEqual([self.messages(user), self.messages(user, ".Sent")], [4, 4], user)

    def assert_told(self, done, status, *words):
        """@done ended with @status and exactly one line of standard error has all @words."""
        self.assertEqual(done.returncode, status, lab.told(done))
        lines = [x for x in done.stderr.splitlines() if all(w in x for w in words)]
        self.assertEqual(len(lines), 1, "%s\n%s" % (words, lab.told(done)))

    def put(self, name, make):
        """Places something odd among bert's folders."""
        path = os.path.join(self.bert.folders, name)
        make(path)
        os.lchown(path, self.bert.user.uid, self.bert.user.gid)
        return path


def fifo(path):
    os.mkfifo(path, 0o600)


def sock(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.close()


def binary(path):
    mbox_site.write(path, bytes(range(256)) * 400)


ODD_FOLDERS = [
    ("a binary file", binary),
    ("a fifo", fifo),
    ("a socket", sock),
    ("a link to a secret", lambda path: os.symlink("/etc/shadow", path)),
    ("a link to nothing", lambda path: os.symlink("nowhere", path)),
    ("a directory", os.mkdir),
]


class OddFolder(Case):
    """Something that is no mbox stands in the list of folders."""

    def check(self, make, listed):
        path = self.put("odd", make)
        if listed:
            names = self.site.folder_list()
            with open(names, "a") as f:
                f.write("" if make in (binary, fifo, sock) else "bert/odd\n")
            arguments = self.target.arguments()
        done = self.migrate()
        self.assert_others_done()
        self.assertEqual(self.messages("bert"), 4, lab.told(done))
        self.assertEqual(self.messages("bert", ".Sent"), 4, lab.told(done))
        return done


class Places(Case):
    def test_the_target_is_a_file(self):
        path = os.path.join(self.target.maildirs, "bert")
        mbox_site.write(path, b"not a folder\n")
        done = self.migrate()
        self.assert_told(done, NOT_DONE, path)
        self.assert_others_done()
        with open(path, "rb") as f:
            self.assertEqual(f.read(), b"not a folder\n")


if __name__ == "__main__":
    unittest.main()
