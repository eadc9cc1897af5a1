"""File systems that do not answer: NFS without its server, FUSE with a program that is stuck. The
admin is told, the other accounts go on, the run ends. Needs root."""
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time
import unittest

import silent_fuse
from hostile_site import EVE, JOE, MAILHAUL, Site, message, told

SHIM = os.environ["SILENT_SHIM"]
HERE = os.path.dirname(os.path.abspath(__file__))
SYS_PTRACE = 1 << 19
TIMEOUT = ("--answer-timeout", "5", "--jobs", "1")
# Plays the new server's: lists a message of joe's, and reads the file of eve's.
DOVEADM = """#!/bin/sh
case "$*" in
*eve*) echo silent >%(control)s; read line <%(mail)s/saved; echo '{}' ;;
*) echo '{}' ;;
esac
"""


# Holds the lock of an mbox, so that its worker waits, and stops each worker of its user and the site
# that it sees.
STOP = """
import fcntl, os, signal, sys, time
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
print("locked", flush=True)
while True:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/status" % pid) as status:
                uid = status.read().split("\\nUid:\\t")[1].split()[0]
            with open("/proc/%s/cmdline" % pid) as arguments:
                mine = "\\0migrate\\0" in (text := arguments.read()) and sys.argv[2] in text
            if mine and uid == str(os.getuid()):
                os.kill(int(pid), signal.SIGSTOP)
        except OSError:
            pass
"""


def may_look():
    """Can this process see what another user's waits for?"""
    with open("/proc/self/status") as file:
        caps = re.search(r"^CapEff:\t(\w+)$", file.read(), re.M).group(1)
    return bool(int(caps, 16) & SYS_PTRACE)


