"""Every message of Courier is read once for its size, and then not again. With
--courier-sizes=list the POP3 list is believed after a sample; a wrong size is found by verify, and
the next run without the option repairs it. Files that may not be opened cannot be read: that is how
this test sees who tries.

    test_courier_sizes.py MAILHAUL [TEST...]
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import reflink

MAILHAUL = ""
ROOT = os.geteuid() == 0
UID = 65534 if ROOT else os.getuid()
MESSAGES = 300
SAMPLES = 65  # all of 64, and one of 128 beyond
TEXT = "Subject: a\n\nbody\n"


class Sizes(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="mailhaul-sizes.")
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        os.chmod(self.place, 0o755)
        self.home = os.path.join(self.place, "ann")
        self.maildir = os.path.join(self.home, "Maildir")
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(self.maildir, part))
        os.makedirs(os.path.join(self.place, "out"))
        self.names = ["%d.M1P1.mx,S=%d" % (1000000001 + n, len(TEXT)) for n in range(MESSAGES)]
        self.sampled = {i * MESSAGES // SAMPLES for i in range(SAMPLES)}
        for number, name in enumerate(self.names):
            path = os.path.join(self.maildir, "cur", name + ":2,S")
            self.write(path, TEXT)
            os.utime(path, (1000000001 + number,) * 2)
        self.list = {name: len(TEXT) + TEXT.count("\n") for name in self.names}
        self.write_lists()
        self.write(os.path.join(self.place, "users"),
                   "ann:x:%d:%d::%s:/bin/sh\n" % (UID, UID, self.home))
        for top, _, names in os.walk(self.place):
            for path in [os.path.join(top, name) for name in names] + [top]:
                if ROOT and path != self.place:
                    os.lchown(path, UID, UID)

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="ascii", newline="") as file:
            file.write(text)

    def write_lists(self):
        self.write(os.path.join(self.maildir, "courierimapuiddb"),
                   "1 1100000000 %d\n" % (MESSAGES + 1) +
                   "".join("%d %s\n" % row for row in enumerate(self.names, 1)))
        self.write(os.path.join(self.maildir, "courierpop3dsizelist"),
                   "/3 %d 1100000000\n" % (MESSAGES + 1) +
                   "".join("%s:2,S %d %d:1100000000:0\n" % (name, self.list[name], number)
                           for number, name in enumerate(self.names, 1)))

    def file(self, number):
        return os.path.join(self.maildir, "cur", self.names[number] + ":2,S")

    def close(self, numbers, mode=0):
        for number in numbers:
            os.chmod(self.file(number), mode)

    def run_it(self, command, *more, expect=0, maildir="%h/Maildir"):
        done = subprocess.run(
            [MAILHAUL, command, "--config", "/dev/null", "--source-format", "courier", "--users",
             os.path.join(self.place, "users"), "--inbox", "%h/Maildir", "--maildir", maildir,
             "--state", os.path.join(self.place, "state"), *more],
            capture_output=True, encoding="utf-8", errors="replace", check=False)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return (done.stdout + done.stderr).replace("\xa0", " ")

    def sizes(self, maildir):
        """{base name: W} of the target's list."""
        with open(os.path.join(maildir, "dovecot-uidlist"), encoding="ascii") as file:
            lines = file.read().splitlines()[1:]
        return {line.split(" :")[1]: int(word[1:])
                for line in lines for word in line.split(" :")[0].split() if word[0] == "W"}

    def unopened(self):
        """What is no sample cannot be opened, unless we are privileged beyond repair."""
        self.close(set(range(MESSAGES)) - self.sampled)

    def add_mail(self):
        """A message that Courier has not seen yet. It is all that can be opened."""
        self.close(range(MESSAGES))
        path = os.path.join(self.maildir, "new", "1000009999.M1P1.mx")
        self.write(path, TEXT)
        os.lchown(path, UID, -1)
        return {os.path.basename(path): len(TEXT) + TEXT.count("\n")}

    def nights(self, out, *more, listed=False, maildir="%h/Maildir"):
        """The first run reads every file, or the sample; what comes later is all that others read."""
        if listed and maildir == "%h/Maildir":  # to link a file is to open it
            self.unopened()
        said = self.run_it("check", *more, maildir=maildir)
        read = SAMPLES if listed else MESSAGES
        self.assertIn("Sizes: %d messages (%.1f kB) read to count" % (
            read, read * len(TEXT) / 1000), said)
        self.assertEqual("Sizes: %d messages as in" % (MESSAGES - SAMPLES) in said, listed, said)
        self.run_it("migrate", *more, maildir=maildir)
        self.assertEqual(self.sizes(out), self.list)
        new = self.add_mail()
        self.assertIn("Sizes: 1 message (%d bytes) read" % len(TEXT),
                      self.run_it("check", *more, maildir=maildir))
        self.run_it("migrate", *more, maildir=maildir)
        self.assertEqual(self.sizes(out), {**self.list, **new})
        self.run_it("migrate", *more, maildir=maildir)
        self.assertNotIn(" read to count ", self.run_it("check", *more, maildir=maildir))

    def test_in_place(self):
        self.nights(self.maildir)

    def test_linked(self):
        out = os.path.join(self.place, "out/ann")
        self.nights(out, "--transfer", "link", maildir=os.path.join(self.place, "out/%u"))
        for number, name in enumerate(self.names):
            self.assertEqual(os.path.samefile(os.path.join(out, "cur", name + ":2,S"),
                                              self.file(number)), not reflink.is_there(out))

    def test_copied(self):
        self.nights(os.path.join(self.place, "out/ann"), "--transfer", "copy",
                    maildir=os.path.join(self.place, "out/%u"))

    def test_listed_in_place(self):
        self.nights(self.maildir, "--courier-sizes", "list", listed=True)

    def test_listed_linked(self):
        self.nights(os.path.join(self.place, "out/ann"), "--transfer", "link", "--courier-sizes",
                    "list", listed=True, maildir=os.path.join(self.place, "out/%u"))

    def test_sizes_in_names_are_wrong(self):
        """Such messages get other names, and are known by them."""
        for number in range(0, MESSAGES, 2):
            old, name = self.file(number), self.names[number]
            self.names[number] = name.replace(",S=%d" % len(TEXT), ",S=%d" % (len(TEXT) + 1))
            os.rename(old, self.file(number))
        self.list = {name: len(TEXT) + TEXT.count("\n") for name in self.names}
        self.write_lists()
        out = ("--transfer", "link"), os.path.join(self.place, "out/%u")
        self.run_it("migrate", *out[0], maildir=out[1])
        self.add_mail()
        self.run_it("migrate", *out[0], maildir=out[1])
        sizes = self.sizes(os.path.join(self.place, "out/ann"))
        self.assertEqual(sorted(sizes.values()), [len(TEXT) + 3] * (MESSAGES + 1))
        self.assertEqual(len(set(sizes) - set(self.names)), MESSAGES // 2 + 1)

    def test_state_lost(self):
        """What was counted stands in the target."""
        self.run_it("migrate")
        self.add_mail()
        shutil.rmtree(os.path.join(self.place, "state"))
        self.run_it("migrate")

    def test_reading_opens_them(self):
        """The same files, read: so the tests above mean something."""
        self.unopened()
        self.assertIn("ermission denied", self.run_it("migrate", expect=2))

    def test_a_few_odd_files(self):
        """CR LF, and no last line end, where a sample would not look."""
        odd = [n for n in range(MESSAGES) if n not in self.sampled][:2]
        for number, text in zip(odd, ("Subject: a\r\n\r\nbody", "Subject: ab\n\nbody\r\n")):
            self.write(self.file(number), text)
            os.utime(self.file(number), (1000000001 + number,) * 2)
            name = self.names[number]
            os.rename(self.file(number), self.file(number).replace(
                ",S=%d" % len(TEXT), ",S=%d" % len(text)))
            self.names[number] = name.replace(",S=%d" % len(TEXT), ",S=%d" % len(text))
            del self.list[name]
            self.list[self.names[number]] = len(text) + text.count("\n")
        self.write_lists()
        self.run_it("migrate")
        for number, size in zip(odd, (18, 21)):
            self.list[self.names[number]] = size
        self.assertEqual(self.sizes(self.maildir), self.list)
        self.run_it("verify")

    def test_a_wrong_sample_has_all_read(self):
        wrong = self.names[min(self.sampled - {0})]
        self.list[wrong] += 2  # a line end that the server adds
        self.write_lists()
        self.unopened()
        self.run_it("migrate", "--courier-sizes", "list", expect=2)
        self.close(range(MESSAGES), 0o600)
        self.run_it("migrate", "--courier-sizes", "list")
        self.list[wrong] -= 2
        self.assertEqual(self.sizes(self.maildir), self.list)

    def test_what_the_sample_misses(self):
        number = next(n for n in range(MESSAGES) if n not in self.sampled)
        wrong = self.names[number]
        self.list[wrong] += 2
        self.write_lists()
        self.run_it("migrate", "--courier-sizes", "list")
        self.assertEqual(self.sizes(self.maildir), self.list)
        self.assertIn("W in the UID list says", self.run_it("verify", "--verbose", expect=2))
        self.run_it("migrate")
        self.list[wrong] -= 2
        self.assertEqual(self.sizes(self.maildir), self.list)
        self.run_it("verify")
        self.close(range(MESSAGES))
        self.run_it("migrate", "--courier-sizes", "list")  # what was counted stays
        self.run_it("migrate")
        self.assertEqual(self.sizes(self.maildir), self.list)


if __name__ == "__main__":
    MAILHAUL = sys.argv.pop(1)
    unittest.main()
