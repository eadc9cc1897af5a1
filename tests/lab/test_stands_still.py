#!/usr/bin/python3
"""A run stands still in the middle of a folder, as on a machine that is suspended or before a disk
that does not answer, and the new server does not wait: one on another machine takes a lock that has
not changed for two minutes, and Courier knows no lock of ours. When the run goes on, what the
server's clients have seen meanwhile stays: no UID means another message, no mail of theirs gets
another UID, none is lost or there twice.

One step is left alone, the very call that puts the new list in place: nothing can be asked between
it and the question before it.
"""
import collections
import hashlib
import os
import re
import sys
import unittest

import courier_site
import dovecot
import lab
import view
import wire

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "crash"))
import crash_run as run                   # noqa: E402 (it is there now)

USER = "ann"
UID = run.SOMEBODY if run.IS_ROOT else os.geteuid()
LOCK = "dovecot-uidlist.lock"
LISTS = ("dovecot-uidlist", "courierimapuiddb", "subscriptions", "courierimapsubscribed")
WORDS = "another program took the folder's|has been written by another program meanwhile"
STRIDE = 1 if "--full" in sys.argv else 5


class Place(run.Place):
    to, task = "dovecot", "migrate"

    def command(self, *more, jobs=1):
        if self.task == "migrate":
            return super().command("--server", self.to, *more, jobs=jobs)
        return [run.MAILHAUL, "undo", *run.crash_site.USERS, "--users",
                os.path.join(self.source, "users"), "--server", self.to, "--maildir",
                os.path.join(self.target, "%u"), "--state", self.state, "--config", "/dev/null"]


def delicate(log):
    """The steps at which a folder's lock is held, every fifth; and all that write subscriptions."""
    steps, lock, held = [], None, 0
    for step, (call, path, _, result) in enumerate(log, 1):
        held += lock is not None
        if (lock is not None and held % STRIDE == 0) or "mailhaul-tmp." in path and \
                path.endswith(LISTS[2:]):
            steps.append(step)
        if result == 0 and path.endswith("/" + LOCK):
            lock = None if call == "unlinkat" else path
    return steps


class StandsStill:
    maxDiff = None

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        run.wait_for_orphans = lambda: None     # the server is a child, too
        self.place = Place(os.path.join(self.work, "place"), run.IS_ROOT)
        self.place.to = self.to
        self.tree = os.path.join(self.place.target, USER)
        self.serve()
        self.sent, self.leave = 0, self.leave_mail_and_subscribe

    def good(self):
        done = self.place.run()
        self.assertIn(done.status, (0, 1), str(done))

    def leave_mail(self, client):
        self.sent += 1
        own = b"Subject: own %d\r\n\r\nown\r\n" % self.sent
        client.append("INBOX", own)
        self.own = hashlib.sha256(own).hexdigest()

    def leave_mail_and_subscribe(self, client):
        """To a folder that the source's user has not subscribed to."""
        self.leave_mail(client)
        client.ok("SUBSCRIBE", wire.quoted(self.own_choice))

    def look(self, leave=None):
        """{folder: (UIDVALIDITY, {UID: digest})} as a client sees it, who does @leave before."""
        with self.session() as client:
            if leave:
                leave(client)
            seen = view.imap(client)
        folders, self.subscribed = seen["folders"], seen["subscribed"]
        return {name: (f["uidvalidity"], {m["uid"]: m["sha256"] for m in f["messages"]})
                for name, f in folders.items() if f["selectable"]}

    def use(self):
        """What the server does while the run stands still."""
        self.take_locks()
        self.seen = self.look(self.leave)
        self.place.shared.go_on()

    def compare(self, seen, now):
        for name, (validity, messages) in seen.items():
            if name in now and now[name][0] == validity:
                after = now[name][1]
                other = [uid for uid in messages if after.get(uid, messages[uid]) != messages[uid]]
                self.assertEqual(other, [], "UIDs of %s mean other messages" % name)
        validity, messages = seen["INBOX"]
        if now["INBOX"][0] == validity:
            own = {uid: d for uid, d in messages.items() if d == self.own}
            self.assertEqual({uid: now["INBOX"][1].get(uid) for uid in own}, own)

    def digests(self, seen):
        return {name: collections.Counter(messages.values())
                for name, (_, messages) in seen.items() if messages}

    def stand_still(self, step, expected):
        """One run that stands still at @step, and what follows. Was it refused to go on?"""
        self.place.restore("first")
        done = self.place.run(run.FREEZE, step, on_step=lambda _: self.use())
        call, path, _, _ = self.place.shared.log()[step - 1]
        if os.path.basename(path) in LISTS:
            return False
        where = "%s %s\n%s" % (call, path, done)
        self.assertIn(done.status, (0, 2), where)
        between = self.look()
        self.compare(self.seen, between)
        if done.status == 2:
            self.assertRegex(done.err, WORDS)
            self.good()
        now = self.look()
        self.compare(self.seen, now)
        self.compare(between, now)
        if self.place.task == "migrate":
            self.assertIn(self.own_choice, self.subscribed, where)
        wanted = dict(expected, INBOX=expected["INBOX"] + collections.Counter([self.own]))
        self.assertEqual(self.digests(now), wanted, where)
        return done.status == 2

    def stand_still_everywhere(self):
        """In what is done to the place as it is."""
        self.place.keep("first")
        self.place.restore("first")
        self.good()
        expected = self.digests(self.look())
        steps, refused = delicate(self.place.shared.log()), 0
        self.assertGreater(len(steps), 15)
        for step in steps:
            with self.subTest(step=step):
                refused += self.stand_still(step, expected)
        self.assertGreater(refused, 2)

    def test_a_later_night(self):
        self.good()
        self.look(self.leave_mail)
        self.place.write_source(True)
        self.stand_still_everywhere()