@unittest.skipIf(os.geteuid() != 0, "needs root")
class NoAnswer(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.site = Site()
        self.addCleanup(self.site.remove)
        self.mail = self.site.path("home/eve/mail")

    def assert_joe_done(self):
        found = [sum(len(os.listdir(self.site.path("data/joe", folder, which)))
                     for which in ("cur", "new")) for folder in ("", ".saved")]
        self.assertEqual(found, [2, 1])

    def assert_told(self, done, place):
        """Once while it goes on, and once as the reason."""
        self.assertEqual(done.returncode, 2, told(done))
        where = re.escape("'%s'" % place) if may_look() else "('.*'|a file system of the account)"
        for words in (r"no answer from %s for \d+ s; the other accounts go on",
                      r"no answer from %s for \d+ s, so its worker was ended; run again"):
            lines = re.findall(r"(?m)^mailhaul: eve: .*" + words % where, done.stderr)
            self.assertEqual(len(lines), 1, told(done))
        self.assert_joe_done()

    def assert_completed(self):
        done = self.site.run("migrate", *TIMEOUT)
        self.assertEqual(done.returncode, 0, told(done))
        self.assertEqual(len(os.listdir(self.site.path("data/eve/.saved/new"))), 1)

    def test_without_fuse(self):
        done = subprocess.run(self.site.command("migrate", *TIMEOUT), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                              env=dict(os.environ, LD_PRELOAD=SHIM, SILENT=self.mail))
        self.assertEqual(done.returncode, 2, told(done))
        self.assertRegex(done.stderr, "eve: no answer from .* so its worker was ended")
        self.assert_joe_done()
        self.assert_completed()

    def start(self, word):
        """Puts a file system in the place of eve's folders."""
        if not silent_fuse.is_available(self.mail):
            self.skipTest("nothing of FUSE can be mounted here: see test_without_fuse")
        self.site.write("text", message(3), 0, 0o600)
        self.say(word)
        daemon = subprocess.Popen(
            [sys.executable, "-B", os.path.join(HERE, "silent_fuse.py"), self.mail,
             self.site.path("control"), str(EVE), self.site.path("text")], stdout=subprocess.PIPE)
        self.addCleanup(daemon.stdout.close)
        self.addCleanup(self.end, daemon)
        self.assertEqual(daemon.stdout.readline(), b"mounted\n")
        return daemon

    def say(self, word):
        self.site.write("control", word, 0, 0o600)

    def end(self, daemon):
        """Who still waits gets an error; then the place is eve's directory again."""
        daemon.kill()
        daemon.wait()
        silent_fuse.unmount(self.mail)

    def run_held(self, word, place):
        daemon = self.start(word)
        begun = time.monotonic()
        done = self.site.run("migrate", *TIMEOUT)
        self.assertLess(time.monotonic() - begun, 40)
        self.assert_told(done, place)
        self.end(daemon)
        self.assert_completed()

    def test_it_never_answers(self):
        self.run_held("silent", self.mail)

    def test_its_program_is_stopped(self):
        self.run_held("stop", self.mail)

    def test_only_its_user_asks(self):
        """Not root, for the order of work or the sample."""
        self.start("answer")
        for more in ((), ("--sample", "1")):
            done = self.site.run("check", *more, *TIMEOUT)
            self.assertIn(done.returncode, (0, 1), told(done))
        with open(self.site.path("control.users")) as file:
            self.assertEqual({int(line) for line in file}, {EVE})

    def test_check_does_not_see_a_target(self):
        """What root itself looks at for the verdict must not hold it."""
        daemon = self.start("silent")
        run = subprocess.Popen(self.site.command("check", *TIMEOUT, maildir="%h/mail/Maildir"),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            run.wait(50)
        finally:
            self.end(daemon)
            out, err = run.communicate()
        self.assertEqual(run.returncode, 2, out + err)
        self.assertRegex(out, r"(?m)^Verdict: not ready(.*\n)+ +eve: no answer from '.*' for \d+ s, so")
        self.assertRegex(out, r"(?m)^joe: 2 mailboxes, 3 messages, 3 to carry")

    def test_its_user_stops_the_worker(self):
        """A worker is a process of eve's, and she may send it signals."""
        eve = subprocess.Popen(["/usr/bin/python3", "-B", "-c", STOP, self.site.path("spool/eve"),
                                self.site.top],
                               stdout=subprocess.PIPE, user=EVE, group=EVE, extra_groups=[])
        self.addCleanup(eve.stdout.close)
        self.addCleanup(eve.wait)
        self.addCleanup(eve.kill)
        self.assertEqual(eve.stdout.readline(), b"locked\n")
        done = self.site.run("migrate", "--answer-timeout", "5", "--jobs", "1")
        self.assertEqual(done.returncode, 2, told(done))
        self.assertRegex(done.stderr, r"eve: no answer from 'process \d+, which somebody has stopped' "
                         r"for \d+ s, so its worker was ended")
        self.assert_joe_done()
        eve.kill()
        self.assert_completed()

    def test_it_falls_silent_between_two_runs(self):
        """What is unchanged is not even looked at by a worker: that must not hold the run."""
        daemon = self.start("answer")
        for _ in range(2):
            done = self.site.run("migrate", *TIMEOUT)
            self.assertEqual(done.returncode, 0, told(done))
        self.say("silent")
        self.assert_told(self.site.run("migrate", *TIMEOUT), self.mail)
        self.end(daemon)

    def test_it_is_mounted_between_two_runs(self):
        """Over a directory of a file system that answers, as which it is remembered."""
        self.site = Site("/dev/shm")
        self.addCleanup(self.site.remove)
        self.mail = self.site.path("home/eve/mail")
        batch = ("--sync", "batch", *TIMEOUT)
        for _ in range(2):
            done = self.site.run("migrate", *batch)
            self.assertEqual(done.returncode, 0, told(done))
            time.sleep(1)
        self.start("silent")
        self.assert_told(self.site.run("migrate", *batch), self.mail)

    def processes(self):
        """How many a run starts in which nothing is new."""
        trace = self.site.path("others/trace")
        done = subprocess.run(["strace", "-f", "-qq", "-e", "trace=clone,clone3,fork,vfork", "-o",
                               trace, *self.site.command("migrate", "--sync", "batch")],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.count("up to date"), 2, told(done))
        with open(trace) as file:
            return len(re.findall(r"= [1-9]", file.read()))

    def users_of(self, homes):
        self.site.write("users", "".join(
            "%s:x:%d:%d::%s:/bin/sh\n" % (name, uid, uid, self.site.path(homes, name))
            for name, uid in (("eve", EVE), ("joe", JOE))), 0, 0o644)
        for _ in range(2):
            done = self.site.run("migrate", "--sync", "batch")
            self.assertEqual(done.returncode, 0, told(done))
            time.sleep(1)

    def test_who_has_nothing_of_it_is_asked_as_ever(self):
        """A process for each account costs more than to ask it."""
        self.site = Site("/dev/shm")
        self.addCleanup(self.site.remove)
        self.mail = self.site.path("others/directory")
        self.users_of("home")
        without = self.processes()
        self.start("answer")
        self.assertEqual(self.processes(), without)
        os.symlink("home", self.site.path("linked"))
        self.users_of("linked")
        self.assertEqual(self.processes(), without + 2)      # it may lead anywhere

    def alone(self, command, *arguments, env=None):
        """A command without lists and workers."""
        return subprocess.run([MAILHAUL, command, "--config", "/dev/null", "--answer-timeout", "3",
                               *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, env=env)

    def commands(self, source):
        return (("inspect", source), ("convert", source, self.site.path("data/one")))

    def assert_given_up(self, done, place):
        where = "'%s(/saved)?'" % re.escape(place) if may_look() else "('.*'|a file system)"
        self.assertEqual(done.returncode, 2, told(done))
        self.assertRegex(done.stderr, r"(?m)^mailhaul: no answer from %s for \d+ s$" % where)
        self.assertRegex(done.stderr, r"(?m)^mailhaul: no answer from %s for \d+ s; run again when "
                         "it answers$" % where)

    def test_convert_and_inspect(self):
        for word in ("silent", "stop"):
            daemon = self.start(word)
            for command in self.commands(self.mail + "/saved"):
                self.assert_given_up(self.alone(*command), self.mail)
            self.end(daemon)
        for command in self.commands(self.mail + "/saved"):
            done = self.alone(*command)
            self.assertEqual(done.returncode, 0, told(done))

    def test_convert_and_inspect_without_fuse(self):
        for command in self.commands(self.mail + "/saved"):
            done = self.alone(*command, env=dict(os.environ, LD_PRELOAD=SHIM, SILENT=self.mail))
            self.assertEqual(done.returncode, 2, told(done))
            self.assertRegex(done.stderr, "no answer from .*; run again when it answers")

    def test_who_reads_may_be_slow(self):
        boxes = [self.mail + "/saved"] * 4000
        run = subprocess.Popen([MAILHAUL, "inspect", "--config", "/dev/null", "--answer-timeout",
                                "2", *boxes],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(5)
        out, err = run.communicate(timeout=60)
        self.assertEqual((run.returncode, err, out.count(": mbox\n")), (0, "", len(boxes)))

    def test_signals_reach_the_work(self):
        run = subprocess.Popen(
            [MAILHAUL, *self.commands(self.mail + "/saved")[1], "--config", "/dev/null"],
            env=dict(os.environ, LD_PRELOAD=SHIM, SILENT=self.mail), stderr=subprocess.PIPE)
        self.addCleanup(run.stderr.close)
        children = "/proc/%d/task/%d/children" % (run.pid, run.pid)
        work = ""
        while not work and run.poll() is None:
            with open(children) as file:
                work = file.read().strip()
        time.sleep(1)                          # it reads by now
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(30), -signal.SIGTERM)
        self.assertFalse(os.path.exists("/proc/" + work))

    def warm(self):
        self.site.write("doveadm", DOVEADM % {"control": self.site.path("control"),
                                              "mail": self.mail}, 0, 0o755)
        done = subprocess.run(
            [MAILHAUL, "warm", "--config", "/dev/null", "--users", self.site.path("users"),
             "--maildir", self.site.path("home/%u/mail"), "--state", self.site.path("state"),
             "--doveadm", self.site.path("doveadm"), *TIMEOUT], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, told(done))
        self.assertRegex(done.stdout, "joe: caches built")
        self.assertRegex(done.stdout, "1 built, 0 warm already, 1 failed")
        return done.stderr

    def test_warm_does_not_see_a_target(self):
        self.start("silent")
        self.assertRegex(self.warm(), r"eve: no answer from its Maildir for \d+ s; run again")

    def test_warm_has_a_doveadm_that_waits(self):
        self.start("answer")
        where = "'%s" % re.escape(self.mail) if may_look() else "a file system"
        self.assertRegex(self.warm(), r"no answer from %s.* for \d+ s; the other accounts go on\n"
                         r"(.*\n)*.*eve: no answer from %s.* for \d+ s, so doveadm was ended; run "
                         "again" % (where, where))

    def stop_soon(self, **how):
        run = subprocess.Popen(self.site.command("check", **how), text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(run.stderr.close)
        time.sleep(2)
        run.send_signal(signal.SIGTERM)
        try:
            self.assertEqual(run.wait(10), 2)
        finally:
            run.kill()
        self.assertRegex(run.stderr.read(), r"eve: (saved|INBOX) .* was stopped")

    def test_asked_to_stop_in_a_hole(self):
        """A file takes no room and as long to read as its user likes."""
        self.site.eve("with open(home + '/mail/saved', 'a') as f: f.truncate(200 << 30)")
        self.stop_soon()
        self.site.eve("for n in ('cur', 'new', 'tmp'): os.makedirs(home + '/Maildir/' + n)\n"
                      "with open(home + '/Maildir/cur/1.a.h:2,', 'w') as f: f.truncate(200 << 30)")
        self.stop_soon(inbox="%h/Maildir")

    def test_asked_to_stop(self):
        self.start("silent")
        run = subprocess.Popen(self.site.command("migrate", "--answer-timeout", "10"), text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(run.stderr.close)
        self.assertRegex(run.stderr.readline(), "eve: no answer")
        run.send_signal(signal.SIGTERM)
        self.assertEqual(run.wait(30), 2)
        self.assertRegex(run.stderr.read(), "eve: no answer from .* so its worker was ended")
        self.assert_joe_done()


def run_each(names, at_once=4):
    """Each test is mostly a wait of its own: several are run at a time."""
    def run_one(name):
        return subprocess.run([sys.executable, "-B", __file__, "NoAnswer." + name], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        done = list(pool.map(run_one, names))
    for name, one in zip(names, done):
        print("%s: %s" % (name, one.stdout))
    return max(one.returncode for one in done)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        unittest.main()
    sys.exit(run_each(unittest.defaultTestLoader.getTestCaseNames(NoAnswer)))
