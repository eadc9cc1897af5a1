"""mail_programs: the programs of a user who keeps a copy of the mail, and what each knows of it.

Fetchmail and mpop leave mail on the server and remember what they have; mbsync and OfflineIMAP keep
every folder the same at both sides, so that a message which the server seems to have lost is
removed here, and one that seems new is loaded again. (getmail 6.18 can miss that its own child has
ended, and waits: no program for a test.)
"""
import collections
import hashlib
import os
import pwd
import re
import shutil
import subprocess

import dovecot
import servers

TIMEOUT_SECS = 120
# Whom all of them run as: somebody whom the machine knows and who is not root.
WHO = pwd.getpwnam("nobody")[2:4] if os.geteuid() == 0 else (os.geteuid(), os.getegid())


class Failed(Exception):
    """A program ended with an error, or complained."""


class Program:
    """@folder: what the server puts before the names of folders."""
    name, good = None, (0,)

    def __init__(self, work, door, user, folder=""):
        self.home = os.path.join(work, self.name)
        self.door, self.user, self.folder = door, user, folder
        os.makedirs(self.home)
        self.prepare()
        for path, _, files in os.walk(self.home):
            for name in [path] + [os.path.join(path, f) for f in files]:
                os.chown(name, *WHO)

    def path(self, *names):
        return os.path.join(self.home, *names)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)
        os.chmod(self.path(name), 0o600)

    def maildir(self, name):
        for sub in ("cur", "new", "tmp"):
            os.makedirs(self.path(name, sub))
        return self.path(name)

    def run(self):
        """Once, as from cron. Returns what it said."""
        who = {"user": WHO[0], "group": WHO[1], "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT_SECS, cwd=self.home, **who,
                              env=dict(os.environ, HOME=self.home, TZ=servers.ZONE))
        said = done.stdout.decode(errors="replace")
        if done.returncode not in self.good or self.complaints(said):
            raise Failed("%s: status %d\n%s\n%s" % (
                self.name, done.returncode, self.complaints(said), said[-4000:]))
        return said

    def complaints(self, said):
        return re.findall(r"(?im)^.*(?:(?<!notice: no )uidvalidity(?!, creating)|error|warning(?! \*\*\* Pass)).*$",
                          said)

    def has(self):
        """Every message that it keeps, by folder, name, flags and bytes, but for the one header
        that mbsync writes, of random letters."""
        rows = {}
        for path, _, files in os.walk(self.path("mail")):
            for name in files:
                if os.path.basename(path) in ("cur", "new", "mail"):
                    with open(os.path.join(path, name), "rb") as f:
                        data = re.sub(rb"(?m)^X-TUID: .*\n", b"", f.read())
                    rows[os.path.relpath(os.path.join(path, name), self.home)] = \
                        hashlib.sha256(data).hexdigest()
        return rows

    def holds(self):
        """The same without what is another name for each run."""
        return collections.Counter(
            (os.path.dirname(name), re.sub(r"^[^:]*?(,U=\d+)?(,FMD5=\w+)?(:2,\w*)?$", r"\1\3",
                                           os.path.basename(name)), digest)
            for name, digest in self.has().items())

    def save(self):
        """All that it knows, to be gone back to."""
        servers.quiet(["cp", "-a", self.home, self.home + ".saved"])

    def restore(self):
        shutil.rmtree(self.home)
        servers.quiet(["cp", "-a", self.home + ".saved", self.home])


class Fetchmail(Program):
    """--keep and --uidl, and the list .fetchids."""
    name, good = "fetchmail", (0, 1)                 # 1: there was no new mail
    protocol, port, more = "pop3", "pop3_port", "uidl"

    def prepare(self):
        os.makedirs(self.path("mail"))
        self.write("rc", """\
poll 127.0.0.1 service %d proto %s %s
    user %s password %s sslproto '' keep no rewrite%s
    mda "cat > $(mktemp %s/XXXXXXXX)"
""" % (getattr(self.door, self.port), self.protocol, self.more, self.user, dovecot.PASSWORD,
       self.choice(), self.path("mail")))

    def choice(self):
        return ""

    def command(self):
        return ["fetchmail", "-f", self.path("rc"), "-i", self.path("fetchids"), "--pidfile",
                self.path("pid"), "--nosyslog", "--invisible", "-v"]

    def complaints(self, said):
        return re.findall(r"(?im)^fetchmail: .*(?:error|mismatch|fail|dup).*$", said)


class FetchmailImap(Fetchmail):
    """What is not read yet, and marks it so."""
    name, protocol, port, more = "fetchmail-imap", "imap", "imap_port", ""

    def choice(self):
        return " folder %sSent" % self.folder


class Mpop(Program):
    """only_new, and the list uidls."""
    name = "mpop"

    def prepare(self):
        self.maildir("mail")
        self.write("rc", """\
account default
host 127.0.0.1
port %d
tls off
auth user
user %s
password %s
keep on
only_new on
received_header off
uidls_file %s
delivery maildir %s
""" % (self.door.pop3_port, self.user, dovecot.PASSWORD, self.path("uidls"), self.path("mail")))

    def command(self):
        return ["mpop", "-C", self.path("rc")]


class Mbsync(Program):
    """Both sides follow each other in everything, folders and deletions, too."""
    name = "mbsync"

    def prepare(self):
        os.makedirs(self.path("mail"))
        self.write("rc", """\
IMAPStore far
Host 127.0.0.1
Port %d
User %s
Pass %s
SSLType None
AuthMechs LOGIN
DisableExtension COMPRESS=DEFLATE

MaildirStore near
Path %s/
Inbox %s
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
CopyArrivalDate yes
SyncState *
""" % (self.door.imap_port, self.user, dovecot.PASSWORD, self.path("mail"),
       self.path("mail", "INBOX")))

    def command(self):
        return ["mbsync", "-c", self.path("rc"), "-a", "-V"]


class OfflineImap(Program):
    """The same, with a list of what was where."""
    name = "offlineimap"

    def prepare(self):
        self.write("rc", """\
[general]
accounts = all
metadata = %s
ui = basic
[Account all]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = %s
[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = %d
remoteuser = %s
remotepass = %s
ssl = no
starttls = no
auth_mechanisms = LOGIN
""" % (self.path("state"), self.path("mail"), self.door.imap_port, self.user, dovecot.PASSWORD))

    def command(self):
        return ["offlineimap", "-c", self.path("rc"), "-o"]


# In this order, since the first marks as read what it takes, and so do the last at some servers.
ALL = (FetchmailImap, Mbsync, OfflineImap, Fetchmail, Mpop)
