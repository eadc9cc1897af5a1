"""A parser that a message has taken over: what can its worker reach? Nothing of another account.
See taken-over.c, which plays the parser. Needs root."""
import ctypes
import mmap
import os
import signal
import struct
import subprocess
import sys
import time
import unittest

import silent_fuse
from hostile_site import EVE, VMAIL, Site, message, told

SHIM, WITHOUT = os.environ["TAKEN_OVER_SHIM"], os.environ["WITHOUT"]
PATHS, PATH, TEXT = 64, 512, 1 << 16 # as in taken-over.h
HEAD = struct.Struct("iiii")
TAKE_OVER = ("From x@y.org Mon Jan  1 10:00:00 2001\nSubject: 1\nX-Take-Over: now\n\ntext\n\n")


def landlock_version():
    return ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1)


class Shared:
    """The struct TakenOver."""
    def __init__(self, path, paths):
        self.path = path
        with open(path, "wb") as file:
            file.truncate(HEAD.size + PATHS * PATH + TEXT)
        os.chmod(path, 0o666)
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)
        for number, name in enumerate(paths):
            at = HEAD.size + number * PATH
            self.map[at:at + len(name) + 1] = name.encode() + b"\0"

    def head(self):
        return HEAD.unpack(self.map[:HEAD.size])

    def set(self, number, value):
        self.map[4 * number:4 * number + 4] = struct.pack("i", value)

    def tries(self):
        text = self.map[HEAD.size + PATHS * PATH:].split(b"\0")[0].decode()
        return dict(line.rsplit(": ", 1) for line in text.splitlines())


def status_of(pid):
    with open("/proc/%d/status" % pid) as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


