#!/usr/bin/python3
"""undo stopped, or given an error, at each of its steps; then asked again.

Whatever happened, the next undo ends where one ends that was left alone: nothing of what was
carried is left, and at no moment is anything missing of the mail that has come since, of its UIDs,
or of what was there before.

    test_crash_undo.py [--full]
"""
import errno
import os
import re
import shutil
import sys
import unittest

import crash_run as run
import crash_sweep as sweep

PARTS = 1 if "--full" in sys.argv else 6   # so many of the steps are left out in the suite


class Place(run.Place):
    """The two accounts of crash_site, carried, and in use since. `task` is what comes next."""
    task = "migrate"

    def command(self, *more, jobs=1):
        if self.task == "migrate":
            return super().command(*more, jobs=jobs)
        if self.task == "inspect":
            return [run.MAILHAUL, "inspect", os.path.join(self.target, "ann")]
        return [run.MAILHAUL, "undo", *run.crash_site.USERS, "--users",
                os.path.join(self.source, "users"), "--maildir", os.path.join(self.target, "%u"),
                "--state", self.state, "--config", "/dev/null", *more]

    def use(self):
        """A server gives out UIDs in the INBOX and in Sent; a folder and a subscription come."""
        for folder in ("ann", "ann/.Sent"):
            self.add(folder, "cur/%s:2,S" % run.OWN, "Subject: mine\n\nof %s\n" % folder)
            path = os.path.join(self.target, folder, "dovecot-uidlist")
            with open(path, encoding="ascii") as f:
                head, *lines = f.read().splitlines()
            uid = int(re.search(r" N(\d+)", head).group(1))
            head = re.sub(r" N\d+", " N%d" % (uid + 1), head)
            lines.append("%d :%s" % (uid, run.OWN))
            with open(path, "w", encoding="ascii") as f:
                f.write("\n".join([head, *lines, ""]))
        for part in ("cur", "new", "tmp"):
            self.make(os.path.join("ann/.Mine", part))
        self.add("ann/.Mine", "cur/%s:2,FS" % run.OWN, "Subject: mine\n\ntoo\n")
        self.add("ann/.Mine", "dovecot-uidlist", "3 V77 N9\n8 :%s\n" % run.OWN)
        with open(os.path.join(self.target, "ann/subscriptions"), "a", encoding="ascii") as f:
            f.write("Mine\n")

    def give(self, path):
        st = os.stat(os.path.join(self.target, "ann"))
        os.chmod(path, 0o700 if os.path.isdir(path) else 0o600)
        if run.IS_ROOT:
            os.chown(path, st.st_uid, st.st_gid)

    def make(self, folder):
        os.makedirs(os.path.join(self.target, folder))
        for path in (folder, os.path.dirname(folder)):
            self.give(os.path.join(self.target, path))

    def add(self, folder, name, text):
        path = os.path.join(self.target, folder, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.utime(path, (1600000000, 1600000000))
        self.give(path)


class Undo(unittest.TestCase):
    maxDiff = None
    as_root = run.IS_ROOT

    def setUp(self):
        run.adopt_orphans()
        top = run.scratch()
        self.addCleanup(shutil.rmtree, top, ignore_errors=True)
        self.place = Place(top, self.as_root)
        self.go()
        self.place.use()
        self.place.keep("carried")
        self.before = self.look()
        self.place.task = "undo"
        self.steps = {run.CHANGES: self.go().steps}
        self.writes = {i + 1 for i, row in enumerate(self.place.shared.log()) if "write" in row[0]}
        self.expected, self.after = run.snapshot(self.place.target), self.look()
        for counts in (run.READS, run.LOOKS):
            self.place.restore("carried")
            self.steps[counts] = self.place.run(counts=counts).steps

    def go(self):
        done = self.place.run()
        self.assertEqual(done.status, 0, done)
        return done

    def look(self):
        return {u: run.folders(os.path.join(self.place.target, u)) for u in run.crash_site.USERS}

    def test_undisturbed(self):
        """What the other tests compare with."""
        self.assertEqual(
            {name: list(folder.files) for name, folder in self.after["ann"].items()},
            {name: [run.OWN] for name in (".", ".Sent", ".Mine")})
        self.assertEqual(self.after["ann"]["."].lines[run.OWN],
                         self.before["ann"]["."].lines[run.OWN])
        self.assertEqual([p for p in self.expected if p.startswith("bob/")], [])
        with open(os.path.join(self.place.target, "ann/subscriptions"), encoding="ascii") as f:
            self.assertEqual(f.read().split("\n")[2:], ["Mine", ""])

    def complaints_in_between(self):
        found = []
        for name, kept in self.after["ann"].items():
            now = run.Folder(os.path.join(self.place.target, "ann", name))
            if now.files.get(run.OWN) != kept.files[run.OWN]:
                found.append("in %r mail is gone that was not carried" % name)
            if now.lines.get(run.OWN) != kept.lines[run.OWN] or now.validity[0] != kept.validity[0]:
                found.append("in %r its UID has changed" % name)
        for user, folders in self.look().items():
            for name, folder in folders.items():
                was = self.before[user][name].files
                found += ["in %r: %s" % (name, base) for base, copies in folder.files.items()
                          if [c[2] for c in copies] != [c[2] for c in was.get(base, [])]]
        return found

    def disturb(self, action, step):
        name, what, code, counts, _ = action
        self.place.restore("carried")
        done = self.place.run(what, step, code, counts)
        log = self.place.shared.log()
        where = "%s at step %d, %s: " % (name, step, log[step - 1][:2] if step <= len(log) else "")
        self.assertEqual(self.complaints_in_between(), [], where)
        self.assertNotIn("mistake", done.out + done.err, where)
        if done.status == 0:
            self.assertEqual(run.differences(self.expected, run.snapshot(self.place.target)), [],
                             where)
        again = self.place.run()
        self.assertEqual(again.status, 0, where + str(again))
        self.assertEqual(run.differences(self.expected, run.snapshot(self.place.target)), [], where)

    def fail_at_look(self, name):
        """A run in which the first look at that place fails, and what was there before. Two
        processes look at once, so that a step may be another one in the next run."""
        alone = () if self.place.task == "inspect" else ("--jobs", "1")
        for _ in range(50):
            self.place.restore("carried")
            self.place.write_source(True)
            self.place.run(counts=run.LOOKS, more=alone)
            step = [row[1].endswith(name) for row in self.place.shared.log()].index(True) + 1
            self.place.restore("carried")
            before = run.snapshot(os.path.join(self.place.target, "ann"))
            done = self.place.run(run.ERROR, step, errno.EIO, run.LOOKS, more=alone)
            if self.place.shared.log()[step - 1][1].endswith(name):
                return before, done
        raise AssertionError("no run failed at " + name)

    def test_not_known(self):
        """What cannot be looked for is neither there nor not there, and nothing is done."""
        looks = [("undo", "mailhaul.folders"), ("undo", "courierimapsubscribed"),
                 ("undo", "courierimapuiddb"), ("migrate", "mailhaul.folders"),
                 ("inspect", "mailhaul.folders")]
        for task, name in looks:
            with self.subTest(task, name=name):
                self.place.task = task
                before, done = self.fail_at_look("/ann/" + name)
                self.assertEqual(done.status, 2, done)
                told = done.out + done.err
                self.assertRegex(told, "cannot look at '[^']*/%s': Input/output error" %
                                 re.escape(name))
                self.assertNotRegex(told, "converted where it stands|Maildir of Courier's")
                after = run.snapshot(os.path.join(self.place.target, "ann"))
                self.assertEqual(run.differences(before, after), [])

    def test_every_step(self):
        tried = 0
        for number, action in enumerate(sweep.ACTIONS):
            name, what, _, counts, stride = action
            steps = sorted(self.writes) if what == run.TORN else range(1, self.steps[counts] + 1)
            for step in list(steps)[number % PARTS::PARTS if PARTS == 1 else PARTS * stride]:
                tried += 1
                with self.subTest(name, step=step):
                    self.disturb(action, step)
        print("%d disturbed runs" % tried, file=sys.stderr)


@unittest.skipUnless(run.IS_ROOT, "the same as above")
class AsOrdinaryUser(Undo):
    as_root = False


if __name__ == "__main__":
    sys.exit(unittest.main(argv=[a for a in sys.argv if a != "--full"]))
