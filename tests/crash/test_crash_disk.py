#!/usr/bin/python3
"""A target that is really full: a small ext4 in a file (or a tmpfs where that cannot be mounted)
runs out of blocks, and one runs out of inodes, a little later each time."""
import errno
import os
import shutil
import subprocess
import unittest

import crash_run as run

INODES = 200


def quiet(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False).returncode == 0


def mount_small(top):
    """Mounts a file system of some 2 MB at top/target; its kind, or None."""
    image, at = os.path.join(top, "image"), os.path.join(top, "target")
    os.makedirs(at)
    with open(image, "wb") as f:
        f.truncate(3 << 20)
    if quiet("mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-b", "1024", "-m", "0", "-N",
             str(INODES), image) and quiet("mount", "-o", "loop", image, at):
        return "ext4"
    if quiet("mount", "-t", "tmpfs", "-o", "size=2m,nr_inodes=%d" % INODES, "mailhaul", at):
        return "tmpfs"
    return None


@unittest.skipUnless(run.IS_ROOT, "only root may mount")
class FullDisk(unittest.TestCase):
    def setUp(self):
        run.adopt_orphans()
        self.top = run.scratch("/tmp")
        self.addCleanup(shutil.rmtree, self.top)
        kind = mount_small(self.top)
        if kind is None:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(quiet, "umount", os.path.join(self.top, "target"))
        self.place = run.Place(self.top, True)
        self.filler = os.path.join(self.place.target, "filler")
        shutil.rmtree(os.path.join(self.place.target, "lost+found"), ignore_errors=True)
        self.expected = self.after = None
        self.reset()
        done = self.place.run_plainly()
        self.assertEqual(done.status, 0, done)
        self.expected = run.snapshot(self.place.target)
        self.after = {u: run.folders(os.path.join(self.place.target, u))
                      for u in run.crash_site.USERS}

    def reset(self):
        self.enlarge()
        for name in os.listdir(self.place.target):
            shutil.rmtree(os.path.join(self.place.target, name))
        self.place.clear()

    def leave_blocks(self, free):
        """Fills up all but @free bytes."""
        with open(self.filler, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(1024))
            except OSError:
                pass
        size = os.path.getsize(self.filler)
        os.truncate(self.filler, max(0, size - free))

    def leave_inodes(self, free):
        os.mkdir(self.filler)
        names = []
        try:
            while True:
                names.append(os.path.join(self.filler, str(len(names))))
                open(names[-1], "w", encoding="ascii").close()
        except OSError:
            names.pop()
        for _ in range(free):
            os.unlink(names.pop())

    def enlarge(self):
        if os.path.isdir(self.filler):
            shutil.rmtree(self.filler)
        elif os.path.exists(self.filler):
            os.unlink(self.filler)

    def check(self, leave, amounts):
        failed = 0
        for free in amounts:
            with self.subTest(free=free):
                self.reset()
                leave(free)
                done = self.place.run_plainly()
                for user in run.crash_site.USERS:
                    seen = run.folders(os.path.join(self.place.target, user))
                    self.assertEqual(run.inconsistencies(seen, {}, self.after[user]), [])
                if done.status != 0:
                    failed += 1
                    self.assertEqual(done.status, 2, done)
                    self.assertRegex(done.out + done.err,
                                     "target.*No space left on device|"
                                     "No space left on device; make room for '.*target")
                    self.assertIn("run again", done.out + done.err)
                self.enlarge()
                done = self.place.run_plainly()
                self.assertEqual(done.status, 0, done)
                self.assertEqual(
                    run.differences(self.expected, run.snapshot(self.place.target)), [])
        self.assertGreater(failed, len(amounts) // 2)
        self.assertLess(failed, len(amounts))

    def test_out_of_blocks(self):
        self.check(self.leave_blocks, [n << 10 for n in range(0, 96, 3)] + [1 << 20])

    def test_out_of_inodes(self):
        self.check(self.leave_inodes, list(range(0, 64, 2)) + [120])


@unittest.skipUnless(run.IS_ROOT, "only root may mount")
class FullDirectory(unittest.TestCase):
    """A directory of a real ext3 can have only so many subdirectories: check says so before a run
    meets it, and counts as the kernel does."""

    def setUp(self):
        self.top = run.scratch("/tmp")
        self.addCleanup(shutil.rmtree, self.top)
        image, self.at = os.path.join(self.top, "image"), os.path.join(self.top, "target")
        os.makedirs(self.at)
        with open(image, "wb") as f:
            f.truncate(120 << 20)
        if not (quiet("mkfs.ext3", "-q", "-F", "-b", "1024", "-m", "0", "-N", "66000", image) and
                quiet("mount", "-t", "ext3", "-o", "loop", image, self.at)):
            self.skipTest("nothing can be mounted here")
        self.addCleanup(quiet, "umount", self.at)
        self.place = run.Place(self.top, True)
        os.rmdir(os.path.join(self.at, "bob"))

    def check(self):
        out, err = self.place.start(command="check", shim=False).communicate(timeout=60)
        return out + err

    def test_subdirectories(self):
        others, made = len(os.listdir(self.at)), []
        with self.assertRaises(OSError) as full:
            while True:
                os.mkdir(os.path.join(self.at, "d%d" % len(made)))
                made.append(os.path.join(self.at, "d%d" % len(made)))
        self.assertEqual(full.exception.errno, errno.EMLINK)
        room, users = others + len(made), len(run.crash_site.USERS)
        for free in range(1, users + 1):
            os.rmdir(made.pop())
            told = self.check()
            self.assertEqual("and ext3 has room for %d" % room in told, free < users, told)


if __name__ == "__main__":
    unittest.main()
