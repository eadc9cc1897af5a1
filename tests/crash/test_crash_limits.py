#!/usr/bin/python3
"""A machine that is short of something: descriptors, memory, a clock that can be trusted, a file
system for Maildirs."""
import os
import resource
import shutil
import unittest

import crash_run as run

YEAR = 365 * 86400


class Limits(unittest.TestCase):
    def setUp(self):
        run.adopt_orphans()
        self.top = run.scratch()
        self.addCleanup(shutil.rmtree, self.top)
        self.place = run.Place(self.top, run.IS_ROOT)
        self.expected = self.after = None

    def undisturbed(self):
        done = self.place.run()
        self.assertEqual(done.status, 0, done)
        self.expected = run.snapshot(self.place.target)
        self.after = {u: run.folders(os.path.join(self.place.target, u))
                      for u in run.crash_site.USERS}

    def run_short_of(self, what, amount):
        """One run with little of @what, then one with enough: True if the first had enough."""
        self.place.clear()
        self.place.shared.order(run.NOTHING)
        process = self.place.start(wrapper=("/usr/bin/prlimit", "--%s=%d" % (what, amount)))
        out, err = process.communicate(timeout=60)
        run.wait_for_orphans()
        for user in run.crash_site.USERS:
            seen = run.folders(os.path.join(self.place.target, user))
            self.assertEqual(run.inconsistencies(seen, {}, self.after[user]), [])
        again = self.place.run()
        self.assertEqual(again.status, 0, again)
        self.assertEqual(run.differences(self.expected, run.snapshot(self.place.target)), [])
        return process.returncode, out + err

    def test_descriptors(self):
        self.undisturbed()
        failed = 0
        for amount in list(range(4, 34, 2)) + [256]:
            with self.subTest(descriptors=amount):
                status, text = self.run_short_of("nofile", amount)
                self.assertGreaterEqual(status, 0, text)          # it does not crash
                if status != 0 and "error while loading" not in text:
                    failed += 1
                    self.assertRegex(text, "Too many open files|unable to open database file")
        self.assertEqual(status, 0)
        self.assertGreater(failed, 3)

    def test_memory(self):
        """GLib ends a process that gets no memory: an account that cannot be done, or no run."""
        self.undisturbed()
        statuses = []
        for megabytes in [*range(6, 20), 24, 32, 48, 96, 4096]:
            with self.subTest(megabytes=megabytes):
                status, text = self.run_short_of("as", megabytes << 20)
                statuses.append(status)
                self.assertNotEqual(status, 1, text)
        self.assertEqual(statuses[-1], 0)
        self.assertNotEqual(statuses[0], 0)
        self.assertIn(2, statuses)  # it was a worker that had too little

    def test_names_without_colons(self):
        """It is told beforehand, and no mail is half there when nobody has asked."""
        self.undisturbed()
        self.place.clear()
        self.place.shared.be_like(run.VFAT)
        process = self.place.start(command="check")
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 2, out + err)
        self.assertRegex(out, "cannot hold ':' in file names(.|\n)*: vfat")
        done = self.place.run()
        self.assertEqual(done.status, 2, done)
        self.assertIn("cannot hold ':' in file names", done.out + done.err)
        self.assertEqual([path for path in run.snapshot(self.place.target)
                          if "/cur" in path or "/new" in path or "mailhaul.build" in path], [])
        self.place.shared.be_like(run.OURS)
        done = self.place.run()
        self.assertEqual(done.status, 0, done)
        self.assertEqual(run.differences(self.expected, run.snapshot(self.place.target)), [])

    def test_clock(self):
        """Whatever the clock says, the second night ends as it should, and the third is quiet."""
        self.place.write_source(True)
        done = self.place.run()
        self.assertEqual(done.status, 0, done)
        wanted = {u: run.view(os.path.join(self.place.target, u)) for u in run.crash_site.USERS}
        for first, second in ((0, -10 * YEAR), (10 * YEAR, 0), (0, 10 * YEAR), (-10 * YEAR, 0),
                              (-30 * YEAR, 30 * YEAR), (30, -30), (3600, 0)):
            with self.subTest(first=first, second=second):
                self.place.write_source(False)
                self.place.clear()
                for changed, shift in ((False, first), (True, second), (None, 0)):
                    before = run.snapshot(self.place.target)
                    if changed is not None:
                        self.place.write_source(changed)
                    self.place.shared.shift_clock(shift)
                    done = self.place.run()
                    self.assertEqual(done.status, 0, done)
                self.assertEqual(run.differences(before, run.snapshot(self.place.target)), [])
                views = {u: run.view(os.path.join(self.place.target, u))
                         for u in run.crash_site.USERS}
                for user in views:
                    for name, folder in views[user].items():
                        if wanted[user][name]["validity"] == b"*":       # the clock's
                            folder["validity"] = wanted[user][name]["validity"]
                            folder["messages"] = dict(enumerate(
                                folder["messages"][k]
                                for k in sorted(folder["messages"], key=lambda n: n or 0)))
                self.assertEqual(run.view_differences(wanted, views), [])


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unittest.main()
