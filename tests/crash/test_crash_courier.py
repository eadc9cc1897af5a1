#!/usr/bin/python3
"""Courier mail copied and linked into another tree, and followed there, stopped or given an error
at each step: the next run ends where one ends that was left alone, and Courier's tree stays as it
is."""
import errno
import os
import shutil
import sys
import unittest

import crash_run as run
import test_crash_in_place as in_place


class Place(in_place.Place):
    """One Maildir of Courier's, and where it goes."""

    # The source must stay the very files: links are told by their inodes.
    kept, brought = ("home", "state", "target"), ("state", "target")

    def __init__(self, top, as_root, transfer):
        self.transfer = transfer
        super().__init__(top, as_root)

    def clear(self):
        super().clear()
        shutil.rmtree(self.target, ignore_errors=True)
        os.makedirs(self.target)

    def command(self, *more, jobs=1):
        if self.divided:
            more = ("--divide-above", "0", "--jobs", "3", *more)
        return [run.MAILHAUL, "migrate", "--users", os.path.join(self.top, "users"), "--inbox",
                "%h/Maildir", "--source-format", "courier", "--transfer", self.transfer,
                "--maildir", os.path.join(self.target, "%u"), "--state", self.state, "--config",
                "/dev/null", *more]

    def change(self):
        """What a day brings: mail has come, gone, been read, been given another keyword."""
        top = os.path.join(self.home, "ann/Maildir")
        uid = os.stat(top).st_uid

        def write(name, text):
            in_place.write(os.path.join(top, name), text)
            os.chmod(os.path.join(top, name), 0o600)
            if run.IS_ROOT:
                os.chown(os.path.join(top, name), uid, uid)
        write("new/1104637600.M1P1.mx", "Subject: new\n\nnew\n")
        write("cur/1104637601.M1P1.mx:2,S", "Subject: read at once\n\nread\n")
        names = sorted(os.listdir(os.path.join(top, "cur")))
        os.unlink(os.path.join(top, "cur", names[0]))
        os.rename(os.path.join(top, "cur", names[1]), os.path.join(top, "cur", names[1] + "T"))
        write(".Sent/courierimapkeywords/.1.1104537601.M1P1.mx", "later\nwork\n")
        write("maildirsize", "2000000S\n5 1\n")
        shutil.rmtree(os.path.join(top, ".R&D"))


NEWS = ["%d.M1P2.mx:2," % (1104537600 + n) for n in range(4)]


class SharedPlace(Place):
    """The same with links: to a message, to a folder, and to mail that somebody else shares."""

    def write_source(self, changed):
        super().write_source(changed)
        self.root = os.path.join(self.top, "shares")
        self.news = os.path.join(self.root, "Maildir/.team.news")
        top = os.path.join(self.home, "ann/Maildir")
        folder = os.path.join(top, "shared-folders/pub/team.news")
        for name in NEWS:
            in_place.write(os.path.join(self.news, "cur", name), "Subject: %s\n\nnews\n" % name)
        for path in os.path.join(self.root, "Maildir/cur"), folder + "/new", folder + "/cur":
            os.makedirs(path)
        for name in NEWS:
            os.symlink(os.path.join(self.news, "cur", name), os.path.join(folder, "cur", name))
        os.symlink(self.news, folder + "/shared")
        in_place.write(folder + "/courierimapuiddb", "1 %d 5\n" % in_place.VALIDITY + "".join(
            "%d %s\n" % (n, name.partition(":")[0]) for n, name in enumerate(NEWS, 1)))
        name = sorted(os.listdir(os.path.join(top, "cur")))[-1]
        os.symlink("../../cur/" + name, os.path.join(top, ".Sent/cur/1104637700.M1P1.mx:2,"))
        os.symlink(".Sent", os.path.join(top, ".Gesendet"))
        if run.IS_ROOT:
            uid = os.stat(os.path.join(top, "cur")).st_uid
            for path, names, files in os.walk(os.path.join(top, "shared-folders")):
                for name in [".", *names, *files]:
                    os.chown(os.path.join(path, name), uid, uid, follow_symlinks=False)

    def command(self, *more, jobs=1):
        whole = super().command("--shared", "copy", "--shared-root", self.root, *more, jobs=jobs)
        whole[whole.index("--source-format") + 1] = "auto"
        return whole

    def change(self):
        """One mail more, and one that is shared no more."""
        top = os.path.join(self.home, "ann/Maildir")
        name = os.path.join(top, "cur/1104637601.M1P1.mx:2,S")
        in_place.write(name, "Subject: new\n\nnew\n")
        if run.IS_ROOT:
            uid = os.stat(os.path.join(top, "cur")).st_uid
            os.chown(name, uid, uid)
        os.unlink(os.path.join(self.news, "cur", NEWS[1]))


