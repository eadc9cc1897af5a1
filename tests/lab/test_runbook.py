#!/usr/bin/python3
"""Every command of mailhaul-runbook(7), in its order, on sites of the lab.

The replacements are those that the page names. Commands that `mailhaul --help` does not list yet
are left out, as long as the manual has them; the Courier part is left out as long as there is no
account of that kind to be carried.
"""
import os
import re
import subprocess
import sys
import unittest

import courier_site
import lab
import mbox_site
import messages
import servers
import view

PAGE = os.path.join(servers.TOP, "man", "mailhaul-runbook.7")
MANUAL = os.path.join(servers.TOP, "man", "mailhaul.1")
MBOX, COURIER = "A SITE OF MBOX FILES", "A SITE OF COURIER MAILDIRS"
IN_PLACE = "COURIER MAILDIRS IN PLACE"
KEYWORDS = "cat /var/lib/mailhaul/keywords-*.sh | sh"
OLD_KEYWORDS = "rm -f /var/lib/mailhaul/keywords-*.sh"


def blocks(title):
    """The literal blocks of one section, as lists of lines."""
    with open(PAGE) as f:
        section = re.search(r"^\.Sh %s\n(.*?)(?=^\.Sh )" % title, f.read(), re.M | re.S).group(1)
    found = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", section, re.M | re.S)
    return [b.replace("\\e\n", "").replace("\\e", "\\").splitlines() for b in found]


def settings(title):
    return next("\n".join(b) + "\n" for b in blocks(title) if b[0] == "[mailhaul]")


def commands(title):
    """Lines that run mailhaul, a schedule of cron taken off."""
    lines = [re.sub(r"^[\d*/,-]+( [\d*/,-]+){4} root ", "", x) for b in blocks(title) for x in b]
    return [x for x in lines if x.startswith("mailhaul ") or x in (KEYWORDS, OLD_KEYWORDS)]


def listed():
    return re.findall(r"^  ([a-z-]+)  ", lab.mailhaul("--help").stdout, re.M)


def documented():
    with open(MANUAL) as f:
        return re.findall(r"^\.It Cm ([a-z-]+)", f.read(), re.M)


def message_files(top):
    """The names of the messages in all Maildirs below @top. (A user is called "new".)"""
    return [f for path, _, files in os.walk(top) for f in files
            if os.path.basename(path) in ("cur", "new") and not f.startswith("dovecot")]


class Runbook:
    """The files of the page, below a directory of the test."""

    def __init__(self, work, site, title):
        self.root, self.title = os.path.join(work, "root"), title
        self.target, self.pattern = os.path.join(self.root, "data", "mail2"), "%u"
        if title == IN_PLACE:
            self.target, self.pattern = os.path.join(site.top, "home"), "%u/Maildir"
        self.user = site.accounts[0].name
        self.server, self.path = None, os.environ["PATH"]
        for sub in ("etc/dovecot/conf.d", "var/spool", "var/lib", "root", "data/mail2"):
            os.makedirs(os.path.join(self.root, sub))
        if os.path.isdir(os.path.join(site.top, "spool")):
            os.symlink(os.path.join(site.top, "spool"), os.path.join(self.root, "var/spool/mail"))
        with open(os.path.join(self.root, "etc/mail-users"), "w") as f:
            f.writelines(a.user.passwd() for a in site.accounts)
        self.config = os.path.join(self.root, "etc", "mailhaul.conf")
        with open(self.config, "w") as f:
            f.write(self.replace(settings(title)))

    def replace(self, text):
        text = re.sub(r"(?<![\w/%])/(?=(etc|var|data|root)/)", self.root + "/", text)
        return re.sub(r"\banna\b", self.user, text)

    def serve(self, site, work):
        """The new server, and its doveadm in PATH."""
        source_format = "mbox" if self.title == MBOX else "courier"
        self.server = lab.serve("2.4", work, site, source_format,
                                os.path.join(self.target, self.pattern))
        self.server.start()
        self.server.doveadm_program("-c", self.server.configuration)
        self.path = work + ":" + self.path

    def run(self, line):
        words = self.replace(line).split(" ", 2)
        if line not in (KEYWORDS, OLD_KEYWORDS):
            words[0], words[1] = lab.MAILHAUL, words[1] + " --config " + self.config
        return subprocess.run(["sh", "-c", " ".join(words)], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
                              env=lab.environment(line.split()[1], PATH=self.path))


