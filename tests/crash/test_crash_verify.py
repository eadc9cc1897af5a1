#!/usr/bin/python3
"""verify does not say that all is the same, nor check how much there is to carry, when something
could not be read or looked at: with an error at any such call they find what they find without one,
or say that they could not."""
import glob
import os
import re
import shutil
import sys
import unittest

import crash_run as run
import test_crash_courier as courier
import test_crash_in_place as in_place

STRIDE = 1 if "--full" in sys.argv else 60


def one(pattern):
    return sorted(glob.glob(pattern))[0]


def lose_message(tree):
    os.unlink(one(tree + "/cur/*"))


def alter_message(tree):
    path = one(tree + "/cur/*")
    at = os.stat(path)
    with open(path, "r+b") as f:
        f.seek(-3, os.SEEK_END)
        f.write(b"?")
    os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))


def lose_folder(tree):
    shutil.rmtree(tree + "/.Sent")


def alter_uid(tree):
    with open(tree + "/dovecot-uidlist", "r+b") as f:
        text = f.read().replace(b"\n3 ", b"\n2 ", 1)
        f.seek(0)
        f.write(text)


def lose_keywords(tree):
    os.unlink(tree + "/dovecot-keywords")


def lose_subscriptions(tree):
    os.unlink(tree + "/subscriptions")


DAMAGE = [None, lose_message, alter_message, lose_folder, alter_uid, lose_keywords,
          lose_subscriptions]


class Told:
    maxDiff = None

    def setUp(self):
        run.adopt_orphans()
        top = run.scratch()
        self.addCleanup(shutil.rmtree, top, ignore_errors=True)
        self.place = self.make(top)

    def go(self, command, *orders, counts):
        self.place.shared.order(*(orders or (run.NOTHING,)), counts=counts)
        process = self.place.start(command=command)
        out, err = process.communicate(timeout=60)
        run.wait_for_orphans()
        return run.Done(process.returncode, out, err, self.place.shared.steps)

    def test_check(self):
        for name, action, code, counts, _ in in_place.ACTIONS:
            plain = self.go("check", counts=counts)
            counted = re.findall(r"^\w+: .*to carry.*|^\d+ accounts?: .*", plain.out, re.M)
            self.assertGreater(len(counted), 1, str(plain))
            self.assertEqual(plain.status, 0, str(plain))
            for step in range(1, plain.steps + 1 if counts != run.CHANGES else 0, STRIDE // 3 or 1):
                with self.subTest(name, step=step):
                    done = self.go("check", action, step, code, counts=counts)
                    where = self.place.shared.log()[step - 1:step]
                    if [x for x in counted if x not in done.out]:
                        self.assertIn(done.status, (1, 2, 78), where)
                        if done.status == 1:
                            self.assertIn(os.strerror(code), done.out, where)

    def test_verify(self):
        done = self.place.run()
        self.assertEqual(done.status, 0, str(done))
        self.place.keep("carried")
        for number, damage in enumerate(DAMAGE):
            self.place.restore("carried")
            if damage:
                damage(os.path.join(self.place.target, "ann"))
            steps = {}
            for counts in (run.READS, run.LOOKS):
                plain = self.go("verify", counts=counts)
                steps[counts] = plain.steps
                self.assertEqual(plain.status == 0, damage is None, str(plain))
                self.assertGreater(plain.steps, 100)
            for name, action, code, counts, _ in in_place.ACTIONS:
                for step in range(1 + number, steps.get(counts, 0) + 1, STRIDE):
                    with self.subTest(name, step=step, damage=damage and damage.__name__):
                        done = self.go("verify", action, step, code, counts=counts)
                        where = self.place.shared.log()[step - 1:step]
                        if done.status == 0:
                            self.assertEqual(done.out, plain.out, where)
                        elif done.status < plain.status:
                            self.assertIn(os.strerror(code), done.out, where)


class Mbox(Told, unittest.TestCase):
    def make(self, top):
        return run.Place(top, run.IS_ROOT)


class CourierPlace(courier.SharedPlace):
    keep, restore = courier.SharedPlace.keep_as, courier.SharedPlace.bring

    def command(self, *more, jobs=1):
        whole = super().command(*more, jobs=jobs)
        at = whole.index("--transfer")    # copied, as is usual: verify does not ask
        return whole[:at] + whole[at + 2:]


class Courier(Told, unittest.TestCase):
    def make(self, top):
        return CourierPlace(top, run.IS_ROOT, "copy")


if __name__ == "__main__":
    sys.exit(unittest.main(argv=[a for a in sys.argv if a != "--full"]))
