#!/usr/bin/python3
"""A source on a device that fails in the middle of a file: what could be read is carried, the
account has failed and says where, nothing is removed at the target, and a run on a mended device
ends as an undisturbed one."""
import os
import re
import shutil
import subprocess
import unittest

import crash_run as run

USER = "ann"


def head_of(n):
    """The header of a message, the first of which has the file's UID state."""
    base = b"X-IMAPbase: 1100000000 0000000012\n" if n == 0 else b""
    return (b"From sender@example.org Sat Jan  1 00:%02d:00 2005\nSubject: %d\n%s"
            b"X-UID: %d\nStatus: RO\n\n" % (n, n, base, n + 1))


class FailingDevice(unittest.TestCase):
    def setUp(self):
        run.adopt_orphans()
        self.top = run.scratch()
        self.addCleanup(shutil.rmtree, self.top)
        self.place = run.Place(self.top, run.IS_ROOT)

    def other(self, command, *more):
        """Another command on the same site, on the broken device."""
        line = self.place.command(*more)
        line[1] = command
        env = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "LD_PRELOAD": run.SHIM,
               "CRASH_SHARED": self.place.shared.path}
        return subprocess.run(line, env=env, cwd="/", stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def inbox(self):
        return self.folder(".")

    def folder(self, name):
        return run.folders(os.path.join(self.place.target, USER)).get(name, run.Folder("/nowhere"))

    def undisturbed(self):
        done = self.place.run()
        self.assertEqual(done.status, 0, done)
        views = {u: run.view(os.path.join(self.place.target, u)) for u in run.crash_site.USERS}
        return run.snapshot(self.place.target), views

    def breaks(self, path, offset):
        self.place.shared.break_device(path, offset)
        done = self.place.run()
        self.assertEqual(done.status, 2, done)
        text = done.out + done.err
        self.assertIn("Input/output error", text)
        self.assertRegex(text, "%s.*(?s:.)*at offset %d" % (USER, offset))
        return text

    def mends(self):
        self.place.shared.break_device()
        done = self.place.run()
        self.assertEqual(done.status, 0, done)

    def test_mbox_at_first(self):
        expected, _ = self.undisturbed()
        whole = self.inbox()
        size = os.path.getsize(os.path.join(self.place.source, "spool", USER))
        with open(os.path.join(self.place.source, "spool", USER), "rb") as f:
            text = f.read()
        counts = []
        for offset in range(0, size, size // 12):
            with self.subTest(offset=offset):
                self.place.clear()
                self.breaks("spool/" + USER, offset)
                part = self.inbox()
                # all messages that end before the offset, and no piece of another
                ends = [m.start() for m in re.finditer(rb"^From sender", text, re.M)][1:]
                self.assertEqual(sum(len(c) for c in part.files.values()),
                                 sum(end <= offset for end in ends))
                counts.append(len(part.files))
                for base, copies in part.files.items():
                    self.assertEqual([c[2] for c in copies], [c[2] for c in whole.files[base]])
                    if part.lines.get(base):
                        self.assertEqual(part.lines[base], whole.lines[base])
                self.assertTrue(self.folder(".Sent").exists)      # the others are not held up
                self.mends()
                self.assertEqual(
                    run.differences(expected, run.snapshot(self.place.target)), [])
        self.assertEqual(counts[0], 0)
        self.assertGreater(counts[-1], 5)

    def test_mbox_with_a_bad_place(self):
        """What stands behind it is carried, too: whole messages, each with its own number."""
        _, wanted = self.undisturbed()
        whole = self.inbox()
        path = os.path.join(self.place.source, "spool", USER)
        with open(path, "rb") as f:
            text = f.read()
        starts = [m.start() for m in re.finditer(rb"^From sender", text, re.M)]
        spans = list(zip(starts, starts[1:] + [len(text)]))
        behind = 0
        for offset in range(100, len(text), len(text) // 16):
            end = min(len(text), (offset // 4096 + 1) * 4096)      # of the block
            good = [a for a, b in spans if b <= offset or a > end]
            if spans[0][1] > offset:                               # it has the UIDVALIDITY
                good = []
            elif any(a > offset and b"\nX-UID" not in text[a:b] for a, b in spans):
                # theirs would depend on what cannot be read
                good = [a for a in good if a < offset or
                        b"\nX-UID" in text[a:dict(spans)[a]]]
            # a message ends where the next begins, and for that its first lines are looked at
            unsure = [b for _, b in spans if b <= offset < b + 250 and b < len(text)]
            with self.subTest(offset=offset):
                self.place.clear()
                self.place.shared.break_device("spool/" + USER, offset, offset + 100)
                done = self.place.run()
                self.assertEqual(done.status, 2, done)
                said = done.out + done.err
                self.assertRegex(said, "%s.*(?s:.)*at offset %d: Input/output error" %
                                 (USER, offset))
                part = self.inbox()
                count = sum(len(c) for c in part.files.values())
                self.assertIn(count, range(len(good) - len(unsure), len(good) + 1))
                if count:
                    self.assertRegex(said, r"%d messages could be read" % count)
                behind += sum(a > offset for a in good)
                digests = sorted(c[2] for copies in part.files.values() for c in copies)
                all_of_them = sorted(c[2] for copies in whole.files.values() for c in copies)
                for digest in digests:                             # no piece of a message
                    all_of_them.remove(digest)
                again = self.place.run()                           # no progress, and no harm
                self.assertEqual(again.status, 2, again)
                self.assertEqual(set(part.files), set(self.inbox().files))
                self.mends()
                views = {u: run.view(os.path.join(self.place.target, u))
                         for u in run.crash_site.USERS}
                self.assertEqual(run.view_differences(wanted, views), [])
        self.assertGreater(behind, 8)

    def test_mbox_later(self):
        """Nothing that was carried goes because it can no longer be read."""
        self.place.write_source(True)
        _, wanted = self.undisturbed()
        self.place.write_source(False)
        self.place.clear()
        self.undisturbed()
        before = self.inbox()
        self.place.keep("first")
        self.place.write_source(True)
        size = os.path.getsize(os.path.join(self.place.source, "spool", USER))
        for offset in (0, 700, size // 2, size - 10):
            with self.subTest(offset=offset):
                self.place.restore("first")
                text = self.breaks("spool/" + USER, offset)
                after = self.inbox()
                self.assertEqual(set(before.files) - set(after.files), set(), text)
                again = self.place.run()                           # no progress, and no harm
                self.assertEqual(again.status, 2, again)
                self.assertEqual(set(after.files), set(self.inbox().files))
                self.mends()
                views = {u: run.view(os.path.join(self.place.target, u))
                         for u in run.crash_site.USERS}
                self.assertEqual(run.view_differences(wanted, views), [])

    def write_large(self, count=12):
        """A file of more than one read at a time, so that it is read anew to be copied; a message
        is larger than that, too. Returns where each message begins, and the end."""
        text, starts = b"", []
        sizes = (1, 900, 20, 30000, 1, 900, 9000, 5, 900, 9000, 1, 900)
        for n, lines in enumerate(sizes[:count]):
            starts.append(len(text))
            text += head_of(n) + b"line %d of it\n" % n * lines + b"\n"
        path = os.path.join(self.place.source, "spool", USER)
        with open(path, "wb") as f:
            f.write(text)
        return starts + [len(text)]

    def reads_of(self, *places, **broken):
        """How often a whole run reads the place, when it can."""
        self.place.clear()
        self.place.shared.break_device(*places, **broken)
        self.place.run()
        return [1000 - left for left in self.place.shared.still_spared()]

    def fails_without(self, missing, whole, *offsets):
        """A run on a broken device carries all of the INBOX but what is @missing, as it was sent;
        the run after it is mended ends as an undisturbed one."""
        done = self.place.run()
        self.assertEqual(done.status, 2, done)
        self.assertRegex(done.out + done.err, "%s: INBOX .*at offset (%s): Input/output error; "
                         "%d messages could be read" % (USER, "|".join(map(str, offsets)),
                                                        len(whole.lines) - len(missing)))
        part = self.inbox()
        wanted = {base: uid for base, uid in whole.lines.items() if uid not in missing}
        self.assertEqual(part.lines, wanted, done)
        for base, copies in part.files.items():
            self.assertEqual([c[2] for c in copies], [c[2] for c in whole.files[base]])
        self.assertEqual(sorted(part.files), sorted(wanted))

    def test_mbox_when_it_is_copied(self):
        """What was read well to be counted can no longer be read to be carried."""
        starts = self.write_large()
        expected, _ = self.undisturbed()
        whole, path = self.inbox(), "spool/" + USER
        for number, place in ((3, 200000), (6, 60), (9, 5000), (11, 900)):
            offset = starts[number] + place
            reads = self.reads_of(path, offset, offset + 1, spared=1000)[0]
            self.assertGreater(reads, 1)
            for spared in range(reads):                   # 0: it cannot be read at all
                with self.subTest(number=number, place=place, spared=spared, of=reads):
                    self.place.clear()
                    self.place.shared.break_device(path, offset, offset + 1, spared)
                    self.fails_without({number + 1}, whole, offset)
                    self.mends()
                    self.assertEqual(
                        run.differences(expected, run.snapshot(self.place.target)), [])

    def test_new_mail_when_it_is_copied(self):
        """The same of what comes to mail that has been carried before."""
        starts = self.write_large()
        self.undisturbed()
        whole, path, offset = self.inbox(), "spool/" + USER, starts[9] + 5000
        self.write_large(6)
        self.place.clear()
        self.undisturbed()
        self.place.keep("some")
        self.write_large()
        self.place.shared.break_device(path, offset, offset + 1, 1000)
        self.place.run()
        reads = 1000 - self.place.shared.still_spared()[0]
        self.assertGreater(reads, 1)
        for spared in range(reads):
            with self.subTest(spared=spared, of=reads):
                self.place.restore("some")
                self.place.shared.break_device(path, offset, offset + 1, spared)
                self.fails_without({10}, whole, offset)
                self.mends()
                now = self.inbox()
                self.assertEqual((now.files, now.lines), (whole.files, whole.lines))

    def test_mbox_with_one_bad_place_after_another(self):
        """What was read around a bad place meets another when it is copied."""
        starts = self.write_large()
        expected, _ = self.undisturbed()
        whole, path = self.inbox(), "spool/" + USER
        first = starts[6] + 70000
        for number, place in ((3, 200000), (5, 100), (9, 90000)):
            offset = starts[number] + place
            other = (offset, offset + 1)
            reads = self.reads_of(path, first, first + 1, other=(*other, 1000))[1]
            self.assertGreater(reads, 1)
            for spared in range(reads):
                with self.subTest(number=number, place=place, spared=spared, of=reads):
                    self.place.clear()
                    self.place.shared.break_device(path, first, first + 1,
                                                   other=(*other, spared))
                    self.fails_without({number + 1, 7}, whole, first, offset)
                    self.mends()
                    self.assertEqual(
                        run.differences(expected, run.snapshot(self.place.target)), [])

    def test_check_and_verify(self):
        self.undisturbed()
        os.utime(os.path.join(self.place.source, "spool", USER))  # it is looked into again
        self.place.shared.break_device("spool/" + USER, 900)
        for command in ("check", "verify"):
            with self.subTest(command):
                done = self.other(command)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertRegex(done.stdout, "at offset 900: Input/output error")
        self.assertNotRegex(self.other("verify").stdout, "not at the source")

    def test_courier(self):
        """Of a Maildir only the message that cannot be read is missing."""
        site = os.path.join(self.top, "courier")
        maildir = os.path.join(site, USER, "Maildir")
        for name in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(maildir, name))
        names = ["17000000%02d.M%dP1V0I%d.host" % (i, i, i) for i in range(9)]
        with open(os.path.join(maildir, "courierimapuiddb"), "w", encoding="ascii") as f:
            f.write("1 1234567 10\n")
            for i, name in enumerate(names):
                f.write("%d %s\n" % (i + 1, name))
        for i, name in enumerate(names):
            with open(os.path.join(maildir, "cur", name + ":2,S"), "w", encoding="ascii") as f:
                f.write("Subject: %d\n\n%s" % (i, "line\n" * 2000))
        uid = run.SOMEBODY if run.IS_ROOT else os.getuid()
        for folder, _, files in os.walk(maildir):
            for path in [folder] + [os.path.join(folder, n) for n in files]:
                os.chown(path, uid, uid if run.IS_ROOT else -1)
        users = os.path.join(site, "users")
        with open(users, "w", encoding="ascii") as f:
            f.write("%s:x:%d:%d::%s:/bin/sh\n" % (USER, uid, uid, os.path.join(site, USER)))
        target = os.path.join(self.top, "new", "%u")

        def migrate(transfer):
            env = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "LD_PRELOAD": run.SHIM,
                   "CRASH_SHARED": self.place.shared.path}
            done = subprocess.run(
                [run.MAILHAUL, "migrate", "--config", "/dev/null", "--users", users, "--state",
                 os.path.join(self.top, "state2"), "--inbox", "%h/Maildir", "--maildir", target,
                 "--transfer", transfer],
                env=env, cwd="/", stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, check=False)
            return done, run.Folder(os.path.join(self.top, "new", USER))

        for transfer in ("copy", "auto"):
            with self.subTest(transfer=transfer):
                for name in ("state2", "new"):
                    shutil.rmtree(os.path.join(self.top, name), ignore_errors=True)
                self.place.shared.break_device(names[4] + ":2,S", 4096)
                done, folder = migrate(transfer)
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertRegex(done.stdout, "%s.*at offset 4096: Input/output error" %
                                 re.escape(names[4]))
                self.assertEqual(sorted(folder.lines), names[:4] + names[5:])
                self.place.shared.break_device()
                done, folder = migrate(transfer)
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assertEqual([folder.lines[n] for n in names], list(range(1, 10)))
                # with everything there: nothing goes when it can no longer be read
                self.place.shared.break_device(names[2] + ":2,S", 0)
                with open(os.path.join(maildir, "cur", names[8] + ":2,S"), "a",
                          encoding="ascii") as f:
                    f.write("touched\n")
                done, later = migrate(transfer)
                self.assertEqual(set(folder.lines) - set(later.lines), set(), done.stdout)
                self.place.shared.break_device()


if __name__ == "__main__":
    unittest.main()
