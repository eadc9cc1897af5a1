#!/usr/bin/python3
"""What happens to mail between two runs, one thing at a time, with real servers on both sides.

Mail edited where it lies (Pine); Courier's lists rewritten; mail of the new server that has the UID
of a newcomer; two runs side by side.
"""
import os
import re
import subprocess
import time
import unittest

import courier_site
import lab
import mbox_site
import messages
import test_courier_end_to_end as courier
import view

USER = "ada"


class Nights(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        self.looks = 0

    def night(self, target, status=0):
        done = target.migrate()
        self.assertEqual(done.returncode, status, lab.told(done))
        return done.stdout

    def compare(self, old, target, user=USER, skip=()):
        """What the new server shows is what the old one did."""
        self.looks += 1
        copy = target.copy("copy%d" % self.looks)
        with target.server("2.4", "new%d" % self.looks, copy) as server:
            seen = view.record(server, user)
            self.assertEqual(view.compare(old, seen, skip=skip), [])
            self.assertEqual(server.complaints(), [])
        return seen


class Mbox(Nights):
    """Dovecot 2.3 is the old server."""

    def setUp(self):
        super().setUp()
        self.site = mbox_site.Site(self.work)
        self.account = self.site.add(USER, "nights")
        self.site.settle(self.account)
        self.generator = messages.Generator(17)
        with self.site.server(os.path.join(self.work, "serve")) as server, \
                server.imap(USER) as session:
            session.on("CREATE", "Sent")
            for folder in ("INBOX", "Sent"):
                mbox_site.fill(session, folder, [self.plain(n) for n in range(5)])
                session.on("SELECT", folder)
                session.store("2", "+FLAGS (\\Flagged kept)")
        self.target = lab.Target(self.site, self.work)
        self.target.folders = False

    def plain(self, n):
        mail = self.generator.mail()
        mail.data = b"Subject: plain %d\r\nMessage-ID: <p%d@x.example>\r\n\r\nline %d of text\r\n" \
            % (n, n, n)
        return mail

    def old(self):
        self.looks += 1
        copy = self.site.copy(os.path.join(self.work, "old%d" % self.looks))
        for account in copy.accounts:    # what it remembers of files that others have changed
            lab.remove(os.path.join(account.folders, ".imap"))
        with copy.server(os.path.join(self.work, "serve%d" % self.looks)) as server:
            return view.record(server, USER)

    def edit(self, path, *changes):
        with open(path, "rb") as f:
            data = f.read()
        for before, after in changes:
            self.assertEqual(data.count(before), 1, before)
            data = data.replace(before, after)
        with open(path, "r+b") as f:     # the same file, as Pine writes it
            f.write(data)
            f.truncate()

    def test_edited_in_place(self):
        """The UID, flags and keywords stay with it, the text is the new one."""
        self.night(self.target)
        before = self.compare(self.old(), self.target)["folders"]
        self.edit(self.account.inbox, (b"line 1 of text", b"LINE 1 OF TEXT"))    # of one size
        self.edit(os.path.join(self.account.folders, "Sent"),
                  (b"line 3 of text", b"an attachment was removed here"),
                  (b"Subject: plain 0", b"Subject: rewritten"))
        self.night(self.target)
        after = self.compare(self.old(), self.target)["folders"]
        for folder, edited in (("INBOX", [1]), ("Sent", [0, 3])):
            rows = list(zip(before[folder]["messages"], after[folder]["messages"], strict=True))
            self.assertEqual([n for n, (a, b) in enumerate(rows) if a["sha256"] != b["sha256"]],
                             edited)
            for key in ("uid", "flags", "keywords", "date"):
                self.assertEqual([a[key] for a, _ in rows], [b[key] for _, b in rows])
        self.assertIn("up to date", self.night(self.target))

    def test_gone_and_came_again(self):
        """The same bytes under another UID, which no client has seen."""
        mail = mbox_site.delivered([self.plain(10)]).replace(b"\r\n", b"\n")
        server = self.site.server(os.path.join(self.work, "again"))
        with open(self.account.inbox, "ab") as f:
            f.write(mail)
        for _ in range(2):                           # the second client finds that it is not recent
            with server, server.imap(USER) as session:
                session.on("SELECT", "INBOX")
        self.night(self.target)
        with server, server.imap(USER) as session:
            session.on("SELECT", "INBOX")
            session.store("6", "+FLAGS (\\Deleted)")
            session.ok("EXPUNGE")
        with open(self.account.inbox, "ab") as f:
            f.write(mail)
        self.night(self.target)
        verified = lab.mailhaul("verify", *self.target.arguments())
        self.assertNotIn("damage:", verified.stdout, lab.told(verified))

    def arrive(self, n):
        """As a delivery agent does it."""
        with open(self.account.inbox, "ab") as f:
            f.write(mbox_site.delivered([self.plain(n)]))

    def test_emptied_over_pop3(self):
        """Dovecot leaves a placeholder as UW-IMAP's. Mail that comes then has Dovecot's UIDLs, seen
        by a client or not."""
        server = self.site.server(os.path.join(self.work, "emptied"))
        with server, server.pop3(USER) as session:
            for n in range(5):
                session.command("DELE %d" % (n + 1))
        self.arrive(10)
        self.night(self.target)
        self.compare(self.old(), self.target)
        with server, server.pop3(USER) as session:
            session.uidl()
        self.night(self.target)
        self.compare(self.old(), self.target)

    def test_uid_of_the_new_servers_mail(self):
        """A newcomer with a UID that the new server has given out gets another, and nothing else
        changes: it is a finding, not a folder."""
        self.night(self.target)
        with self.target.server("2.4", "test", self.target.maildirs) as server, \
                server.imap(USER) as session:
            session.append("INBOX", b"Subject: of a tester\r\n\r\nmine\r\n", ("\\Seen",), None)
            session.append("Sent", b"Subject: of a tester\r\n\r\nmine, too\r\n", (), None)
            before = view.imap(session)["folders"]
        with self.site.server(os.path.join(self.work, "later")) as server, \
                server.imap(USER) as session:
            for folder, count in (("INBOX", 2), ("Sent", 1)):
                mbox_site.fill(session, folder, [self.plain(10 + n) for n in range(count)])
        old = self.old()["folders"]
        said = self.night(self.target, 1)
        self.assertRegex(said, "UID")
        with self.target.server("2.4", "again", self.target.maildirs) as server, \
                server.imap(USER) as session:
            now = view.imap(session)["folders"]
            self.assertEqual(server.complaints(), [])
        for folder, came in (("INBOX", 2), ("Sent", 1)):
            rows = now[folder]["messages"]
            self.assertEqual(rows[:6], before[folder]["messages"])       # five, and the tester's
            self.assertEqual(old[folder]["messages"][5]["uid"], rows[5]["uid"])   # the clash
            self.assertEqual(sorted(m["sha256"] for m in rows[6:]),
                             sorted(m["sha256"] for m in old[folder]["messages"][5:]))
            self.assertEqual(len(rows), 6 + came)
            self.assertEqual(now[folder]["uidvalidity"], old[folder]["uidvalidity"])
        self.assertEqual(now["INBOX"]["messages"][6], old["INBOX"]["messages"][6])   # was free
        self.assertIn("up to date", lab.told(self.target.migrate()))

    def uidls(self, server):
        """{UIDL: subject}; each UIDL is there once."""
        with server.pop3(USER) as session:
            uidls = session.uidl()
            self.assertEqual(len(set(uidls)), len(uidls))
            return {u: re.search(rb"Subject: ([^\r\n]*)", session.retr(n)).group(1)
                    for n, u in enumerate(uidls, 1)}

    def test_uidls_of_mail_on_both_servers(self):
        """Both servers make UIDLs of the same UIDs, each for mail of its own. A POP3 client goes
        from one to the other and fetches what has a UIDL that it does not know."""
        self.night(self.target)
        with self.target.server("2.3", "both", self.target.maildirs) as server:
            with server.imap(USER) as session:
                for name in (b"own1", b"own2"):
                    session.append("INBOX", b"Subject: %s\n\ntext\n" % name)
            self.arrive(10)
            with self.site.server(os.path.join(self.work, "has")) as old:
                has = self.uidls(old)                # the client, at the old server
            self.arrive(11)                          # no client has asked since
            self.target.inside = server.join()
            self.assertIn("could not keep their UID", self.night(self.target, 1))
            now = self.uidls(server)
            self.assertIn("up to date", lab.told(self.target.migrate()))
            self.assertEqual(self.uidls(server), now)
        self.assertEqual(len(now), 9)
        self.assertEqual([name for u, name in now.items() if has.get(u, name) != name], [])
        self.assertEqual(now["00000007" + next(iter(has))[8:]], b"own2")     # nobody knows it yet

    def test_side_by_side(self):
        """Two runs over disjoint users, each with its state directory, are at work at the same
        time; a third on one of the states is told who has it."""
        other = self.site.add("bea", "nights")
        mbox_site.write(other.inbox, mbox_site.delivered([self.plain(n) for n in range(7)]))
        self.site.settle(other)
        mbox_site.open_spool(os.path.join(self.site.top, "spool"))
        runs, locks = {}, []
        for account in (self.account, other):
            users = os.path.join(self.work, "users-" + account.name)
            with open(users, "w", encoding="ascii") as f:
                f.write(account.user.passwd())
            target = lab.Target(self.site, self.work)
            target.folders, target.users = False, users
            target.state = os.path.join(self.work, "state-" + account.name)
            locks.append(account.inbox + ".lock")
            with open(locks[-1], "w", encoding="ascii") as f:
                f.write("%d" % os.getpid())
            process = subprocess.Popen([lab.MAILHAUL, "migrate", *target.arguments()],
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                       env=lab.environment("migrate"))
            runs[account.name] = (target, process)
        for target, process in runs.values():
            self.wait_for(os.path.join(target.state, "lock"), "%d" % process.pid)
            again = target.migrate()
            self.assertEqual(again.returncode, 75, lab.told(again))
            self.assertIn("process %d" % process.pid, again.stderr)
        self.assertEqual([p.poll() for _, p in runs.values()], [None, None])
        for lock in locks:
            os.unlink(lock)
        for name, (target, process) in runs.items():
            said = process.communicate(timeout=120)[0]
            self.assertEqual(process.returncode, 0, said)
            self.assertIn("up to date", self.night(target), name)
        self.compare(self.old(), self.target)
        with self.target.server("2.4", "both", self.target.copy("both-copy")) as server:
            self.assertEqual(len(view.record(server, "bea")["folders"]["INBOX"]["messages"]), 7)

    def wait_for(self, path, text):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            if os.path.exists(path):
                with open(path, encoding="ascii") as f:
                    if f.read().strip() == text:
                        return
            time.sleep(0.02)
        self.fail("no run has taken " + path)


class Courier(Nights):
    """What Courier does to its lists when nobody looks."""

    def setUp(self):
        super().setUp()
        self.site = courier_site.Site(self.work)
        self.account = self.site.add(USER, "nights")
        generator = messages.Generator(18)
        with self.site.imap(USER) as session:
            session.on("CREATE", "INBOX.Sent")
            for folder in ("INBOX", "INBOX.Sent"):
                courier_site.fill(session, folder, generator.mails(9))
        self.look()
        self.target = courier.Target(self.site, self.work, "target")
        self.night(self.target)
        self.compare(self.old(), self.target)

    def look(self):
        with self.site.imap(USER) as session:
            for folder in ("INBOX", "INBOX.Sent"):
                session.on("SELECT", folder)
        with self.site.pop3(USER) as session:
            session.uidl()

    def old(self):
        self.looks += 1
        return self.site.views(os.path.join(self.work, "old%d" % self.looks))[USER]

    def path(self, *parts):
        return os.path.join(self.account.maildir, *parts)

    def rewrite(self, path, change):
        with open(path, "rb") as f:
            data = f.read()
        other = change(data)
        self.assertNotEqual(other, data)
        with open(path, "wb") as f:
            f.write(other)

    def follow(self):
        old = self.old()
        self.night(self.target)
        self.compare(old, self.target)
        self.assertIn("up to date", self.night(self.target))
        return old["folders"]

    def test_uids_under_the_same_validity(self):
        """A restored or damaged list was made again: other UIDs, above the old ones."""
        def renumber(data):
            head, *lines = data.decode().splitlines()
            version, validity, uidnext = head.split()
            count = int(uidnext)
            rows = [re.sub(r"^\d+", str(count + n), line) for n, line in enumerate(lines)]
            return "\n".join(["%s %s %d" % (version, validity, count + len(rows)), *rows,
                              ""]).encode()
        for folder in (".", ".Sent"):
            self.rewrite(self.path(folder, "courierimapuiddb"), renumber)
        uids = [m["uid"] for m in self.follow()["INBOX.Sent"]["messages"]]
        self.assertGreater(uids[0], 9)

    def test_list_lost(self):
        """Courier numbers all anew, under another UIDVALIDITY."""
        before = self.old()["folders"]["INBOX"]["uidvalidity"]
        time.sleep(1.1)
        for folder in (".", ".Sent"):
            os.unlink(self.path(folder, "courierimapuiddb"))
        self.look()
        self.assertNotEqual(self.follow()["INBOX"]["uidvalidity"], before)

    def test_message_of_no_bytes(self):
        """A disk was full once. Its line stays a good one when the list is written again."""
        path = self.path("cur", "1100000000.M1P1.full:2,S")
        open(path, "wb").close()
        os.chown(path, self.account.user.uid, self.account.user.gid)
        os.chmod(path, 0o600)
        for _ in range(3):
            self.look()
            self.follow()
            self.site.deliver(USER, messages.Generator(19).mail())
        verified = lab.mailhaul("verify", *self.target.arguments())
        self.assertNotIn("damage:", verified.stdout, lab.told(verified))

    def test_uidls_of_an_older_version(self):
        """The administrator has gone back to an older Courier, whose list has other fields; then
        forward again."""
        courier_site.older_list(self.account)
        self.follow()
        with self.site.pop3(USER) as session:
            session.command("DELE 3")
        self.follow()

    def keyword(self, uid, word):
        with self.site.imap(USER) as session:
            session.on("SELECT", "INBOX")
            session.store(uid, "+FLAGS (%s)" % word)

    def test_keywords_for_an_open_session(self):
        """The table of keywords is written twice within one second. Dovecot reads it again when it
        has another time, in whole seconds."""
        with self.target.server("2.4", "open", self.target.maildirs) as server, \
                server.imap(USER) as session:
            self.target.inside = server.join()
            self.keyword("1", "first")
            self.night(self.target)
            self.keyword("2", "second")
            time.sleep(1.02 - time.time() % 1)
            os.utime(os.path.join(self.target.maildirs, USER, "dovecot-keywords"))
            session.on("SELECT", "INBOX")
            session.ok("FETCH 1:* (FLAGS)")
            self.night(self.target)
            session.ok("NOOP")
            mails = view.imap(session)["folders"]["INBOX"]["messages"]
        self.assertIn("first", mails[0]["keywords"])
        self.assertIn("second", mails[1]["keywords"])

    def arrive(self, server, *names):
        """Mail comes to an INBOX."""
        with server.imap(USER) as session:
            for name in names:
                session.append("INBOX", b"Subject: %s\n\ntext\n" % name.encode())

    def uidls(self, server):
        """{UIDL: name} of all mail that arrive() has brought; each UIDL is there once."""
        with server.pop3(USER) as session:
            uidls = session.uidl()
            self.assertEqual(len(set(uidls)), len(uidls))
            return {u: name.group(1).decode() for n, u in enumerate(uidls, 1)
                    if (name := re.search(rb"Subject: (own\d+|late\d+)", session.retr(n)))}

    def make_pop3_list_with(self, validity):
        """As if both lists had been made within one second, or the POP3 server's alone."""
        path = self.path("courierpop3dsizelist")
        with open(path, "rb") as f:
            own = f.readline().split()[2]
        if int(own) != validity:
            self.rewrite(path, lambda data: data.replace(own, b"%d" % validity))

    def test_uidls_of_mail_on_both_servers(self):
        """The new server gives mail of its own the UIDs that the old one gives later. A POP3 client
        goes from one to the other and fetches what has a UIDL that it does not know."""
        self.make_pop3_list_with(self.old()["folders"]["INBOX"]["uidvalidity"])
        self.night(self.target)
        with self.target.server("2.3", "both", self.target.maildirs) as server:
            self.arrive(server, "own1", "own2")
            late = ["late%d" % n for n in range(12)]
            self.arrive(self.site, *late[:11])       # as many as were carried, and more
            has = self.uidls(self.site)              # the client, at the old server
            self.arrive(self.site, late[11])         # no client has asked since
            self.target.inside = server.join()
            done = self.target.migrate()
            self.assertEqual(done.returncode, 1, lab.told(done))
            self.assertIn("could not keep their UID", done.stdout)
            now = self.uidls(server)
        self.assertEqual(sorted(now.values()), sorted([*late, "own1", "own2"]))
        self.assertEqual([name for u, name in now.items() if has.get(u, name) != name], [])

    def test_keywords_compacted(self):
        """One file a message becomes one list; numbers in it change when a keyword goes."""
        with self.site.imap(USER) as session:
            session.on("SELECT", "INBOX.Sent")
            session.store("1:3", "+FLAGS (first second)")
            session.store("2", "+FLAGS (third)")
        self.follow()
        with self.site.imap(USER) as session:        # a new session reads all, and makes the list
            session.on("SELECT", "INBOX.Sent")
            session.store("1:3", "-FLAGS (first)")
        self.look()
        self.follow()
        with self.site.imap(USER) as session:
            session.on("SELECT", "INBOX.Sent")
            session.store("4", "+FLAGS (fourth)")
            session.store("2", "-FLAGS (third)")
        self.look()
        ours = {"first", "second", "third", "fourth"}
        self.assertEqual([ours & set(m["keywords"])
                          for m in self.follow()["INBOX.Sent"]["messages"][:5]],
                         [{"second"}, {"second"}, {"second"}, {"fourth"}, set()])


if __name__ == "__main__":
    unittest.main()
