#!/usr/bin/python3
"""The first logins at the new server, watched with strace, before and after `mailhaul warm`."""
import json
import os
import shutil
import signal
import subprocess
import unittest

import lab
import mbox_site
import messages
import sample_site
import servers
from first_login import LISTINGS, Trace

COUNT = 40
FOLDERS = ["Sent", "lists/debian-devel"]
OTHERS = ["e%d" % n for n in range(7)]    # so that one doveadm gets several users
BODY = b"A line of a message that is as long as lines of messages are.\n" * 400

def build_site(work):
    site, generator = mbox_site.Site(work), messages.Generator(11)
    mbox_site.open_spool(os.path.join(site.top, "spool"))
    for name in ["ann", "bob", "cid", "dora"] + OTHERS + ["zed"]:
        account = site.add(name, "uw")
        paths = [account.inbox] + [os.path.join(account.folders, f) for f in FOLDERS]
        for n, path in enumerate(paths):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            mails = [generator.mail(body=BODY) for _ in range(3 if name in OTHERS else COUNT)]
            for mail in mails[::3]:
                mail.data = mail.data.replace(b"\nDate:", b"\nReferences: <a@b>\n\t<c@d>\nDate:", 1)
            with open(path, "wb") as f:
                f.write(sample_site.mbox(mails, 1180000000 + n))
        site.settle(account)
    return site


