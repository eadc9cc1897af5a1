"""What mail says stays in the mail: no log, report, result or state holds a word of it. And what
mailhaul writes is nobody else's to read, whatever the umask. See hostile_site.py."""
import os
import stat
import subprocess
import unittest

from hostile_site import EVE, MAILHAUL, Site, told

MARK = "Zq7vXmark"
# Each place where a message or an mbox can say something, odd ones before all.
MAILBOX = (
    "garbage {0} before\n\n"
    "From {0}@x.org Mon Jan  1 10:00:00 2001\n"
    "Subject: {0}\nFrom: {0} <{0}@x.org>\nTo: {0}@y.org\nMessage-ID: <{0}@x.org>\n"
    "Date: {0}\nReceived: from {0}; {0}\nX-UID: {0}\nX-UIDL: {0} {0}\nX-UIDL: {0} {0}\n"
    "Content-Length: {0}\nStatus: {0}\nX-Status: {0}\n\n{0}\nFrom {0} is no separator\n\n"
    "From {0} someday\nSubject: {0}\n\nFrom {0}@x.org Mon Jan  1 10:00:00 2001\n{0}\n\n"
    "From {0}@x.org Mon Jan 32 25:61:00 1901\nSubject: {0}\n{0} no header\n {0}\n\n{0}\n\n"
    "From {0}@x.org Mon Jan  1 10:00:00 2001\nContent-Length: 99999999\nX-IMAP: {0}\n"
    "X-IMAPbase: {0}\nSubject: {0}\n\n{0}").format(MARK)


class Privacy(unittest.TestCase):
    def setUp(self):
        self.site = Site()
        self.addCleanup(self.site.remove)
        site = self.site
        uid = EVE if os.geteuid() == 0 else os.geteuid()
        for name in ("spool/eve", "home/eve/mail/saved", "home/eve/mail/odd"):
            site.write(name, MAILBOX, uid, 0o600)

    def without_mark(self, what, text):
        at = text.find(MARK if isinstance(text, str) else MARK.encode())
        self.assertLess(at, 0, "%s: ...%r..." % (what, text[max(0, at - 200):at + 60]))

    def call(self, *command, umask=0o022):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, umask=umask)
        self.assertIn(done.returncode, (0, 1), told(done))
        self.without_mark(command[1], done.stdout)
        self.without_mark(command[1], done.stderr)
        return done

    def search(self, *tops):
        """No file below holds the mark."""
        for top in tops:
            for folder, _, files in os.walk(self.site.path(top)):
                for name in files:
                    with open(os.path.join(folder, name), "rb") as file:
                        self.without_mark(os.path.join(folder, name), file.read())

    def test_words(self):
        site = self.site
        os.mkdir(site.path("logs"))
        for number, task in enumerate(("check", "migrate", "verify", "migrate")):
            for how in (("--verbose",), ("--json",)):
                log = ("--log", site.path("logs/%d%s" % (number, how[0])), "--log-format",
                       "json" if number % 2 else "text")
                self.call(*site.command(task, *how, *log))
        self.assertTrue(site.finds(MARK, below=("data/eve",)), "nothing was carried")
        for form in ("text", "json", "html"):
            self.call(MAILHAUL, "report", "--state", site.path("state"), "--format", form)
        for how in ((), ("--json",)):
            self.call(MAILHAUL, "status", "--state", site.path("state"), *how)
        self.call(*site.command("undo", "--verbose", users=("eve", "joe")))
        self.search("state", "logs")

    def check_modes(self, top, directory, file):
        for folder, folders, files in os.walk(self.site.path(top)):
            self.assertEqual(stat.S_IMODE(os.lstat(folder).st_mode), directory, folder)
            for name in files:
                path = os.path.join(folder, name)
                self.assertEqual(stat.S_IMODE(os.lstat(path).st_mode), file, path)

    def check_umask(self, umask):
        site = self.site
        log = ("--log", site.path("log"))
        for _ in range(2):
            self.call(*site.command("migrate", *log), umask=umask)
        self.call(*site.command("verify", *log), umask=umask)
        self.call(MAILHAUL, "report", "--state", site.path("state"), umask=umask)
        self.call(MAILHAUL, "convert", "--config", "/dev/null", site.path("spool/eve"),
                  site.path("out"), umask=umask)
        self.check_modes("state", 0o700, 0o600)
        for name in ("data/eve", "out"):
            self.check_modes(name, 0o700, 0o600)
        self.assertEqual(os.stat(site.path("log")).st_mode & 0o077, 0, "the log")
        self.call(*site.command("undo", users=("eve",)), umask=umask)

    def test_umasks(self):
        for umask in (0, 0o022, 0o077, 0o777):
            with self.subTest("%04o" % umask):
                self.site = Site()
                self.check_umask(umask)
                self.site.remove()


if __name__ == "__main__":
    unittest.main(verbosity=1)
