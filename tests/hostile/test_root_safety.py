"""Root's run over an account whose owner plays tricks: nothing outside of it is read, written,
made, given away or removed, and nothing hangs. Needs root; see hostile_site.py."""
import os
import shutil
import subprocess
import sys
import time
import unittest

from hostile_site import EVE, JOE, VMAIL, MAILHAUL, Site, message, told

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import servers

# Each is what eve does before the run: Python with `top` and `home`.
SOURCE_TRICKS = {
    "folder directory is a link to joe's": "os.rename(home + '/mail', home + '/m');"
        "os.symlink('../joe/mail', home + '/mail')",
    "folder directory is an absolute link": "os.rename(home + '/mail', home + '/m');"
        "os.symlink(top + '/home/joe/mail', home + '/mail')",
    "folder directory is a FIFO": "os.rename(home + '/mail', home + '/m');"
        "os.mkfifo(home + '/mail')",
    "folder is a link to a secret": "os.symlink(top + '/others/secret', home + '/mail/a')",
    "folder is a link to joe's": "os.symlink('../../joe/mail/saved', home + '/mail/a')",
    "folder is a link to itself": "os.symlink('a', home + '/mail/a')",
    "folder is a FIFO": "os.mkfifo(home + '/mail/a')",
    "folder is a socket": "import socket; os.chdir(home + '/mail');"
        "socket.socket(socket.AF_UNIX).bind('a')",
    "links that go round": "os.symlink('..', home + '/mail/a'); os.symlink('.', home + '/mail/b')",
    "a directory 200 deep": "os.chdir(home + '/mail')\n"
        "for i in range(200): os.mkdir('d'); os.chdir('d')",
    "names like options": "[open(home + '/mail/' + n, 'w').write(%r) for n in"
        " ('--owner=root', '-rf', '--', '-')]" % message(5),
    "names with line ends and escapes": "[open(home + '/mail/' + n, 'w').write(%r) for n in"
        " ('a\\nb', 'a\\x1b[31mb', 'a\\rb', ' ', '..a', 'a\\\\b', '%%s%%n')]" % message(5),
    "names of a target's parts": "[open(home + '/mail/' + n, 'w').write(%r) for n in"
        " ('cur', 'new', 'tmp', 'dovecot-uidlist', 'dovecot-keywords', 'subscriptions',"
        " 'mailhaul.build', 'mailhaul-tmp.subscriptions', 'maildirfolder')]" % message(5),
    "subscriptions are a FIFO": "os.mkfifo(home + '/.mailboxlist')",
    "subscriptions are a link": "os.symlink(top + '/others/secret', home + '/.mailboxlist')",
    "~/mbox is a FIFO": "os.mkfifo(home + '/mbox')",
    "~/mbox is a link": "os.symlink(top + '/others/secret', home + '/mbox')",
    "spool is a link": "os.unlink(top + '/spool/eve');"
        "os.symlink(top + '/others/secret', top + '/spool/eve')",
    "spool is a FIFO": "os.unlink(top + '/spool/eve'); os.mkfifo(top + '/spool/eve')",
    "spool is a directory": "os.unlink(top + '/spool/eve'); os.mkdir(top + '/spool/eve')",
    "lock is a link": "os.symlink(top + '/others/secret', top + '/spool/eve.lock')",
    "lock is a FIFO": "os.mkfifo(home + '/mail/saved.lock')",
    "lock is a directory": "os.mkdir(home + '/mail/saved.lock')",
    "home keeps its owner out": "os.chmod(home, 0)",
    "mail keeps its owner out": "os.chmod(home + '/mail', 0)",
    "a file keeps its owner out": "os.chmod(home + '/mail/saved', 0)",
    "10,000 names": "[os.symlink('x', home + '/mail/%d' % i) for i in range(10000)]",
}

