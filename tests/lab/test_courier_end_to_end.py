#!/usr/bin/python3
"""Courier accounts, made and served by the real Courier, are moved; then nobody can tell.

The old view is what Courier's imapd and courierpop3d show; the new ones are what Dovecot 2.3 and
2.4 show of the result, under the settings that mailhaul prints.
"""
import os
import re
import unittest

import courier_site
import lab
import messages
import servers
import view


class Target(lab.Target):
    """The site's accounts as `mailhaul migrate` is told of them. @in_place: where they are."""

    def __init__(self, site, work, name, in_place=False):
        self.in_place = in_place
        os.makedirs(os.path.join(work, name))
        super().__init__(site, os.path.join(work, name))
        if in_place:
            self.maildirs = os.path.join(site.top, "home")

    def maildir(self, maildirs=None):
        path = os.path.join(maildirs or self.maildirs, "%u")
        return os.path.join(path, "Maildir") if self.in_place else path

    def arguments(self):
        users = os.path.join(self.work, "users")
        with open(users, "w") as f:
            f.writelines(a.user.passwd() for a in self.site.accounts)
        return ["--users", users, "--source-format", "courier", "--inbox", "%h/Maildir",
                "--maildir", self.maildir(), "--state", self.state]

    def server(self, series, name, maildirs, trace=None):
        return lab.serve(series, os.path.join(self.work, name), self.site, "courier",
                         self.maildir(maildirs), trace)


def renamed(folders):
    """{old name: new name} of the folders that cannot keep theirs, as the name plan has it: an
    ending is the digest of the folder's own name, so it is looked up."""
    names = {}
    for old, start in (("INBOX.INBOX", "INBOX.INBOX-"), ("INBOX.Entwu\u0308rfe",
                                                         "INBOX.Entw\u00fcrfe-")):
        found = [n for n in folders if re.fullmatch(re.escape(start) + "[a-z0-9]{6}", n)]
        names[old] = found[0] if len(found) == 1 else old
    return names


def message_files(top):
    for path, _, files in os.walk(top):
        if os.path.basename(path) in ("cur", "new") and os.path.isdir(os.path.join(path, "../tmp")):
            for name in files:
                yield os.path.join(path, name)


def copied(target):
    """Message files of the target that share neither file nor blocks with one of the source. Where
    reflinks are to be had, nothing can be told from outside."""
    known = {os.stat(f).st_ino for f in message_files(target.site.top)}
    return [f for f in message_files(target.maildirs) if os.stat(f).st_ino not in known]


RIGHTS = {"lookup": "l", "read": "r", "write": "w", "write-seen": "s", "write-deleted": "t",
          "insert": "i", "post": "p", "expunge": "e", "create": "c", "delete": "x", "admin": "a"}


def access(server, user, folder):
    """{identifier: rights} of a folder's own list, as Courier says them: "etx" is "d"."""
    done = servers.run("dovecot-" + server.series, [
        "/usr/bin/doveadm", "-c", server.configuration, "-f", "tab", "acl", "get", "-u", user,
        folder], server.etc)
    seen = {}
    for line in done.stdout.decode().splitlines()[1:]:
        name, _, rights = line.split("\t")
        letters = {RIGHTS[r] for r in rights.split()}
        if letters >= set("etx"):
            letters = letters - set("etx") | {"d"}
        seen[name.split("=")[-1]] = "".join(sorted(letters))
    return seen


def tree(top):
    """{path: (mode, owner, time, bytes)} of every file; lists have the time of their writing, and a
    GUID that is theirs alone."""
    seen = {}
    for path, _, files in os.walk(top):
        for name in files:
            full = os.path.join(path, name)
            with open(full, "rb") as f:
                st, data = os.fstat(f.fileno()), f.read()
            if name == "dovecot-uidlist":
                data = re.sub(rb"\A(3 V\d+ N\d+) G[0-9a-f]{32}", rb"\1", data)
            is_message = os.path.basename(path) in ("cur", "new")
            seen[os.path.relpath(full, top)] = (st.st_mode, st.st_uid, st.st_gid,
                                                is_message and st.st_mtime, data)
    return seen


def contents(site):
    """(account, base name, bytes, time) of every message, and the bytes of Courier's own files."""
    seen = []
    for account in site.accounts:
        for path in message_files(account.maildir):
            name = os.path.basename(path).split(":")[0]
            with open(path, "rb") as f:
                seen.append((account.name, name, f.read(), os.stat(path).st_mtime_ns))
        for name in ("courierimapuiddb", "courierpop3dsizelist", "courierimapsubscribed"):
            path = os.path.join(account.maildir, name)
            if os.path.exists(path):
                with open(path, "rb") as f:
                    seen.append((account.name, name, f.read()))
    return seen