@unittest.skipIf(os.geteuid() != 0, "needs root")
class TakenOver(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.site = Site()
        self.addCleanup(self.site.remove)

    def everything(self):
        """What is not eve's, and is there: of joe, of root, of the run."""
        site = self.site
        names = ["home/joe", "home/joe/mail", "home/joe/mail/saved", "spool/joe", "others/secret",
                 "log", "state", "state/mailhaul.sqlite", "/etc/shadow", "/root", "/proc/1/environ"]
        for folder, folders, files in os.walk(site.path("joes-target")):
            names += [os.path.join(folder, name) for name in folders + files]
        if landlock_version() >= 2: # a user could do these things
            names += ["others/open", "others/directory", "data", "users", "/etc/passwd", "/tmp",
                      "/var/tmp", "/proc/self/mem", "/dev/shm", "/dev/null"]
        return [site.path(name) for name in names]

    def take_over(self, *options, before=()):
        """Runs it, and gives the tries, the worker's /proc/PID/status and descriptors."""
        site = self.site
        shared = Shared(site.path("others/shared"), self.everything())
        environment = dict(os.environ, LD_PRELOAD=SHIM, TAKEN_OVER=shared.path)
        command = site.command("migrate", "--verbose", "--log", site.path("log"), *options, users=("eve",))
        process = subprocess.Popen([*before, *command], env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 30
        while not shared.head()[1] and time.monotonic() < until and process.poll() is None:
            time.sleep(0.01)
        worker = shared.head()[0]
        status, fds = {}, []
        if worker != 0:
            status = status_of(worker)
            with open("/proc/%d/limits" % worker) as file:
                self.core_limit = file.read().split("Max core file size")[1].split()[:2]
            with open("/proc/%d/oom_score_adj" % worker) as file:
                self.first_to_go = file.read().strip()
            folder = "/proc/%d/fd" % worker
            fds = sorted(os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder))
        shared.set(2, 1)
        out, err = process.communicate(timeout=30)
        done = subprocess.CompletedProcess(command, process.returncode, out, err)
        self.assertEqual(done.returncode, 2, told(done))
        self.assertIn("its worker was ended by signal 11", err)
        self.assertIn("owned", out, "what it said of a file")
        with open(site.path("log")) as file:
            self.assertNotRegex(out + err + file.read(), "[\x00-\x09\x0b-\x1f\x7f]")
        return shared.tries(), status, fds, done

    def check(self, uid, capabilities, tries, status, fds, done):
        self.assertTrue(tries, told(done))
        good = {name: result for name, result in tries.items() if result == "0"}
        self.assertEqual(good, {}, told(done))
        self.assertEqual(status["Uid"].split(), [str(uid)] * 4)
        self.assertEqual(status["Gid"].split(), [str(uid)] * 4)
        self.assertEqual(status["Groups"].split(), [str(uid)])
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(int(status["Seccomp"]), 2)
        for name in ("CapInh", "CapAmb", "CapBnd"):
            self.assertEqual(int(status[name], 16), 0, name)
        for name in ("CapPrm", "CapEff"):
            self.assertEqual(int(status[name], 16), capabilities, name)
        allowed = [self.site.path(name) for name in ("spool", "home/eve", "data", "vmail")]
        for fd in fds:
            self.assertTrue(fd == "/dev/null" or fd.startswith("socket:") or
                            any(fd.startswith(place) for place in allowed), fds)
        self.assertEqual(len([fd for fd in fds if fd.startswith("socket:")]), 1, fds)
        self.assertEqual(self.core_limit, ["0", "0"])
        self.assertEqual(self.first_to_go, "1000", "where memory is short")

    def play(self, *options, uid, capabilities):
        site = self.site
        os.rename(site.path("data/joe"), site.path("joes-target"))
        site.write("spool/eve", message(1) + TAKE_OVER, EVE, 0o600)
        site.write("others/open", "everybody's\n", 0, 0o666)
        os.chmod(site.path("others/directory"), 0o1777)
        for name in ("log", "others/shared"):
            site.write(name, "", 0, 0o600)
        before = site.snapshot()
        self.check(uid, capabilities, *self.take_over(*options))
        after = site.snapshot()
        # what the coordinator and this test write, and a lock of eve's mail
        for name in ("log", "others/shared", "spool/eve.lock"):
            for seen in (before, after):
                seen.pop(site.path(name), None)
        self.assertEqual(before, after)

    def test_own_user(self):
        """The worker is eve, and others' files are not hers."""
        done = self.site.run(users=("joe",))
        self.assertEqual(done.returncode, 0, told(done))
        self.play(uid=EVE, capabilities=0)

    def test_one_user_for_all(self):
        """The worker may by its user read every file of the system, and write every target."""
        if landlock_version() < 2:
            self.check_without()
            return
        options = ("--owner", "%d:%d" % (VMAIL, VMAIL))
        done = self.site.run("migrate", *options, users=("joe",))
        self.assertEqual(done.returncode, 0, told(done))
        self.play(*options, uid=VMAIL, capabilities=1 << 2)

    def run_taken_over(self, how):
        site = self.site
        shared = Shared(site.path("others/shared"), [])
        site.write("spool/eve", message(1) + TAKE_OVER.replace("now", how), EVE, 0o600)
        command = site.command("migrate", "--jobs", "1")
        done = subprocess.run(command, env=dict(os.environ, LD_PRELOAD=SHIM, TAKEN_OVER=shared.path),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120)
        self.assertEqual(len(os.listdir(site.path("data/joe/new"))), 2, told(done))
        return shared.head()[0], done

    def test_it_stays_behind(self):
        worker, done = self.run_taken_over("leave")
        self.assertNotEqual(worker, 0, told(done))
        self.assertFalse(os.path.exists("/proc/%d" % worker), told(done))

    def test_it_talks_without_end(self):
        worker, done = self.run_taken_over("talk")
        self.assertNotEqual(worker, 0, told(done))
        self.assertEqual(done.returncode, 2, told(done))
        self.assertIn("eve: its worker said more than is kept of an account; it was ended",
                      done.stderr)

    def test_it_waits_for_a_name_that_cannot_be_read(self):
        """Who asks where it waits must not wait, too."""
        site, mail = self.site, self.site.path("home/eve/mail")
        if not silent_fuse.is_available(mail):
            self.skipTest("nothing of FUSE can be mounted here")
        site.write("control", "answer", 0, 0o600)
        daemon = subprocess.Popen(
            [sys.executable, "-B", silent_fuse.__file__, mail, site.path("control"), str(EVE),
             site.path("users")], stdout=subprocess.PIPE)
        self.addCleanup(daemon.stdout.close)
        self.addCleanup(silent_fuse.unmount, mail)
        self.addCleanup(daemon.wait)
        self.addCleanup(daemon.kill)
        self.assertEqual(daemon.stdout.readline(), b"mounted\n")
        site.write("spool/eve", message(1) + TAKE_OVER.replace("now", "map"), EVE, 0o600)
        shared = Shared(site.path("others/shared"), [mail + "/saved"])
        run = subprocess.Popen(site.command("migrate", "--answer-timeout", "5", "--jobs", "1"),
                               env=dict(os.environ, LD_PRELOAD=SHIM, TAKEN_OVER=shared.path),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        self.addCleanup(run.kill)
        until = time.monotonic() + 30
        while not shared.head()[1] and time.monotonic() < until:
            time.sleep(0.01)
        self.assertEqual(shared.tries(), {"map": "0"})
        site.write("control", "silent", 0, 0o600)
        shared.set(2, 1)
        _, err = run.communicate(timeout=60)
        self.assertEqual(run.returncode, 2, err)
        self.assertIn("eve: no answer from a file system of the account for", err)
        self.assertEqual(len(os.listdir(site.path("data/joe/new"))), 2, err)

    def test_it_does_not_stop(self):
        site = self.site
        shared = Shared(site.path("others/shared"), [])
        site.write("spool/eve", message(1) + TAKE_OVER.replace("now", "go on"), EVE, 0o600)
        run = subprocess.Popen(site.command("check", "--answer-timeout", "1"), text=True,
                               env=dict(os.environ, LD_PRELOAD=SHIM, TAKEN_OVER=shared.path),
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(run.stderr.close)
        until = time.monotonic() + 30
        while not shared.head()[0] and time.monotonic() < until:
            time.sleep(0.01)
        worker = shared.head()[0]
        self.assertNotEqual(worker, 0)
        run.terminate()
        try:
            self.assertEqual(run.wait(30), 2)
            self.assertFalse(os.path.exists("/proc/%d" % worker))
        finally:
            run.kill()
            if os.path.exists("/proc/%d" % worker):
                os.kill(worker, signal.SIGKILL)
        self.assertIn("eve: it went on for 10 s when asked to stop, so its worker was ended; run "
                      "again to continue", run.stderr.read())

    def test_what_is_said(self):
        done = self.site.run("migrate", "--verbose")
        self.assertEqual(done.returncode, 0, told(done))
        version = landlock_version()
        self.assertIn("workers are confined: no privileges, %s, seccomp" % (
            "Landlock version %d" % version if version >= 2 else "no Landlock"), done.stderr)
        self.assertEqual("lacks a confinement" in done.stdout, version < 2)

    def check_without(self, *what):
        """A system that lacks something is told of, and carries its mail."""
        site = self.site
        before = [WITHOUT, *what, "--"] if what else []
        command = site.command("migrate", "--verbose")
        done = subprocess.run([*before, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, told(done))
        for text, lacking in (("the kernel has no Landlock", "landlock"),
                              ("the kernel takes no seccomp filter", "seccomp")):
            if lacking in what:
                self.assertIn("the worker was held by its user's rights alone: " + text,
                              done.stdout)
        self.assertEqual(len(site.finds("SECRET of eve")), 2, told(done)) # source and target

    def test_without(self):
        for what in (("landlock",), ("seccomp",), ("landlock", "seccomp", "openat2")):
            with self.subTest(what):
                self.site = Site()
                self.check_without(*what)
                self.site.remove()


if __name__ == "__main__":
    unittest.main(verbosity=1)