class Dovecot(StandsStill, unittest.TestCase):
    own_choice = "empty"
    to = "dovecot"

    def serve(self):
        user = dovecot.User(USER, UID, self.work)
        self.server = dovecot.Dovecot("2.3", os.path.join(self.work, "d"), [user],
                                      "mail_location = maildir:%s/%%u\n" % self.place.target)
        self.server.start()
        self.addCleanup(self.server.stop)

    def session(self):
        return self.server.imap(USER)

    def take_locks(self):
        for folder, _, names in os.walk(self.tree):
            if LOCK in names:
                os.unlink(os.path.join(folder, LOCK))

    def test_undo(self):
        self.good()
        self.look(self.leave_mail)
        self.place.task, self.leave = "undo", self.leave_mail
        self.stand_still_everywhere()

    def test_folders_that_go_meanwhile(self):
        """Renamed or deleted by a client, they are there again in the end, each message once."""
        self.good()
        self.place.keep("first")
        self.place.restore("first")
        self.place.write_source(True)
        self.good()
        expected, log = self.digests(self.look()), self.place.shared.log()
        steps = [step for step, row in enumerate(log, 1)
                 if re.search(r"/\.(gap|Sent)\b|mailhaul\.build", row[1])][::2 * STRIDE]
        self.assertGreater(len(steps), 10)
        for commands in (["DELETE gap", "DELETE Sent"], ["RENAME gap gap2", "RENAME Sent Sent2"]):
            statuses = collections.Counter()
            self.leave = lambda client, said=commands: [client.ok(x) for x in said]
            for step in steps:
                with self.subTest(commands=commands, step=step):
                    self.place.restore("first")
                    done = self.place.run(run.FREEZE, step, on_step=lambda _: self.use())
                    statuses[done.status] += 1
                    self.good()
                    self.assertEqual(self.digests(self.look()), expected, str(done))
            self.assertEqual(sorted(statuses), [0, 2])

    def test_mail_that_goes_meanwhile(self):
        """Carried mail that a client deletes comes back with a later run, as in any other night."""
        self.good()
        self.place.keep("first")
        self.place.restore("first")
        self.place.write_source(True)
        self.good()
        expected, log = self.digests(self.look()), self.place.shared.log()
        steps = [step for step, row in enumerate(log, 1) if re.search(
            r"/%s/(cur|new|dovecot|mailhaul-tmp)|mailhaul\.build" % USER, row[1])][::STRIDE]
        self.assertGreater(len(steps), 10)

        def expunge(client):
            client.ok('SELECT INBOX')
            client.ok(r'UID STORE 3:5 +FLAGS.SILENT (\Deleted)')
            client.ok('EXPUNGE')
        self.leave = expunge
        for step in steps:
            with self.subTest(step=step):
                self.place.restore("first")
                done = self.place.run(run.FREEZE, step, on_step=lambda _: self.use())
                self.good()
                self.assertEqual(self.digests(self.look()), expected, "%s\n%s" %
                                 (log[step - 1], done))


class Courier(StandsStill, unittest.TestCase):
    own_choice = "INBOX.empty"
    to = "courier"

    def serve(self):
        self.site = courier_site.Site.__new__(courier_site.Site)
        home = os.path.join(self.work, "home")
        os.mkdir(home)
        account = courier_site.Account(dovecot.User(USER, UID, home), "imap")
        account.maildir = self.tree
        self.site.top, self.site.work, self.site.accounts = self.work, self.work, [account]
        self.site.etc = courier_site.etc_files(self.site)

    def session(self):
        return self.site.imap(USER)

    def take_locks(self):
        """It knows none of ours."""


if __name__ == "__main__":
    unittest.main(argv=[a for a in sys.argv if a != "--full"], verbosity=2)
