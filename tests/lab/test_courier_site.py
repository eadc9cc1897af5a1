#!/usr/bin/python3
"""The Courier accounts of the lab are what they are said to be, and looking does not change them."""
import glob
import os
import re
import unittest

import courier_site
import lab
import view


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = lab.scratch()
        cls.addClassCleanup(lab.remove, cls.work)
        cls.site = courier_site.build(cls.work)
        cls.before = lab.snapshot(cls.site.top)
        cls.views = cls.site.views(os.path.join(cls.work, "first"))

    def test_views_are_stable(self):
        again = self.site.views(os.path.join(self.work, "second"))
        for account in self.site.accounts:
            with self.subTest(account=account.name):
                self.assertEqual(view.compare(self.views[account.name], again[account.name],
                                              skip=account.skip), [])
        self.assertEqual(lab.changes(self.before, lab.snapshot(self.site.top)), [])

    def test_folders_are_seen(self):
        seen = self.views["ada"]["folders"]
        for name in courier_site.FOLDERS + ["INBOX", "INBOX.renamed"]:
            self.assertIn(name, seen)

    def test_state_of_many_kinds(self):
        messages = [m for f in self.views["ada"]["folders"].values() for m in f.get("messages", ())]
        self.assertLessEqual({"\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"},
                             {x for m in messages for x in m["flags"]})
        self.assertLessEqual({"$Forwarded", "$Label2", "later.keyword", "a:b"},
                             {x for m in messages for x in m["keywords"]})
        inbox = self.views["ada"]["folders"]["INBOX"]
        self.assertGreater(inbox["uidnext"], len(inbox["messages"]) + 1)

    def test_files_of_many_kinds(self):
        maildir = self.site.account("ada").maildir
        for pattern in ("courierimapuiddb", "courierpop3dsizelist", "courierimapsubscribed",
                        "maildirsize", "new/*", "courierimapkeywords/*", ".Sent/courierimapacl"):
            with self.subTest(pattern):
                self.assertTrue(glob.glob(os.path.join(maildir, pattern)))

    def test_uidls_of_three_kinds(self):
        uidls = [m["uidl"] for m in self.views["old@example.org"]["pop3"]["messages"]]
        # Courier lists by name, and M99999 of a second comes after M100000: any may be the first.
        for kind in r"\d+\.M", r"UID\d+$", r"UID\d+-\d+$":
            with self.subTest(kind):
                self.assertTrue([u for u in uidls if re.match(kind, u)], uidls)

    def test_acls(self):
        acls = self.site.acls(os.path.join(self.work, "acls"))
        self.assertEqual(acls["ada"]["INBOX.Sent"]["fred"], "lrs")


if __name__ == "__main__":
    unittest.main()
