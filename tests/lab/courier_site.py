"""courier_site: Courier accounts as the real imapd and courierpop3d leave them.

    site/home/USER/Maildir

The servers run already logged in, over pipes, as the account's user; nothing listens. Everything
is the same for the same seed, but for the numbers that Courier takes from the clock, from process
numbers and inodes.
"""
import os
import re
import shutil

import dovecot
import messages
import servers
import view
import wire

FIRST_UID = 22001
SETTINGS = {
    "IMAP_CAPABILITY": "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE SORT QUOTA IDLE",
    "IMAP_KEYWORDS": "1", "IMAP_ACL": "1", "IMAP_CHECK_ALL_FOLDERS": "0",
    "IMAP_OBSOLETE_CLIENT": "0", "IMAP_TRASHFOLDERNAME": "Trash", "IMAP_MAILBOX_SANITY_CHECK": "1",
    "IMAP_MOVE_EXPUNGE_TO_TRASH": "0", "HOSTNAME": "courier.example", "PROTOCOL": "IMAP",
    # With locks on, the server would wait for its monitor of files.
    "IMAP_USELOCKS": "0",
    # DELETE and RENAME need not sleep until the clock gives another UIDVALIDITY.
    "IMAP_BROKENUIDV": "1",
    "LD_LIBRARY_PATH": "/usr/lib/courier-authlib:/usr/lib/courier:/usr/lib/x86_64-linux-gnu"}
IMAPD, POP3D = "/usr/bin/imapd", "/usr/lib/courier/courier/courierpop3d"

# As an IMAP client of Courier says them; "." separates. Courier 5 keeps UTF-8 on disk.
FOLDERS = ["INBOX.Sent", "INBOX.Trash", "INBOX.Entw\u00fcrfe", "INBOX.lists.debian-devel",
           "INBOX.R&D", "INBOX.with blank", "INBOX.\u65e5\u672c\u8a9e", "INBOX.post \U0001f4ec",
           "INBOX.Case", "INBOX.case", "INBOX.quote\"d", "INBOX.til~de", "INBOX.#hash",
           "INBOX.a(b)c{d}[e]", "INBOX.back\\slash", "INBOX.per^cent", "INBOX.INBOX",
           "INBOX.deep.er.and.deeper", "INBOX.Entwu\u0308rfe", "INBOX.semi:colon"]


class Account:
    """One user of the site. `skip` names what Courier has never stored, in the words of
    view.compare(): it makes that up anew at each look."""

    def __init__(self, user, kind, skip=()):
        self.user, self.kind, self.skip = user, kind, tuple(skip)
        self.maildir = os.path.join(user.home, "Maildir")

    @property
    def name(self):
        return self.user.name

    def directory(self, folder):
        """Of a folder by its IMAP name (none of ours has a virtual place)."""
        return self.maildir if folder == "INBOX" else os.path.join(self.maildir, folder[5:])


def etc_files(site):
    """With the users' names: for nobody the monitor of files starts in vain, which takes each login
    of IMAP more than a second."""
    return servers.etc_files(site.work + "/courier-etc", [
        (a.name, a.user.uid, a.user.gid, a.user.home) for a in site.accounts
        if os.geteuid() == 0])


class Site:
    """with the methods imap() and pop3(), so that view.record() can look at it."""

    def __init__(self, work):
        self.top, self.work, self.accounts = os.path.join(work, "site"), work, []
        os.makedirs(os.path.join(self.top, "home"))
        self.etc = etc_files(self)

    def add(self, name, kind, quota=None, skip=()):
        home = os.path.join(self.top, "home", name)
        account = Account(dovecot.User(name, FIRST_UID + len(self.accounts), home), kind, skip)
        os.makedirs(home)
        os.chown(home, account.user.uid, account.user.gid)
        self.accounts.append(account)
        self.etc = etc_files(self)
        self.tool(account, "/usr/bin/maildirmake.courier", account.maildir)
        if quota:
            self.tool(account, "/usr/bin/maildirmake.courier", "-q", quota, account.maildir)
        return account

    def account(self, name):
        return next(a for a in self.accounts if a.name == name)

    def copy(self, to):
        """A copy with times and owners: a look at a Courier account changes it."""
        copied = Site.__new__(Site)
        copied.top, copied.work, copied.etc = os.path.join(to, "site"), to, self.etc
        os.makedirs(to)
        servers.quiet(["cp", "-a", self.top, copied.top])
        copied.accounts = [
            Account(dovecot.User(a.name, a.user.uid, a.user.home.replace(self.top, copied.top, 1),
                                 a.user.gid), a.kind, a.skip) for a in self.accounts]
        return copied

    def _command(self, account, argv, settings=None):
        user = account.user
        full, env = servers.command("courier", argv, self.etc, owner=(user.uid, user.gid))
        # A monitor of the session's own: it ends with it, and takes no other session along.
        return full, dict(os.environ, **env, **dict(
            SETTINGS, AUTHENTICATED=user.name, HOME=user.home, GAM_CLIENT_ID=os.urandom(8).hex(),
            **(settings or {})))

    def tool(self, account, *argv, input=b""):
        user = account.user
        return servers.run("courier", list(argv), self.etc, owner=(user.uid, user.gid), input=input,
                           env=dict(SETTINGS, HOME=user.home, LOGNAME=user.name))

    def command(self, name, protocol, settings=None):
        """(argv, environment) of a server that is logged in."""
        account = self.account(name)
        program = {"imap": IMAPD, "pop3": POP3D}[protocol]
        return self._command(account, [program, account.maildir], settings)

    def imap(self, name, utf8=True, **settings):
        """A session; without UTF-8 the server ends when it must list a name like an emoji."""
        client = wire.Imap(wire.Pipe(*self.command(name, "imap", settings)))
        if utf8:
            client.enable_utf8()
        return client

    def pop3(self, name, **settings):
        return wire.Pop3(wire.Pipe(*self.command(name, "pop3", settings)))

    def deliver(self, name, mail):
        """Into new/, by Courier's own delivery program, so with ,S= in the name."""
        account = self.account(name)
        self.tool(account, "/usr/bin/deliverquota.courier", account.maildir, input=mail.data)

    def views(self, work):
        """{user: view} as mail clients of Courier see it, on a copy."""
        copy = self.copy(work)
        seen = {a.name: view.record(copy, a.name) for a in copy.accounts}
        shutil.rmtree(work)
        return seen

    def acls(self, work):
        """{user: {folder: {identifier: rights}}} by GETACL, on a copy."""
        copy, seen = self.copy(work), {}
        for account in copy.accounts:
            with copy.imap(account.name) as client:
                seen[account.name] = {n: acl(client, n) for n, flags, _ in client.list()
                                      if "\\Noselect" not in flags}
        shutil.rmtree(work)
        return seen


