"""Carried to Courier, which then serves the target night after night. What it does there is done by
hand; no server is needed.

    test_courier_serves.py MAILHAUL [TEST...]
"""
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
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

    def test_undo_says_what_it_does_not(self):
        self.migrate()
        before = self.tree()
        said = self.run_it("ann", command="undo", expect=2)
        self.assertRegex(said, "'.' in '.*' is a Maildir for Courier: nothing is removed from it")
        self.assertEqual(self.tree(), before)

    def test_last_keyword_goes(self):
        one = self.folders["."][0]
        self.write(self.maildir, "courierimapkeywords/:list", "work\n\n%s:0\n" % one)
        self.migrate()
        self.assertEqual(self.keywords(), {one: {"work"}})
        os.remove(os.path.join(self.maildir, "courierimapkeywords/:list"))
        self.migrate()
        self.assertEqual(self.keywords(), {one: set()})

    def subscribed(self):
        with open(os.path.join(self.target, "courierimapsubscribed")) as f:
            return f.read().split("\n")

    def test_subscriptions_of_both_sides(self):
        """What the source changes is followed, what a client of Courier does stays."""
        mine = "#shared.bob.x"
        self.migrate()
        self.assertEqual(self.subscribed(), ["INBOX", "INBOX.Sent", "INBOX.lists.dev", ""])
        self.write(self.target, "courierimapsubscribed", "%s\nINBOX.Sent\nINBOX.lists.dev" % mine)
        self.subscribe("INBOX", "INBOX.Sent", "INBOX.old")
        for _ in range(2):
            self.own()
            self.run_it(*COURIER)
            self.assertEqual(self.subscribed(), [mine, "INBOX.Sent", "INBOX.old", ""])
        self.add(".", 1, first=4)
        self.own()
        self.run_it(*COURIER, "--mirror")
        self.assertEqual(self.subscribed(), [mine, "INBOX.Sent", "INBOX.old", "INBOX", ""])
        shutil.rmtree(self.path("state"))       # then none is known to have been taken away
        self.write(self.target, "courierimapsubscribed", "INBOX.lists.dev\n")
        self.run_it(*COURIER)
        self.assertEqual(self.subscribed(), ["INBOX.lists.dev", "INBOX", "INBOX.Sent", "INBOX.old",
                                             ""])

    def test_clients_damage_nothing(self):
        """Courier has no index by which it is known that it was there."""
        self.migrate()
        self.flag(self.target, self.folders["."][0], "FS")
        self.flag(os.path.join(self.target, ".Sent"), self.folders[".Sent"][0], "")
        self.write(self.target, "courierimapsubscribed", "INBOX\nINBOX.Sent\n")
        os.chmod(os.path.join(self.target, "courierimapsubscribed"), 0o644)
        for more in ((), ("--final",)):
            said = self.run_it(*COURIER, command="verify", expect=1)
            self.assertIn("3 changed at the target", said)
            self.assertIn(" 0 damaged,", said)
            self.add(".", 1, first=4 + len(more))
            self.own()
            self.run_it(*COURIER, *more)

    def test_names_as_its_clients_have_them(self):
        """Its directories are UTF-8, and '&' is none but itself."""
        for name in (".Entw\u00fcrfe", ".R&D", ".a&-b"):
            self.add(name, 1)
        self.own()
        said = self.run_it(*COURIER, "--json", "--courier-names=utf8")
        mailboxes = json.loads(said.splitlines()[0])["mailboxes"]
        self.assertEqual([box["name"] for box in mailboxes],
                         ["INBOX", "INBOX.Entw\u00fcrfe", "INBOX.R&D", "INBOX.Sent", "INBOX.a&-b",
                          "INBOX.lists.dev"])
        said = self.run_it(*COURIER, "--courier-names=utf8", "--verbose", command="check")
        self.assertNotIn("its name becomes", said)

    def uidls(self, top=None):
        """{base name: UIDL}, the number of the next, and what else is in the header."""
        with open(os.path.join(top or self.target, "courierpop3dsizelist")) as f:
            head, *lines = f.read().splitlines()
        _, following, validity = head.split()
        found = [re.fullmatch(r"(.*):2,\w* \d+ (\d+):(\d+)(?::\d)?", line).groups()
                 for line in lines]
        return {base: "UID%s-%s" % (n, v) for base, n, v in found}, int(following), int(validity)

    def arrive(self, top, base, *more):
        """A POP3 client has come: the mail is in cur/, and on the POP3 server's list."""
        _, following, validity = self.uidls(top)
        with open(os.path.join(top, "courierpop3dsizelist")) as f:
            text = re.sub("^(.*) %d " % following, r"\1 %d " % (following + 1), f.read())
        self.write(top, "cur/%s:2," % base, "Subject: %s\n\nx\n" % base)
        self.write(top, "courierpop3dsizelist", text + "%s:2, 30 %d:%d%s\n" % (
            base, following, validity, "".join(more)))
        return "UID%d-%d" % (following, validity)

    def test_uidl_that_only_the_pop3_server_has_given(self):
        """No IMAP client has come, so the mail has no UID, and is none of ours."""
        self.migrate()
        theirs = self.arrive(self.target, "1700000000.M1P1.theirs", ":0")
        self.add(".", 1, first=4)
        self.migrate()
        after, following, _ = self.uidls()
        self.assertEqual(after["1700000000.M1P1.theirs"], theirs)
        self.assertEqual(len(set(after.values())), 5)
        os.remove(glob.glob(os.path.join(self.target, "cur/1700000000*"))[0])
        self.add(".", 1, first=5)
        self.migrate()
        self.assertNotIn("1700000000.M1P1.theirs", self.uidls()[0])
        self.assertEqual(self.uidls()[1], following + 1)

    def test_uidls_of_both_servers_differ(self):
        """Both go on to give out numbers; the source's are under its UIDVALIDITY, or any other."""
        for validity in (nightly.VALIDITY, nightly.VALIDITY + 1, 2 ** 32 - 2, 2 ** 64 - 1):
            with self.subTest(validity):
                names = self.folders["."]
                for top in (self.target, self.path("state")):
                    shutil.rmtree(top, ignore_errors=True)
                self.write(self.maildir, "courierpop3dsizelist", "/3 %d %d\n" % (
                    len(names) + 1, validity) + "".join(
                        "%s:2,S 30 %d:%d:0\n" % (name, n, validity)
                        for n, name in enumerate(names, 1)))
                self.own()
                self.run_it(*COURIER)
                given = {self.arrive(self.target, "1700000000.M1P1.theirs", ":0"),
                         self.arrive(self.maildir, "1100000000.M1P1.old", ":0")}
                self.run_it(*COURIER)
                after = list(self.uidls()[0].values())
                self.assertEqual(len(set(after)), len(after))
                self.assertLessEqual(given, set(after))
                os.remove(os.path.join(self.maildir, "cur/1100000000.M1P1.old:2,"))

    def test_uids_given_while_a_run_is_at_work(self):
        """An IMAP client opens the INBOX after the run has looked at it, and mail that a POP3 client
        has brought to cur/ before gets the next UID."""
        self.migrate()
        self.arrive(self.target, "1700000000.M1P1.theirs", ":0")
        self.add(".", 1, first=4)
        self.own()
        lock = os.path.join(self.target, "dovecot-uidlist.lock")
        self.write(self.target, "dovecot-uidlist.lock",
                   "%d:%s" % (os.getpid(), socket.gethostname()))
        process = subprocess.Popen(
            [nightly.MAILHAUL, "migrate", "--config", "/dev/null", "--users", self.path("users"),
             "--inbox", "%h/Maildir", "--maildir", self.path("out/%u"), "--state",
             self.path("state"), *COURIER],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        time.sleep(1)
        self.assertIsNone(process.poll())
        uiddb = os.path.join(self.target, "courierimapuiddb")
        with open(uiddb) as f:
            text = f.read().replace(" 4\n", " 5\n", 1)
        self.write(self.target, "courierimapuiddb.new", text + "4 1700000000.M1P1.theirs\n")
        os.rename(uiddb + ".new", uiddb)
        os.remove(lock)
        said = process.communicate()[0]
        self.assertEqual(process.returncode, 1, said)
        with open(uiddb) as f:
            lines = f.read().splitlines()[4:]
        self.assertEqual(lines, ["4 1700000000.M1P1.theirs", "5 1000000004.M1P1.inbox"], said)


if __name__ == "__main__":
    nightly.MAILHAUL = sys.argv[1]
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