# The target is %h/Maildir, and its place is eve's.
HOME_TARGET_TRICKS = {
    "target is a link to a directory of root's": "os.symlink(top + '/others', home + '/Maildir')",
    "target is a link to what is not there": "os.symlink(top + '/others/new', home + '/Maildir')",
    "target is a link to joe's": "os.symlink('../joe/Maildir', home + '/Maildir')",
    "target is a FIFO": "os.mkfifo(home + '/Maildir')",
    "target is a file": "open(home + '/Maildir', 'w')",
    "target's directories are links": "os.mkdir(home + '/Maildir');"
        "[os.symlink(top + '/others/directory', home + '/Maildir/' + n) for n in"
        " ('cur', 'new', 'tmp', '.saved', 'mailhaul.build')]",
    "target's directories are FIFOs": "os.mkdir(home + '/Maildir');"
        "[os.mkfifo(home + '/Maildir/' + n) for n in"
        " ('cur', 'new', 'tmp', '.saved', 'mailhaul.build')]",
    "state files are links": "os.mkdir(home + '/Maildir');"
        "[os.symlink(top + '/others/secret', home + '/Maildir/' + n) for n in"
        " ('dovecot-uidlist', 'dovecot-keywords', 'subscriptions', 'dovecot-uidlist.lock',"
        " 'mailhaul-tmp.subscriptions', 'mailhaul-tmp.dovecot-uidlist', 'maildirfolder')]",
    "state files are FIFOs": "os.mkdir(home + '/Maildir');"
        "[os.mkfifo(home + '/Maildir/' + n) for n in"
        " ('dovecot-uidlist', 'dovecot-keywords', 'subscriptions', 'dovecot-uidlist.lock')]",
    "what a killed run left is a link": "os.makedirs(home + '/Maildir/mailhaul.build');"
        "os.symlink(top + '/others', home + '/Maildir/mailhaul.build/1')",
    "a folder has links for its directories": "os.makedirs(home + '/Maildir/.saved');"
        "[os.symlink('../../../joe/mail', home + '/Maildir/.saved/' + n) for n in"
        " ('cur', 'new', 'tmp')]",
}

# A Courier Maildir of hers, home/Maildir, with a folder .saved.
COURIER_TRICKS = {
    "a folder is a link to joe's": "os.symlink('../../joe/Maildir', maildir + '/.a')",
    "a folder is a link to root's": "os.symlink(top + '/others', maildir + '/.a')",
    "a folder is a link to itself": "os.symlink('.a', maildir + '/.a')",
    "a folder is a link to the Maildir": "os.symlink('.', maildir + '/.a')",
    "a folder is a FIFO": "os.mkfifo(maildir + '/.a')",
    "a folder has links for its directories": "os.mkdir(maildir + '/.a');"
        "[os.symlink('../../../joe/Maildir/' + n, maildir + '/.a/' + n) for n in"
        " ('cur', 'new', 'tmp')]",
    "messages are links": "[os.symlink(t, maildir + '/cur/1000000%d.a.b:2,S' % i) for i, t in"
        " enumerate((top + '/others/secret', '../../../joe/Maildir/cur/1000000001.M1P1.host:2,S',"
        " '../cur'))]",
    "a message is a FIFO": "os.mkfifo(maildir + '/cur/1000000009.a.b:2,S')",
    "a message is a directory": "os.mkdir(maildir + '/new/1000000009.a.b')",
    "a message has line ends and escapes in its name":
        "open(maildir + '/cur/10000\\n\\x1b[31m.a.b:2,S', 'w').write('Subject: a\\n\\nb\\n')",
    "Courier's files are links to a secret": "[os.symlink(top + '/others/secret', maildir + '/' + n)"
        " for n in ('courierimapuiddb', 'courierpop3dsizelist', 'courierimapsubscribed',"
        " 'courierimapacl', 'maildirsize', 'courierimapkeywords')]",
    "Courier's files are FIFOs": "[os.mkfifo(maildir + '/' + n) for n in ('courierimapuiddb',"
        " 'courierpop3dsizelist', 'courierimapsubscribed', 'courierimapacl', 'maildirsize')]",
    "what mailhaul writes is a link": "[os.symlink(top + '/others/secret', maildir + '/' + n)"
        " for n in ('dovecot-uidlist', 'subscriptions', 'dovecot-acl',"
        " 'mailhaul-tmp.dovecot-uidlist', 'mailhaul-tmp.subscriptions')]",
    "what mailhaul writes is a directory's link": "os.symlink(top + '/others/directory', maildir +"
        " '/mailhaul.build')",
    "cur keeps its owner out": "os.chmod(maildir + '/cur', 0)",
}

