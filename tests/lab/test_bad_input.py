#!/usr/bin/python3
"""What goes wrong on a real site: one account is odd, the others must not notice.

Each case says what an admin must read: one line, with the name of the thing, and why.
"""
import os
import socket
import subprocess
import unittest

import lab
import messages
import mbox_site
import sample_site
import servers

DONE, PARTLY, NOT_DONE, USAGE, BUSY, CONFIGURATION = 0, 1, 2, 64, 75, 78


class Case(unittest.TestCase):
    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        self.site = mbox_site.Site(self.work)
        generator = messages.Generator(11)
        for n, name in enumerate(("anna", "bert", "carl")):
            account = self.site.add(name, "small")
            for k, path in enumerate((account.inbox, os.path.join(account.folders, "Sent"))):
                mbox_site.write(path, sample_site.mbox(generator.mails(4), 1180000000 + 10 * n + k))
            self.site.settle(account)
        self.bert = self.site.accounts[1]
        self.target = lab.Target(self.site, self.work)

    def migrate(self, *more, **how):
        """A run that must leave the source as it is, and end by itself."""
        how.setdefault("timeout", 60)
        before = lab.snapshot(self.site.top, directory_times=False)
        done = self.target.migrate(*more, **how)
        after = lab.snapshot(self.site.top, directory_times=False)
        self.assertEqual(lab.changes(before, after), [])
        self.assertNotRegex(done.stderr, "AddressSanitizer|runtime error|CRITICAL|Segmentation")
        return done

    def messages(self, user, folder=""):
        path = os.path.join(self.target.maildirs, user, folder, "cur")
        return len(os.listdir(path)) if os.path.isdir(path) else None

    def assert_others_done(self):
        for user in ("anna", "carl"):
            self.assertEqual([self.messages(user), self.messages(user, ".Sent")], [4, 4], user)

    def assert_told(self, done, status, *words):
        """@done ended with @status and exactly one line of standard error has all @words."""
        self.assertEqual(done.returncode, status, lab.told(done))
        lines = [x for x in done.stderr.splitlines() if all(w in x for w in words)]
        self.assertEqual(len(lines), 1, "%s\n%s" % (words, lab.told(done)))

    def put(self, name, make):
        """Places something odd among bert's folders."""
        path = os.path.join(self.bert.folders, name)
        make(path)
        os.lchown(path, self.bert.user.uid, self.bert.user.gid)
        return path


def fifo(path):
    os.mkfifo(path, 0o600)