class Warm:
    """One server; what it does in one order, since each step changes what the next one finds."""

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        self.site = build_site(self.work)
        self.target = lab.Target(self.site, self.work)
        migration = self.target.migrate()
        self.assertEqual(migration.returncode, 0, lab.told(migration))
        self.bytes = sum(os.path.getsize(os.path.join(path, f))
                         for path, _, files in os.walk(os.path.join(self.target.maildirs, "ann"))
                         for f in files if os.path.basename(path) in ("cur", "new"))
        self.trace = Trace(os.path.join(self.work, "trace"), self.target.maildirs)
        # The server has never heard of zed.
        known = mbox_site.Site.__new__(mbox_site.Site)
        known.accounts = [a for a in self.site.accounts if a.name != "zed"]
        self.server = lab.serve(self.series, os.path.join(self.work, "server"), known, "mbox",
                                os.path.join(self.target.maildirs, "%u"),
                                Trace.COMMAND + [self.trace.path])
        self.server.start()
        self.addCleanup(self.server.stop)
        self.doveadm = self.server.doveadm_program()

    def arguments(self, *more):
        return ["warm", "--users", self.site.users_file(), "--state", self.target.state,
                "--maildir", os.path.join(self.target.maildirs, "%u"), "--doveadm", self.doveadm,
                "--dovecot-config", self.server.configuration, *more]

    def warm(self, *more):
        """(the finished run, the calls of doveadm that it made)"""
        calls = self.server.doveadm_calls_file()
        if os.path.exists(calls):
            os.unlink(calls)
        done = lab.mailhaul(*self.arguments(*more))
        self.assertNotRegex(done.stdout + done.stderr, "example.org|number")    # of the mail itself
        if not os.path.exists(calls):
            return done, []
        with open(calls) as f:
            return done, f.read().splitlines()

    def told(self, done):
        """What --json says, by user: (user, done, error)."""
        said = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual({one.pop("type") for one in said}, {"warm"})
        self.assertEqual({tuple(one) for one in said}, {("user", "done", "error")})
        return sorted(tuple(one.values()) for one in said)

    def list_as(self, user, *listings):
        with self.server.imap(user) as client:
            for folder in ["INBOX"] + FOLDERS:
                client.on("SELECT", folder)
                for items in listings:
                    answers = client.ok("FETCH 1:* (%s)" % items)
                    self.assertGreaterEqual(len(answers), COUNT)
        return self.trace.since()

    def test_first_logins(self):
        self.check_cheap_sessions()
        self.check_cold_listing()
        self.check_killed_and_resumed()
        self.check_listings("ann", "bob", "cid")
        self.check_nothing_to_do()
        self.check_new_mail()
        self.check_lost_cache()
        self.assertEqual(self.server.complaints(), [])
        self.check_failure_of_one()
        self.check_mail_elsewhere()

    def uid_lists(self, user):
        lists = {}
        for folder in [""] + ["." + f.replace("/", ".") for f in FOLDERS]:
            path = os.path.join(self.target.maildirs, user, folder, "dovecot-uidlist")
            with open(path, "rb") as f:
                lists[folder] = (os.stat(path).st_ino, f.read())
        return lists

    def check_cheap_sessions(self):
        """What mailhaul has written is enough for POP3, and for clients that list flags."""
        lists = {user: self.uid_lists(user) for user in ("ann", "bob")}
        self.trace.since()
        with self.server.pop3("ann") as client:
            self.assertEqual(client.stat()[0], COUNT)
            self.assertEqual(len(client.listing()), COUNT)
            self.assertEqual(len(client.uidl()), COUNT)
        opened, read = self.trace.since()
        self.assertEqual(opened, 0)
        self.assertLess(read, self.bytes / 100)       # the lists of all folders, whatever is asked
        opened, read = self.list_as("bob", "FLAGS UID RFC822.SIZE")
        self.assertEqual(opened, 0)
        self.assertLess(read, self.bytes / 100)
        for user in lists:                # nor has the server written one of them again
            self.assertEqual(self.uid_lists(user), lists[user])

    def check_cold_listing(self):
        opened, _ = self.list_as("dora", LISTINGS["envelope"])
        self.assertGreaterEqual(opened, COUNT * (1 + len(FOLDERS)))

    def check_killed_and_resumed(self):
        process = subprocess.Popen(
            [lab.MAILHAUL] + self.arguments("--max-rate", "1", "--jobs", "1"), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(os.environ, TZ=servers.ZONE))
        self.assertEqual(process.stdout.readline(), "ann: caches built\n")
        process.send_signal(signal.SIGTERM)
        with process:                     # not communicate(): lines may have been read ahead
            rest, said = process.stdout.read(), process.stderr.read()
        self.assertEqual(process.returncode, 2, rest + said)
        self.assertIn("stopped as asked after", said)
        done, calls = self.warm("--jobs", "1")
        self.assertEqual(done.returncode, 2, lab.told(done))
        self.assertNotIn("ann", done.stdout)
        for user in ["bob", "cid", "dora"] + OTHERS:
            self.assertIn(user + ": caches built\n", rest + done.stdout)
        self.assertRegex(done.stderr, r"(?m)^mailhaul: zed: doveadm: .*User doesn't exist$")
        self.assertIn(", 1 failed; ", done.stdout)
        self.assertTrue(any(" -F " in call for call in calls), calls)

    def check_listings(self, *users):
        self.trace.since()                # what doveadm did is not the server's: it runs untraced
        for user in users:
            with self.subTest(user=user):
                self.assertEqual(self.list_as(user, *LISTINGS.values())[0], 0)

    def check_nothing_to_do(self):
        done, calls = self.warm("ann", "bob", "cid")
        self.assertEqual((done.returncode, calls), (0, []), lab.told(done))
        self.assertIn("3 accounts: 0 built, 3 warm already, 0 failed; 0 messages listed",
                      done.stdout)

    def check_new_mail(self):
        """Mail comes to bob, past the server: his account alone is done again."""
        inbox = os.path.join(self.target.maildirs, "bob")
        path = os.path.join(inbox, "new", "1180000000.M1P1.host")
        with open(path, "wb") as f:
            f.write(messages.Generator(12).mail(body=BODY).data)
        shutil.chown(path, os.stat(inbox).st_uid, os.stat(inbox).st_gid)
        done, calls = self.warm("--json", "--nice", "ann", "bob", "cid")
        self.assertEqual((done.returncode, len(calls)), (0, 1), lab.told(done))
        self.assertRegex(calls[0], "^19 ")
        self.assertEqual(self.told(done), [("ann", "warm", None), ("bob", "built", None),
                                           ("cid", "warm", None)])
        self.check_listings("bob")

    def check_lost_cache(self):
        os.unlink(os.path.join(self.target.maildirs, "cid", ".Sent", "dovecot.index.cache"))
        done, calls = self.warm("ann", "cid")
        self.assertEqual((done.returncode, len(calls)), (0, 1), lab.told(done))
        self.assertRegex(calls[0], "^0 ")
        self.check_listings("cid")

    def check_failure_of_one(self):
        """All are to be done anew; a folder of bob's cannot be read."""
        sent = os.path.join(self.target.maildirs, "bob", ".Sent")
        os.chmod(sent, 0)
        if lab.IS_ROOT:
            os.chown(sent, 0, 0)
        done, _ = self.warm("--bodystructure", "--jobs", "1", "ann", "bob", "cid", "dora")
        self.assertEqual(done.returncode, 2, lab.told(done))
        self.assertIn("4 accounts: 3 built, 0 warm already, 1 failed", done.stdout)
        self.assertRegex(done.stderr, r"\Amailhaul: bob: doveadm: .*Permission denied.*\n\Z")
        self.assertEqual(self.list_as("ann", "UID FLAGS BODYSTRUCTURE ENVELOPE")[0], 0)
        done, _ = self.warm("--bodystructure", "--json", "ann", "bob")
        self.assertEqual(done.returncode, 2, lab.told(done))
        ann, bob = self.told(done)
        self.assertEqual((ann, bob[:2]), (("ann", "warm", None), ("bob", "failed")))
        self.assertRegex(bob[2], "^doveadm: .*Permission denied")

    def check_mail_elsewhere(self):
        """The new server looks for its mail in another place."""
        self.doveadm = self.server.doveadm_program("-o", "mail_location=maildir:%s/%%u" % self.work
                                                   if self.series == "2.3" else
                                                   "mail_path=%s/%%{user}" % self.work)
        done, _ = self.warm("--bodystructure", "e0", "e1")
        self.assertEqual(done.returncode, 2, lab.told(done))
        self.assertIn("found no message in any of these accounts: does the new server have their "
                      "mail at --maildir?\n", done.stderr)


class Dovecot23(Warm, unittest.TestCase):
    series = "2.3"


class Dovecot24(Warm, unittest.TestCase):
    series = "2.4"


if __name__ == "__main__":
    unittest.main()
