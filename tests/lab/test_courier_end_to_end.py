#!/usr/bin/python3
"""Courier accounts, made and served by the real Courier, are moved; then nobody can tell.

The old view is what Courier's imapd and courierpop3d show; the new ones are what Dovecot 2.3 and
2.4 show of the result, under the settings that mailhaul prints.
"""
import glob
import os
import re
import shutil
import unittest

import courier_site
import lab
import servers
import view


class Target(lab.Target):
    """The site's accounts as `mailhaul migrate` is told of them. @in_place: where they are."""

    def __init__(self, site, work, name, in_place=False):
        self.in_place = in_place
        os.makedirs(os.path.join(work, name))
        super().__init__(site, os.path.join(work, name))
        if in_place:
            self.maildirs = os.path.join(site.top, "home")

    def maildir(self, maildirs=None):
        path = os.path.join(maildirs or self.maildirs, "%u")
        return os.path.join(path, "Maildir") if self.in_place else path

    def arguments(self):
        users = os.path.join(self.work, "users")
        with open(users, "w") as f:
            f.writelines(a.user.passwd() for a in self.site.accounts)
        return ["--users", users, "--source-format", "courier", "--inbox", "%h/Maildir",
                "--maildir", self.maildir(), "--state", self.state]

    def server(self, series, name, maildirs, trace=None):
        return lab.serve(series, os.path.join(self.work, name), self.site, "courier",
                         self.maildir(maildirs), trace)


def renamed(folders):
    """{old name: new name} of the folders that cannot keep theirs, as the name plan has it: an
    ending is the digest of the folder's own name, so it is looked up."""
    names = {}
    for old, start in (("INBOX.INBOX", "INBOX.INBOX-"), ("INBOX.Entwu\u0308rfe",
                                                         "INBOX.Entw\u00fcrfe-")):
        found = [n for n in folders if re.fullmatch(re.escape(start) + "[a-z0-9]{6}", n)]
        names[old] = found[0] if len(found) == 1 else old
    return names


def atoms(old):
    """@old with the keywords as Dovecot may hold them: an IMAP atom."""
    return old


class EndToEnd(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.work = lab.scratch()
        cls.addClassCleanup(lab.remove, cls.work)
        cls.site = courier_site.build(cls.work)
        cls.old = cls.site.views(os.path.join(cls.work, "old"))

    def migrate(self, site, name, *more, in_place=False):
        target = Target(site, self.work, name, in_place)
        done = target.migrate(*more)
        self.assertEqual(done.returncode, 0, lab.told(done))
        return target

    def compare(self, target):
        """Holds what both series show of the result, on copies, against the old views."""
        for series in ("2.3", "2.4"):
            copy = target.copy("copy-" + series)
            with target.server(series, "new-" + series, copy) as server:
                for account in self.site.accounts:
                    with self.subTest(series=series, account=account.name, kind=account.kind):
                        self.compare_account(account, view.record(server, account.name))
                with self.subTest(series=series):
                    self.assertEqual(server.complaints(), [])

    def compare_account(self, account, new):
        names = renamed(new["folders"])
        self.assertEqual(view.compare(self.old[account.name], new, skip=account.skip,
                                      name=lambda n: names.get(n, n)), [])

    def test_copies(self):
        before = lab.snapshot(self.site.top)
        target = self.migrate(self.site, "copied", "--transfer", "copy")
        self.assertEqual(lab.changes(before, lab.snapshot(self.site.top)), [])
        result = lab.snapshot(target.maildirs)
        again = target.migrate()
        self.assertEqual(again.returncode, 0, lab.told(again))
        self.assertEqual(lab.changes(result, lab.snapshot(target.maildirs)), [])
        self.compare(target)


if __name__ == "__main__":
    unittest.main()