# She changes these of her Courier Maildir while mailhaul runs: each component of what is read.
COURIER_RACES = [
    ("home/eve/Maildir", "others/directory"),
    ("home/eve/Maildir/cur", "others/directory"),
    ("home/eve/Maildir/cur/1000000001.M1P1.host:2,S", "others/secret"),
    ("home/eve/Maildir/.saved", "home/joe/Maildir"),
    ("home/eve/Maildir/.saved/new", "home/joe/Maildir/cur"),
    ("home/eve/Maildir/courierimapuiddb", "others/secret"),
    ("home/eve/Maildir/courierimapkeywords", "others"),
    ("home/eve/Maildir/courierimapkeywords/:list", "others/secret"),
    ("home/eve/Maildir/courierimapsubscribed", "others/secret"),
    ("home/eve/Maildir/courierpop3dsizelist", "others/secret"),
    ("home/eve/Maildir/courierimapacl", "others/secret"),
]

# Mount points of root's that come and go: "place: what is mounted there".
MOUNTS = {
    "home is a mount point": ("home/eve", "bind", "home/eve"),
    "mail is a mount point": ("home/eve/mail", "tmpfs", None),
    "joe's home is mounted in hers": ("home/eve/mail/joe", "bind", "home/joe"),
    "her home is mounted in itself": ("home/eve/mail/again", "bind", "home/eve"),
    "root's files are mounted in it": ("home/eve/mail/others", "bind", "others"),
    "a secret is mounted on a folder": ("home/eve/mail/saved", "bind", "others/secret"),
    "the home is read only": ("home/eve", "ro", "home/eve"),
}

# She changes these while mailhaul runs: places below TOP, swapped with a link to TARGET.
RACES = [
    ("home/eve/mail", "others/directory", "%h/Maildir"),
    ("home/eve/mail/saved", "others/secret", "%h/Maildir"),
    ("spool/eve", "others/secret", "%h/Maildir"),
    ("home/eve/Maildir", "others/directory", "%h/Maildir"),
    ("home/eve/Maildir/cur", "others/directory", "%h/Maildir"),
    ("home/eve/Maildir/.saved", "others/directory", "%h/Maildir"),
    ("home/eve/Maildir/mailhaul.build", "others", "%h/Maildir"),
    ("home/eve/Maildir/dovecot-uidlist", "others/secret", "%h/Maildir"),
    ("home/eve/sub", "others", "%h/sub/Maildir"),
    ("home/eve/sub", "others", "%h/sub/below/Maildir"),
]

RACER = """
import os, sys, time
place, target = sys.argv[1:3]
aside = place + '.aside'
os.chdir('/')
while True:
    for step in (lambda: os.symlink(target, place + '.link'),
                 lambda: os.rename(place, aside), lambda: os.rename(place + '.link', place),
                 lambda: time.sleep(0.0005),
                 lambda: os.unlink(place), lambda: os.rename(aside, place),
                 lambda: time.sleep(0.0005)):
        try: step()
        except OSError: pass
"""


