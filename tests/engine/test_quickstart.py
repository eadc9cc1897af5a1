#!/usr/bin/python3
"""The first command of the README, with a program that is built: all mail of the sample arrives, as
root and as anyone else, and what it says may be typed next can be."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

MAILHAUL, TOP = sys.argv[1:3]
SOMEBODY = 21951


class Quickstart(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="mh-quickstart-", dir="/var/tmp")
        os.chmod(self.top, 0o755)
        self.addCleanup(shutil.rmtree, self.top)

    def run_as(self, uid):
        who = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}

        def go(*argv):
            return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False, stdin=subprocess.DEVNULL, **who)
        if uid is not None:
            os.chown(self.top, uid, uid)
        done = go(os.path.join(TOP, "tools/quickstart"), MAILHAUL, self.top)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("3 accounts: 3 done, 0 failed, 0 with losses; 71 messages carried",
                      done.stdout)
        target = os.path.join(self.top, "sample/target")
        self.assertEqual(sorted(os.listdir(target)), ["anna", "bert", "carl"])
        files = [n for _, _, names in os.walk(target) for n in names if ".mailhaul" in n]
        self.assertEqual(len(files), 71)
        typed = re.findall(r"^ {4}(?:\S*/mailhaul|cat|ls) .*|^\$ mailhaul migrate .*", done.stdout,
                           re.M)
        self.assertEqual(len(typed), 6, typed)
        for line in typed:                # a comment may follow
            command = re.split(" {2,}", line.strip())[0].replace("$ mailhaul", MAILHAUL)
            again = go("sh", "-c", command)
            self.assertEqual(again.returncode, 0, (line, again.stdout))
            if "migrate" in line:
                self.assertIn("0 messages carried", again.stdout)

    def test_as_it_is(self):
        self.run_as(None)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_as_somebody(self):
        self.run_as(SOMEBODY)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
