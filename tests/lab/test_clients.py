#!/usr/bin/python3
"""Programs that people run, with the state that they keep, go through a move of their server.

Nothing is loaded a second time, and nothing is removed or changed at either side that the old
server would not have had removed or changed: what becomes of everybody's copy at the new server is
what becomes of it at the old one.
"""
import contextlib
import os
import unittest

import courier_site
import door
import lab
import mail_programs
import messages
import test_courier_end_to_end as courier
import test_week

USER = "ada"


class Move(unittest.TestCase):
    """Over any site. @prefix: of folders' names."""
    maxDiff = None

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        self.generator = messages.Generator(31)

    # ---- people ----------------------------------------------------------------------------

    def name(self, path):
        return path if path == "INBOX" else self.prefix + path.replace("/", self.separator)

    def fill(self, session, path, count, flags=None):
        for mail in (self.generator.mail(flags=flags) for _ in range(count)):
            session.append(self.name(path), mail.data, mail.flags, mail.internaldate(60))
            if mail.keywords:
                session.on("SELECT", self.name(path))
                session.store("*", "+FLAGS (%s)" % " ".join(mail.keywords))

    def begin(self, site):
        twin = self.generator.mail()
        with site.imap(USER) as session:
            for path in ("Sent", "lists/dev", "Entw\u00fcrfe", "R&D", "with blank", "$Label1"):
                session.on("CREATE", self.name(path))
                session.on("SUBSCRIBE", self.name(path))
                self.fill(session, path, 3)
            self.fill(session, "INBOX", 9)
            for _ in range(2):
                session.append(self.name("INBOX"), twin.data, (), twin.internaldate())
            session.on("SELECT", "INBOX")
            session.store("3,6", "+FLAGS (\\Deleted)")
            session.ok("EXPUNGE")
        for _ in range(3):
            site.deliver(USER, self.generator.mail())

    def day(self, site):
        with site.imap(USER) as session:
            session.on("SELECT", "INBOX")
            session.store("1", "+FLAGS (\\Flagged to.do)")
            session.store("2", "FLAGS (\\Seen)")
            session.store("4", "+FLAGS (\\Deleted)")
            session.ok("EXPUNGE")
            session.ok("UID COPY 1:2", session.name(self.name("Sent")))
            session.on("SELECT", self.name("lists/dev"))
            session.store("1", "FLAGS (\\Answered)")
            session.store("2", "+FLAGS (\\Deleted)")
            session.ok("EXPUNGE")
            self.fill(session, "R&D", 1)
            self.fill(session, "Sent", 1, flags=())
        for _ in range(2):
            site.deliver(USER, self.generator.mail())

    # ---- programs --------------------------------------------------------------------------

    def everybody(self, port):
        self.door = port
        self.programs = [kind(self.work, port, USER, self.prefix) for kind in mail_programs.ALL]

    def in_step(self, server):
        """Until nobody has anything to do. What one does to flags is news for the next."""
        self.door.lead_to(server)
        for _ in range(3):
            self.door.forget()
            for program in self.programs:
                program.run()
            if not self.door.taken() + self.door.changed():
                return
        self.fail("programs are not done: %s" % (self.door.taken() + self.door.changed()))

    def look(self, server, program):
        """What becomes of the program's copy, and what it said to get there."""
        self.door.lead_to(server)
        program.run()
        return (sorted(program.holds().elements()), sorted(self.door.taken()),
                sorted(self.door.changed()))

    def nothing_new(self, server):
        for program in self.programs:
            before = program.has()
            with self.subTest(program.name):
                _, taken, changed = self.look(server, program)
                self.assertEqual(taken + changed, [])
                self.assertEqual(program.has(), before)

    def the_same(self, old, new):
        """At the old server and, from the same state, at the new one. Returns how many there was
        something to do for."""
        busy = 0
        for program in self.programs:
            program.save()
            there = self.look(old, program)
            program.restore()
            with self.subTest(program.name):
                self.assertEqual(self.look(new, program), there)
            busy += there[1] != []
        return busy

    # ---- the move --------------------------------------------------------------------------

    def night(self, target, *more):
        done = target.migrate(*more)
        self.assertEqual(done.returncode, 0, lab.told(done))

    def move(self, site, target, serve, old_copy):
        """A user who tries the new server and goes back, nights, and the cutover. @serve: makes the
        new server of a series, on Maildirs; @old_copy: what the old one is after the last run."""
        self.begin(site)
        self.in_step(site)
        self.night(target)
        with serve("2.3", target.maildirs) as server:
            self.nothing_new(server)
        undone = lab.mailhaul("undo", *target.arguments()[:2], "--maildir",
                              os.path.join(target.maildirs, "%u"), "--state", target.state, USER)
        self.assertEqual(undone.returncode, 0, lab.told(undone))
        self.nothing_new(site)
        self.day(site)
        self.night(target)
        self.in_step(site)
        self.day(site)                               # of this no program knows yet
        self.night(target, "--final")
        with old_copy() as old, serve("2.4", target.copy("moved")) as new:
            self.assertEqual(self.the_same(old, new), len(self.programs))
            self.nothing_new(new)
            self.assertEqual(new.complaints(), [])
        self.forgotten(target, serve)

    def forgotten(self, target, serve):
        """This test would see it: without the UID lists everybody loads mail again or gives up."""
        copy = target.copy("forgotten")
        for path, _, files in os.walk(copy):
            if "dovecot-uidlist" in files:
                os.unlink(os.path.join(path, "dovecot-uidlist"))
        with serve("2.4", copy) as server:
            for program in self.programs:
                with self.subTest(program.name):
                    try:
                        self.assertNotEqual(self.look(server, program)[1], [])
                    except mail_programs.Failed:
                        pass


class FromCourier(Move):
    prefix, separator = "INBOX.", "."

    def test_move(self):
        site = courier_site.Site(self.work)
        site.add(USER, "programs")
        target = courier.Target(site, self.work, "moved")
        count = iter(range(9))

        def serve(series, maildirs):
            return target.server(series, "new%d" % next(count), maildirs)

        with door.Door() as port:
            self.everybody(port)
            self.move(site, target, serve, lambda: contextlib.nullcontext(
                site.copy(os.path.join(self.work, "old"))))


class FromMbox(Move):
    prefix, separator = "", "/"

    def test_move(self):
        old = test_week.MboxSite(self.work)
        target = lab.Target(old.site, self.work)
        target.folders = False
        count = iter(range(9))

        def serve(series, maildirs):
            return target.server(series, "new%d" % next(count), maildirs)

        def copy():
            copied = old.site.copy(os.path.join(self.work, "old"))
            return copied.server(os.path.join(self.work, "serve-old"))

        with door.Door() as port, old.server:
            self.everybody(port)
            self.move(old, target, serve, copy)


if __name__ == "__main__":
    unittest.main()
