#!/usr/bin/python3
"""verify tells what the source has got since from damage to the target, also where Dovecot has opened
the folders and written their lists anew, and where mail is linked, so that no file is new."""
import glob
import json
import os
import unittest

import courier_site
import lab
import messages
import test_courier_end_to_end as courier

USER = "ada"


class Newer(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        self.site = courier_site.Site(self.work)
        self.site.add(USER, "newer")
        self.generator = messages.Generator(31)
        self.write(5)
        self.target = courier.Target(self.site, self.work, "target")

    def write(self, count):
        with self.site.imap(USER) as session:
            courier_site.fill(session, "INBOX", self.generator.mails(count))

    def migrate(self, status=0):
        done = self.target.migrate("--transfer", "link")
        self.assertEqual(done.returncode, status, lab.told(done))
        return done.stdout

    def last_carried(self):
        """The file with the highest UID, which is the last name: the hardest to tell from new mail."""
        return sorted(glob.glob(os.path.join(self.target.maildirs, USER, "cur",
                                             "*.courier.example,*")))[-1]

    def verify(self):
        """The status, and (code, class) of all differences."""
        done = lab.mailhaul("verify", "--json", *self.target.arguments())
        told = [json.loads(line) for line in done.stdout.splitlines()]
        return done.returncode, sorted((d["code"], d["class"]) for account in told
                                       for d in account.get("differences", ()))

    def use(self, series):
        """A client reads mail and sets a flag: the list is written anew."""
        path = os.path.join(self.target.maildirs, USER, "dovecot-uidlist")
        before = os.stat(path).st_mtime_ns
        with self.target.server(series, "use", self.target.maildirs) as server, \
                server.imap(USER) as session:
            session.append("INBOX", b"Subject: of the new server\r\n\r\nmine\r\n", (), None)
            session.on("SELECT", "INBOX")
            session.store("1", "+FLAGS (\\Flagged)")
            self.assertEqual(server.complaints(), [])
        self.assertGreater(os.stat(path).st_mtime_ns, before)

    def check(self, series):
        self.migrate()
        self.write(3)
        self.migrate()
        self.use(series)
        self.assertEqual(self.verify(), (1, [("flags", "changed-at-target")]))
        with self.subTest("damage, the source as it was"):
            last = self.last_carried()
            kept = os.path.join(self.work, "kept")
            os.rename(last, kept)
            status, found = self.verify()
            self.assertEqual(status, 2)
            self.assertIn(("message-missing", "damage"), found)
            os.rename(kept, last)
        with self.subTest("newer mail, and damage beside it"):
            self.write(2)
            status, found = self.verify()
            self.assertEqual(status, 1)
            self.assertEqual(found.count(("message-missing", "newer-at-source")), 2)
            self.assertNotIn("damage", [c for _, c in found])
            os.rename(last, kept)
            status, found = self.verify()
            self.assertEqual(status, 2)
            self.assertEqual(found.count(("message-missing", "newer-at-source")), 2)
            self.assertEqual(found.count(("message-missing", "damage")), 1)
            os.rename(kept, last)
        with self.subTest("carried"):
            self.migrate(1)                          # the new server's mail has one of the UIDs
            self.assertEqual(self.verify(), (1, [("flags", "changed-at-target"), ("uid", "loss")]))
            self.assertIn("up to date", lab.told(self.target.migrate("--transfer", "link")))
        with self.subTest("the source is another, with the same mail"):
            os.utime(os.path.join(self.site.account(USER).maildir, "cur"))
            self.assertIn("up to date", lab.told(self.target.migrate("--transfer", "link")))
            os.unlink(self.last_carried())
            status, found = self.verify()
            self.assertEqual(status, 2)
            self.assertIn(("message-missing", "damage"), found)

    def test_2_3(self):
        self.check("2.3")

    def test_2_4(self):
        self.check("2.4")


if __name__ == "__main__":
    unittest.main()