class Courier:
    place_class = Place
    actions = in_place.ACTIONS
    transfer = None
    divided = False                       # three workers at the account; the end is that of one
    maxDiff = None

    def setUp(self):
        run.adopt_orphans()
        top = run.scratch()
        self.addCleanup(shutil.rmtree, top, ignore_errors=True)
        self.place = self.place_class(top, run.IS_ROOT, self.transfer)
        self.place.keep_as("empty")
        self.place.shared.shift_clock(86400)     # what is remembered is old enough to be believed

    def good(self, counts=run.CHANGES):
        done = self.place.run(counts=counts)
        self.assertEqual(done.status, 0, str(done))
        return done.steps

    def look(self):
        return run.snapshot(self.place.target)

    def view(self):
        return {"ann": run.view(os.path.join(self.place.target, "ann"))}

    def folders(self):
        return run.folders(os.path.join(self.place.target, "ann"))

    def lists(self):
        """Subscriptions and limits."""
        seen = {}
        for name in ("subscriptions", "maildirsize"):
            path = os.path.join(self.place.target, "ann", name)
            if os.path.exists(path):
                with open(path, encoding="utf-8") as f:
                    seen[name] = set(f.read().split("\n"))
        return seen

    def disturb(self, start):
        self.place.bring(start)
        before, subscribed = self.folders(), self.lists().get("subscriptions", set())
        self.good()
        lists = self.lists()
        after = self.folders()
        expected, view, source = self.look(), self.view(), run.snapshot(self.place.home)
        self.place.divided, steps = self.divided, {}
        for counts in (run.CHANGES, run.READS, run.LOOKS):
            self.place.bring(start)
            steps[counts] = self.good(counts)
            self.assertEqual(run.differences(expected, self.look()), [])
        self.assertGreater(min(steps.values()), 50)
        for part, (name, action, code, counts, stride) in enumerate(self.actions):
            if self.divided and counts == run.LOOKS:
                continue
            parts = in_place.PARTS * (3 if self.divided and in_place.PARTS > 1 else 1)
            for step in range(1 + part % parts, steps[counts] + 1, stride * parts):
                with self.subTest(name, step=step):
                    self.place.bring(start)
                    done = self.place.run(action, step, code, counts)
                    log = self.place.shared.log()
                    where = log[step - 1][:2] if step <= len(log) else None
                    self.assertNotIn("mistake", done.out + done.err, where)
                    if done.status == 0:
                        self.assertEqual(run.view_differences(view, self.view()), [], where)
                        self.assertEqual(lists, self.lists(), where)
                    self.assertLessEqual(subscribed, self.lists().get("subscriptions", set()),
                                         where)
                    if before:            # what had been carried has not gone
                        self.assertEqual(run.inconsistencies(self.folders(), before, after), [],
                                         where)
                    self.good()
                    if counts == run.CHANGES:
                        self.assertEqual(run.differences(expected, self.look()), [], where)
                    # A message that could not be read at first may cost keywords their letters.
                    self.assertEqual(run.view_differences(view, self.view()), [], where)
                    self.assertEqual(lists, self.lists(), where)
                    self.assertEqual(run.differences(source, run.snapshot(self.place.home)), [],
                                     where)

    def test_first(self):
        self.disturb("empty")

    def test_next(self):
        self.good()
        self.place.keep_as("seeded")
        self.place.change()
        self.disturb("seeded")


class Copied(Courier, unittest.TestCase):
    transfer = "copy"


class Linked(Courier, unittest.TestCase):
    transfer = "link"


class CopiedDivided(Copied):
    divided = True


class LinkedDivided(Linked):
    divided = True


class Shared(Copied):
    """A look that fails is no answer, nor is a file that cannot be read."""
    place_class = SharedPlace
    actions = [(*a[:4], min(3, in_place.PARTS)) for a in in_place.ACTIONS if a[3] != run.CHANGES]


class Remembered(Courier, unittest.TestCase):
    """What a run could not look at is looked at by the next, though nothing has changed since."""
    transfer = "copy"
    test_first = test_next = None

    def own(self, *paths):
        for path in paths if run.IS_ROOT else ():
            uid = os.stat(os.path.join(self.maildir, "cur")).st_uid
            os.chown(path, uid, uid)

    def renew(self, limit):
        """Another limit, by which the account is looked at."""
        path = os.path.join(self.maildir, "maildirsize")
        in_place.write(path, "%dS\n5 1\n" % limit)
        self.own(path)

    def add_folder(self):
        path = os.path.join(self.maildir, ".Fresh")
        in_place.write_folder(self.maildir, ".Fresh", 1)
        for folder, _, names in os.walk(path):
            self.own(folder, *[os.path.join(folder, name) for name in names])
        return path

    def try_step(self, counts, step):
        limit = "%dS" % (1000 + step)
        self.renew(1)
        self.good()                       # the steps are as they were counted
        self.renew(1000 + step)
        done = self.place.run(run.ERROR, step, errno.EIO, counts)
        if done.status == 0:
            self.assertIn(limit, self.lists()["maildirsize"])
        fresh = self.add_folder()
        self.good()
        self.assertIn(limit, self.lists()["maildirsize"])
        self.assertIn(".Fresh", self.folders())
        shutil.rmtree(fresh)
        self.good()
        self.assertNotIn(".Fresh", self.folders())

    def test_root(self):
        self.maildir = os.path.join(self.place.home, "ann/Maildir")
        self.good()
        for counts in (run.READS, run.LOOKS):
            self.renew(1)
            self.good()
            self.renew(2)
            self.good(counts)
            steps = [step for step, row in enumerate(self.place.shared.log(), 1)
                     if row[1] in (self.maildir, os.path.join(self.maildir, "maildirsize"))]
            for step in steps:
                with self.subTest(counts=counts, step=step):
                    self.try_step(counts, step)


if __name__ == "__main__":
    sys.exit(unittest.main(argv=[a for a in sys.argv if a != "--full"]))