@unittest.skipIf(os.geteuid() != 0, "needs root")
class RootSafety(unittest.TestCase):
    def setUp(self):
        self.site = Site()
        self.addCleanup(self.site.remove)

    def check(self, before, done, joe_is_done=True, **how):
        after = self.site.snapshot(**how)
        self.assertEqual({path: what for path, what in before.items() if after.get(path) != what},
                         {}, "changed: " + told(done))
        self.assertEqual([path for path in after if path not in before], [], "new: " + told(done))
        self.assertEqual(self.site.finds("SECRET 666", "SECRET of joe"), [], told(done))
        self.assertNotIn("SECRET", done.stdout + done.stderr)
        self.assertNotRegex(done.stdout + done.stderr, "[\x00-\x09\x0b-\x1f\x7f]")
        if joe_is_done:
            self.assertTrue(os.path.exists(self.site.path("data/joe/dovecot-uidlist")) or
                            os.path.exists(self.site.path("home/joe/Maildir/dovecot-uidlist")),
                            told(done))

    def play(self, tricks, **how):
        for name, code in tricks.items():
            with self.subTest(name):
                site = self.site = Site()
                try:
                    site.eve(code)
                    leave_out = ("home/joe/Maildir",)
                    before = site.snapshot(leave_out=leave_out)
                    for command in ("check", "migrate", "migrate", "verify"):
                        done = site.run(command, **how)
                        if command != "check":
                            self.check(before, done, leave_out=leave_out)
                    done = site.run("undo", users=("eve", "joe"), **how)
                    self.check(before, done, joe_is_done=False, leave_out=leave_out)
                finally:
                    site.remove()

    def test_source(self):
        self.play(SOURCE_TRICKS)

    def test_target_in_the_home(self):
        self.play(HOME_TARGET_TRICKS, maildir="%h/Maildir")

    def make_courier(self, site):
        for name, uid in (("eve", EVE), ("joe", JOE)):
            for folder in ("", "/.saved"):
                for part in ("", "/cur", "/new", "/tmp"):
                    path = site.path("home/%s/Maildir" % name) + folder + part
                    os.mkdir(path, 0o700)
                    os.chown(path, uid, uid)
            site.write("home/%s/Maildir/cur/1000000001.M1P1.host:2,S" % name,
                       "Subject: 1\n\nSECRET of %s\n" % name, uid, 0o600)
            site.write("home/%s/Maildir/.saved/new/1000000002.M1P1.host" % name,
                       "Subject: 2\n\ntext\n", uid, 0o600)

    def test_courier(self):
        """Copied, linked, and where it stands."""
        for maildir, transfer in (("data/%u", "copy"), ("data/%u", "link"), ("%h/Maildir", "auto")):
            for name, code in COURIER_TRICKS.items():
                with self.subTest(name, transfer=transfer):
                    self.site = Site()
                    self.make_courier(self.site)
                    try:
                        self.play_courier(code, maildir, transfer)
                    finally:
                        self.site.remove()

    def play_courier(self, code, maildir, transfer):
        site = self.site
        site.eve("maildir = home + '/Maildir'\n" + code)
        leave_out = ("home/joe/Maildir",) if maildir.startswith("%") else ()
        before = site.snapshot(leave_out=leave_out)
        how = {"inbox": "%h/Maildir", "maildir": maildir}
        for command in ("check", "migrate", "migrate", "verify"):
            more = ("--transfer", transfer) if command == "migrate" else ()
            self.check_courier(before, site.run(command, *more, **how), leave_out)
        self.check_courier(before, site.run("undo", users=("eve", "joe"), **how), leave_out)

    def check_courier(self, before, done, leave_out):
        """As check(); a link gives joe's own message one name more while his target is there."""
        site = self.site
        after = site.snapshot(leave_out=leave_out)
        for seen in (before, after):
            for path, what in seen.items():
                if path.startswith(site.path("home/joe/Maildir")) and len(what) > 6:
                    what[4] = 1
        self.assertEqual(before, after, told(done))
        self.assertEqual(site.finds("SECRET 666", "SECRET of joe", below=("data/eve",)), [],
                         told(done))
        self.assertNotIn("SECRET", done.stdout + done.stderr)
        self.assertNotRegex(done.stdout + done.stderr, "[\x00-\x09\x0b-\x1f\x7f]")

    def test_many_names(self):
        """A tmp/ that was never cleaned up costs time, not hours."""
        site = self.site
        self.make_courier(site)
        site.eve("for i in range(200000): os.close(os.open(home + '/Maildir/tmp/%d.a.b' % i,"
                 " os.O_CREAT | os.O_WRONLY))")
        for maildir in ("data/%u", "%h/Maildir"):
            done = site.run(inbox="%h/Maildir", maildir=maildir)
            self.assertEqual(done.returncode, 0, told(done))
        self.assertEqual(len(os.listdir(site.path("home/eve/Maildir/tmp"))), 200000)

    def test_target_below_a_link(self):
        """What root makes for an account, it makes along no link of the account's."""
        for pattern in ("%h/a/Maildir", "%h/a/b/Maildir", "%h/a/b/c/Maildir"):
            with self.subTest(pattern):
                site = self.site = Site()
                site.eve("os.symlink(top + '/others', home + '/a')")
                before = site.snapshot()
                self.check(before, site.run(maildir=pattern), joe_is_done=False)
                site.remove()

    def test_home_in_a_directory_of_hers(self):
        """She decides where such a home leads: root makes nothing there, and reads nothing."""
        site = self.site
        os.mkdir(site.path("site"))
        os.chown(site.path("site"), EVE, EVE)
        os.symlink("../others/directory", site.path("site/eve"))
        site.write("others/directory/uidls", "1 abc\n2 def\n", 0, 0o600)
        site.write("users", "eve:x:%d:%d::%s:/bin/sh\n" % (EVE, EVE, site.path("site/eve")), 0, 0o644)
        for maildir in ("%h/Maildir", "site/%u/Maildir"):
            before = site.snapshot()
            done = site.run(maildir=maildir)
            self.assertEqual(done.returncode, 2, told(done))
            self.assertIn("cannot make the target", done.stderr)
            self.assertEqual(site.snapshot(), before)
        done = site.run("migrate", "--pop3-uidl", "file:%h/uidls")
        self.assertIn("it belongs to another user", done.stderr)

    def test_unchanged_behind_a_link(self):
        """Is nothing new? Not even that does root look at along a link out of the home."""
        site = self.site
        for _ in range(2):
            done = site.run("migrate", "--sync", "batch", maildir="%h/target")
            self.assertEqual(done.returncode, 0, told(done))
            time.sleep(0.5)
        self.assertRegex(done.stdout, "eve: .*up to date")
        os.rename(site.path("home/eve/target"), site.path("others/directory/target"))
        site.eve("os.symlink(top + '/others/directory/target', home + '/target')")
        before = site.snapshot()
        done = site.run("migrate", "--sync", "batch", maildir="%h/target")
        self.assertEqual(done.returncode, 2, told(done))
        self.assertRegex(done.stderr, "(?m)^mailhaul: eve: cannot .*target'")
        self.assertEqual(before, site.snapshot(), told(done))

    def test_hard_links_to_others(self):
        """With one owner for all targets, the worker can read what is not the account's."""
        site = self.site
        os.mkdir(site.path("data/vmail"))
        os.chown(site.path("data/vmail"), VMAIL, VMAIL)
        # as on a system that lets her: links and directories of others
        os.link(site.path("home/joe/mail/saved"), site.path("home/eve/mail/hers"))
        os.link(site.path("others/secret"), site.path("home/eve/mail/roots"))
        os.symlink("../../joe/mail", site.path("home/eve/mail/dir"))
        os.symlink("../../joe/mail/saved", site.path("home/eve/mail/file"))
        before = site.snapshot(uids=(EVE, VMAIL))
        done = site.run(maildir="data/vmail/%u", owner="%d:%d" % (VMAIL, VMAIL), users=("eve",))
        after = site.snapshot(uids=(EVE, VMAIL))
        self.assertEqual(before, after, told(done))
        self.assertEqual(site.finds("SECRET 666", "SECRET of joe", below=("data/vmail/eve",)), [],
                         told(done))
        self.assertTrue(site.finds("SECRET of eve", below=("data/vmail/eve",)), told(done))

    def test_home_as_whole_tree(self):
        """A folder directory named by the user stays in the user's directory."""
        site = self.site
        site.eve("os.rename(home + '/mail', home + '/m'); os.symlink('../joe/mail', home + '/mail')")
        done = site.run("migrate", "--folders", site.path("home/%u/mail"),
                        maildir="data/vmail/%u", owner="%d:%d" % (VMAIL, VMAIL), users=("eve",))
        self.assertEqual(site.finds("SECRET of joe", below=("data",)), [], told(done))

    def test_home_vanishes(self):
        site = self.site
        os.rename(site.path("home/eve"), site.path("home/gone"))
        before = site.snapshot(leave_out=("home/joe/Maildir",))
        done = site.run(maildir="%h/Maildir")
        self.check(before, done, leave_out=("home/joe/Maildir",))
        self.assertFalse(os.path.exists(site.path("home/eve")))
        self.assertIn("cannot make the target", done.stderr, told(done))

    def test_devices(self):
        """Root made them, and nobody may open them."""
        site = self.site
        try:
            for number, name in enumerate(("home/eve/mail/null", "home/eve/mail/zero")):
                os.mknod(site.path(name), 0o020666, os.makedev(1, 3 + 2 * number))
        except PermissionError:
            self.skipTest("no devices here")
        before = site.snapshot()
        self.check(before, site.run())

    def test_listing_of_uidls(self):
        """A link to another's file is no listing."""
        for trick in ("os.symlink(top + '/others/secret', home + '/uidls')",
                      "os.symlink('../joe/mail/saved', home + '/uidls')",
                      "os.mkfifo(home + '/uidls')"):
            with self.subTest(trick):
                site = self.site = Site()
                site.eve(trick)
                before = site.snapshot()
                done = site.run("migrate", "--pop3-uidl", "file:%h/uidls", users=("eve",))
                self.check(before, done, joe_is_done=False)
                self.assertIn("cannot use the saved UIDLs", done.stderr, told(done))
                site.remove()
        site = self.site = Site()
        os.link(site.path("others/secret"), site.path("home/eve/uidls"))
        done = site.run("migrate", "--pop3-uidl", "file:%h/uidls", users=("eve",))
        self.assertIn("belongs to another user", done.stderr, told(done))

    def in_namespace(self, script, *arguments, timeout=60):
        """Runs a shell script that may mount; nobody else sees its mounts."""
        done = subprocess.run([*servers.unshare(), "sh", "-c", "echo inside >&2; " + script,
                               "mounts", *arguments], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", timeout=timeout)
        self.assertIn("inside\n", done.stderr, told(done))
        return done

    def test_mounts(self):
        """What root has mounted into a home is read as eve, or not at all. With one owner for all, what
        root mounts there is taken for hers, whosoever it is; all else stays as it was."""
        script = ('place=$1; kind=$2; what=$3; shift 3\n'
                  'case $kind in\n'
                  'tmpfs) mount -t tmpfs none "$place" ;;\n'
                  'bind) mount --bind "$what" "$place" ;;\n'
                  'ro) mount --bind "$what" "$place" && mount -o remount,ro,bind "$place" ;;\n'
                  'esac || exit 99\n'
                  '"$@"')
        for name, (place, kind, what) in MOUNTS.items():
            for maildir, owner in (("data/%u", None), ("%h/Maildir", None),
                                   ("data/vmail/%u", "%d:%d" % (VMAIL, VMAIL))):
                with self.subTest(name, maildir=maildir):
                    site = self.site = Site()
                    os.mkdir(site.path("data/vmail"))
                    os.chown(site.path("data/vmail"), VMAIL, VMAIL)
                    if not os.path.lexists(site.path(place)):
                        os.mkdir(site.path(place))
                    before = site.snapshot(uids=(EVE, VMAIL), leave_out=("home/joe/Maildir",))
                    for command in ("migrate", "migrate"):
                        done = self.in_namespace(
                            script, site.path(place), kind, site.path(what or "."),
                            *site.command(command, maildir=maildir, owner=owner))
                        self.assertNotEqual(done.returncode, 99, told(done))
                    after = site.snapshot(uids=(EVE, VMAIL), leave_out=("home/joe/Maildir",))
                    self.assertEqual(before, after, told(done))
                    if owner is None:
                        self.assertEqual(site.finds("SECRET 666", "SECRET of joe", below=(
                            "data/eve", "home/eve")), [], told(done))
                    self.assertNotIn("SECRET", done.stdout + done.stderr)
                    site.remove()

    def test_home_vanishes_in_a_run(self):
        """A file system that comes and goes while it is read: root writes nothing where it was."""
        script = ('home=$1; shift\n'
                  '(while :; do mount -t tmpfs none "$home"; umount -l "$home"; done) 2>/dev/null &\n'
                  'swaps=$!\n'
                  'for run in 1 2 3 4 5 6; do "$@"; done\n'
                  'kill $swaps')
        for maildir in ("data/%u", "%h/Maildir"):
            with self.subTest(maildir):
                site = self.site = Site()
                before = site.snapshot(leave_out=("home/joe/Maildir",))
                done = self.in_namespace(script, site.path("home/eve"),
                                         *site.command("migrate", maildir=maildir), timeout=120)
                self.check(before, done, leave_out=("home/joe/Maildir",))
                done = site.run(maildir=maildir)                  # and it can be completed
                self.assertEqual(done.returncode, 0, told(done))
                self.assertEqual(len(site.finds("SECRET of eve")), 2, told(done))
                site.remove()

    def test_huge_lists(self):
        """State files of some MB (HOSTILE_MB=50: all of it, in minutes), and of nothing but a size."""
        site = self.site
        size = int(os.environ.get("HOSTILE_MB", "4")) << 20
        self.make_courier(site)
        line = {"courierimapsubscribed": "INBOX.%07d\n",
                "courierpop3dsizelist": "%07d.M1P1.host 12345 1:2\n",
                "courierimapuiddb": "%d 1000000001.M1P%d.host\n",
                "courierimapkeywords/:list": "%07d.M1P1.host:0 1 2\n"}
        os.mkdir(site.path("home/eve/Maildir/courierimapkeywords"))
        os.chown(site.path("home/eve/Maildir/courierimapkeywords"), EVE, EVE)
        for name, form in line.items():
            count = size // len(form % ((1,) * form.count("%")))
            text = "".join(form % ((i,) * form.count("%")) for i in range(1, count))
            head = {"courierimapuiddb": "1 7 %d\n" % (count + 1), "courierpop3dsizelist": "/2 1 7\n",
                    "courierimapkeywords/:list": "a\nb\nc\n\n"}.get(name, "")
            site.write("home/eve/Maildir/" + name, head + text, EVE, 0o600)
        before = site.snapshot()
        how = {"inbox": "%h/Maildir", "maildir": "data/%u"}
        done = site.run(timeout=300, **how)
        self.check_courier(before, done, ())
        self.assertLess(done.returncode, 2, told(done))
        site.write("home/eve/Maildir/maildirsize", "1000S\n", EVE, 0o600)
        for name in (*line, "maildirsize"):                        # holes: no block is written
            os.truncate(site.path("home/eve/Maildir", name), 5 << 30)
        done = site.run("migrate", "--verbose", timeout=120, **how)
        self.check_courier(before, done, ())
        for most in (2 << 30, 64 << 20, 16 << 20):                 # indexes, subscriptions, the quota
            self.assertIn("it is larger than %d bytes" % most, done.stdout + done.stderr)

    def test_huge_access_lists(self):
        """One file can be the list of every folder: what they take together has a limit."""
        site = self.site
        size = 40 << 20
        self.make_courier(site)
        site.write("home/eve/Maildir/courierimapacl", "user=" + "x" * size + " lr\n", EVE, 0o600)
        os.link(site.path("home/eve/Maildir/courierimapacl"),
                site.path("home/eve/Maildir/.saved/courierimapacl"))
        before = site.snapshot()
        how = {"inbox": "%h/Maildir", "maildir": "data/%u"}
        done = site.run("migrate", "--verbose", timeout=120, **how)
        self.check_courier(before, done, ())
        self.assertEqual(done.returncode, 1, told(done))
        self.assertEqual((done.stdout + done.stderr).count("an access list that cannot be read"), 1, told(done))
        carried = [name for name in ("", ".saved") if
                   os.path.exists(site.path("data/eve", name, "dovecot-acl"))]
        self.assertEqual(len(carried), 1)
        self.assertEqual(site.run("verify", timeout=120, **how).returncode, 1)

    def test_mail_of_nothing(self):
        """A message that takes no room where it is takes none where it comes to."""
        size = 1 << 28
        for inbox, name in (("%h/Maildir", "home/eve/Maildir/cur/1000000003.M1P1.host:2,S"),
                            ("spool/%u", "spool/eve")):
            with self.subTest(inbox):
                site = self.site = Site()
                if inbox == "%h/Maildir":
                    self.make_courier(site)
                site.write(name, message(4), EVE, 0o600)
                os.truncate(site.path(name), size)
                done = site.run("migrate", "--transfer", "copy", timeout=300, inbox=inbox)
                self.assertEqual(done.returncode, 0, told(done))
                carried = [os.stat(os.path.join(folder, name))
                           for folder, _, names in os.walk(site.path("data/eve")) for name in names]
                self.assertGreater(max(st.st_size for st in carried), size - 4096)
                self.assertLess(sum(st.st_blocks * 512 for st in carried), 4 << 20)
                site.remove()

    def test_courier_races(self):
        seconds = float(os.environ.get("HOSTILE_SECONDS", "1"))
        for place, target in COURIER_RACES:
            with self.subTest(place):
                site = self.site = Site()
                self.make_courier(site)
                site.eve("m = home + '/Maildir/'; os.mkdir(m + 'courierimapkeywords')\n"
                         "for n, t in (('courierimapuiddb', '1 7 3\\n1 1000000001.M1P1.host\\n'),"
                         " ('courierimapsubscribed', 'INBOX.saved\\n'),"
                         " ('courierpop3dsizelist', '/2 1 7\\n1000000001.M1P1.host 30 1:7\\n'),"
                         " ('courierimapacl', 'owner aceilrstwx\\n'),"
                         " ('courierimapkeywords/:list', 'a\\n\\n1000000001.M1P1.host:0\\n')):"
                         " open(m + n, 'w').write(t)")
                before = site.snapshot()
                racer = site.as_eve(RACER, site.path(place), site.path(target))
                try:
                    until = time.monotonic() + seconds
                    number = 0
                    while time.monotonic() < until:
                        number += 1
                        if number % 3 == 0:                        # each looks at all anew
                            site.run("undo", users=("eve",), maildir="data/%u")
                        done = site.run("migrate", "--transfer", ("copy", "link")[number % 2],
                                        users=("eve",), inbox="%h/Maildir", maildir="data/%u")
                finally:
                    racer.kill()
                    racer.wait()
                self.check_courier(before, done, ())
                site.remove()

    def test_races(self):
        seconds = float(os.environ.get("HOSTILE_SECONDS", "2"))
        for place, target, maildir in RACES:
            with self.subTest(place):
                site = self.site = Site()
                racer = None
                try:
                    self.race(site, place, target, maildir, seconds)
                finally:
                    site.remove()

    def race(self, site, place, target, maildir, seconds):
        if place == "home/eve/sub":
            site.eve("os.makedirs(home + '/sub/below')")
        else:
            site.run(maildir=maildir, users=("eve",))
        before = site.snapshot()
        racer = site.as_eve(RACER, site.path(place), site.path(target))
        try:
            until = time.monotonic() + seconds
            number = 10
            while time.monotonic() < until:
                number += 1
                try:
                    fd = os.open(site.path("home/eve/mail/saved"), os.O_WRONLY | os.O_APPEND)
                    if os.fstat(fd).st_uid == EVE:
                        os.write(fd, message(number).encode())
                    os.close(fd)
                except OSError:
                    pass
                done = site.run(maildir=maildir, users=("eve",))
        finally:
            racer.kill()
            racer.wait()
        self.check(before, done, joe_is_done=False)


if __name__ == "__main__":
    unittest.main(verbosity=1)
