#!/usr/bin/python3
"""Accounts as servers left them that cannot be run any more: `mailhaul inspect --verbose` against
what those servers' clients were told.

    test_eras.py MAILHAUL
    test_eras.py MAILHAUL --print CASE

A case is one file of tests/fixtures/courier/eras: see the README there.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../fixtures/courier/eras")
MAIL = "Subject: a message\n\ntext\n"


def load(name):
    """(options, {path: text}, expected)."""
    with open(os.path.join(CASES, name + ".txt"), encoding="utf-8") as f:
        head, *parts = re.split(r"^== ", f.read(), flags=re.M)
    sections = dict(part.split("\n", 1) for part in parts)
    expected = sections.pop("expect", "")
    options = re.search(r"^options: (.*)", head, re.M)
    assert head.startswith("from: "), name
    return options.group(1).split() if options else [], sections, expected


def build(top, files):
    for sub in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(top, sub))
    for n, (path, text) in enumerate(sorted(files.items())):
        full = os.path.join(top, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        is_mail = "/" in path and os.path.basename(os.path.dirname(path)) in ("cur", "new")
        with open(full, "w", encoding="utf-8") as f:
            f.write(re.sub(r"\\c\n$", "", text) or (MAIL if is_mail else ""))
        os.utime(full, (1100000000 + n, 1100000000 + n))


def show(mailhaul, options, files):
    work = tempfile.mkdtemp()
    try:
        top = os.path.join(work, "Maildir")
        build(top, files)
        done = subprocess.run([mailhaul, "inspect", "--verbose", *options, top], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return re.sub(re.escape(top) + "/?", "", done.stdout.replace(top + ")", ".)"))
    finally:
        shutil.rmtree(work)


class Eras(unittest.TestCase):
    maxDiff = None

    def test_every_case(self):
        names = [os.path.basename(f)[:-4] for f in glob.glob(os.path.join(CASES, "*.txt"))]
        self.assertGreaterEqual(len(names), 20)
        for name in sorted(names):
            with self.subTest(name):
                options, files, expected = load(name)
                self.assertEqual(show(MAILHAUL, options, files), expected)


if __name__ == "__main__":
    MAILHAUL = sys.argv.pop(1)
    if sys.argv[1:2] == ["--print"]:
        print(show(MAILHAUL, *load(sys.argv[2])[:2]), end="")
    else:
        unittest.main()
