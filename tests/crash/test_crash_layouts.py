#!/usr/bin/python3
"""Sites of mbox files as other programs lay them out, given an error at each call that only looks or
reads: a failed look is no answer. What had been carried stays, and the next run ends where one ends
that was left alone.

Without --full, each call at each file of the source fails once.
"""
import errno
import os
import re
import shutil
import sys
import unittest

import crash_run as run
from crash_site import DATE, VALIDITY, Message, mbox

FULL = "--full" in sys.argv
ACTIONS = [                               # name, errno, what counts
    ("EIO at a read", errno.EIO, run.READS),
    ("EIO at a look", errno.EIO, run.LOOKS),
    ("ESTALE at a read", errno.ESTALE, run.READS),
]


def some(number, count=2, validity=VALIDITY):
    """A folder of @count messages that are nowhere else."""
    return mbox([Message(number + i, 3 + 2 * i if validity else None) for i in range(count)],
                validity and validity + number, 100)


class Place(run.Place):
    """Folders in ~/mail: Thunderbird's, Apple's, linked ones; an INBOX in two files, and three lists
    of subscriptions."""

    folders, options = "%h/mail", ["--pop3-uidl", "file:%h/uidls"]
    links = {"mail/near": "Sent", "mail/tree": "Local.sbd", "mail/hidden": ".imap/kept",
             "mail/dead": "nowhere"}
    absolute = {"mail/far": "mail/.imap/other", "mail/fartree": "mail/lists"}

    def files(self, changed):
        inbox = [Message(1, 1), Message(2, 3, "RO", "A"), Message(3, 4, "O")]
        if changed:
            inbox[1].x_status = "AF"
            inbox.append(Message(4, 7, "RO"))
        return {
            "spool/ann": mbox([Message(8, None, ""), Message(9, None, "")], None),
            "home/ann/mbox": mbox(inbox, VALIDITY, 9),
            "home/ann/.mailboxlist": "mail/Sent\nmail/Local\n",
            "home/ann/mail/.subscriptions": "INBOX\nSent\nlists/dev\nempty\n",
            "home/ann/mail/subscriptions": "lists/users\n",
            "home/ann/mail/Sent": some(10, 3 if changed else 2),
            "home/ann/mail/empty": "",
            "home/ann/mail/Local": some(20),
            "home/ann/mail/Local.msf": "index\n",
            "home/ann/mail/Local.sbd/dev": some(25, 3 if changed else 2),
            "home/ann/mail/Local.sbd/dev.sbd/deep": some(30),
            "home/ann/mail/Other.msf": "index\n",
            "home/ann/mail/Other.sbd/inner": some(35),
            "home/ann/mail/Apple.mbox/mbox": some(40, validity=None),
            "home/ann/mail/Apple.mbox/table_of_contents": "index\n",
            "home/ann/mail/lists/dev": some(45, 3 if changed else 2),
            "home/ann/mail/lists/users": some(50),
            "home/ann/mail/.imap/kept": some(55),
            "home/ann/mail/.imap/other": some(60),
            "home/ann/mail/plain.txt": "no mail\n",
            "home/ann/mail/Trash": some(65, validity=None),
            "home/ann/uidls": "".join(
                "%d uidl-%d\n" % row for row in enumerate([1, 2, 3, *[6] * changed, 4, 5], 1)),
            "map": "*/Trash = Papierkorb\n",
        }

    def write_source(self, changed):
        for name, text in self.files(changed).items():
            path = os.path.join(self.source, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            when = DATE + 86400 * (400 if changed else 300)
            os.utime(path, (when, when))
        home = os.path.join(self.source, "home/ann")
        for name, to in self.links.items():
            self.link(to, os.path.join(home, name))
        for name, to in self.absolute.items():
            self.link(os.path.join(home, to), os.path.join(home, name))
        uid = run.SOMEBODY if self.as_root else self.uid or os.getuid()
        os.chmod(os.path.join(self.source, "spool"), 0o1777)
        if run.IS_ROOT:
            os.chown(os.path.join(self.source, "spool/ann"), uid, uid)
            for path, names, files in os.walk(home):
                for name in [".", *names, *files]:
                    os.chown(os.path.join(path, name), uid, uid, follow_symlinks=False)
        with open(os.path.join(self.source, "users"), "w", encoding="ascii") as f:
            f.write("ann:x:%d:%d::%s:/bin/sh\n" % (uid, uid, home))

    @staticmethod
    def link(to, name):
        if not os.path.lexists(name):
            os.symlink(to, name)

    def command(self, *more, jobs=1):
        whole = super().command("--name-map", os.path.join(self.source, "map"), *more, jobs=jobs)
        whole[whole.index("--folders") + 1] = self.folders
        return whole + self.options


class HomePlace(Place):
    """Folders in the home itself, where most files are no mail."""

    folders, options = "%h", []
    links = {"near": "Sent", "tree": "lists", "hidden": ".keep/kept", "dead": "nowhere"}
    absolute = {"far": ".keep/other"}

    def files(self, changed):
        return {
            "spool/ann": mbox([Message(1, 1), Message(2, 3), *[Message(3, 5)] * changed],
                              VALIDITY, 9),
            "home/ann/.mailboxlist": "Sent\nempty\nlists/dev\n",
            "home/ann/.subscriptions": "INBOX\nlists/users\n",
            "home/ann/Sent": some(10, 3 if changed else 2),
            "home/ann/empty": "",
            "home/ann/unlisted": "",
            "home/ann/notes": "no mail\n",
            "home/ann/.profile": "no mail\n",
            "home/ann/lists/dev": some(15, 3 if changed else 2),
            "home/ann/lists/users": some(20),
            "home/ann/.keep/kept": some(25),
            "home/ann/.keep/other": some(30),
            "map": "",
        }


class Layouts(unittest.TestCase):
    place_class = Place
    maxDiff = None

    def setUp(self):
        run.adopt_orphans()
        top = run.scratch()
        self.addCleanup(shutil.rmtree, top, ignore_errors=True)
        self.place = self.place_class(top, run.IS_ROOT)
        self.place.shared.shift_clock(86400)     # what is remembered is old enough to be believed

    def good(self, counts=run.CHANGES):
        done = self.place.run(counts=counts)
        self.assertEqual(done.status, 0, str(done))
        return done

    def look(self):
        return run.snapshot(self.place.target)

    def folders(self):
        return run.folders(os.path.join(self.place.target, "ann"))

    def view(self):
        seen = run.view(os.path.join(self.place.target, "ann"))
        with open(os.path.join(self.place.target, "ann/subscriptions"), encoding="ascii") as f:
            return {"ann": seen}, f.read()

    def steps_of(self, counts):
        """Those to be tried, of an undisturbed run."""
        self.place.restore("seeded")
        steps = range(1, self.good(counts).steps + 1)
        self.assertEqual(self.expected, self.view())
        first = {row[:2]: step for step, row in reversed([*zip(steps, self.place.shared.log())])
                 if row[1].startswith(self.place.source)}
        return steps if FULL else sorted(first.values())

    def try_step(self, code, counts, step):
        self.place.restore("seeded")
        done = self.place.run(run.ERROR, step, code, counts)
        log = self.place.shared.log()
        where = "%s\n%s" % (log[step - 1][:2] if step <= len(log) else None, done)
        self.assertNotIn("mistake", done.out + done.err, where)
        if done.status == self.status and not re.search(os.strerror(code), done.out + done.err):
            self.assertEqual(self.expected, self.view(), where)
        self.assertEqual(run.inconsistencies(self.folders(), self.before, self.after), [], where)
        self.assertLessEqual(self.subscribed, set(self.view()[1].split("\n")), where)
        self.assertEqual(self.good().status, self.status)
        self.assertEqual(self.expected, self.view(), where)
        self.assertEqual(run.differences(self.source, run.snapshot(self.place.source)), [], where)

    def test_next(self):
        self.good()
        self.place.keep("seeded")
        self.before, self.subscribed = self.folders(), set(self.view()[1].split("\n"))
        self.place.write_source(True)
        done = self.good()
        self.status, self.after, self.expected = done.status, self.folders(), self.view()
        self.source = run.snapshot(self.place.source)
        for name, code, counts in ACTIONS if FULL else ACTIONS[:2]:
            for step in self.steps_of(counts):
                with self.subTest(name, step=step):
                    self.try_step(code, counts, step)


class Home(Layouts):
    place_class = HomePlace


if __name__ == "__main__":
    sys.exit(unittest.main(argv=[a for a in sys.argv if a != "--full"]))
