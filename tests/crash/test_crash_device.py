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
