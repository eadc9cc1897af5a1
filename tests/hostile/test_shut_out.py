"""Places that root may not enter, as on most servers of NFS, and others that the account may only
pass through. What the account can do itself is done. Needs root, and plays with it a root whose
rights do not go beyond the modes."""
import os
import subprocess
import unittest

from hostile_site import EVE, JOE, Site, told

SHUT_OUT = "-dac_override,-dac_read_search"


@unittest.skipIf(os.geteuid() != 0, "needs root")
class ShutOut(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.site = Site()
        self.addCleanup(self.site.remove)

    def run_shut_out(self, command="migrate", *more, less="", **how):
        before = ("setpriv", "--bounding-set", SHUT_OUT + less)
        return self.site.run(command, *more, before=before, **how)

    def assert_done(self, done, pattern="carried"):
        self.assertEqual(done.returncode, 0, told(done))
        for user in ("eve", "joe"):
            self.assertRegex(done.stdout, "(?m)^%s: 2 mailboxes, 3 messages, .*%s" % (user, pattern))

    def make_targets(self, mode):
        for name, uid in (("eve", EVE), ("joe", JOE)):
            os.mkdir(self.site.path("data", name), 0o700)
            os.chown(self.site.path("data", name), uid, uid)
        os.chmod(self.site.path("data"), mode)

    def test_directory_that_only_root_lists(self):
        """A directory above the targets that their owners may search, and no more."""
        os.chmod(self.site.path("data"), 0o711)
        for _ in range(2):
            self.assert_done(self.site.run(), "carried|up to date")
        self.assert_done(self.site.run("verify"), "3 the same")

    def test_homes(self):
        for command, pattern in (("check", "3 to carry"), ("migrate", "3 carried"),
                                 ("migrate", "up to date"), ("check", "up to date"),
                                 ("verify", "3 the same")):
            self.assert_done(self.run_shut_out(command, maildir="%h/Maildir"), pattern)

    def test_question_before_there_is_a_worker(self):
        """Where a file system may not answer, what has changed is asked as the account, too."""
        for user in ("eve", "joe"):
            place = self.site.path("home", user, "elsewhere")
            os.mkdir(place)
            if subprocess.run(["mount", "-t", "fusectl", "none", place], check=False).returncode != 0:
                self.skipTest("nothing can be mounted here")
            self.addCleanup(subprocess.run, ["umount", place], check=True)
        for _ in range(2):
            self.assert_done(self.run_shut_out("migrate", "--final", "--sync", "batch",
                                               maildir="%h/Maildir"), "carried|up to date")

    def test_saved_uidls(self):
        """They may be in the home, too."""
        for user, uid in (("eve", EVE), ("joe", JOE)):
            self.site.write("home/%s/uidls" % user, "1 first\n2 second\n", uid, 0o600)
        done = self.run_shut_out("migrate", "--pop3-uidl", "file:%h/uidls", maildir="%h/Maildir")
        self.assert_done(done)
        with open(self.site.path("home/eve/Maildir/dovecot-uidlist"), encoding="ascii") as file:
            self.assertIn(" Pfirst ", file.read())

    def test_warm(self):
        self.assert_done(self.run_shut_out(maildir="%h/Maildir"))
        self.site.write("doveadm", "#!/bin/sh\necho '{}'\n", 0, 0o755)
        done = self.run_shut_out("warm", "--doveadm", self.site.path("doveadm"), maildir="%h/Maildir")
        self.assertIn("2 accounts: 2 built, 0 warm already, 0 failed", done.stdout, told(done))

    def test_targets_that_are_made(self):
        self.make_targets(0o755)
        for command, pattern in (("check", "3 to carry"), ("migrate", "3 carried"),
                                 ("check", "up to date"), ("verify", "3 the same")):
            self.assert_done(self.run_shut_out(command), pattern)

    def test_directory_that_is_everyones(self):
        os.chmod(self.site.path("data"), 0o1777)
        self.assert_done(self.run_shut_out(less=",-chown"))
        done = self.run_shut_out("undo", users=("eve",), less=",-chown,-fowner")
        self.assertEqual((done.returncode, os.listdir(self.site.path("data"))), (0, ["joe"]), told(done))

    def test_directory_in_which_nobody_may(self):
        """Who has to make the targets is told so, before and then."""
        os.chmod(self.site.path("data"), 0o555)
        done = self.run_shut_out("check")
        self.assertEqual(done.returncode, 2, told(done))
        self.assertIn("the account may not write to its target", done.stdout)
        done = self.run_shut_out()
        self.assertEqual(done.returncode, 2, told(done))
        self.assertRegex(done.stderr, "(?m)^mailhaul: eve: cannot make the target: .*denied; make "
                         "'%s' as root, .*NFS, and give it to user %d$"
                         % (self.site.path("data/eve"), EVE))
        self.make_targets(0o555)
        self.assert_done(self.run_shut_out())


if __name__ == "__main__":
    unittest.main()
