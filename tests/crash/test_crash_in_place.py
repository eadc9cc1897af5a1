#!/usr/bin/python3
"""A conversion in place, and the way back, stopped or given an error at each of their steps.

Whatever happened, the next run ends where one ends that was left alone; and from everywhere on the
way undo leads back to the very files that Courier had left.
"""
import errno
import os
import shutil
import sys
import unittest

import crash_run as run

ACTIONS = [                               # name, action, errno, what counts, every how many steps
    ("kill", run.FREEZE, 0, run.CHANGES, 1),
    ("worker killed", run.KILL_SELF, 0, run.CHANGES, 4),
    ("EIO", run.ERROR, errno.EIO, run.CHANGES, 3),
    ("ENOSPC stays", run.ERROR_STAYS, errno.ENOSPC, run.CHANGES, 5),
    ("EDQUOT stays", run.ERROR_STAYS, errno.EDQUOT, run.CHANGES, 11),
    ("EROFS", run.ERROR, errno.EROFS, run.CHANGES, 11),
    ("EINTR", run.ERROR, errno.EINTR, run.CHANGES, 11),
    ("EMFILE at an open", run.ERROR, errno.EMFILE, run.READS, 13),
    ("EIO at a read", run.ERROR, errno.EIO, run.READS, 13),
    ("EIO at a look", run.ERROR, errno.EIO, run.LOOKS, 13),
]
PARTS = 1 if "--full" in sys.argv else 4   # so many of the steps are left out in the suite
VALIDITY = 1100000000
# Folders whose directories Dovecot spells otherwise, one of them as another is spelt now.
FOLDERS = {".": 6, ".Sent": 3, ".Entw\u00fcrfe": 2, ".R&D": 2, ".R&-D": 1, ".leer": 0}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.utime(path, (1104537600, 1104537600))


def message_names(folder, count):
    """Names as Courier has them; some that Dovecot must not see."""
    names = ["%d.M%dP1.mx" % (1104537600 + n, n) for n in range(count)]
    for n, more in ((1, ",S=4"), (2, ",W=5")):
        if count > n:
            names[n] += more
    return names


def write_folder(top, folder, count):
    infos = (":2,TS", ":2,", ":2,FS", "", ":2,S", ":2,RS")
    directory = os.path.join(top, folder)
    for part in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(directory, part), exist_ok=True)
    names = message_names(folder, count)
    for n, name in enumerate(names):
        where = "new/" + name if n == 3 else "cur/" + name + infos[n % len(infos)]
        write(os.path.join(directory, where), "Subject: %d\n\nbody of %d in %s\n" % (n, n, folder))
    listed = [(n, name) for n, name in enumerate(names, 1) if n != 4]
    write(os.path.join(directory, "courierimapuiddb"), "1 %d %d\n" % (VALIDITY, count + 1) +
          "".join("%d %s\n" % row for row in listed))
    if count:
        write(os.path.join(directory, "courierimapkeywords/:list"),
              "work\nlater\n\n" + "".join("%s:%d\n" % (name, n % 2) for n, name in listed))


class Place(run.Place):
    """One Maildir, which is source and target. `task` is what the next run is to do."""
    kept = brought = ("home", "state")       # what is put by, and what of that comes back

    def __init__(self, top, as_root):
        self.task = "migrate"
        super().__init__(top, as_root)
        self.keep_as("courier")

    @property
    def home(self):
        return os.path.join(self.top, "home")

    def write_source(self, changed):
        maildir = os.path.join(self.home, "ann/Maildir")
        for folder, count in FOLDERS.items():
            write_folder(maildir, folder, count)
        write(os.path.join(maildir, "courierimapsubscribed"), "INBOX\nINBOX.Sent\nINBOX.R&D\n")
        write(os.path.join(maildir, ".Sent/courierimapacl"), "owner aceilrstwx\nuser=bob lr\n")
        uid = run.SOMEBODY if self.as_root else self.uid or os.getuid()
        for folder, _, names in os.walk(self.home):
            for path in [folder] + [os.path.join(folder, n) for n in names]:
                os.chmod(path, 0o700 if os.path.isdir(path) else 0o600)
                if run.IS_ROOT:
                    os.chown(path, uid, uid)
        os.chmod(self.home, 0o755)
        write(os.path.join(self.top, "users"), "ann:x:%d:%d::%s/ann:/bin/sh\n" % (
            uid, uid, self.home))

    def clear(self):
        shutil.rmtree(self.state, ignore_errors=True)

    def keep_as(self, name):
        for what in self.kept:
            path, kept = os.path.join(self.top, what), os.path.join(self.top, name + "." + what)
            shutil.rmtree(kept, ignore_errors=True)
            if os.path.isdir(path):
                run.copy(path, kept)

    def bring(self, name):
        for what in self.brought:
            path, kept = os.path.join(self.top, what), os.path.join(self.top, name + "." + what)
            shutil.rmtree(path, ignore_errors=True)
            if os.path.isdir(kept):
                run.copy(kept, path)

    def command(self, *more, jobs=1):
        own = ["--inbox", "%h/Maildir", "--source-format", "courier"] \
            if self.task == "migrate" else ["ann"]
        return [run.MAILHAUL, self.task, "--users", os.path.join(self.top, "users"), "--maildir",
                os.path.join(self.home, "%u/Maildir"), "--state", self.state, "--config",
                "/dev/null", *own, *more]


