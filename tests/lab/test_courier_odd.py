#!/usr/bin/python3
"""Courier accounts that no mail client makes: wrong sizes in names, one name twice, more keywords
than Dovecot has letters, links that a user has planted."""
import glob
import os
import shlex
import shutil
import unittest

import courier_site
import dovecot
import lab
import messages
import servers
import test_courier_end_to_end as end_to_end
import view

KEYWORDS = ["kw%02d" % n for n in range(30)]


def rename(path, change):
    directory, name = os.path.split(path)
    base, colon, info = name.partition(":")
    to = os.path.join(directory, change(base) + colon + info)
    os.rename(path, to)
    return to


def build(work):
    """One account: each message has "mail N" in its subject, in the order of UIDs."""
    site, generator = courier_site.Site(work), messages.Generator(3)
    odd = site.add("odd", "odd names")
    with site.imap("odd") as client:
        client.on("CREATE", "INBOX.many")
        for _ in range(6):
            client.append("INBOX", generator.mail().data, (), generator.mail().internaldate(0))
        for n in range(3):
            client.append("INBOX.many", generator.mail().data, ("\\Seen",), None)
        client.on("SELECT", "INBOX.many")
        client.store("1", "+FLAGS (%s)" % " ".join(KEYWORDS))
        client.store("2", "+FLAGS (%s)" % " ".join(KEYWORDS[:28]))
    files = sorted(glob.glob(os.path.join(odd.maildir, "cur", "*")))
    # Courier is fine with all of these names.
    rename(files[0], lambda base: base.split(",S=")[0] + ",S=5")
    rename(files[1], lambda base: base + ",W=7")
    rename(files[2], lambda base: base.split(",S=")[0] + "x" * 150)
    with site.imap("odd") as client:              # lists the names that are new to it
        client.on("SELECT", "INBOX")
    with site.pop3("odd") as client:
        client.uidl()
    return site


