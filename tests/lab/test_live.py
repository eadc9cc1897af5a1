#!/usr/bin/python3
"""Mail programs are connected to the new server while mailhaul runs, and the source changes in
every way between the runs: all of them see a whole mailbox at every moment.

Who is connected: one that idles, one that asks over and over, one over POP3. Before each run they
know a set of messages; until it is over they must see those that stay, may see those that come or
go, and no UID may ever mean another message under one UIDVALIDITY.
"""
import os
import re
import time
import unittest

import lab
import live_clients
import mbox_site
import wire

VALIDITY = 1200000000
USER = "liv"
HOLE = 5                                  # a UID that no message has at first


class Source:
    """The INBOX of the old server: (name, UID, Status letters, keywords) a message."""

    def __init__(self, account):
        self.account, self.validity, self.last = account, VALIDITY, 0
        self.mails, self.made = [], 0

    def add(self, count, at=None, uids=None):
        for n in range(count):
            uid = uids[n] if uids else self.last + 1
            self.last, self.made = max(self.last, uid), self.made + 1
            mail = ["m%d" % self.made, uid, "", ""]
            self.mails.insert(len(self.mails) if at is None else at + n, mail)

    def text(self):
        out = []
        for n, (name, uid, letters, keywords) in enumerate(self.mails):
            head = ["Subject: %s" % name, "Message-ID: <%s@live.example>" % name]
            if n == 0:
                head.append("X-IMAPbase: %d %010d work later" % (self.validity, self.last))
            head += ["X-UID: %d" % uid, "Status: %sO" % ("R" if "R" in letters else ""),
                     "X-Status: " + letters.replace("R", ""), "X-Keywords: " + keywords]
            out += ["From a@b.example  Mon Jan  5 10:11:12 2015", *head, "", "text of " + name, ""]
        return "".join(line + "\n" for line in out)

    def write(self):
        path = self.account.inbox
        with open(path + ".new", "w") as f:
            f.write(self.text())
        os.chown(path + ".new", self.account.user.uid, self.account.user.gid)
        os.rename(path + ".new", path)

    def names(self):
        return [m[0] for m in self.mails]


def new_mail(source):
    source.add(5)


def flags(source):
    for n, mail in enumerate(source.mails):
        mail[2] = ("R", "RA", "F", "RFD", "")[n % 5]
        mail[3] = ("", "work", "later work", "")[n % 4]


def expunge(source):
    del source.mails[3:6], source.mails[0]


def in_the_middle(source):
    """A UID below UIDNEXT, of a message that was never carried."""
    source.add(1, uids=[HOLE])
    source.mails.sort(key=lambda m: m[1])


def much_mail(source):
    source.add(400)


def all_at_once(source):
    flags(source)
    expunge(source)
    source.add(3)


def renumbered(source):
    """The old server has lost confidence in its X-UIDs: new ones, the UIDVALIDITY stays."""
    for mail in source.mails[2:]:
        source.last += 1
        mail[1] = source.last


def other_validity(source):
    source.validity += 1
    source.last = 0
    for mail in source.mails:
        source.last += 1
        mail[1] = source.last


def emptied(source):
    del source.mails[1:]


# What happens, and whether programs have to log in again and may ask for what has just gone.
STEPS = [(new_mail, False, False), (flags, False, False), (expunge, False, True),
         (in_the_middle, True, False), (much_mail, False, False), (all_at_once, False, True),
         (renumbered, True, True), (new_mail, False, False), (other_validity, True, True),
         (new_mail, False, False), (emptied, False, True), (new_mail, False, False)]


# The same while somebody writes to the mailbox. (When the old server renumbers its messages under
# one UIDVALIDITY, its new UIDs can be those of mail that has come to the new server; clients of the
# old one go first.)
BUSY_STEPS = [s for s in STEPS if s[0] != renumbered]

# What Dovecot says when its index is made empty, which it must be when other UIDs come into a list
# under the same UIDVALIDITY: a session that is open may just have looked for the cache.
INDEX_RESET = (r"dovecot\.index reset, view is now inconsistent|"
               r"stat\(\) failed with file \S*/dovecot\.index\.cache: No such file")
# ... and when it makes it anew by itself: who notices, and the sessions that were open.
NEW_VALIDITY = (r"UIDVALIDITY changed \(\d+ -> \d+\)|dovecot\.index reset, view is now inconsistent|"
                r"first_recent_uid unexpectedly shrank|Recent flags state corrupted")

# Who was connected before may find out, and say so, in a later step.
SAID = {"in_the_middle": INDEX_RESET, "renumbered": INDEX_RESET, "other_validity": NEW_VALIDITY}
# With mail of its own in the mailbox, the new server's UIDs stay as they are.
BUSY_SAID = {"other_validity": NEW_VALIDITY}