class InPlace(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        run.adopt_orphans()
        top = run.scratch()
        self.addCleanup(shutil.rmtree, top, ignore_errors=True)
        self.place = Place(top, run.IS_ROOT)
        self.courier = self.look()
        self.steps = {("migrate", run.CHANGES): self.go("migrate").steps}
        self.converted, self.view = self.look(), self.see()
        self.place.keep_as("converted")
        self.steps["undo", run.CHANGES] = self.go("undo").steps
        self.same(self.courier)
        for task, start in (("migrate", "courier"), ("undo", "converted")):
            for counts in (run.READS, run.LOOKS):
                self.place.bring(start)
                self.steps[task, counts] = self.go(task, counts).steps
        self.place.bring("courier")

    def look(self):
        return run.snapshot(self.place.home)

    def see(self):
        return {"ann": run.view(os.path.join(self.place.home, "ann/Maildir"))}

    def same(self, expected):
        self.assertEqual(run.differences(expected, self.look()), [])

    def same_mail(self):
        """A message that could not be read at first may cost keywords their letters, not more."""
        if self.counts == run.CHANGES:
            self.same(self.converted)
        self.assertEqual(run.view_differences(self.view, self.see()), [])

    def go(self, task, counts=run.CHANGES):
        self.place.task = task
        done = self.place.run(counts=counts)
        self.assertEqual(done.status, 0, str(done))
        return done

    def ended(self, task):
        """The run said that it did all."""
        if task == "undo":
            self.same(self.courier)
        else:
            self.same_mail()

    def disturb(self, task, start, then, part=0):
        """A run of @task from @start that goes wrong, and what comes @then."""
        for name, action, code, counts, stride in ACTIONS:
            for step in range(1 + part % PARTS, self.steps[task, counts] + 1, stride * PARTS):
                with self.subTest(name, step=step):
                    self.place.bring(start)
                    self.place.task, self.counts = task, counts
                    done = self.place.run(action, step, code, counts)
                    log = self.place.shared.log()
                    self.assertNotIn("mistake", done.out + done.err)
                    self.where = log[step - 1][:2] if step <= len(log) else None
                    try:
                        if done.status == 0:
                            self.ended(task)
                        then()
                    except AssertionError as failure:
                        raise AssertionError("%s: %s" % (self.where, failure)) from None

    def test_there(self):
        def then():
            self.go("migrate")
            self.same_mail()
        self.disturb("migrate", "courier", then)

    def test_there_and_back(self):
        def then():
            self.go("undo")
            self.same(self.courier)
        self.disturb("migrate", "courier", then)

    def test_back(self):
        def then():
            self.go("undo")
            self.same(self.courier)
        self.disturb("undo", "converted", then)

    def test_back_without_state(self):
        """Nothing is remembered: what is to go is what Courier's files say, if they can be read."""
        for counts in (run.READS, run.LOOKS):
            self.place.bring("converted")
            self.place.clear()
            steps = range(1, self.go("undo", counts).steps + 1)
            log = [row[:2] for row in self.place.shared.log()]
            if PARTS > 1:
                steps = [log.index(row) + 1 for row in sorted(set(log))
                         if row[1].endswith(("/courierimapsubscribed", "/.Sent", "/.Sent/cur"))]
            for step in steps:
                with self.subTest(counts=counts, step=step):
                    self.place.bring("converted")
                    self.place.clear()
                    done = self.place.run(run.ERROR, step, errno.EIO, counts)
                    if done.status == 0:
                        self.same(self.courier)
                    self.go("undo")
                    self.same(self.courier)

    def test_back_and_there(self):
        def then():
            self.go("migrate")
            self.same_mail()
        self.disturb("undo", "converted", then)


if __name__ == "__main__":
    sys.exit(unittest.main(argv=[a for a in sys.argv if a != "--full"]))