class EndToEnd(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.work = lab.scratch()
        cls.addClassCleanup(lab.remove, cls.work)
        cls.site = courier_site.build(cls.work)
        cls.old = cls.site.views(os.path.join(cls.work, "old"))

    def migrate(self, site, name, *more, in_place=False):
        target = Target(site, self.work, name, in_place)
        done = target.migrate(*more)
        self.assertEqual(done.returncode, 0, lab.told(done))
        verified = lab.mailhaul("verify", *target.arguments())
        self.assertEqual(verified.returncode, 0, lab.told(verified))
        return target

    def compare(self, target):
        """Holds what both series show of the result, on copies, against the old views."""
        for series in ("2.3", "2.4"):
            copy = target.copy("copy-" + series)
            with target.server(series, "new-" + series, copy) as server:
                for account in self.site.accounts:
                    with self.subTest(series=series, account=account.name, kind=account.kind):
                        self.compare_account(account, view.record(server, account.name))
                with self.subTest(series=series):
                    self.assertEqual(server.complaints(), [])

    def compare_account(self, account, new):
        names = renamed(new["folders"])
        self.assertEqual(view.compare(self.old[account.name], new, skip=account.skip,
                                      name=lambda n: names.get(n, n)), [])

    def test_copies(self):
        before = lab.snapshot(self.site.top)
        target = self.migrate(self.site, "copied", "--transfer", "copy")
        self.assertEqual(lab.changes(before, lab.snapshot(self.site.top)), [])
        result = lab.snapshot(target.maildirs)
        again = target.migrate()
        self.assertEqual(again.returncode, 0, lab.told(again))
        self.assertEqual(lab.changes(result, lab.snapshot(target.maildirs)), [])
        self.compare(target)

    def test_links(self):
        before = lab.snapshot(self.site.top)
        target = self.migrate(self.site, "linked", "--transfer", "link")
        self.assertEqual(lab.changes(before, lab.snapshot(self.site.top)), [])
        self.assertEqual(copied(target), [])
        again = target.migrate("--transfer", "link")
        self.assertEqual(again.returncode, 0, lab.told(again))
        self.compare(target)

    def test_in_place(self):
        site = self.site.copy(os.path.join(self.work, "here"))
        before = contents(site)
        target = self.migrate(site, "in-place", in_place=True)
        self.assertEqual([x for x in before if x not in contents(site)], [])
        result = lab.snapshot(site.top)
        again = target.migrate()
        self.assertEqual(again.returncode, 0, lab.told(again))
        self.assertEqual(lab.changes(result, lab.snapshot(site.top)), [])
        self.compare(target)

    def test_in_place_follows_courier(self):
        """Courier goes on for a while; then the account is converted again."""
        site = self.site.copy(os.path.join(self.work, "there"))
        target = self.migrate(site, "follows", in_place=True)
        generator = messages.Generator(7)
        with site.imap("ada") as client:
            client.on("SELECT", "INBOX")
            client.store("1", "+FLAGS (\\Answered)")
            client.store("6", "+FLAGS (afterwards)")
            client.store("7", "+FLAGS (\\Deleted)")
            client.ok("UID EXPUNGE 10")
            client.append("INBOX", generator.mail().data, ("\\Seen",), None)
        site.deliver("ada", generator.mail())
        with site.pop3("ada") as client:
            client.uidl()
        old = view.record(site.copy(os.path.join(self.work, "there-old")), "ada")
        again = target.migrate()
        self.assertEqual(again.returncode, 0, lab.told(again))
        for series in ("2.3", "2.4"):
            with target.server(series, "f" + series, target.copy("follows-" + series)) as server:
                new = view.record(server, "ada")
            with self.subTest(series=series):
                only = {"folders": {"INBOX": old["folders"]["INBOX"]}, "pop3": old["pop3"],
                        "subscribed": []}
                shown = dict(new, folders={"INBOX": new["folders"]["INBOX"]})
                self.assertEqual(view.compare(only, shown, skip=["subscribed"]), [])

    def undo(self, target, *more):
        target.arguments()
        done = lab.mailhaul("undo", "--users", os.path.join(target.work, "users"), "--maildir",
                            target.maildir(), "--state", target.state, *more,
                            *[a.name for a in self.site.accounts])
        self.assertEqual(done.returncode, 0, lab.told(done))
        return done

    def test_in_place_and_back(self):
        """The tree is as it was, to the byte, and so is what Courier shows of it."""
        site = self.site.copy(os.path.join(self.work, "back"))
        before = lab.snapshot(site.top, directory_times=False)
        target = self.migrate(site, "and-back", in_place=True)
        converted = lab.snapshot(site.top)
        self.assertNotEqual(set(converted), set(before))
        told = self.undo(target, "--dry-run").stdout
        self.assertEqual(lab.changes(converted, lab.snapshot(site.top)), [])
        self.assertIn("to give back to Courier", told)
        self.undo(target)
        self.assertEqual(lab.changes(before, lab.snapshot(site.top, directory_times=False)), [])
        for account in site.accounts:
            with self.subTest(account=account.name):
                self.assertEqual(view.compare(self.old[account.name],
                                              view.record(site, account.name),
                                              skip=account.skip), [])

    def test_back_after_use(self):
        """Dovecot's clients have been there: what they brought and changed stays."""
        site = self.site.copy(os.path.join(self.work, "used"))
        target = self.migrate(site, "used-and-back", in_place=True)
        generator = messages.Generator(11)
        mail = generator.mail()
        with target.server("2.4", "used-server", target.maildirs) as server:
            with server.imap("ada") as client:
                client.append("INBOX.R&D", mail.data, ("\\Seen",), None)
                client.on("SELECT", "INBOX")
                client.store("1", "+FLAGS (\\Flagged \\Draft)")
        told = self.undo(target, "--verbose").stdout
        self.assertRegex(told, r"R&D: mail that mailhaul did not bring stays: '\.R&D/(cur|new)/")
        left = [os.path.join(path, name) for path, directories, files in os.walk(site.top)
                for name in directories + files if name.startswith(("dovecot", "mailhaul"))]
        self.assertEqual(left, [])
        with site.imap("ada") as client:
            client.on("SELECT", "INBOX")
            new = view.record(site, "ada")["folders"]
        old = self.old["ada"]["folders"]
        self.assertEqual([m["uid"] for m in old["INBOX"]["messages"]],
                         [m["uid"] for m in new["INBOX"]["messages"]])
        self.assertEqual([m["keywords"] for m in old["INBOX"]["messages"]],
                         [m["keywords"] for m in new["INBOX"]["messages"]])
        self.assertLessEqual({"\\Flagged", "\\Draft"}, set(new["INBOX"]["messages"][0]["flags"]))
        self.assertEqual(len(new["INBOX.R&D"]["messages"]), len(old["INBOX.R&D"]["messages"]) + 1)

    def test_access_lists(self):
        """What Courier answers to GETACL is what Dovecot's ACL plugin reads."""
        old = self.site.acls(os.path.join(self.work, "acls"))["ada"]
        target = self.migrate(self.site, "acl")
        for series in ("2.3", "2.4"):
            with target.server(series, "acl" + series, target.copy("acl-" + series)) as server:
                for folder in ("INBOX", "INBOX.Sent"):
                    with self.subTest(series=series, folder=folder):
                        self.assertEqual(access(server, "ada", folder), old[folder])
                with self.subTest(series=series):
                    self.assertEqual(server.complaints(), [])

    def test_convert_is_a_migration_of_one(self):
        migrated = self.migrate(self.site, "migrated", "--transfer", "copy")
        source = self.site.account("ada").maildir
        made = os.path.join(self.work, "100% made", "ada")
        os.mkdir(os.path.dirname(made))
        for _ in range(2):
            done = lab.mailhaul("convert", "--transfer", "copy", source, made)
            self.assertEqual(done.returncode, 0, lab.told(done))
        self.assertIn(" up to date", done.stdout)
        for top in (made, os.path.join(migrated.maildirs, "ada")):
            self.assertIn("subscriptions", os.listdir(top))
        self.assertEqual(tree(made), tree(os.path.join(migrated.maildirs, "ada")))
        nothing = lab.mailhaul("convert", os.path.dirname(made), made)
        self.assertEqual(nothing.returncode, 2)
        self.assertIn("no Maildir", nothing.stderr)

    def test_inspect(self):
        old, before = self.old["ada"], lab.snapshot(self.site.top)
        done = lab.mailhaul("inspect", "--verbose", self.site.account("ada").maildir)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(lab.changes(before, lab.snapshot(self.site.top)), [])
        shown = re.findall(r"^  (INBOX\S*(?: \S+)*) \(/", done.stdout, re.M)
        self.assertEqual(sorted(shown), sorted(
            n.replace("\\", "\\\\") for n, f in old["folders"].items() if f["selectable"]))
        inbox = old["folders"]["INBOX"]
        self.assertIn("UIDVALIDITY %d, next UID %d, %d messages with a UID" % (
            inbox["uidvalidity"], inbox["uidnext"], len(inbox["messages"])), done.stdout)
        for n, message in enumerate(old["pop3"]["messages"], 1):
            self.assertIn("UIDL %d. %s" % (n, message["uidl"]), done.stdout)

    def test_first_pop3_session_opens_no_message(self):
        target = self.migrate(self.site, "pop3")
        for series in ("2.3", "2.4"):
            trace = os.path.join(self.work, "trace-" + series)
            with target.server(series, "p" + series, target.copy("p-" + series),
                               trace=lab.strace(trace)) as server:
                for name in ("ada", "pop", "old@example.org"):
                    with server.pop3(name) as client:
                        self.assertEqual(client.stat(), self.old[name]["pop3"]["stat"])
                        self.assertEqual(client.uidl(), [m["uidl"] for m in
                                                         self.old[name]["pop3"]["messages"]])
            with self.subTest(series=series):
                self.assertEqual(lab.opened_messages(trace), [])


if __name__ == "__main__":
    unittest.main()
