"""Courier accounts night after night: folders that vanish, a Maildir that is not mounted, runs that
have nothing to do. The Maildirs are made by hand; no server is needed.

    test_courier_nightly.py MAILHAUL [TEST...]
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

MAILHAUL = ""
ROOT = os.geteuid() == 0
UID = 65534 if ROOT else os.getuid()
VALIDITY = 1100000000


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


class Nightly(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="mailhaul-courier.")
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        os.chmod(self.place, 0o755)
        self.home = self.path("home/ann")
        self.maildir = os.path.join(self.home, "Maildir")
        self.target = self.path("out/ann")
        os.makedirs(self.path("out"))
        self.folders = {}
        for name, count in ((".", 3), (".Sent", 2), (".lists.dev", 2)):
            self.add(name, count)
        self.subscribe("INBOX", "INBOX.Sent", "INBOX.lists.dev")
        write(self.path("users"), "ann:x:%d:%d::%s:/bin/sh\n" % (UID, UID, self.home))
        self.own()

    def path(self, *parts):
        return os.path.join(self.place, *parts)

    def add(self, folder, count, first=1):
        """Messages first... of the folder, and the list that Courier would have written."""
        top = os.path.join(self.maildir, folder)
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(top, part), exist_ok=True)
        names = self.folders.setdefault(folder, [])
        for n in range(first, first + count):
            name = "%d.M1P1.%s" % (1000000000 + n, folder.strip(".") or "inbox")
            write(os.path.join(top, "cur", name + ":2,S"), "Subject: %d\n\nbody %d\n" % (n, n))
            names.append(name)
        write(os.path.join(top, "courierimapuiddb"), "1 %d %d\n" % (VALIDITY, len(names) + 1) +
              "".join("%d %s\n" % row for row in enumerate(names, 1)))

    def subscribe(self, *names):
        write(os.path.join(self.maildir, "courierimapsubscribed"), "".join(n + "\n" for n in names))

    def own(self):
        for top in (self.path("home"), self.path("out")):
            for folder, _, names in os.walk(top):
                for path in [folder] + [os.path.join(folder, n) for n in names]:
                    if ROOT:
                        os.lchown(path, UID, UID)

    def run_it(self, *more, expect=0, command="migrate", target=None, wrapper=()):
        own = () if command == "undo" else ("--inbox", "%h/Maildir")
        done = subprocess.run(
            [*wrapper, MAILHAUL, command, "--config", "/dev/null", "--users", self.path("users"),
             "--maildir", target or self.path("out/%u"), "--state", self.path("state"), *own,
             *more], capture_output=True, text=True, errors="replace")
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def tree(self, top=None):
        """{path: bytes} of all files; directories have None."""
        seen = {}
        top = top or self.target
        for folder, _, names in os.walk(top):
            seen[os.path.relpath(folder, top)] = None
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    seen[os.path.relpath(os.path.join(folder, name), top)] = f.read()
        return seen

    def carried(self):
        """{folder: how many messages} at the target."""
        return {name: len(os.listdir(os.path.join(self.target, name, "cur")))
                for name in sorted(os.listdir(self.target)) + ["."]
                if name[0] == "." and os.path.isdir(os.path.join(self.target, name, "cur"))}

    # ---- what is not there any more -----------------------------------------------------------

    def refuse(self, *more, says, lost_state):
        """Nothing may be removed, with the state directory and without it."""
        before = self.tree()
        if lost_state:
            shutil.rmtree(self.path("state"))
        for _ in range(2):
            said = self.run_it(*more, expect=2)
            self.assertIn(says, said)
            self.assertEqual(self.tree(), before)
        self.assertIn(says, self.run_it(*more, expect=2, command="check"))

    def test_maildir_not_mounted(self):
        ways = {
            "gone": lambda: None,
            "an empty directory": lambda: os.mkdir(self.maildir),
            "new files of a mail program": lambda: write(
                os.path.join(self.home, "mail/Drafts"), "From a@b Sat Jan  1 00:00:00 2000\n\nx\n"),
        }
        for name, come in ways.items():
            for lost_state in (False, True):
                with self.subTest(name, lost_state=lost_state):
                    self.run_it()
                    away = self.path("away")
                    os.rename(self.maildir, away)
                    come()
                    self.own()
                    self.refuse("--folders", "%h/mail", lost_state=lost_state,
                                says="carried from a Courier Maildir, which is not there now")
                    shutil.rmtree(os.path.join(self.home, "mail"), ignore_errors=True)
                    if os.path.isdir(self.maildir):
                        os.rmdir(self.maildir)
                    os.rename(away, self.maildir)
                    self.run_it()

    def test_maildir_made_anew(self):
        """A delivery has made a Maildir where the real one is not mounted."""
        for lost_state in (False, True):
            with self.subTest(lost_state=lost_state):
                self.run_it()
                os.rename(self.maildir, self.path("away"))
                for part in ("cur", "new", "tmp"):
                    os.makedirs(os.path.join(self.maildir, part))
                write(os.path.join(self.maildir, "new/1200000000.M1P1.x"), "Subject: x\n\nx\n")
                self.own()
                self.refuse(says="without any folder now: is its file system mounted?",
                            lost_state=lost_state)
                shutil.rmtree(self.maildir)
                os.rename(self.path("away"), self.maildir)
                self.run_it()

    def test_mbox_files_all_gone(self):
        """INBOX and folder directory both: nothing goes without the admin's say."""
        mail = "From a@b Sat Jan  1 00:00:00 2000\nSubject: 1\n\nx\n"
        for folders in (("spool",), ("spool", "mail")):
            for lost_state in (False, True):
                with self.subTest(folders=folders, lost_state=lost_state):
                    shutil.rmtree(self.target, ignore_errors=True)
                    shutil.rmtree(self.path("state"), ignore_errors=True)
                    write(self.path("spool/ann"), mail)
                    write(self.path("spool/other"), mail)
                    if "mail" in folders:
                        write(os.path.join(self.home, "mail/Sent"), mail)
                    self.own()
                    if ROOT:
                        os.chown(self.path("spool/ann"), UID, UID)
                    options = ("--inbox", self.path("spool/%u"), "--folders", "%h/mail")
                    self.run_it(*options)
                    os.remove(self.path("spool/ann"))
                    shutil.rmtree(os.path.join(self.home, "mail"), ignore_errors=True)
                    self.refuse(*options, says="othing is removed", lost_state=lost_state)
                    self.run_it(*options, "--keep-expunged")

    def test_inbox_without_cur(self):
        self.run_it()
        shutil.rmtree(os.path.join(self.maildir, "cur"))
        self.run_it("--source-format", "courier", expect=1)
        self.assertEqual(self.carried(), {".": 3, ".Sent": 2, ".lists.dev": 2})

    # ---- folders come and go ------------------------------------------------------------------

    def test_folders_are_followed(self):
        self.run_it()
        shutil.rmtree(os.path.join(self.maildir, ".Sent"))
        os.rename(os.path.join(self.maildir, ".lists.dev"), os.path.join(self.maildir, ".archive"))
        self.subscribe("INBOX", "INBOX.archive")
        self.add(".Drafts", 1)
        self.own()
        self.run_it("--keep-expunged")
        self.assertEqual(self.carried(), {".": 3, ".Drafts": 1, ".Sent": 2, ".archive": 2,
                                          ".lists.dev": 2})
        self.assertIn("removed", self.run_it())
        self.assertEqual(self.carried(), {".": 3, ".Drafts": 1, ".archive": 2})
        self.assertNotIn(".Sent", os.listdir(self.target))
        with open(os.path.join(self.target, "subscriptions")) as f:
            self.assertEqual(f.read().split("\n"), ["V\t2", "", "INBOX", "archive", ""])
        self.assertIn("up to date", self.run_it())

    def test_testers_mail_stays_in_a_folder_that_went(self):
        self.run_it()
        shutil.rmtree(os.path.join(self.maildir, ".Sent"))
        write(os.path.join(self.target, ".Sent/cur/1300000000.M1P1.new:2,S"), "Subject: t\n\nt\n")
        self.own()
        self.run_it()
        self.assertEqual(self.carried(), {".": 3, ".Sent": 1, ".lists.dev": 2})

    def test_folder_without_cur_keeps_its_mail(self):
        self.run_it()
        shutil.rmtree(os.path.join(self.maildir, ".Sent/cur"))
        self.run_it(expect=1)
        self.assertEqual(self.carried(), {".": 3, ".Sent": 2, ".lists.dev": 2})

    def test_listed_folder_that_is_not_there(self):
        write(self.path("list"), "ann/Sent\nann/nowhere\nann/lists.dev\nann/INBOX\n")
        said = self.run_it("--folder-list", self.path("list"), expect=2)
        self.assertIn("nowhere", said)
        self.assertIn("there is no such folder in the Courier Maildir", said)
        self.assertEqual(self.carried(), {".": 3, ".Sent": 2, ".lists.dev": 2})


if __name__ == "__main__":
    MAILHAUL = sys.argv[1]
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