class Live(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        site = mbox_site.Site(self.work)
        account = site.add(USER, "live")
        site.settle(account)
        mbox_site.open_spool(os.path.join(site.top, "spool"))
        self.target, self.source = lab.Target(site, self.work), Source(account)
        self.target.folders = False
        self.source.add(8, uids=[u + (u >= HOLE) for u in range(1, 9)])
        self.source.write()
        self.migrate([0])

    def migrate(self, statuses, server=None):
        """With @server: among its processes, as on a real machine. Both put the number of theirs
        into locks, and break the lock of a process that is no more."""
        self.target.inside = server.join() if server else ()
        done = self.target.migrate()
        self.assertIn(done.returncode, statuses, lab.told(done))
        if done.returncode == 1:
            self.assertRegex(done.stdout, "UID")
            self.assertEqual(done.stdout.count("loss:"), 1, lab.told(done))

    def live(self, series, steps, kinds):
        record = live_clients.Record()
        record.expect(self.source.names(), self.source.names(), False, False)
        busy = live_clients.Writer in kinds
        self.statuses = [0, 1] if busy else [0]
        self.said, self.may_say = BUSY_SAID if busy else SAID, set()
        with self.target.server(series, "live", self.target.maildirs) as server:
            clients = [kind(server, USER, record, kind.__name__) for kind in kinds]
            for client in clients:
                client.start()
            try:
                for step in steps:
                    self.step(server, clients, record, *step)
            finally:
                for client in clients:
                    client.stop()
            self.assertEqual(record.problems, [])

    def step(self, server, clients, record, change, relogin, vanish):
        before, said = self.source.names(), len(server.complaints())
        change(self.source)
        after = self.source.names()
        record.expect(before, after, relogin, vanish)
        self.source.write()
        self.migrate(self.statuses, server)
        self.settle(clients, set(after), change.__name__)
        record.expect(after, after, False, False)
        with self.subTest(step=change.__name__):
            self.assertEqual(record.problems, [])
            self.may_say.add(self.said.get(change.__name__))
            self.assertEqual([x for x in server.complaints()[said:] if self.is_wrong(x)], [])
        record.problems.clear()

    def is_wrong(self, line):
        return not any(x and re.search(x, line) for x in self.may_say)

    def settle(self, clients, names, step):
        """All see the new state before long."""
        end = time.monotonic() + 20
        for client in clients:
            client.seen = None
        while any(carried(c) != names for c in clients) and time.monotonic() < end:
            time.sleep(0.05)
        for client in clients:
            with self.subTest(step=step, client=client.name):
                self.assertEqual(carried(client), names)

    def status(self, series):
        """A program that only asks for the state of a mailbox that nobody opens."""
        with self.target.server(series, "status", self.target.maildirs) as server:
            session, self.modseq = server.imap(USER), (0, 0)
            for change, relogin, _ in STEPS:
                change(self.source)
                self.source.write()
                self.migrate([0], server)
                with self.subTest(step=change.__name__):
                    session = self.ask(server, session, relogin)
            session.logout()
            self.may_say = set(SAID.values())
            self.assertEqual([x for x in server.complaints() if self.is_wrong(x)], [])

    def ask(self, server, session, relogin):
        """Nothing but the truth; or that the session is at its end."""
        try:
            told = session.status("INBOX")
        except wire.WireError as error:
            self.assertTrue(relogin, str(error))
            session.logout()
            session = server.imap(USER)
            told = session.status("INBOX")
        self.assertEqual(told, {"MESSAGES": len(self.source.mails),
                                "UIDNEXT": self.source.last + 1,
                                "UIDVALIDITY": self.source.validity})
        self.ask_modseq(session)
        return session

    def ask_modseq(self, session):
        """Under one UIDVALIDITY it never shrinks: a client that has seen it would miss changes."""
        told = session.status("INBOX", "UIDVALIDITY HIGHESTMODSEQ")
        seen = (told["UIDVALIDITY"], told["HIGHESTMODSEQ"])
        self.assertGreaterEqual(seen, self.modseq)
        self.modseq = seen

    def test_2_3_status(self):
        self.status("2.3")

    def test_2_4_status(self):
        self.status("2.4")

    READERS = [live_clients.Poller, live_clients.Idler, live_clients.Pop3Poller]

    def test_2_3(self):
        self.live("2.3", STEPS, self.READERS)

    def test_2_4(self):
        self.live("2.4", STEPS, self.READERS)

    def test_2_3_with_a_writer(self):
        self.live("2.3", BUSY_STEPS, [*self.READERS, live_clients.Writer])

    def test_2_4_with_a_writer(self):
        self.live("2.4", BUSY_STEPS, [*self.READERS, live_clients.Writer])


def carried(client):
    """What the client saw of the source's mail."""
    return client.seen and {n for n in client.seen if not n.startswith("own")}


if __name__ == "__main__":
    unittest.main()