def sock(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.close()


def binary(path):
    mbox_site.write(path, bytes(range(256)) * 400)


ODD_FOLDERS = [
    ("a binary file", binary),
    ("a fifo", fifo),
    ("a socket", sock),
    ("a link to a secret", lambda path: os.symlink("/etc/shadow", path)),
    ("a link to nothing", lambda path: os.symlink("nowhere", path)),
    ("a directory", os.mkdir),
]


class OddFolder(Case):
    """Something that is no mbox is among the folders."""

    def test_listed_it_fails_its_account_only(self):
        for name, make in ODD_FOLDERS:
            with self.subTest(name):
                self.setUp()
                path = self.put("odd", make)
                self.target.folders = self.site.folder_list()
                with open(self.target.folders, "r+") as f:
                    if "bert/odd\n" not in f.read():
                        f.write("bert/odd\n")
                done = self.migrate()
                self.assert_told(done, NOT_DONE, "bert", "odd")
                self.assert_others_done()
                self.assertEqual([self.messages("bert"), self.messages("bert", ".Sent")], [4, 4])
                self.assertIn(self.messages("bert", ".odd"), (None, 0))
                self.assertTrue(os.path.lexists(path))

    def test_found_it_is_told_and_left_alone(self):
        for name, make in ODD_FOLDERS[:-1]:
            with self.subTest(name):
                self.setUp()
                self.put("odd", make)
                self.target.folders = False
                done = self.migrate("--verbose")
                self.assertIn(done.returncode, (DONE, PARTLY), lab.told(done))
                self.assertIn("odd", done.stdout + done.stderr)
                self.assert_others_done()
                self.assertEqual(self.messages("bert"), 4)
                self.assertIsNone(self.messages("bert", ".odd"))

    def test_no_secret_gets_out(self):
        """A user's link must not make root read for him, wherever it stands."""
        secret = os.path.join(self.work, "secret")
        mbox_site.write(secret, sample_site.mbox(messages.Generator(3).mails(2), 1180000099))
        os.chmod(secret, 0o600)
        self.put("odd", lambda path: os.symlink(secret, path))
        self.put("up", lambda path: os.symlink("..", path))
        os.unlink(self.bert.inbox)
        os.symlink(secret, self.bert.inbox)
        done = self.migrate()
        self.assertEqual(done.returncode, NOT_DONE, lab.told(done))
        self.assert_others_done()
        self.assertIn(self.messages("bert"), (None, 0))
        self.assertIn(self.messages("bert", ".odd"), (None, 0))


class OddInbox(Case):
    def check(self, make, *words):
        os.unlink(self.bert.inbox)
        make(self.bert.inbox)
        done = self.migrate()
        self.assert_told(done, NOT_DONE, "bert", *words)
        self.assert_others_done()
        self.assertEqual(self.messages("bert", ".Sent"), 4, "his other folders are carried")

    def test_directory(self):
        self.check(os.mkdir, "directory")

    def test_fifo(self):
        self.check(fifo, "regular file")

    def test_binary(self):
        self.check(lambda p: (binary(p), os.chown(p, self.bert.user.uid, self.bert.user.gid)), "mbox")

    def test_unreadable(self):
        os.chmod(self.bert.inbox, 0)
        done = self.migrate()
        self.assert_told(done, NOT_DONE, "bert", "Permission denied")
        self.assert_others_done()
        self.assertEqual(self.messages("bert", ".Sent"), 4)


class Lists(Case):
    """Lines that an admin got wrong: said with file and line; all other lines are used."""

    def check_users(self, line, *words):
        self.target.users = path = self.site.users_file()
        with open(path) as f:
            lines = f.read().splitlines()
        with open(path, "w") as f:
            f.write("\n".join([lines[0], line, lines[2]]) + "\n")
        self.assert_told(self.migrate(), NOT_DONE, path + ":2: ", *words)
        self.assert_others_done()

    def test_user_that_nobody_knows(self):
        self.check_users("no-such-user-here", "no-such-user-here")

    def test_user_with_a_way_out(self):
        self.check_users("../bert:x:1:1::/tmp:/bin/sh")

    def test_user_with_a_number_too_large(self):
        self.check_users("bert:x:4294967296:1::/tmp:/bin/sh", "4294967296")

    def check_folders(self, line, *words):
        self.target.folders = path = self.site.folder_list()
        with open(path) as f:
            right = f.read()
        with open(path, "w") as f:
            f.write(line + "\n" + right)
        self.assert_told(self.migrate(), NOT_DONE, path + ":1: ", *words)
        self.assert_others_done()
        self.assertEqual([self.messages("bert"), self.messages("bert", ".Sent")], [4, 4])

    def test_folder_with_a_way_out(self):
        self.check_folders("bert/../anna/mail/Sent")

    def test_folder_of_nobody(self):
        self.check_folders("just-a-word")

    def test_lists_that_are_not_there(self):
        for option in ("users", "folders"):
            with self.subTest(option):
                setattr(self.target, option, os.path.join(self.work, "absent"))
                done = self.migrate()
                self.assertEqual(done.returncode, CONFIGURATION, lab.told(done))
                self.assertEqual(len(done.stderr.splitlines()), 1, lab.told(done))
                self.assertIn(os.path.join(self.work, "absent"), done.stderr)

    def test_lists_that_have_no_end(self):
        for option in ("users", "folders"):
            with self.subTest(option):
                setattr(self.target, option, "/dev/zero")
                done = self.migrate()
                self.assertEqual(done.returncode, CONFIGURATION, lab.told(done))
                self.assertIn("'/dev/zero': it has no end, or is larger than", done.stderr)
        done = self.migrate("--config", "/dev/zero")
        self.assertEqual(done.returncode, CONFIGURATION, lab.told(done))
        self.assertIn("'/dev/zero': it has no end, or is larger than", done.stderr)


class CommandLine(Case):
    ROWS = [
        ("unknown option", ["migrate", "--no-such-option"], USAGE, "no-such-option"),
        ("unknown command", ["mirgate"], USAGE, "migrate"),
        ("nothing said", ["migrate"], USAGE, ""),
        ("bad choice", ["migrate", "--source-format", "maildirr"], USAGE, "maildirr"),
        ("unknown %", ["migrate", "--inbox", "/x/%q", "--maildir", "/y/%u"], USAGE, "%q"),
        ("no such configuration", ["migrate", "--config", "/nonexistent/m.conf"], CONFIGURATION,
         "/nonexistent/m.conf"),
    ]

    def test_usage(self):
        for name, arguments, status, word in self.ROWS:
            with self.subTest(name):
                done = lab.mailhaul(*arguments)
                self.assertEqual(done.returncode, status, lab.told(done))
                self.assertEqual(done.stdout, "")
                self.assertIn(word, done.stderr)
                self.assertLess(len(done.stderr.splitlines()), 4, done.stderr)

    def test_no_command(self):
        done = lab.mailhaul()
        self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
        self.assertIn("Usage: mailhaul", done.stderr)

    def test_bad_configuration(self):
        for name, text in (("not a key file", "what is this\n"),
                           ("unknown key", "[mailhaul]\ninbx=/x/%u\n"),
                           ("bad value", "[mailhaul]\njobs=many\n")):
            with self.subTest(name):
                path = os.path.join(self.work, "m.conf")
                mbox_site.write(path, text.encode())
                done = self.migrate("--config", path)
                self.assertEqual(done.returncode, CONFIGURATION, lab.told(done))
                self.assertEqual(len([x for x in done.stderr.splitlines() if path in x]), 1)


class Places(Case):
    def test_the_target_is_a_file(self):
        path = os.path.join(self.target.maildirs, "bert")
        mbox_site.write(path, b"not a folder\n")
        done = self.migrate()
        self.assert_told(done, NOT_DONE, "bert", path)
        self.assert_others_done()
        with open(path, "rb") as f:
            self.assertEqual(f.read(), b"not a folder\n")

    def test_the_target_is_a_link(self):
        elsewhere = os.path.join(self.work, "elsewhere")
        os.mkdir(elsewhere)
        os.symlink(elsewhere, os.path.join(self.target.maildirs, "bert"))
        done = self.migrate()
        self.assert_others_done()
        self.assertIn(done.returncode, (DONE, NOT_DONE), lab.told(done))
        if done.returncode == NOT_DONE:
            self.assertEqual(os.listdir(elsewhere), [])

    def test_no_mail_at_all(self):
        os.unlink(self.bert.inbox)
        lab.remove(self.bert.user.home)
        self.migrate()
        self.assert_others_done()

    @unittest.skipUnless(lab.IS_ROOT, "mounting takes root")
    def test_a_full_disk(self):
        """A file system of 160 KB: some account cannot be done, and says so; with room, the next
        run ends as if nothing had happened."""
        out = os.path.join(self.work, "out")
        script = (
            'mount -t tmpfs -o mode=755,size=160k lab "$1" || exit 99; target=$1; out=$2; shift 2\n'
            '"$@" >"$out.1" 2>"$out.2"; first=$?\n'
            'find "$target" -path "$target/*/tmp/*" >"$out.left"\n'
            'mount -o remount,size=50m lab "$target"; "$@" >&2; second=$?\n'
            'cp -a "$target" "$out"; echo $first $second\n')
        before = lab.snapshot(self.site.top, directory_times=False)
        command = [lab.MAILHAUL, "migrate"] + self.target.arguments()
        done = subprocess.run(servers.unshare("sh", "-c", script, "full", self.target.maildirs, out)
                              + command,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        after = lab.snapshot(self.site.top, directory_times=False)
        self.assertEqual(lab.changes(before, after), [])
        with open(out + ".2") as f:
            said = f.read()
        self.assertEqual(done.stdout.split(), [str(NOT_DONE), str(DONE)], said + done.stderr)
        self.assertIn("No space left on device", said)
        with open(out + ".left") as f:
            self.assertEqual(f.read(), "")
        for user in ("anna", "bert", "carl"):
            for folder in ("", ".Sent"):
                self.assertEqual(len(os.listdir(os.path.join(out, user, folder, "cur"))), 4)


if __name__ == "__main__":
    unittest.main()
