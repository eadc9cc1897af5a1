#!/usr/bin/python3
"""Random accounts (see test_random_accounts.py) on file systems that are not the machine's own:
sources, targets and state on one that shares blocks, numbers inodes otherwise, is a program, or lies
over another."""
import os
import shutil
import subprocess
import tempfile
import unittest

import test_random_accounts as random_accounts

SEEDS = range(1, 3)
IMAGE_BYTES = 1 << 30                     # sparse


def must(*command):
    subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Round(random_accounts.Round):
    between = None                        # what happens from one night to the next

    def change(self):
        if self.between is not None:
            self.between()
        super().change()


@unittest.skipUnless(random_accounts.IS_ROOT, "only root may mount")
class FileSystems(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="mailhaul-fs-")
        self.addCleanup(shutil.rmtree, self.top)
        os.chmod(self.top, 0o755)
        self.place = self.directory("place")

    def directory(self, name):
        path = os.path.join(self.top, name)
        os.mkdir(path)
        os.chmod(path, 0o755)
        return path

    def mount(self, *command):
        """Mounts at self.place; a container may forbid it."""
        try:
            must(*command, self.place)
        except subprocess.CalledProcessError as error:
            self.skipTest("cannot be mounted here: " + error.stdout.decode().strip())

    def image(self, kind, *make):
        image = os.path.join(self.top, "image")
        with open(image, "wb") as f:
            f.truncate(IMAGE_BYTES)
        must(*make, image)
        self.mount("mount", "-t", kind, "-o", "loop", image)
        self.addCleanup(must, "umount", self.place)

    def rounds(self, between=None):
        for seed in SEEDS:
            top = os.path.join(self.place, str(seed))
            os.mkdir(top)
            each = Round(top, seed)
            each.between = between
            if between is not None:       # a file that comes to another layer is linked no more
                each.accounts = [a for a in each.accounts if a.kind != "linked"]
            each.run()

    def test_btrfs(self):
        self.image("btrfs", "mkfs.btrfs", "-q")
        self.rounds()

    def test_xfs(self):
        self.image("xfs", "mkfs.xfs", "-q")
        self.rounds()

    def test_fuse(self):
        """With libfuse 2, of which one time that is set alone is lost."""
        self.mount("bindfs", "-o", "allow_other", self.directory("behind"))
        self.addCleanup(must, "umount", self.place)
        self.rounds()

    def test_overlay(self):
        """What the first night has made lies in a layer that is only read on the second."""
        layers = []

        def mount():
            number = len(layers)
            upper, work = self.directory("upper%d" % number), self.directory("work%d" % number)
            self.mount("mount", "-t", "overlay", "mailhaul", "-o",
                       "lowerdir=%s,upperdir=%s,workdir=%s" % (
                           ":".join(reversed(layers)) or self.directory("lower"), upper, work))
            layers.append(upper)

        def again():
            must("umount", self.place)
            mount()

        mount()
        self.addCleanup(must, "umount", self.place)
        self.rounds(again)


if __name__ == "__main__":
    unittest.main()
