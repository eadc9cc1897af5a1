#!/usr/bin/python3
"""Asked to stop, a run comes to an orderly end; a process that dies takes no other's work along."""
import os
import shutil
import signal
import time
import unittest

import crash_run as run


class Signals(unittest.TestCase):
    as_root = run.IS_ROOT

    @classmethod
    def setUpClass(cls):
        run.adopt_orphans()
        cls.top = run.scratch()
        cls.addClassCleanup(shutil.rmtree, cls.top)
        cls.place = run.Place(cls.top, cls.as_root)
        done = cls.place.run()
        if done.status != 0:
            raise RuntimeError(str(done))
        cls.expected = run.snapshot(cls.place.target)
        cls.after = {u: run.folders(os.path.join(cls.place.target, u))
                     for u in run.crash_site.USERS}
        log = cls.place.shared.log()
        first = next(pid for _, _, pid, _ in log if pid != log[0][2])
        cls.steps = [i + 1 for i, row in enumerate(log) if row[2] == first]   # of ann's worker
        cls.staging = [i for i in cls.steps if "mailhaul.build/" in log[i - 1][1]]

    def in_between(self):
        for user in run.crash_site.USERS:
            seen = run.folders(os.path.join(self.place.target, user))
            self.assertEqual(run.inconsistencies(seen, {}, self.after[user]), [])

    def again(self):
        done = self.place.run()
        self.assertEqual(done.status, 0, done)
        self.assertEqual(run.differences(self.expected, run.snapshot(self.place.target)), [])

    def left_by(self, user):
        """What stands in the user's tree that no reader asks for."""
        top = os.path.join(self.place.target, user)
        names = os.listdir(top) if os.path.isdir(top) else []
        return [n for n in names if "mailhaul" in n and n != "mailhaul-made"]

    def stop(self, number, whole_group):
        for step in self.staging[::9]:
            with self.subTest(signal=number, step=step, whole_group=whole_group):
                self.place.clear()
                send = os.killpg if whole_group else os.kill
                done = self.place.run(run.SIGNAL, step,
                                      on_step=lambda p, send=send: send(p.pid, number))
                self.assertEqual(done.status, 2, done)
                self.assertIn("run again to continue", done.err)
                self.assertIn("ann", done.out + done.err)
                self.assertEqual(self.left_by("ann"), [])
                self.in_between()
                self.again()

    def test_sigterm(self):
        self.stop(signal.SIGTERM, False)

    def test_sigint_of_a_terminal(self):
        self.stop(signal.SIGINT, True)

    def test_sighup_of_a_terminal_that_goes(self):
        self.stop(signal.SIGHUP, True)

    def test_nohup(self):
        self.place.clear()
        plain = self.place.start
        self.place.start = lambda *more, **how: plain(*more, wrapper=["/usr/bin/nohup"], **how)
        self.addCleanup(delattr, self.place, "start")

        def hang_up(process):
            os.killpg(process.pid, signal.SIGHUP)
            self.place.shared.go_on()
        done = self.place.run(run.FREEZE, self.staging[0], on_step=hang_up)
        self.assertTrue(self.place.shared.happened)
        self.assertEqual(done.status, 0, done)
        self.assertEqual(run.differences(self.expected, run.snapshot(self.place.target)), [])

    def test_nobody_reads_what_is_said(self):
        """A pager is left, the other end of a pipe ends: the run stops, and says so."""
        def leave(process):
            process.stdout.close()
            self.place.shared.go_on()
        for step in self.staging[::9]:
            with self.subTest(step=step):
                self.place.clear()
                done = self.place.run(run.FREEZE, step, on_step=leave)
                self.assertEqual(done.status, 2, done)
                self.assertIn("cannot write to standard output", done.err)
                self.assertEqual(self.left_by("ann"), [])
                self.in_between()
                self.again()

    def test_workers_stop_when_the_coordinator_is_killed(self):
        for step in self.steps[1::12]:
            with self.subTest(step=step):
                self.place.clear()
                started = time.monotonic()
                done = self.place.run(run.SIGNAL, step,
                                      on_step=lambda p: os.kill(p.pid, signal.SIGKILL))
                self.assertEqual(done.status, -signal.SIGKILL, done)
                self.assertLess(time.monotonic() - started, 60)
                if step in self.staging:  # the whole was not done behind the dead one's back
                    log = self.place.shared.log()
                    behind = [row for row in log[step:] if row[2] == log[step - 1][2]]
                    self.assertLess(len(behind), 60)
                self.in_between()
                self.again()

    def test_a_killed_worker_fails_its_account_only(self):
        for step in self.steps[1::12]:
            with self.subTest(step=step):
                self.place.clear()
                done = self.place.run(run.KILL_SELF, step)
                self.assertEqual(done.status, 2, done)
                self.assertRegex(done.out + done.err, "ann.*signal 9")
                self.assertEqual(
                    [d for d in run.differences(self.expected, run.snapshot(self.place.target))
                     if "bob" in d], [])
                self.in_between()
                self.again()


class Divided(Signals):
    """Three workers at one account: what comes at a step is by chance."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.place.divided = True

    def test_a_killed_worker_fails_its_account_only(self):
        for step in self.steps[1::12]:
            with self.subTest(step=step):
                self.place.clear()
                done = self.place.run(run.KILL_SELF, step)
                self.assertIn("signal 9", done.out + done.err)
                seen = run.differences(self.expected, run.snapshot(self.place.target))
                if done.status == 0:      # it was one of several, and the last has done its work
                    self.assertEqual(seen, [])
                else:
                    self.assertEqual(done.status, 2, done)
                    incomplete = [u for u in run.crash_site.USERS
                                  if any(u + "/" in d for d in seen)]
                    self.assertLess(len(incomplete), 2, seen)
                self.in_between()
                self.again()


@unittest.skipUnless(run.IS_ROOT, "the same as above")
class AsOrdinaryUser(Signals):
    as_root = False


if __name__ == "__main__":
    unittest.main()