@unittest.skipUnless(lab.IS_ROOT, "accounts of other users")
class Runs(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        self.generator = messages.Generator(11)

    def follow(self, title, site, deliver):
        """Runs the part; @deliver brings a mail before the last run, and before the late one."""
        book, known, seen = Runbook(self.work, site, title), listed(), {}
        for line in commands(title):
            with self.subTest(line):
                name = line.split()[1]
                if line.startswith("mailhaul ") and name not in known:
                    self.assertIn(name, documented())
                    continue
                if "--final" in line or "--late" in line:
                    deliver(site, book)
                if name == "warm":
                    book.serve(site, os.path.join(self.work, "server"))
                    self.addCleanup(book.server.stop)
                before = lab.snapshot(book.target)
                done = book.run(line)
                self.assertIn(done.returncode, (0, 1), line + ": " + lab.told(done))
                self.assertEqual([x for x in done.stderr.splitlines() if not re.match(
                    "mailhaul: (workers are confined|some folders have more than 26)", x)], [])
                if line != KEYWORDS and name not in ("undo", "migrate", "warm") \
                        or "--dry-run" in line:
                    self.assertEqual(lab.changes(before, lab.snapshot(book.target)), [])
                seen[line] = (done.stdout, message_files(book.target))
        return book, seen

    def check(self, book, seen, site):
        """What the commands must have come to."""
        one = seen["mailhaul migrate " + "anna"][1]
        self.assertTrue(one)
        if "mailhaul undo anna" in seen:
            self.assertEqual(seen["mailhaul undo anna"][1], [])
        everybody = len(seen["mailhaul migrate"][1])
        self.assertGreater(everybody, len(one))
        self.assertEqual(re.sub(r"^\S+: .*\n(  loss: .*\n)+", "",
                                seen["mailhaul migrate --quiet"][0], flags=re.M), "")
        self.assertEqual(len(seen["mailhaul migrate --quiet"][1]), everybody)
        self.assertEqual(len(seen["mailhaul migrate --final"][1]), everybody + 1)
        self.assertRegex(seen["mailhaul warm"][0], "caches built\n.* 0 failed; [1-9]")
        self.assertEqual(len(seen["mailhaul migrate --late"][1]), everybody + 2)
        for name in ("etc/dovecot/conf.d/99-mailhaul.conf", "root/check.json"):
            self.assertGreater(os.path.getsize(os.path.join(book.root, name)), 0)
        for account in site.accounts:
            self.assertTrue(os.path.isdir(os.path.join(book.target, account.name)), account.name)

    def test_mbox_site(self):
        site = mbox_site.build(self.work)
        before = lab.snapshot(site.top, directory_times=False)

        def deliver(site, book):
            with open(site.accounts[0].inbox, "ab") as f:
                f.write(mbox_site.delivered(self.generator.mails(1)))
            before.clear()
            before.update(lab.snapshot(site.top, directory_times=False))
        book, seen = self.follow(MBOX, site, deliver)
        self.check(book, seen, site)
        self.assertEqual(lab.changes(before, lab.snapshot(site.top, directory_times=False)), [])

    def courier_site(self):
        """With one folder that has more keywords than there are letters."""
        site = courier_site.build(self.work)
        with site.imap(site.accounts[0].name) as client:
            client.on("CREATE", "INBOX.many")
            client.append("INBOX.many", self.generator.mail().data, (), None)
            client.on("SELECT", "INBOX.many")
            client.store("1", "+FLAGS (%s)" % " ".join("kw%02d" % n for n in range(30)))
        return site

    def check_keywords(self, book):
        with book.server.imap(book.user) as client:
            many = view.folder(client, "INBOX.many")["messages"]
        self.assertEqual(many[0]["keywords"], ["kw%02d" % n for n in range(30)])

    def test_courier_site(self):
        site = self.courier_site()
        book, seen = self.follow(COURIER, site, lambda site, book: site.deliver(
            book.user, self.generator.mail()))
        self.check(book, seen, site)
        self.check_keywords(book)

    def test_courier_site_in_place(self):
        site = self.courier_site()
        old = site.views(os.path.join(self.work, "old"))
        names = {n.split(":")[0] for n in message_files(site.top)}
        folders = sorted(os.listdir(site.accounts[0].maildir))
        book, seen = self.follow(IN_PLACE, site, lambda site, book: None)
        self.assertEqual(sorted(seen["mailhaul migrate anna"][1]),
                         sorted(seen["mailhaul migrate --final"][1]))
        self.assertEqual({n.split(":")[0] for n in seen["mailhaul undo anna"][1]}, names)
        self.assertIn("the same", seen["mailhaul verify"][0])
        self.assertNotEqual(sorted(os.listdir(site.accounts[0].maildir)), folders)
        for account in site.accounts:
            with book.server.pop3(account.name) as client, self.subTest(account=account.name):
                if "pop3-uidl" not in account.skip:
                    self.assertEqual(client.uidl(), [m["uidl"] for m in
                                                     old[account.name]["pop3"]["messages"]])
        self.check_keywords(book)


class Page(unittest.TestCase):
    def test_commands_are_found(self):
        """A page whose commands are not found would pass everything else."""
        for title, least in ((MBOX, 20), (COURIER, 12), (IN_PLACE, 12)):
            self.assertGreaterEqual(len(commands(title)), least)
            self.assertIn("mailhaul migrate --final", commands(title))
            self.assertEqual("mailhaul migrate --quiet" in commands(title), title != IN_PLACE)
            self.assertEqual(KEYWORDS in commands(title), title != MBOX)
            self.assertIn("state = /var/lib/mailhaul\n", settings(title))

    def test_commands_are_of_the_manual(self):
        """Each option is one of mailhaul(1), so that no line is only right by being left out."""
        with open(MANUAL) as f:
            options = set(re.findall(r"^\.It .*?Fl -([a-z0-9-]+)", f.read(), re.M))
        for line in commands(MBOX) + commands(COURIER) + commands(IN_PLACE):
            with self.subTest(line):
                if line in (KEYWORDS, OLD_KEYWORDS):
                    continue
                self.assertIn(line.split()[1], documented())
                for option in re.findall(r" --([a-z-]+)", line):
                    self.assertIn(option, options)


if __name__ == "__main__":
    sys.exit(unittest.main())