class Odd(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        self.site = build(self.work)
        self.old = self.site.views(os.path.join(self.work, "old"))["odd"]

    def migrate(self, target, status):
        done = target.migrate()
        self.assertEqual(done.returncode, status, lab.told(done))
        return done

    def check(self, target, name):
        """Holds the result against the old view, keywords without a letter and all."""
        scripts = glob.glob(os.path.join(target.state, "keywords-*.sh"))
        self.assertTrue(scripts)
        with open(scripts[0]) as f:
            commands = [shlex.split(line) for line in f]
        for series in ("2.3", "2.4"):
            copy = target.copy(name + series)
            with target.server(series, "s" + series, copy) as server:
                for command in commands:
                    self.assertEqual(command[0], "doveadm")
                    self.doveadm(server, command[1:])
                new = view.record(server, "odd")
                with self.subTest(series=series):
                    self.assertEqual(view.compare(self.old, new), [])
                    self.assertEqual(server.complaints(), [])

    def doveadm(self, server, words):
        servers.run("dovecot-" + server.series, ["/usr/bin/doveadm", "-c", server.configuration]
                    + words, server.etc)

    def test_copied(self):
        target = end_to_end.Target(self.site, self.work, "copied")
        checked = lab.mailhaul("check", *target.arguments())
        said = [line for line in checked.stdout.splitlines() if line.startswith("  loss: many: ")]
        self.assertEqual([line.split("'")[1] for line in said],
                         ["kw26", "kw27", "kw28", "kw29"], lab.told(checked))
        self.assertFalse(os.path.exists(target.state))
        self.migrate(target, 1)
        self.check(target, "copy")

    def take_back(self, target, before):
        done = lab.mailhaul("undo", "--maildir", target.maildir(), "--state", target.state,
                            "--users", os.path.join(target.work, "users"), "odd")
        self.assertEqual(done.returncode, 0, lab.told(done))
        self.assertEqual(lab.changes(before, lab.snapshot(target.site.top, directory_times=False)),
                         [])

    def test_in_place(self):
        site = self.site.copy(os.path.join(self.work, "here"))
        courier = lab.snapshot(site.top, directory_times=False)
        target = end_to_end.Target(site, self.work, "in-place", in_place=True)
        self.migrate(target, 1)
        before = lab.snapshot(site.top)
        self.migrate(target, 1)
        self.assertEqual(lab.changes(before, lab.snapshot(site.top)), [])
        self.check(target, "copy")
        self.take_back(target, courier)

    def test_one_name_twice(self):
        """Courier shows one of them; both are kept, each under a name of its own."""
        maildir = self.site.account("odd").maildir
        first = sorted(glob.glob(os.path.join(maildir, "cur", "*")))[-1]
        twin = first.split(":")[0] + ":2,FS"
        shutil.copy2(first, twin)
        with open(twin, "a") as f:
            f.write("another\n")
        os.chown(twin, os.stat(first).st_uid, os.stat(first).st_gid)
        for in_place in (False, True):
            site = self.site.copy(os.path.join(self.work, "twin%d" % in_place))
            courier = lab.snapshot(site.top, directory_times=False)
            target = end_to_end.Target(site, self.work, "t%d" % in_place, in_place=in_place)
            for _ in range(2):
                self.migrate(target, 1)
            with target.server("2.3", "t", target.copy("c")) as server:
                inbox = view.record(server, "odd")["folders"]["INBOX"]["messages"]
                self.assertEqual(server.complaints(), [])
            with self.subTest(in_place=in_place):
                self.assertEqual(len(inbox), 7)
                self.assertEqual(len({m["uid"] for m in inbox}), 7)
            if in_place:
                self.take_back(target, courier)


@unittest.skipUnless(lab.IS_ROOT, "users can plant links for themselves only")
class Planted(unittest.TestCase):
    """Run by root, for a user who has put links where mailhaul reads or writes."""

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        self.site = build(self.work)
        self.outside = os.path.join(self.work, "outside")
        os.makedirs(os.path.join(self.outside, "cur"))
        with open(os.path.join(self.outside, "cur", "1.M1P1.host:2,S"), "w") as f:
            f.write("Subject: secret\n\nsecret\n")
        with open(os.path.join(self.outside, "file"), "w") as f:
            f.write("1 77 99\n5 secret\n")
        for path, _, files in os.walk(self.outside):
            for name in files:
                os.chmod(os.path.join(path, name), 0o600)
        self.before = lab.snapshot(self.outside)

    def plant(self, maildir, name, to):
        path = os.path.join(maildir, name)
        if os.path.isdir(path) and not os.path.islink(path):
            os.rename(path, path + "-was")
        elif os.path.lexists(path):
            os.remove(path)
        os.symlink(os.path.join(self.outside, to), path)

    def run_with(self, name, to, way):
        label = "%s-%s" % (name.replace("/", "_"), way)
        in_place, more = way == "in place", [] if way == "in place" else ["--transfer", way]
        site = self.site.copy(os.path.join(self.work, label))
        self.plant(site.account("odd").maildir, name, to)
        target = end_to_end.Target(site, self.work, "t-" + label, in_place=in_place)
        done = target.migrate(*more)
        with self.subTest(name=name, way=way):
            self.assertEqual(lab.changes(self.before, lab.snapshot(self.outside)), [])
            for path, _, files in os.walk(target.work):
                for file in files:
                    with open(os.path.join(path, file), "rb") as f:
                        self.assertNotIn(b"secret\n", f.read(), os.path.join(path, file))
            self.assertNotIn("secret", done.stdout)
        return done

    def test_links(self):
        for way in ("copy", "link", "in place"):
            for name, to in (("courierimapuiddb", "file"), ("courierpop3dsizelist", "file"),
                             ("courierimapkeywords", "cur"), ("courierimapsubscribed", "file"),
                             (".many/courierimapkeywords/:list", "file"), ("maildirsize", "file"),
                             ("courierimapacl", "file"), (".many", ""), ("cur", "cur"),
                             (".many/cur", "cur"), ("new", "cur"), (".evil", ""),
                             ("cur/9.M9P9.host:2,S", "file"), ("dovecot-uidlist", "file"),
                             ("dovecot-keywords", "file"), ("dovecot-uidlist.lock", "file"),
                             (".many/dovecot-uidlist", "missing"), ("subscriptions", "file"),
                             ("mailhaul.build", "cur"), ("mailhaul.folders", "file"),
                             ("dovecot-acl", "file"), ("courierimaphieracl", "cur"),
                             (".many/mailhaul-tmp.dovecot-uidlist", "x")):
                self.run_with(name, to, way)

    def test_planted_at_the_target(self):
        for name, to in (("dovecot-uidlist", "file"), ("cur", "cur"), (".many", ""),
                         ("subscriptions", "file"), ("maildirsize", "file"),
                         ("mailhaul.build", "cur"), ("dovecot-uidlist.lock", "file")):
            target = end_to_end.Target(self.site, self.work, "at-" + name)
            user = self.site.account("odd").user
            maildir = os.path.join(target.maildirs, "odd")
            os.makedirs(maildir)
            os.chown(maildir, user.uid, user.gid)
            self.plant(maildir, name, to)
            target.migrate()
            with self.subTest(name=name):
                self.assertEqual(lab.changes(self.before, lab.snapshot(self.outside)), [])


if __name__ == "__main__":
    unittest.main()
