#!/usr/bin/python3
"""Carried to Courier, which has given mail numbers of its own since: a file that cannot be read, or
looked at, in the next run costs none of them. And a run that is killed costs no keyword."""
import os
import re
import shutil
import sys
import unittest

import crash_run as run
import test_crash_in_place as in_place

KEYWORDS = "courierimapkeywords"
LISTS = ("courierpop3dsizelist", "courierimapuiddb")
STRIDE = 1 if "--full" in sys.argv else 12


def keywords(folder):
    """{base name: its keywords} of the messages that are there, as Courier reads them."""
    top, seen = os.path.join(folder, KEYWORDS), {}
    entries = os.listdir(top) if os.path.isdir(top) else []
    if ":list" in entries:
        with open(os.path.join(top, ":list"), encoding="ascii") as f:
            names, lines = f.read().split("\n\n", 1)
        for line in lines.splitlines():
            base, numbers = line.split(":")
            seen[base] = {names.split("\n")[int(n)] for n in numbers.split()}
    for base in entries:
        if base[0] not in ":.":
            with open(os.path.join(top, base), encoding="ascii") as f:
                seen[base] = set(f.read().split())
    bases = {name.split(":")[0] for name in os.listdir(os.path.join(folder, "cur"))}
    return {base: words for base, words in seen.items() if words and base in bases}


class Place(run.Place):
    def command(self, *more, jobs=1):
        return super().command("--server", "courier", *more, jobs=jobs)


class ToCourier(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        run.adopt_orphans()
        top = run.scratch()
        self.addCleanup(shutil.rmtree, top, ignore_errors=True)
        self.place = Place(top, run.IS_ROOT)

    def good(self, counts=run.CHANGES):
        done = self.place.run(counts=counts)
        self.assertEqual(done.status, 0, str(done))
        return done.steps

    def use(self):
        """Courier gives the messages of its POP3 list other numbers."""
        for user in run.crash_site.USERS:
            path = os.path.join(self.place.target, user, LISTS[0])
            with open(path, encoding="ascii") as f:
                text = f.read()
            with open(path, "w", encoding="ascii") as f:
                f.write(re.sub(r" (\d+):\d+$", lambda m: " %d:777" % (int(m[1]) + 5),
                               text.replace(" ", " 10", 1), flags=re.M))

    def lists(self):
        """What Courier's lists say of the folders whose source gives UIDs."""
        seen = {}
        for user in run.crash_site.USERS:
            for name in (user + "/" + n for n in LISTS):
                with open(os.path.join(self.place.target, name), encoding="ascii") as f:
                    seen[name] = f.read()
        return seen

    def test_next(self):
        self.good()
        self.use()
        self.place.keep("used")
        self.place.write_source(True)
        self.good()
        expected, steps = self.lists(), {}
        self.assertIn(":777\n", expected["ann/" + LISTS[0]])
        for counts in (run.READS, run.LOOKS):
            self.place.restore("used")
            steps[counts] = self.good(counts)
            self.assertEqual(expected, self.lists())
        for name, action, code, counts, _ in in_place.ACTIONS:
            for step in range(1, steps.get(counts, 0) + 1, STRIDE):
                with self.subTest(name, step=step):
                    self.place.restore("used")
                    self.place.run(action, step, code, counts)
                    log = self.place.shared.log()
                    self.good()
                    self.assertEqual(expected, self.lists(), log[step - 1:step])

    def seen(self):
        """Of ann's folders."""
        ann = os.path.join(self.place.target, "ann")
        return {name: keywords(os.path.join(ann, name)) for name in [".", *os.listdir(ann)]
                if os.path.isdir(os.path.join(ann, name, "cur"))}

    def test_killed(self):
        """The first run, and the next one."""
        for changed in (False, True):
            self.place.keep("before")
            self.place.write_source(changed)
            steps, expected = self.good(), self.seen()
            log = self.place.shared.log()
            self.assertGreater(len(expected["."]), 1)
            pieces = [n for n, row in enumerate(log, 1)       # of the INBOX, where it is new
                      if row[0] == "renameat2" and row[1].endswith(("/ann/new", "/ann/cur"))]
            for step in sorted({*range(1, steps + 1, STRIDE), *pieces}):
                with self.subTest(changed=changed, step=step):
                    self.place.restore("before")
                    self.place.run(run.FREEZE, step)
                    self.good()
                    self.assertEqual(self.seen(), expected, log[step - 1])
            self.place.restore("before")
            self.good()


if __name__ == "__main__":
    sys.exit(unittest.main(argv=[a for a in sys.argv if a != "--full"]))
