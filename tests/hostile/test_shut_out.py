"""Places that root may not enter, as on most servers of NFS, and others that the account may only
pass through. What the account can do itself is done. Needs root, and plays with it a root whose
rights do not go beyond the modes."""
import os
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


if __name__ == "__main__":
    unittest.main()
