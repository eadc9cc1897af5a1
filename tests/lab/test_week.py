#!/usr/bin/python3
"""A week in the life of two sites: people go on using the old servers, `migrate` runs every night,
once it is killed, and on Sunday comes the last run. Then no mail program can tell the difference,
and none downloads anything a second time.

The old servers are Courier's imapd and courierpop3d, and Dovecot 2.3 on mbox files; the new ones
Dovecot 2.3 and 2.4.
"""
import fcntl
import os
import shutil
import signal
import subprocess
import time
import unittest

import courier_site
import lab
import mbox_site
import servers
import test_courier_end_to_end as courier
import test_mbox_end_to_end as mbox
import view
import week

USER = "ada"
KILLED_ON = 2                             # the day after which the run is killed


def start(target, *more):
    return subprocess.Popen([lab.MAILHAUL, "migrate", *target.arguments(), *more],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, env=dict(os.environ, TZ=servers.ZONE))


def staged(target):
    """Messages that a run has written and not yet put in place."""
    build = os.path.join(target.maildirs, USER, "mailhaul.build")
    return sum(len(files) for path, _, files in os.walk(build)
               if os.path.basename(path) in ("cur", "new"))


class Week(unittest.TestCase):
    """Nights and the cutover, over any site."""
    maxDiff = None

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)

    def night(self, target, *more):
        done = target.migrate(*more)
        self.assertEqual(done.returncode, 0, lab.told(done))

    def killed_night(self, target, *more):
        """All of the run dies while it writes messages."""
        run = start(target, "--sync", "message", *more)
        end = time.monotonic() + 60
        while run.poll() is None and staged(target) < 5 and time.monotonic() < end:
            time.sleep(0.002)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        self.assertEqual(run.returncode, -signal.SIGKILL, "the run was over before it was killed")

    def week(self, life, targets):
        """Days and nights. @targets: [(Target, options)...]."""
        life.seed()
        for target, more in targets:
            self.night(target, *more)
        for day in range(len(week.Life.SPECIAL)):
            life.live()
            for target, more in targets:
                if day == KILLED_ON:
                    self.killed_night(target, *more)
                else:
                    with self.subTest(day=day):
                        self.night(target, *more)

    def cut_over(self, target, *more):
        self.night(target, "--final", *more)
        again = target.migrate(*more)
        self.assertEqual(again.returncode, 2, lab.told(again))
        self.assertIn("closed", again.stderr)

    def check(self, client, old, target, adjust=lambda seen: seen):
        """Everything is as at the old server; and what programs have once is not fetched again."""
        with_old = dict(client.imap), dict(client.pop3)
        fetched = client.look(old)
        self.assertEqual(client.problems, [])
        for series in ("2.3", "2.4"):
            client.imap, client.pop3 = dict(with_old[0]), dict(with_old[1])
            copy = target.copy("copy-" + series)
            with target.server(series, "new-" + series, copy) as server, \
                    self.subTest(series=series, target=target.work):
                new = view.record(server, USER)
                self.assertEqual(view.compare(adjust(old), adjust(new)), [])
                self.assertEqual(client.look(adjust(new)), fetched)
                self.assertEqual(client.problems, [])
                self.assertEqual(server.complaints(), [])
        client.imap, client.pop3 = with_old


class CourierWeek(Week):
    def test_week(self):
        site = courier_site.Site(self.work)
        site.add(USER, "a week")
        life = week.Life(site, USER, week.Names("INBOX.", ".", ["Projects"]), 4)
        targets = [(courier.Target(site, self.work, mode), ("--transfer", mode))
                   for mode in ("copy", "link")]
        self.week(life, targets)
        with site.imap(USER) as session:         # from here on every folder has its numbers
            for name, flags, _ in session.list():
                if "\\Noselect" not in flags:
                    session.on("SELECT", name)
        for target, more in targets:
            self.cut_over(target, *more)
        old = view.record(site.copy(os.path.join(self.work, "old")), USER)
        for target, _ in targets:
            self.check(life.client, old, target)


class MboxSite:
    """The site of one user, with Dovecot 2.3 on it."""

    def __init__(self, work):
        self.site = mbox_site.Site(work)
        self.account = self.site.add(USER, "a week")
        self.site.settle(self.account)
        self.server = self.site.server(os.path.join(work, "serve"))

    def imap(self, user):
        return self.server.imap(user)

    def pop3(self, user):
        return self.server.pop3(user)

    def deliver(self, _, mail):
        """As a delivery agent does it."""
        with open(self.account.inbox, "ab") as f:
            fcntl.lockf(f, fcntl.LOCK_EX)
            f.seek(0, os.SEEK_END)
            f.write(mbox_site.delivered([mail]))
        self.site.settle(self.account)


class MboxWeek(Week):
    def test_week(self):
        old = MboxSite(self.work)
        # Dovecot writes it unquoted, and when it has changed the flags takes the inner mail for one
        # of the folder.
        life = week.Life(old, USER, week.Names("", "/"), 5, avoid=["a mail in a mail"])
        target = lab.Target(old.site, self.work)
        target.folders = False
        with old.server:
            self.week(life, [(target, ())])
            self.assertEqual(old.server.complaints(), [])
        self.cut_over(target)
        copy = old.site.copy(os.path.join(self.work, "old"))
        with copy.server(os.path.join(self.work, "serve-old")) as server:
            seen = view.record(server, USER)
        empty = mbox.without_uids(old.account)
        self.check(life.client, seen, target, lambda view_: mbox.forget(view_, empty))


if __name__ == "__main__":
    unittest.main()