def acl(client, folder):
    for t, _ in client.ok("GETACL", client.name(folder)):
        if t and t[0] == b"ACL":
            words = [x.decode() for x in t[2:]]
            return dict(zip(words[::2], words[1::2]))
    return {}


# ---- sessions -----------------------------------------------------------------------------------

def fill(client, folder, mails):
    for n, mail in enumerate(mails):
        client.append(folder, mail.data, mail.flags, mail.internaldate((0, 330, -210, 60)[n % 4]))
        if mail.keywords:
            client.on("SELECT", folder)
            client.store("*", "+FLAGS (%s)" % " ".join(mail.keywords))


def rich(site, name, generator, folders=FOLDERS):
    """Years with several mail programs, in a few sessions."""
    with site.imap(name) as client:
        for folder in folders:
            client.on("CREATE", folder)
        for folder in folders[::2] + ["INBOX"]:
            client.on("SUBSCRIBE", folder)
        fill(client, "INBOX", generator.mails(15))
        for n, folder in enumerate(folders):
            fill(client, folder, generator.mails(n % 4))
    for _ in range(3):
        site.deliver(name, generator.mail())
    with site.pop3(name) as client:              # gives UIDLs to what is there
        client.uidl()
    with site.imap(name) as client:
        client.on("SELECT", "INBOX")
        client.store("2:4", "+FLAGS (\\Flagged)")
        client.store("5", "FLAGS (\\Seen $Label2)")
        client.store("3,9,18", "+FLAGS (\\Deleted)")
        client.ok("UID EXPUNGE 3,9,18")
        client.ok("UID COPY 1,2,5", client.name(folders[0]))
        client.on("SELECT", folders[0])
        client.store("1", "+FLAGS (later.keyword)")
        client.on("UNSUBSCRIBE", folders[4])
        client.ok("SETACL", client.name(folders[0]), '"fred"', '"lrs"')
        client.ok("SETACL", client.name("INBOX"), '"anyone"', '"l"')
        client.on("CREATE", "INBOX.to be renamed")
        fill(client, "INBOX.to be renamed", generator.mails(2))
        client.on("RENAME", "INBOX.to be renamed", "INBOX.renamed")
    for _ in range(2):
        site.deliver(name, generator.mail())     # stays in new/


def pop3_only(site, name, generator):
    """Mail is fetched and deleted; nobody ever used IMAP."""
    for _ in range(4):
        site.deliver(name, generator.mail())
    with site.pop3(name) as client:
        client.retr(1)
        client.command("DELE 2")
    for _ in range(2):
        site.deliver(name, generator.mail())
    with site.pop3(name) as client:
        client.uidl()
    site.deliver(name, generator.mail())


def older_list(account):
    """The POP3 list as Courier 2.1 to 4.18 wrote it, with the mixed UIDLs of its history: a file
    name, a plain number, a number with a validity of its own."""
    path = os.path.join(account.maildir, "courierpop3dsizelist")
    with open(path, "rb") as f:
        lines = f.read().split(b"\n")
    lines[0] = re.sub(rb"^/3", b"/2", lines[0])
    for n, line in enumerate(lines[1:], 1):
        match = re.match(rb"(.*) (\d+) (\d+):(\d+):\d$", line)
        if match:
            uid, validity = match.group(3), match.group(4)
            if n == 1:
                uid, validity = b"0", b"0"
            elif n == 2:
                validity = b"0"
            lines[n] = b"%s %s %s:%s" % (match.group(1), match.group(2), uid, validity)
    with open(path, "wb") as f:
        f.write(b"\n".join(lines))


def build(work, seed=1):
    """The site, every kind of account once. @work must be below /tmp and open to all users."""
    site, generator = Site(work), messages.Generator(seed)
    site.add("ada", "rich", quota="50000000S,1000C")
    rich(site, "ada", generator)
    site.add("pop", "pop3 only", skip=["uidvalidity"])
    pop3_only(site, "pop", generator)
    old = site.add("old@example.org", "list of an older Courier", skip=["uidvalidity"])
    pop3_only(site, old.name, generator)
    older_list(old)
    site.add("new", "never logged in", skip=["uidvalidity", "pop3-uidl"])
    site.deliver("new", generator.mail())
    site.add("nil", "no mail at all", skip=["uidvalidity"])
    return site
