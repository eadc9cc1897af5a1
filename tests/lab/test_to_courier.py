#!/usr/bin/python3
"""The other direction: accounts are moved to Courier, and the real Courier serves them."""
import os
import re
import unittest

import courier_site
import dovecot
import lab
import mbox_site
import messages
import servers
import test_courier_end_to_end as end_to_end
import test_mbox_end_to_end as from_mbox
import view


class Served(courier_site.Site):
    """Courier on Maildirs that mailhaul made, on a copy."""

    def __init__(self, work, accounts, maildirs):
        servers.quiet(["cp", "-a", maildirs, work])
        self.top, self.work, self.accounts = work, work, []
        for account in accounts:
            served = courier_site.Account(dovecot.User(
                account.name, account.user.uid, work, account.user.gid), account.kind)
            served.maildir = os.path.join(work, account.name)
            self.accounts.append(served)
        self.etc = courier_site.etc_files(self)


class FromCourier(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.work = lab.scratch()
        cls.addClassCleanup(lab.remove, cls.work)
        cls.site = courier_site.build(cls.work)
        cls.old = cls.site.views(os.path.join(cls.work, "old"))

    def migrate(self, site, name, *more):
        target = end_to_end.Target(site, self.work, name)
        done = target.migrate("--server", "courier", *more)
        self.assertEqual(done.returncode, 0, lab.told(done))
        verified = lab.mailhaul("verify", *target.arguments(), "--server", "courier")
        self.assertEqual(verified.returncode, 0, lab.told(verified))
        return target

    def test_there_again(self):
        target = self.migrate(self.site, "there")
        before = lab.snapshot(target.maildirs)
        again = target.migrate("--server", "courier")
        self.assertEqual(again.returncode, 0, lab.told(again))
        self.assertEqual(lab.changes(before, lab.snapshot(target.maildirs)), [])
        served = Served(os.path.join(self.work, "served"), self.site.accounts, target.maildirs)
        for account in self.site.accounts:
            new = view.record(served, account.name)
            names = end_to_end.renamed(new["folders"])
            with self.subTest(account=account.name):
                self.assertEqual(view.compare(self.old[account.name], new, skip=account.skip,
                                              name=lambda n: names.get(n, n)), [])

    def test_odd_line_ends(self):
        """CR LF, which Courier sends as CR CR LF, and no end at all: its sizes are its own."""
        site = self.site.copy(os.path.join(self.work, "ends"))
        account = site.account("pop")
        for n, data in enumerate((b"Subject: crlf\r\n\r\none\r\ntwo\r\n", b"Subject: no end\n\nx",
                                  b"Subject: both\r\n\nx\n\r\ny")):
            path = os.path.join(account.maildir, "cur", "11%08d.M1P1.ends:2,S" % n)
            with open(path, "wb") as f:
                f.write(data)
            os.chown(path, account.user.uid, account.user.gid)
        with site.pop3("pop") as client:
            client.uidl()
        old = view.record(site.copy(os.path.join(self.work, "ends-old")), "pop")
        target = self.migrate(site, "odd-ends", "--transfer", "copy")
        for name in ("once", "twice"):
            served = Served(os.path.join(self.work, "ends-" + name), site.accounts, target.maildirs)
            self.assertEqual(view.record(served, "pop")["pop3"], old["pop3"], name)
            target.maildirs = served.top  # where Courier has been now
            self.assertEqual(target.migrate("--server", "courier").returncode, 0)
            verified = lab.mailhaul("verify", "--verbose", *target.arguments(), "--server", "courier")
            self.assertNotIn("courierpop3dsizelist says", verified.stdout)

    def test_both_go_on(self):
        """Courier serves the target, gives UIDs to mail of its own; then the source changes."""
        site = self.site.copy(os.path.join(self.work, "goes-on"))
        target = self.migrate(site, "on", "--transfer", "copy")
        served = Served(os.path.join(self.work, "on-served"), site.accounts, target.maildirs)
        generator = messages.Generator(11)
        served.deliver("ada", generator.mail())
        with served.imap("ada") as client:
            client.on("SELECT", "INBOX")
            client.store("1", "+FLAGS (mine)")
        with served.pop3("ada") as client:
            client.uidl()
        with site.imap("ada") as client:
            client.on("SELECT", "INBOX")
            client.store("2", "+FLAGS (\\Answered theirs)")
            client.store("1", "+FLAGS (\\Draft)")
        target.maildirs = served.top
        done = target.migrate("--server", "courier")
        self.assertEqual(done.returncode, 0, lab.told(done))
        verified = lab.mailhaul("verify", *target.arguments(), "--server", "courier")
        self.assertIn(" 0 damaged, 1 with other differences", verified.stdout, lab.told(verified))
        inbox = view.record(served, "ada")["folders"]["INBOX"]
        old = self.old["ada"]["folders"]["INBOX"]
        self.assertEqual(inbox["uidvalidity"], old["uidvalidity"])
        self.assertEqual(len(inbox["messages"]), len(old["messages"]) + 1)
        self.assertEqual([m["uid"] for m in inbox["messages"]][:len(old["messages"])],
                         [m["uid"] for m in old["messages"]])
        self.assertIn("mine", inbox["messages"][0]["keywords"])
        self.assertLessEqual(set(old["messages"][0]["keywords"]),
                             set(inbox["messages"][0]["keywords"]))
        self.assertIn("\\Draft", inbox["messages"][0]["flags"])
        self.assertIn("\\Answered", inbox["messages"][1]["flags"])
        self.assertIn("theirs", inbox["messages"][1]["keywords"])

    def test_back_after_a_conversion_in_place(self):
        """Courier's own files stay: it serves the account as before, but for renamed folders."""
        site = self.site.copy(os.path.join(self.work, "here"))
        target = end_to_end.Target(site, self.work, "in-place", in_place=True)
        done = target.migrate()
        self.assertEqual(done.returncode, 0, lab.told(done))
        seen = site.views(os.path.join(self.work, "back"))
        for account in site.accounts:
            old, new = self.old[account.name], seen[account.name]
            same = set(old["folders"]) & set(new["folders"])
            self.assertGreater(len(same), len(old["folders"]) // 2)
            with self.subTest(account=account.name):
                self.assertEqual(view.compare(
                    dict(old, folders={n: old["folders"][n] for n in same}),
                    dict(new, folders={n: new["folders"][n] for n in same}),
                    skip=account.skip), [])


class FromMbox(unittest.TestCase):
    maxDiff = None

    def test_site(self):
        work = lab.scratch()
        self.addCleanup(lab.remove, work)
        site = mbox_site.build(work)
        old = from_mbox.old_views(site, work)
        target = lab.Target(site, work)
        done = target.migrate("--server", "courier")
        self.assertIn(done.returncode, (0, 1), lab.told(done))
        before = lab.snapshot(target.maildirs)
        target.migrate("--server", "courier")
        self.assertEqual(lab.changes(before, lab.snapshot(target.maildirs)), [])
        verified = lab.mailhaul("verify", *target.arguments(), "--server", "courier")
        self.assertIn(" 0 damaged, 1 with other differences", verified.stdout, lab.told(verified))
        self.assertRegex(verified.stdout, r"uma: .* 14 lost as reported")
        served = Served(os.path.join(work, "served"), site.accounts, target.maildirs)
        for account in site.accounts:
            if account.kind == "thunderbird":
                continue
            with self.subTest(account=account.name):
                new = view.record(served, account.name)
                self.check(account, old[account.name], new)

    def test_uidls_of_another_kind(self):
        """Courier's list cannot hold them: that is said before, and each is one of Courier's."""
        work = lab.scratch()
        self.addCleanup(lab.remove, work)
        site = mbox_site.build(work)
        target = lab.Target(site, work)
        more = ["--server", "courier", "--pop3-uidl", "uw"]
        checked = lab.mailhaul("check", *target.arguments(), *more, "uma")
        said = "POP3 UIDLs that Courier's list cannot hold"
        self.assertEqual(checked.returncode, 1, lab.told(checked))
        self.assertIn(said, checked.stdout)
        done = target.migrate(*more)
        self.assertIn(said, done.stdout)
        served = Served(os.path.join(work, "served"), site.accounts, target.maildirs)
        for account in site.accounts:
            with served.pop3(account.name) as client:
                uidls = client.uidl()
            with self.subTest(account=account.name):
                self.assertEqual([u for u in uidls if not re.fullmatch("UID[0-9]+-[0-9]+", u)], [])
                self.assertEqual(len(set(uidls)), len(uidls))
                with served.pop3(account.name) as client:
                    self.assertEqual(client.uidl(), uidls)

    def test_uidls_of_dovecot(self):
        """It makes them of UIDs, in a form that is not Courier's."""
        work = lab.scratch()
        self.addCleanup(lab.remove, work)
        site = mbox_site.build_small(work, ["Sent"])
        target = lab.Target(site, work)
        for way, status in (("imap", 1), ("none", 0)):
            checked = lab.mailhaul("check", *target.arguments(), "--server", "courier",
                                   "--pop3-uidl", way)
            with self.subTest(way):
                self.assertEqual(checked.returncode, status, lab.told(checked))
                self.assertEqual("POP3 UIDLs that Courier's list cannot hold" in checked.stdout,
                                 way == "imap")

    def check_pop3_order(self, new):
        """That of the mbox, which is that of UIDs. Courier ends what does not end with a line."""
        imap = [m["size"] for m in new["folders"]["INBOX"]["messages"]]
        pop3 = [m["size"] for m in new["pop3"]["messages"]]
        self.assertEqual(len(imap), len(pop3))
        self.assertEqual([n for n, (a, b) in enumerate(zip(imap, pop3)) if b - a not in (0, 2)], [])

    def check(self, account, old, new):
        """Folder by folder: "a/b" is INBOX.a.b, and what Courier cannot hold is '_'."""
        self.check_pop3_order(new)
        empty = from_mbox.without_uids(account)
        for name, folder in from_mbox.forget(old, empty)["folders"].items():
            to = "INBOX" if name == "INBOX" else "INBOX." + re.sub(
                r"(?<=/)_|^~", "_", name.replace(".", "_")).replace("/", ".")
            if to not in new["folders"] or not folder["selectable"]:
                self.assertTrue(not folder["selectable"] or re.search(r"[~./]", name), name)
                continue
            there = new["folders"][to]
            for key in {"uidvalidity", "uidnext"} - set(account.skip) if name not in empty else ():
                with self.subTest(folder=name):
                    self.assertEqual(folder[key], there[key], key)
            with self.subTest(folder=name):
                self.assertEqual(view.compare_messages(
                    name, folder["messages"], there["messages"],
                    set(account.skip) | {"size", "sha256"}), [])


if __name__ == "__main__":
    unittest.main()
