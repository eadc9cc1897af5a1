"""Courier accounts night after night: folders that vanish, a Maildir that is not mounted, runs that
have nothing to do. The Maildirs are made by hand; no server is needed.

    test_courier_nightly.py MAILHAUL [TEST...]
"""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import reflink

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

    def run_it(self, *more, expect=0, command="migrate", target=None, wrapper=(),
               state=None):
        own = () if command == "undo" else ("--inbox", "%h/Maildir")
        done = subprocess.run(
            [*wrapper, MAILHAUL, command, "--config", "/dev/null", "--users", self.path("users"),
             "--maildir", target or self.path("out/%u"), "--state",
             state or self.path("state"), *own,
             *more], capture_output=True, text=True, errors="replace",
            # What is traced cannot look for its leaks.
            env=dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "")
                     + ":detect_leaks=0") if wrapper else None)
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

    def test_link_says_what_it_had_to_copy(self):
        self.run_it("--transfer", "link", "--dry-run")
        said = self.run_it("--transfer", "link")
        self.assertNotIn("should be linked", said)
        links = not reflink.is_there(self.place)  # or else files of any mode share their blocks
        for number, (how, count) in enumerate((("link", int(links)), ("auto", 0), ("copy", 0))):
            said = self.run_it("--transfer", how, "--mode", "0666",
                               target=self.path("out/other%d" % number),
                               state=self.path("state%d" % number))
            self.assertEqual(said.count("should be linked had to be copied: 7 messages"), count, said)

    def test_link_to_what_has_gone(self):
        """A linked message has the mode of the source's file, also when the source is rid of it."""
        for path in glob.glob(os.path.join(self.maildir, "cur/*")):
            os.chmod(path, 0o644)
        self.run_it()
        self.settle()
        os.remove(os.path.join(self.maildir, "cur/1000000002.M1P1.inbox:2,S"))
        self.assertIn("newer-at-source", self.run_it(command="verify", expect=1))
        self.run_it("--keep-expunged")
        self.assertNotIn("mode", self.run_it("--keep-expunged", command="verify"))
        path = os.path.join(self.target, "cur/1000000001.M1P1.inbox:2,S")
        os.rename(path, path + ".old")               # no link any more
        shutil.copyfile(path + ".old", path)
        os.remove(path + ".old")
        self.own()
        self.assertIn("another mode", self.run_it(command="verify", expect=2))

    def test_keyword_table_gets_another_second(self):
        """By that an open session of Dovecot's knows that there are new letters."""
        def keyword(word, number):
            write(os.path.join(self.maildir, "courierimapkeywords/:list"),
                  word + "\n\n%s:0\n" % self.folders["."][number])
            self.own()
        keyword("first", 0)
        self.run_it()
        table = os.path.join(self.target, "dovecot-keywords")
        ahead = int(time.time()) + 5                 # two were written within one second
        os.utime(table, (ahead, ahead))
        keyword("second", 1)
        self.run_it()
        with open(table, encoding="utf-8") as f:
            self.assertIn("second", f.read())
        self.assertEqual(os.stat(table).st_mtime, ahead + 1)

    def list_pop3(self, count, first=1):
        write(os.path.join(self.maildir, "courierpop3dsizelist"),
              "/3 %d %d\n" % (first + count, VALIDITY) + "".join(
                  "%s:2,S 20 %d:%d:0\n" % (self.folders["."][n], first + n, VALIDITY)
                  for n in range(count)))

    def uidls(self):
        """{UID: UIDL} as a server tells them that makes them like Courier."""
        with open(os.path.join(self.target, "dovecot-uidlist"), encoding="utf-8") as f:
            lines = [x.split(" :")[0].split() for x in f.read().splitlines()[1:]]
        return {int(x[0]): next((y[1:] or "name" for y in x[1:] if y[0] == "P"),
                                "UID%s-%d" % (x[0], VALIDITY)) for x in lines}

    def server_gets(self, uid):
        """The new server has listed mail of its own."""
        name = "1300000000.M%dP1.new" % uid
        write(os.path.join(self.target, "cur", name + ":2,"), "Subject: t\n\nt\n")
        path = os.path.join(self.target, "dovecot-uidlist")
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"\A(3 V\d+) N\d+", r"\1 N%d" % (uid + 1), f.read())
        write(path, text + "%d :%s\n" % (uid, name))
        write(os.path.join(self.target, "dovecot.index.log"), "")
        self.own()
        return os.path.join(self.target, "cur", name + ":2,")

    def no_uidl_twice(self, first=(), more=()):
        """Mail of the new server has the UIDL that the old one has given to a newcomer."""
        self.list_pop3(3)
        self.own()
        self.run_it(*first)
        os.remove(self.server_gets(7))               # the next UID was raised, for POP3's sake
        tester = self.server_gets(8)
        for first, last in ((4, 8), (9, 21)):        # 8 gets the UID that 21 comes for
            self.add(".", last - first + 1, first)
            self.list_pop3(last)
            self.own()
            self.assertIn("could not keep their UID", self.run_it(*more, expect=1))
        seen = self.uidls()
        self.assertEqual(len(set(seen.values())), len(seen), seen)
        # Clients of the old server have seen the newcomer: they shall not take the other for it.
        self.assertEqual((seen[8], seen[21]), ("name", "UID21-%d" % VALIDITY))
        self.assertNotIn("damage:", self.run_it(command="verify", expect=1))
        self.assertIn("up to date", self.run_it(*more))
        return tester

    def test_no_uidl_twice(self):
        os.remove(self.no_uidl_twice())              # and now all are free
        self.run_it()
        self.assertEqual(sorted(self.uidls().values()),
                         sorted("UID%d-%d" % (n, VALIDITY) for n in range(1, 22)))
        self.run_it(command="verify", expect=1)

    def test_no_uidl_twice_unknown(self):
        """The old server has not told the newcomer's UIDL yet: who knows it knows the other mail."""
        self.list_pop3(3)
        self.own()
        self.run_it("--final")
        self.server_gets(7)
        self.add(".", 4, 4)
        self.own()
        self.run_it("--late", expect=1)
        seen = self.uidls()
        self.assertEqual(len(set(seen.values())), len(seen), seen)
        self.assertEqual(seen[7], "UID7-%d" % VALIDITY)

    def test_no_uidl_twice_other_numbers(self):
        """The POP3 server's numbers are not the UIDs."""
        self.list_pop3(3, 3)
        self.own()
        self.run_it()
        self.server_gets(9)
        self.add(".", 4, 4)
        self.list_pop3(7, 3)
        self.own()
        self.run_it(expect=1)
        seen = self.uidls()
        self.assertEqual(len(set(seen.values())), len(seen), seen)
        self.assertEqual(seen[9], "name")
        self.assertNotIn("damage:", self.run_it(command="verify", expect=1))

    def test_no_uidl_twice_late(self):
        self.no_uidl_twice(["--final"], ["--late"])

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


    # ---- nothing to do ------------------------------------------------------------------------

    def settle(self):
        """What was just changed is read again: see watch.h."""
        time.sleep(0.25)

    def traced(self, **how):
        """What a run says, and the files and directories that it has opened below the home and the
        target; whether it has started a worker."""
        trace = self.path("trace")
        said = self.run_it("--verbose", wrapper=("strace", "-f", "-qq", "-e", "trace=open,openat,"
                           "openat2,getdents64,fork,vfork,clone,clone3", "-y", "-o", trace), **how)
        with open(trace, errors="replace") as f:
            lines = [line for line in f if " = -1 " not in line]
        opened = [line for line in lines if re.search(r"open(at2?)?\(", line) and "O_PATH" not in line
                  and re.search(r"home/ann/Maildir/|out/ann/", line)]
        listed = [line for line in lines if "getdents64" in line and re.search("/(cur|new)>", line)]
        workers = [line for line in lines if re.search(r"\b(fork|vfork|clone3?)\(", line)
                   and "CLONE_THREAD" not in line]
        return said, opened, listed, workers

    def test_nothing_changed(self):
        write(os.path.join(self.maildir, "courierimapkeywords/:list"),
              "work\n\n%s:0\n" % self.folders["."][0])
        write(os.path.join(self.maildir, "courierpop3dsizelist"), "/3 1 %d\n" % VALIDITY)
        write(os.path.join(self.maildir, ".Sent/courierimapacl"), "owner aceilrstwx\nanyone lr\n")
        write(os.path.join(self.maildir, "maildirsize"), "1000000S\n")
        write(os.path.join(self.maildir, "loginexec"), "#!/bin/sh\n")
        self.own()
        self.settle()
        self.run_it()
        before = self.tree()
        self.settle()
        said, opened, listed, _ = self.traced()     # the subscriptions were too young to tell
        self.assertIn("up to date", said)
        self.assertEqual(listed, [])
        self.assertEqual([x for x in opened if re.search("/(cur|new)|uid|keywords|sizelist", x)], [])
        for _ in range(2):
            said, opened, listed, workers = self.traced()
            self.assertIn("up to date", said)
            self.assertEqual((opened, listed, workers), ([], [], []))
        self.assertEqual(self.tree(), before)

    def changes(self):
        """[what, how]: everything that is carried, changed as Courier and users do it."""
        def at(*parts):
            return os.path.join(self.maildir, *parts)

        def replace(path, text):
            write(path + ".aside", text)
            os.rename(path + ".aside", path)

        base = self.folders[".Sent"][0]
        return [
            ("mail delivered", lambda: write(at("new/1400000000.M1P1.x"), "Subject: n\n\nn\n")),
            ("mail in a folder", lambda: write(at(".Sent/cur/1400000000.M2P1.x:2,"), "S: n\n\nn\n")),
            ("a flag", lambda: os.rename(at(".Sent/cur", base + ":2,S"),
                                         at(".Sent/cur", base + ":2,FS"))),
            ("mail expunged", lambda: os.remove(at("cur", self.folders["."][2] + ":2,S"))),
            ("a keyword", lambda: write(at(".Sent/courierimapkeywords", base), "later\n")),
            ("keywords merged", lambda: replace(at(".Sent/courierimapkeywords/:list"),
                                                "urgent\n\n%s:0\n" % self.folders[".Sent"][1])),
            ("a UID list", lambda: replace(at(".lists.dev/courierimapuiddb"), "1 %d 9\n"
                                           % (VALIDITY + 5))),
            ("UIDLs", lambda: replace(at("courierpop3dsizelist"), "/3 9 %d\n%s 20 5:%d:0\n" % (
                VALIDITY, self.folders["."][0] + ":2,S", VALIDITY))),
            ("a subscription", lambda: replace(at("courierimapsubscribed"), "INBOX\n")),
            ("an access list", lambda: replace(at(".Sent/courierimapacl"),
                                               "owner aceilrstwx\nuser=bob lr\n")),
            ("a folder", lambda: self.add(".fresh", 1)),
            ("an empty folder", lambda: self.add(".hollow", 0)),
            ("a folder that has gone", lambda: shutil.rmtree(at(".fresh"))),
            ("a folder renamed", lambda: os.rename(at(".hollow"), at(".hall"))),
        ]

    def test_every_change_is_seen(self):
        self.run_it()
        for what, change in self.changes():
            with self.subTest(what):
                self.settle()
                self.run_it()
                self.assertEqual(self.traced()[3], [], "it was not at rest")
                before = self.tree()
                change()
                self.own()
                self.assertNotEqual(self.traced(expect=0)[3], [], "not looked at")
                self.assertNotEqual(self.tree(), before)
        # And where the state directory has been lost, the same comes out.
        end = self.tree()
        shutil.rmtree(self.path("state"))
        self.run_it()
        self.assertEqual(self.tree(), end)

    def test_change_at_the_target_is_seen(self):
        self.run_it()
        self.settle()
        self.run_it()
        os.rename(os.path.join(self.target, ".Sent/cur", self.folders[".Sent"][0] + ":2,S"),
                  os.path.join(self.target, ".Sent/cur", self.folders[".Sent"][0] + ":2,FS"))
        self.assertNotEqual(self.traced()[3], [])

    def test_change_within_the_tick_is_seen(self):
        """A run that comes at once after a change does not believe the clock."""
        for n in range(5):
            self.run_it()
            write(os.path.join(self.maildir, "cur/15%08d.M1P1.x:2," % n), "Subject: q\n\nq\n")
            self.own()
            self.run_it()
            self.assertEqual(self.carried()["."], 4 + n)

    def test_rights_that_were_taken_back(self):
        """Whose list it is that the target has cannot be known, so it stays and is said."""
        at, said = ".Sent/courierimapacl", "the source has none: it stays: '.Sent'"
        list_there = os.path.join(self.target, ".Sent/dovecot-acl")
        for last, command in (("owner aceilrstwx\n", "migrate"), (None, "check")):
            write(os.path.join(self.maildir, at), "owner aceilrstwx\nuser=bob lr\n")
            self.own()
            self.assertNotIn(said, self.run_it())
            self.run_it(command="verify")
            os.unlink(os.path.join(self.maildir, at))
            if last is not None:
                write(os.path.join(self.maildir, at), last)
            self.own()
            self.assertIn(said, self.run_it(command=command, expect=1))
            self.assertIn(said, self.run_it(expect=1))
            time.sleep(0.2)
            self.assertIn(said, self.run_it(expect=1))
            self.assertIn("nothing at the source, 'user=bob lr'",
                          self.run_it(command="verify", expect=2))
            os.unlink(list_there)
            self.assertNotIn(said, self.run_it())
            self.run_it(command="verify")

    def test_the_other_server(self):
        """What is made for one server is not written on for the other: Courier would number anew
        what it has no list for."""
        self.add(".Entwürfe", 1)
        self.own()
        dovecot, courier = ("--server", "dovecot"), ("--server", "courier")
        for subscribed in ("INBOX.Sent",), ():
            self.subscribe(*subscribed)
            self.own()
            for first, then, says in ((dovecot, courier, "for Dovecot: "),
                                      (courier, dovecot, "for Courier: ")):
                with self.subTest(first=first, subscribed=subscribed):
                    self.run_it(*first)
                    before = self.tree()
                    self.assertIn(says, self.run_it(*then, expect=2))
                    self.assertIn(says, self.run_it(*then, expect=2, command="check"))
                    self.assertEqual(self.tree(), before)
                    self.run_it(*first)
                    self.assertEqual(self.tree(), before)
                    shutil.rmtree(self.target)
        self.run_it(*dovecot)
        write(os.path.join(self.target, "new/1.theirs"), "Subject: theirs\n\n")
        self.own()
        self.run_it("ann", command="undo")
        self.run_it(*courier)
        self.assertEqual(self.carried(), {".": 3, ".Entwürfe": 1, ".Sent": 2, ".lists.dev": 2})

    def test_the_source_is_copied_without_its_times(self):
        """A message keeps the date with which it was carried, and verify knows why it differs."""
        for transfer in "copy", "link":
            with self.subTest(transfer):
                for folder, _, names in os.walk(self.maildir):
                    for name in names:
                        os.utime(os.path.join(folder, name), (1000000000, 1000000000))
                        os.chmod(os.path.join(folder, name), 0o600)
                self.run_it("--transfer", transfer)
                before = self.tree()
                time.sleep(2)
                shutil.copytree(self.maildir, self.path("copied"), copy_function=shutil.copyfile)
                shutil.rmtree(self.maildir)
                os.rename(self.path("copied"), self.maildir)
                self.own()
                self.run_it("--transfer", transfer)
                self.assertEqual(self.tree().keys(), before.keys())
                said = self.run_it(command="verify")
                self.assertIn("7 messages, 0 the same", said)
                path = os.path.join(self.target, ".Sent/cur", self.folders[".Sent"][0] + ":2,S")
                self.assertEqual(os.stat(path).st_mtime, 1000000000)
                os.utime(path, (1100000000, 1100000000))          # which is another matter
                os.utime(path.replace(self.target, self.maildir), (1200000000, 1200000000))
                self.assertIn("1 DAMAGED", self.run_it(command="verify", expect=2))
                shutil.rmtree(self.target)

    def test_in_place_comes_to_rest(self):
        """Its own renaming must not look like a change of the source for ever."""
        write(os.path.join(self.maildir, "courierimapkeywords/:list"),
              "work\n\n%s:0\n" % self.folders["."][0])
        self.add(".\u00fcber", 1)
        self.own()
        self.settle()
        here = self.path("home/%u/Maildir")
        self.run_it(target=here)
        for _ in range(2):
            self.settle()
            self.run_it(target=here)
        before = self.tree(self.maildir)
        said, opened, listed, workers = self.traced(target=here)
        self.assertEqual((opened, listed, workers), ([], [], []), said)
        self.assertEqual(self.tree(self.maildir), before)
        write(os.path.join(self.maildir, ".&APw-ber/new/1400000000.M1P1.x"), "Subject: n\n\nn\n")
        self.own()
        self.assertNotEqual(self.traced(target=here)[3], [])

    # ---- to Courier ---------------------------------------------------------------------------

    def test_files_sort_as_the_mbox_did(self):
        """Courier's POP3 server goes by the number that a name begins with, then by the name."""
        def mail(years):
            return "".join("From a@b Sat Jan  1 00:00:00 %d\nSubject: %d\n\nx\n\n" % (year, year)
                           for year in years)

        def order():
            names = sorted(os.listdir(os.path.join(self.target, "cur")),
                           key=lambda name: int(name.split(".")[0]))
            found = []
            for name in names:
                with open(os.path.join(self.target, "cur", name)) as f:
                    found.append(int(re.search("Subject: ([0-9]+)", f.read()).group(1)))
            self.assertEqual(len({name.split(".")[0] for name in names}), len(names))
            return found

        years = [2010, 2004, 2004, 2020, 2005]
        for more in ([], [2019, 2001, 2030]):
            years += more
            write(self.path("spool/ann"), mail(years))
            if ROOT:
                os.chown(self.path("spool/ann"), UID, UID)
            options = ("--inbox", self.path("spool/%u"), "--server", "courier")
            self.run_it(*options)
            self.assertEqual(order(), years)
            self.run_it(*options, command="verify")

    # ---- the last run -------------------------------------------------------------------------

    def test_final_run_sees_a_change_under_it(self):
        """Whatever the old server changes meanwhile keeps the account open."""
        for what in ("cur/1400000000.M1P1.x:2,", "courierimapuiddb", "courierpop3dsizelist",
                     "courierimapkeywords/1000000001.M1P1.inbox", "courierimapsubscribed",
                     ".Sent/courierimapkeywords/:list", ".new/cur/1.M1P1.x:2,"):
            with self.subTest(what):
                self.run_it()
                # enough mail that there is time to change something
                self.add(".big", 2000, first=len(self.folders.get(".big", [])) + 1)
                self.own()
                self.change_meanwhile(os.path.join(self.maildir, what))

    def test_final_in_place_sees_a_change_under_it(self):
        """What comes between the folder's turn and the end of the run keeps the account open."""
        def inbox(*parts):
            return os.path.join(self.maildir, *parts)

        here = ("--inbox", "%h/Maildir", "--maildir", self.path("home/%u/Maildir"))
        ways = [lambda: write(inbox("cur/1400000000.M1P1.x:2,"), "Subject: n\n\nn\n"),
                lambda: write(inbox("new/1400000001.M1P1.x"), "Subject: n\n\nn\n"),
                lambda: os.rename(glob.glob(inbox("cur/1000000001.*"))[0],
                                  inbox("cur/1000000001.M1P1.inbox:2,FS")),
                lambda: os.remove(glob.glob(inbox("cur/1000000002.*"))[0]),
                lambda: write(inbox("courierimapkeywords/1000000003.M1P1.inbox"), "work\n")]
        for n, change in enumerate(ways):
            with self.subTest(n):
                self.add(".Sent", 1, first=len(self.folders[".Sent"]) + 1)
                self.own()
                said = self.final_held_up(here, change)
                self.assertIn("the source changed during the last run: '", said)
        self.run_it("--final", target=here[-1])
        self.assertIn("closed", self.run_it(expect=2, target=here[-1]))

    def test_another_final_run_reads_what_could_not_be_read(self):
        """A list that was none closes the account; once it is one, it is carried."""
        for name, spoil, clear in (("courierimapsubscribed", os.mkdir, os.rmdir),
                                   ("courierimapkeywords", lambda path: write(path, "x"),
                                    os.remove)):
            with self.subTest(name):
                path, good = os.path.join(self.maildir, name), self.path("good-" + name)
                if os.path.exists(path):
                    os.rename(path, good)
                spoil(path)
                self.own()
                self.run_it("--final", expect=1)
                self.assertIn("closed", self.run_it(expect=2))
                clear(path)
                if os.path.exists(good):
                    os.rename(good, path)
                self.own()
                self.run_it("--final")
                self.assertIn("up to date", self.run_it("--final"))
                self.assertIn("closed", self.run_it(expect=2))
                self.run_it("--reopen")

    def test_late_mail_whose_name_sorts_first(self):
        """What had no UID of the server's yet has another one when such mail comes."""
        def arrive(second):
            write(os.path.join(self.maildir, "new/14000000%02d.M1P1.x" % second),
                  "Subject: %d\n\nb\n" % second)
            self.own()
        arrive(5)
        self.run_it("--final")
        for second in (4, 6, 1):          # that UID may be given by now, but no client has seen it
            arrive(second)
            self.assertIn("1 message carried", self.run_it("--late"))
        self.assertIn("0 messages carried", self.run_it("--late"))
        names = "".join(os.listdir(os.path.join(self.target, "new")))
        for second in (1, 4, 5, 6):
            self.assertEqual(names.count("14000000%02d.M1P1.x" % second), 1)

    def test_the_final_run_tells_all_keywords(self):
        """What the nights before have told may be about other UIDs."""
        def told():
            scripts = sorted(glob.glob(self.path("state/keywords-*.sh")))
            if not scripts:
                return []
            with open(scripts[0]) as f:
                lines = f.readlines()
            os.remove(scripts[0])
            return sorted(re.search(r"'(kw\d+)' mailbox '(.*)' uid (.*)$", x).groups() for x in lines)
        self.add_keywords(30)
        self.run_it(expect=1)
        self.assertEqual(len(told()), 4)
        self.run_it(expect=1)
        self.assertEqual(told(), [])
        write(os.path.join(self.maildir, "courierimapuiddb"), "1 %d 1\n" % (VALIDITY + 1))
        self.own()
        time.sleep(0.2)
        self.run_it(expect=1)
        again = told()
        self.assertEqual(len(again), 4)
        self.run_it("--final", expect=1)
        self.assertEqual(told(), again)

    def add_keywords(self, count):
        """So many of them, shared out among the messages of the INBOX."""
        names = ["kw%02d" % n for n in range(count)]
        for first in range(3):
            write(os.path.join(self.maildir, "courierimapkeywords/100000000%d.M1P1.inbox" %
                               (first + 1)), "".join(n + "\n" for n in names[first::3]))
        self.own()
        time.sleep(0.2)

    def test_keywords_that_cannot_be_written_down_are_told_again(self):
        """An account whose commands are lost stays open."""
        self.add_keywords(30)
        os.makedirs(self.path("state"), exist_ok=True)
        in_the_way = [self.path("state", time.strftime("keywords-%Y%m%dT%H%M%SZ.sh", time.gmtime(t)))
                      for t in range(int(time.time()), int(time.time()) + 120)]
        for path in in_the_way:
            os.mkdir(path)
        self.assertIn("cannot write the keywords", self.run_it("--final", expect=2))
        for path in in_the_way:
            os.rmdir(path)
        self.assertNotIn("cannot write", self.run_it("--final", expect=1))
        with open(glob.glob(self.path("state/keywords-*.sh"))[0], encoding="ascii") as f:
            self.assertEqual(f.read().count("doveadm flags add"), 4)
        self.assertIn("closed", self.run_it(expect=2))

    def final_held_up(self, where, change):
        """A final run that waits for a server's lock on Sent while @change happens to the INBOX,
        whose turn is over."""
        lock = os.path.join(self.maildir, ".Sent/dovecot-uidlist.lock")
        write(lock, "%d:%s" % (os.getpid(), socket.gethostname()))
        self.own_path(lock)
        process = subprocess.Popen(
            [MAILHAUL, "migrate", "--config", "/dev/null", "--users", self.path("users"), *where,
             "--state", self.path("state"), "--final"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(1)
        self.assertIsNone(process.poll())
        change()
        self.own()
        os.remove(lock)
        said = process.communicate()[0]
        self.assertEqual(process.returncode, 2, said)
        return said

    def test_in_place_another_name_map(self):
        """Names are given, given otherwise and given back: Courier has its folders as they were."""
        here = os.path.join(self.home, "Maildir")
        maps = ("Sent = Sent 2\n", "Sent = lists/dev\nlists/dev = Sent\n",
                "Sent = lists/dev\nlists/dev = old\n", "")
        before = {path: text for path, text in self.tree(here).items() if "/cur" in path}
        for chosen in ((0, 3), (2, 3), (2, 0), (0, 2, 3), (2, 1)):
            with self.subTest(chosen):
                for number in chosen:
                    write(self.path("names"), maps[number].replace("Sent =", "*/Sent =")
                          .replace("lists/dev =", "*/lists/dev ="))
                    self.run_it("--name-map", self.path("names"), target="%h/Maildir")
                self.run_it("ann", command="undo", target="%h/Maildir")
                self.assertEqual({path: text for path, text in self.tree(here).items()
                                  if "/cur" in path}, before)
                self.assertFalse(os.path.exists(os.path.join(here, "mailhaul.folders")))

    def test_in_place_mail_leaves_new_with_its_uid(self):
        """Courier gives what is listed and in new/ another UID; but what has keywords goes to cur/,
        and there Courier's clients see it under the listed one."""
        here = self.path("home/%u/Maildir")
        write(os.path.join(self.maildir, "new/1000000002.M1P1.inbox"), "Subject: 2\n\nbody 2\n")
        os.remove(os.path.join(self.maildir, "cur/1000000002.M1P1.inbox:2,S"))
        write(os.path.join(self.maildir, "courierimapkeywords/1000000002.M1P1.inbox"), "work\n")
        self.own()
        lists = []
        for _ in range(2):
            self.run_it(target=here)
            with open(os.path.join(self.maildir, "dovecot-uidlist")) as f:
                lists.append(re.findall(r"^(\d+) .*:(\d+)", f.read(), re.M))
        self.assertEqual(lists[0], [("1", "1000000001"), ("2", "1000000002"), ("3", "1000000003")])
        self.assertEqual(lists[0], lists[1])
        self.assertEqual(os.listdir(os.path.join(self.maildir, "new")), [])

    def serve(self, gone, came):
        """What Dovecot does in the INBOX, once it is its own: mail @gone goes, @came is appended."""
        path = os.path.join(self.maildir, "dovecot-uidlist")
        with open(path) as f:
            head, *lines = f.read().splitlines()
        uidnext = int(re.search(r" N(\d+)", head).group(1))
        for name in gone:
            os.remove(glob.glob(os.path.join(self.maildir, "*", name + "*"))[0])
            lines = [line for line in lines if not line.endswith(":" + name)]
        for n, (name, letters) in enumerate(came):
            write(os.path.join(self.maildir, "cur", name + ":2,S" + letters), "Subject: own\n\nx\n")
            lines.append("%d W18 :%s" % (uidnext + n, name))
        write(path, "\n".join([head.replace(" N%d" % uidnext, " N%d" % (uidnext + len(came))),
                               *lines, ""]))
        write(os.path.join(self.maildir, "dovecot.index.log"), "")
        write(os.path.join(self.maildir, "dovecot-keywords"), "0 one\n1 two\n")
        self.own()

    def test_in_place_again_when_it_was_served(self):
        """What Courier has never listed was numbered for the new server. When that has been at work,
        Courier would number the rest otherwise; but clients know the numbers of the new server."""
        here = self.path("home/%u/Maildir")
        validity = VALIDITY + 5
        names = self.folders["."]
        late = ["110000000%d.M1P1.late" % n for n in range(3)]
        for name in late:
            write(os.path.join(self.maildir, "new", name), "Subject: late\n\nx\n")
        for listed in (True, False):
            with self.subTest(listed):
                write(os.path.join(self.maildir, "courierpop3dsizelist"),
                      "/3 4 %d\n" % validity + "".join("%s:2,S 30 %d:%d:0\n" % (name, n, validity)
                                                      for n, name in enumerate(names, 1)))
                if not listed:                  # of POP3 clients alone
                    self.run_it("ann", command="undo", target=here, expect=1)
                    os.remove(os.path.join(self.maildir, "courierimapuiddb"))
                self.own()
                self.run_it(target=here)
                own = [("120000000%d.M1P1.own%d" % (n, listed), "b") for n in range(2)]
                self.serve([late.pop(0)], own)
                before = self.tree(self.maildir)
                self.run_it(target=here)
                self.assertEqual(self.told_of(self.tree(self.maildir)), self.told_of(before))
                last = "130000000%d.M1P1.last" % listed
                write(os.path.join(self.maildir, "new", last), "Subject: last\n\nx\n")
                self.own()
                uidnext = int(re.search(rb"N(\d+)", before["dovecot-uidlist"]).group(1))
                self.run_it(target=here)
                after = self.told_of(self.tree(self.maildir))
                self.assertEqual(after.pop(last), (uidnext, None, "new/" + last))
                self.assertEqual(after, self.told_of(before))
                os.remove(os.path.join(self.maildir, "new", last))

    def test_in_place_again_under_another_validity(self):
        """The new server has come to a conversion that was killed: of its numbers none will stay."""
        here = self.path("home/%u/Maildir")
        late = "1100000000.M1P1.late"
        write(os.path.join(self.maildir, "new", late), "Subject: late\n\nx\n")
        write(os.path.join(self.maildir, "courierpop3dsizelist"), "/3 4 7\n")
        self.own()
        self.run_it(target=here)
        before = self.told_of(self.tree(self.maildir))
        self.assertEqual(before[late], (4, "UID7-7", "new/" + late))
        write(os.path.join(self.maildir, "dovecot-uidlist"), "3 V1200000000 N9\n" + "".join(
            "%d :%s\n" % row for row in enumerate([late, *self.folders["."]], 5)))
        write(os.path.join(self.maildir, "dovecot.index.log"), "")
        self.own()
        self.run_it(target=here)
        self.assertEqual(self.told_of(self.tree(self.maildir)), before)

    def test_in_place_again_when_folders_were_served(self):
        """A folder that the new server has made or renamed keeps its name; what is in the first one
        Courier knows nothing of."""
        here = self.path("home/%u/Maildir")
        self.add(".\u00fcber", 1)               # as Courier writes names since 5.0
        self.own()
        self.run_it(target=here)
        made, renamed = (os.path.join(self.maildir, name) for name in (".B&APw-ro", ".M&AOQ-rz"))
        os.rename(os.path.join(self.maildir, ".lists.dev"), renamed)
        for part in ("new", "tmp"):
            os.makedirs(os.path.join(made, part))
        write(os.path.join(made, "maildirfolder"), "")
        write(os.path.join(made, "cur/1200000000.M1P1.own:2,Sa"), "Subject: own\n\nx\n")
        write(os.path.join(made, "dovecot-uidlist"), "3 V1200000000 N3\n2 :1200000000.M1P1.own\n")
        write(os.path.join(made, "dovecot-keywords"), "0 one\n")
        self.own()
        before = self.tree(self.maildir)
        for more in ((), ("--final",)):
            self.run_it(*more, target=here)
            self.assertEqual(self.tree(self.maildir), before)
        said = self.run_it("--verbose", command="check", target=here)
        self.assertIn("a folder of the new server's own", said)

    def told_of(self, tree):
        """{base name: (UID, UIDL, file)} of the INBOX."""
        files = {os.path.basename(path).split(":")[0]: path for path in tree
                 if path.startswith(("cur/", "new/"))}
        told = {}
        for line in tree["dovecot-uidlist"].decode().splitlines()[1:]:
            fields, name = line.split(" :")
            uidl = re.search(r" P(\S+)", fields)
            if name in files:
                told[name] = (int(fields.split()[0]), uidl and uidl.group(1), files[name])
        return told

    def test_in_place_unlisted_mail_keeps_its_place(self):
        """Courier numbers by names what it has not listed; one of those is another name at once."""
        here = self.path("home/%u/Maildir")
        for name in ("1100000000.odd.x,W=7", "1100000000.M1P1.x"):
            path = os.path.join(self.maildir, "new", name)
            write(path, "Subject: n\n\nn\n")
            os.utime(path, (1100000000, 1100000000))
        self.own()
        self.run_it("--final", target=here)
        before = self.tree(self.maildir)
        self.assertEqual([name.split(".")[1][:1] for name, row in
                          sorted(self.told_of(before).items(), key=lambda item: item[1])],
                         ["M", "M", "M", "M", "H"])
        shutil.rmtree(self.path("state"))
        self.run_it(target=here)
        self.assertEqual(self.tree(self.maildir), before)
        self.run_it(command="verify", target=here)

    def test_in_place_without_subscriptions_and_back(self):
        """A list without names is carried as one, and goes as well."""
        here = self.path("home/%u/Maildir")
        self.subscribe()
        self.own()
        before = self.tree(self.maildir)
        self.run_it(target=here)
        self.assertIn("subscriptions", self.tree(self.maildir))
        self.run_it("ann", command="undo", target=here)
        self.assertEqual(self.tree(self.maildir), before)

    def test_in_place_subscription_that_courier_has_got(self):
        """Courier goes on without undo, and shows folders as their directories are called now."""
        here = self.path("home/%u/Maildir")
        self.add(".\u00fcber", 1)
        self.own()
        self.run_it(target=here)
        self.subscribe("INBOX", "INBOX.&APw-ber")
        self.own()
        self.assertNotIn("does not exist", self.run_it("--verbose", target=here))
        self.assertEqual(self.tree(self.maildir)["subscriptions"], b"V\t2\n\nINBOX\n&APw-ber\n")

    def test_in_place_renamed_mail_that_courier_has_seen(self):
        """Courier goes on without undo: IMAP and POP3 servers each write their list again, with the
        name that the file has now, when a client comes."""
        here = self.path("home/%u/Maildir")
        old = "1100000000.odd.x,W=7"
        path = os.path.join(self.maildir, "cur", old + ":2,S")
        write(path, "Subject: n\n\nn\n")
        os.utime(path, (1100000000, 1100000000))
        uiddb, sizes = (os.path.join(self.maildir, name)
                        for name in ("courierimapuiddb", "courierpop3dsizelist"))
        names = [*self.folders["."], old]
        def lists(imap, pop3):
            write(uiddb, "1 %d 9\n" % VALIDITY + "".join(
                "%d %s\n" % row for row in enumerate([*names[:3], imap], 5)))
            write(sizes, "/3 40 7\n" + "".join("%s:2,S 30 %d:7:0\n" % (name, n) for n, name
                                              in enumerate([*names[:3], pop3], 31)))
            self.own()
        lists(old, old)
        self.run_it(target=here)
        before = self.told_of(self.tree(self.maildir))
        new = [name for name in before if "mailhaul" in name][0]
        self.assertEqual(before[new][:2], (8, "UID34-7"))
        for imap, pop3 in ((old, new), (new, old), (new, new)):
            with self.subTest((imap, pop3)):
                lists(imap, pop3)
                self.run_it(target=here)
                self.assertEqual(self.told_of(self.tree(self.maildir)), before)
                self.run_it(command="verify", target=here)

    def change_meanwhile(self, path):
        process = subprocess.Popen(
            [MAILHAUL, "migrate", "--config", "/dev/null", "--users", self.path("users"), "--inbox",
             "%h/Maildir", "--maildir", self.path("out/%u"), "--state", self.path("state"),
             "--transfer", "copy", "--final"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        build = os.path.join(self.target, "mailhaul.build")
        while process.poll() is None and not os.path.isdir(build):
            time.sleep(0.001)
        os.killpg(process.pid, signal.SIGSTOP)
        text = {"courierimapuiddb": "1 %d 99\n" % VALIDITY, ":list": "work\n\n",
                "courierpop3dsizelist": "/3 1 5\n", "courierimapsubscribed": "INBOX.x\n"}
        write(path, text.get(os.path.basename(path), "work\n"))
        self.own_path(path)
        os.killpg(process.pid, signal.SIGCONT)
        said = process.communicate()[0]
        self.assertEqual(process.returncode, 2, said)
        self.assertIn("the source changed during the last run", said)

    def own_path(self, path):
        while ROOT and len(path) > len(self.maildir):
            os.lchown(path, UID, UID)
            path = os.path.dirname(path)


if __name__ == "__main__":
    MAILHAUL = sys.argv[1]
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
