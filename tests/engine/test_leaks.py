"""Nothing that reads the fixtures loses memory: only in a build with the sanitizers, where
MAILHAUL_LEAKS has every process looked through, workers too (src/leaks.h).

    test_leaks.py MAILHAUL SOURCE-DIRECTORY
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

MAILHAUL, TOP = sys.argv[1:3]
MBOXES = sorted(glob.glob(TOP + "/tests/fixtures/mbox/*/input.mbox"))
UID = 65534 if os.geteuid() == 0 else os.getuid()
LOST = 23


class Leaks(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="mailhaul-leaks.")
        self.addCleanup(shutil.rmtree, self.top)
        os.chmod(self.top, 0o755)
        for name in ("folders/ann", "in"):
            os.makedirs(self.path(name))
        for box in MBOXES:
            shutil.copy(box, self.path("folders/ann", os.path.basename(os.path.dirname(box))))
        shutil.copy(TOP + "/tests/fixtures/mbox/uw-imapbase/input.mbox", self.path("in/ann"))
        with open(self.path("users"), "w", encoding="ascii") as file:
            file.write("ann:x:%d:%d::/nonexistent:/bin/sh\n" % (UID, UID))
        for folder, _, files in os.walk(self.path("folders")):
            for name in files:
                os.chmod(os.path.join(folder, name), 0o644)
        os.chmod(self.path("in/ann"), 0o644)
        if os.geteuid() != 0:
            os.mkdir(self.path("out"))

    def path(self, *names):
        return os.path.join(self.top, *names)

    def run_it(self, command, *arguments, lose=False):
        done = subprocess.run([MAILHAUL, command, "--config", "/dev/null", *arguments],
                              capture_output=True, text=True, errors="replace",
                              env=dict(os.environ, MAILHAUL_LEAKS="lose" if lose else "1"))
        if not lose:
            self.assertIn(done.returncode, (0, 1, 2), (command, arguments, done.stderr))
            self.assertNotIn("Sanitizer", done.stderr, (command, arguments))
            self.assertNotIn("ended early", done.stderr, (command, arguments))
        return done

    def run_site(self, command, *more, **how):
        places = ("--inbox", self.path("in/%u"), "--folders", self.path("folders/%u"))
        return self.run_it(command, "--users", self.path("users"), *places * (command != "undo"),
                           "--maildir", self.path("out/%u"), "--state", self.path("state"), *more,
                           **how)

    def test_inspect(self):
        self.run_it("inspect", *MBOXES)
        self.run_it("inspect", "--json", "--verbose", "--boundaries", *MBOXES)
        self.run_it("inspect", "/dev/null", self.top, self.path("nowhere"))

    def test_convert(self):
        for number, box in enumerate(MBOXES):
            server = ("dovecot", "courier")[number % 2]
            target = self.path("out-%d" % number)
            for _ in range(2):
                self.run_it("convert", "--server", server, "--sync", "none", box, target)
        self.run_it("inspect", "--verbose", *glob.glob(self.path("out-*")))
        for _ in range(2):
            self.run_it("convert", "--sync", "none", target, self.path("further"))
        self.run_it("convert", "--sync", "none", target, target)

    def test_a_site(self):
        self.run_site("check")
        for more in ((), (), ("--mirror",), ("--dry-run",)):
            self.run_site("migrate", "--sync", "none", *more)
        for box in MBOXES[::2]:
            os.unlink(self.path("folders/ann", os.path.basename(os.path.dirname(box))))
        with open(self.path("in/ann"), "a", encoding="ascii") as file:
            file.write("From a@b Sat Jan  1 00:00:00 2000\n\nnew\n\n")
        self.run_site("migrate", "--sync", "none")
        self.run_site("verify")
        self.run_site("undo", "ann")

    def test_it_is_looked(self):
        """What a worker loses ends it."""
        self.assertRegex(self.run_site("migrate", "--sync", "none", lose=True).stderr,
                         "(?s)LeakSanitizer.*ann: its worker ended early with status %d" % LOST)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
