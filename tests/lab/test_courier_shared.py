#!/usr/bin/python3
"""Folders that one Courier account shares with others as files: copied for who has subscribed them,
as he saw them, and nothing that a user could not read himself."""
import os
import shutil
import unittest

import courier_site
import lab
import messages
import test_courier_end_to_end as end_to_end
import view

NAMES = ["%d.M1P1.mx" % (1000000000 + n) for n in range(6)]
FOLDER, NEW_FOLDER = "shared.pub.team.news", "INBOX.shared.pub.team.news"


class Shared(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        self.site, self.mails = courier_site.Site(self.work), messages.Generator(9)
        self.root = os.path.join(self.work, "shared")
        self.boss, self.ann = self.site.add("boss", "shares"), self.site.add("ann", "reads")
        os.mkdir(self.root)
        self.own(self.root, 0o755)
        make = "/usr/bin/maildirmake.courier"
        self.maildir = os.path.join(self.root, "Maildir")
        self.site.tool(self.boss, make, "-S", self.maildir)
        self.site.tool(self.boss, make, "-s", "read", "-f", "team.news", self.maildir)
        for name in NAMES[:4]:
            self.bring(name)
        self.site.tool(self.ann, make, "--add", "pub=" + self.maildir, self.ann.maildir)
        with self.site.imap("ann") as client:
            client.on("SUBSCRIBE", FOLDER)
            client.on("SELECT", FOLDER)
            client.store("1,3", "+FLAGS (\\Flagged mine)")
            client.store("2", "+FLAGS (\\Seen)")
        with self.site.imap("ann") as client:
            client.on("SELECT", FOLDER)
            self.old = view.folder(client, FOLDER)
        self.links = os.path.join(self.ann.maildir, "shared-folders/pub/team.news/cur")

    def own(self, path, mode):
        os.chmod(path, mode)
        os.chown(path, self.boss.user.uid, self.boss.user.gid)

    def bring(self, name, mode=0o644):
        path = os.path.join(self.maildir, ".team.news/cur", name + ":2,")
        with open(path, "wb") as f:
            f.write(self.mails.mail().data)
        self.own(path, mode)
        os.utime(path, (1300000000, 1300000000))
        return path

    def migrate(self, name, *more, status=0, in_place=False):
        target = end_to_end.Target(self.site, self.work, name, in_place)
        options = ["--shared", "copy", "--shared-root", self.root, *more]
        done = target.migrate("--verbose", *options)
        self.assertEqual(done.returncode, status, lab.told(done))
        if not in_place:
            before = lab.snapshot(target.maildirs)
            self.assertEqual(target.migrate(*options).returncode, status)
            self.assertEqual(lab.changes(before, lab.snapshot(target.maildirs)), [])
            verified = lab.mailhaul("verify", *target.arguments(), *options)
            self.assertIn("2 the same", verified.stdout.splitlines()[-1], lab.told(verified))
        return target, done

    def files(self, target):
        top = os.path.join(target.maildirs, "ann", ".shared.pub.team.news")
        return sorted(n.split(":")[0] for part in ("cur", "new")
                      for n in os.listdir(os.path.join(top, part)))

    def test_as_the_user_saw_it(self):
        before = lab.snapshot(self.root)
        target, _ = self.migrate("copied")
        self.assertEqual(lab.changes(before, lab.snapshot(self.root)), [])
        self.assertEqual(len(end_to_end.copied(target)), 4)
        for series in ("2.3", "2.4"):
            with target.server(series, "s" + series, target.copy("c" + series)) as server:
                seen = view.record(server, "ann")
                self.assertEqual(server.complaints(), [])
            with self.subTest(series):
                new = seen["folders"][NEW_FOLDER]
                self.assertEqual((new["uidvalidity"], new["uidnext"]),
                                 (self.old["uidvalidity"], self.old["uidnext"]))
                self.assertEqual(view.compare_messages(
                    FOLDER, self.old["messages"], new["messages"], ()), [])
                self.assertEqual(seen["subscribed"], [NEW_FOLDER])
        for name in os.listdir(os.path.join(target.maildirs, "ann/.shared.pub.team.news/cur")):
            st = os.stat(os.path.join(target.maildirs, "ann/.shared.pub.team.news/cur", name))
            self.assertEqual((st.st_uid, st.st_mode & 0o777, st.st_nlink),
                             (self.ann.user.uid, 0o600, 1))

    def test_the_owner_goes_on(self):
        """A file that has another name now is found; one that has gone is no message; what came
        since has no link."""
        cur = os.path.join(self.maildir, ".team.news/cur")
        os.rename(os.path.join(cur, NAMES[0] + ":2,"), os.path.join(cur, NAMES[0] + ":2,RS"))
        os.remove(os.path.join(cur, NAMES[3] + ":2,"))
        self.bring(NAMES[4])
        target, _ = self.migrate("goes-on")
        self.assertEqual(self.files(target), NAMES[:3])

    def test_skipped(self):
        target = end_to_end.Target(self.site, self.work, "skipped")
        done = target.migrate("--verbose")
        self.assertEqual(done.returncode, 0, lab.told(done))
        self.assertIn("note: ann: folders shared by others: shared-folders", done.stdout)
        self.assertNotIn(".shared.pub.team.news",
                         os.listdir(os.path.join(target.maildirs, "ann")))

    def again(self, target, *options, status=0, says=None, changed=False):
        """One more run: does it change the target?"""
        before = lab.snapshot(target.maildirs)
        done = target.migrate("--verbose", *options)
        self.assertEqual(done.returncode, status, lab.told(done))
        changes = lab.changes(before, lab.snapshot(target.maildirs))
        self.assertEqual(bool(changes), changed, changes)
        if says:
            self.assertIn(says, done.stdout)

    def test_a_run_without_the_option(self):
        """What was copied stays, subscribed, and is said to be stale, until the option is back."""
        target, _ = self.migrate("forgotten")
        copy = ["--shared", "copy", "--shared-root", self.root]
        says = "loss: ann: a shared folder is not followed in this run: what was copied stays: " \
               "'.shared.pub.team.news'"
        with self.site.imap("ann") as client:
            client.on("SELECT", FOLDER)
            client.store("4", "+FLAGS (\\Flagged)")
        for _ in range(3):
            self.again(target, status=1, says=says)
        self.again(target, *copy, changed=True)
        self.again(target, *copy, "--shared-root", "/nowhere/at/all", status=2)
        other = os.path.join(self.work, "other")
        os.mkdir(other)
        os.chmod(other, 0o755)
        self.again(target, *copy, "--shared-root", other, status=1,
                   says="loss: ann: a folder that others share is not where its links lead: "
                   "'shared-folders/pub/team.news'")
        self.again(target, *copy)

    def test_not_mounted(self):
        """The share has gone as a whole; that of one folder, by who owns it, is meant."""
        target, _ = self.migrate("mounted")
        copy = ["--shared", "copy", "--shared-root", self.root]
        for empty in (False, True):
            os.rename(self.maildir, self.maildir + ".away")
            if empty:
                os.mkdir(self.maildir)
            os.utime(os.path.join(self.ann.maildir, "shared-folders/pub"))
            self.again(target, *copy, status=1, says="is not where its links lead")
            self.again(target, *copy, status=1, says="is not where its links lead")
            if empty:
                os.rmdir(self.maildir)
            os.rename(self.maildir + ".away", self.maildir)
            self.again(target, *copy)
        shutil.rmtree(os.path.join(self.maildir, ".team.news"))
        os.utime(os.path.join(self.ann.maildir, "shared-folders/pub"))
        self.again(target, *copy, changed=True)
        self.assertNotIn(".shared.pub.team.news",
                         os.listdir(os.path.join(target.maildirs, "ann")))

    def test_unsubscribed(self):
        target, _ = self.migrate("unsubscribed")
        with self.site.imap("ann") as client:
            client.on("UNSUBSCRIBE", FOLDER)
        self.assertFalse(os.path.exists(self.links))
        self.again(target, changed=True)
        self.assertNotIn(".shared.pub.team.news",
                         os.listdir(os.path.join(target.maildirs, "ann")))

    def test_in_place(self):
        _, done = self.migrate("here", status=1, in_place=True)
        self.assertIn("loss: ann: folders shared by others cannot be copied in this way: 1: a "
                      "conversion in place", done.stdout)
        self.assertEqual(sorted(os.path.islink(os.path.join(self.links, n))
                                for n in os.listdir(self.links)), [True] * 4)

    @unittest.skipUnless(lab.IS_ROOT, "users are others for root only")
    def test_another_owner(self):
        target, done = self.migrate("vmail", "--owner", "22999:22999", status=1)
        self.assertIn("cannot be copied in this way: 1: mail of others is read", done.stdout)
        self.assertNotIn(".shared.pub.team.news",
                         os.listdir(os.path.join(target.maildirs, "ann")))

    @unittest.skipUnless(lab.IS_ROOT, "users are others for root only")
    def test_planted(self):
        """Links that a user could make: out of the tree, to what he cannot read, round about."""
        secret = os.path.join(self.work, "secret")
        with open(secret, "w") as f:
            f.write("Subject: secret\n\nsecret\n")
        os.chmod(secret, 0o644)
        private = self.bring(NAMES[5], 0o600)
        os.symlink(secret, os.path.join(self.maildir, ".team.news/cur/way"))
        links = {"1.out": secret, "2.private": private, "3.etc": "/etc/passwd",
                 "4.round": os.path.join(self.root, "../secret"), "5.root": self.root,
                 "6.prefix": self.root + "2/x", "7.two": os.path.join(
                     self.maildir, ".team.news/cur/way"), "8.relative": "../../../../cur"}
        for name, to in links.items():
            os.symlink(to, os.path.join(self.links, name + ":2,"))
            os.lchown(os.path.join(self.links, name + ":2,"), self.ann.user.uid, -1)
        target, done = self.migrate("planted", status=1)
        self.assertEqual(self.files(target), NAMES[:4], lab.told(done))
        for path, _, files in os.walk(target.work):
            for file in files:
                with open(os.path.join(path, file), "rb") as f:
                    self.assertNotIn(b"Subject: secret", f.read(), os.path.join(path, file))
        for name in links:
            self.assertRegex(done.stdout, "loss: .*: %s:2," % name)


if __name__ == "__main__":
    unittest.main()
