"""Carried to Courier, which then serves the target night after night. What it does there is done by
hand; no server is needed.

    test_courier_serves.py MAILHAUL [TEST...]
"""
import glob
import os
import re
import sys
import unittest

import test_courier_nightly as nightly

COURIER = ("--server", "courier")


class Serves(unittest.TestCase):
    maxDiff = None
    setUp, path, add, subscribe, own, own_path, run_it, tree = (
        getattr(nightly.Nightly, name)
        for name in ("setUp", "path", "add", "subscribe", "own", "own_path", "run_it", "tree"))

    def migrate(self, *more, **how):
        self.own()
        said = self.run_it(*COURIER, *more, **how)
        self.run_it(*COURIER, command="verify", expect=how.get("verified", 0))
        return said

    def write(self, top, name, text):
        nightly.write(os.path.join(top, name), text)
        self.own()

    def flag(self, top, base, flags):
        """As Courier changes flags: it knows no keyword letters, and each session writes in tmp/."""
        self.write(top, "tmp/1.imapd", "")
        os.remove(os.path.join(top, "tmp/1.imapd"))
        old = glob.glob(os.path.join(top, "cur", base + "*"))[0]
        os.rename(old, os.path.join(top, "cur", base + ":2," + flags))

    def keywords(self, folder="."):
        """{base name: its keywords}, as Courier reads them."""
        top = os.path.join(self.target, folder, "courierimapkeywords")
        with open(os.path.join(top, ":list")) as f:
            names, lines = f.read().split("\n\n", 1)
        names = names.split("\n")
        seen = {}
        for line in lines.splitlines():
            base, numbers = line.split(":")
            seen[base] = {names[int(n)] for n in numbers.split()}
        for base in os.listdir(top):
            if not base.startswith((":", ".")):
                with open(os.path.join(top, base)) as f:
                    seen[base] = set(f.read().split())
        return seen

    def test_keywords_of_its_clients_stay(self):
        one, two, three = self.folders["."]
        self.write(self.maildir, "courierimapkeywords/:list",
                   "work\nhome\n\n%s:0\n%s:0\n%s:0 1\n" % (one, two, three))
        self.migrate()
        self.write(self.target, "courierimapkeywords/" + one, "work\nmine\n")
        self.write(self.target, "courierimapkeywords/" + three, "home\n")
        for base in (one, two, three):
            self.flag(self.target, base, "FS")
        self.flag(self.maildir, one, "RS")
        self.write(self.maildir, "courierimapkeywords/" + two, "work\ntheirs\n")
        self.flag(self.maildir, three, "")
        self.own()
        for _ in range(2):
            self.run_it(*COURIER)
            self.assertEqual(self.keywords(), {one: {"work", "mine"}, two: {"work", "theirs"},
                                               three: {"home"}})
            self.assertEqual(sorted(re.sub("[a-z]", "", name.split(":2,")[1])
                                    for name in os.listdir(os.path.join(self.target, "cur"))),
                             ["F", "FRS", "FS"])
        self.assertIn(" 0 damaged, 1 with other differences",
                      self.run_it(*COURIER, command="verify", expect=1))

    def test_last_keyword_goes(self):
        one = self.folders["."][0]
        self.write(self.maildir, "courierimapkeywords/:list", "work\n\n%s:0\n" % one)
        self.migrate()
        self.assertEqual(self.keywords(), {one: {"work"}})
        os.remove(os.path.join(self.maildir, "courierimapkeywords/:list"))
        self.migrate()
        self.assertEqual(self.keywords(), {one: set()})


if __name__ == "__main__":
    nightly.MAILHAUL = sys.argv[1]
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
