"""mbox_site: a site whose mail is in mbox files, as real programs write them.

    site/spool/USER         the INBOXes
    site/home/USER/mail/    the other folders

`dovecot_account` is written by Dovecot 2.3 over IMAP, `uw_account` by c-client; what Mutt,
Thunderbird and a delivery agent leave is written here. All of it is the same for the same seed,
but for UIDVALIDITYs, which those programs take from the clock.
"""
import os
import shutil
import time

import dovecot
import messages
import servers

FIRST_UID = 21001

# Names that clients use, and names that only just fit.
FOLDERS = ["Sent", "Trash", "Entw\u00fcrfe", "lists/debian-devel", "lists/debian-devel.old", "R&D",
           "with blank", "v1.2.3", "\u65e5\u672c\u8a9e", "post \U0001f4ec", "Case", "case",
           "quote\"d", "til~de", "#hash", "a(b)c{d}[e]", "back\\slash", "hat^tip", "INBOX.x",
           "deep/er/and/deeper", "+plus,comma;semi:colon", "x" * 120]


class Account:
    """One user of the site. `skip` names what no old server has told a client yet, in the words of
    view.compare(); `utf8` says that names of folders are UTF-8 on disk."""

    def __init__(self, user, kind, inbox, folders, skip=(), utf8=False):
        self.user, self.kind, self.inbox, self.folders = user, kind, inbox, folders
        self.skip, self.utf8 = tuple(skip), utf8
        self.expected = {}

    @property
    def name(self):
        return self.user.name

    def folder_names(self):
        """Paths of the mbox files below the folders' directory, as bytes."""
        top, found = os.fsencode(self.folders), []
        for path, directories, files in os.walk(top):
            directories[:] = [d for d in directories if not d.startswith(b".")]
            found += [os.path.relpath(os.path.join(path, f), top) for f in files
                      if not f.startswith(b".") and not f.endswith(b".lock")]
        return sorted(found)


class Site:
    def __init__(self, work):
        self.top = os.path.join(work, "site")
        self.work, self.accounts = work, []
        for sub in ("spool", "home"):
            os.makedirs(os.path.join(self.top, sub))

    def add(self, name, kind, **more):
        home = os.path.join(self.top, "home", name)
        user = dovecot.User(name, FIRST_UID + len(self.accounts), home)
        account = Account(user, kind, os.path.join(self.top, "spool", name),
                          os.path.join(home, "mail"), **more)
        os.makedirs(account.folders)
        self.accounts.append(account)
        return account

    def settle(self, account):
        """Gives the account's files to its user."""
        for top, directories, files in os.walk(account.user.home):
            for path in [top] + [os.path.join(top, f) for f in files]:
                os.lchown(path, account.user.uid, account.user.gid)
        if os.path.lexists(account.inbox):
            os.lchown(account.inbox, account.user.uid, account.user.gid)
            os.chmod(account.inbox, 0o600)

    def users_file(self):
        path = os.path.join(self.work, "passwd")
        with open(path, "w") as f:
            f.writelines(a.user.passwd() for a in self.accounts)
        return path

    def folder_list(self):
        path = os.path.join(self.work, "folders")
        with open(path, "wb") as f:
            for a in self.accounts:
                f.writelines(os.fsencode(a.name) + b"/" + n + b"\n" for n in a.folder_names())
        return path

    def copy(self, to):
        """A copy whose mail is at the same places below @to; times and owners stay."""
        copied = Site.__new__(Site)
        copied.top, copied.work, copied.accounts = os.path.join(to, "site"), to, []
        os.makedirs(to, exist_ok=True)
        copy_tree(self.top, copied.top)
        for a in self.accounts:
            home = a.user.home.replace(self.top, copied.top, 1)
            user = dovecot.User(a.name, a.user.uid, home, a.user.gid)
            other = Account(user, a.kind, a.inbox.replace(self.top, copied.top, 1),
                            a.folders.replace(self.top, copied.top, 1), a.skip, a.utf8)
            other.expected = a.expected
            copied.accounts.append(other)
        return copied

    def server(self, work, utf8=False):
        """Dovecot 2.3 on the mbox files of this site."""
        settings = dovecot.mbox_location(os.path.join(self.top, "spool", "%u"),
                                         os.path.join(self.top, "home", "%u", "mail"), utf8)
        os.makedirs(work, exist_ok=True)
        open_spool(os.path.join(self.top, "spool"))
        return dovecot.Dovecot("2.3", work, [a.user for a in self.accounts], settings)


def open_spool(path):
    os.chmod(path, 0o1777)


def copy_tree(old, new):
    """cp -a: owners, modes, times, links."""
    servers.quiet(["cp", "-a", old, new])


# ---- accounts by Dovecot ------------------------------------------------------------------------

def fill(client, folder, mails):
    for n, mail in enumerate(mails):
        client.append(folder, mail.data, mail.flags + mail.keywords,
                      mail.internaldate((0, 330, -210, 60)[n % 4]))


def dovecot_mail(client, generator, folders):
    """A life with a mail client: folders, flags, keywords, and holes where mail was deleted."""
    for name in folders:
        client.on("CREATE", name)
    for name in folders[::2]:
        client.on("SUBSCRIBE", name)
    client.on("SUBSCRIBE", "INBOX")
    for n, name in enumerate(["INBOX"] + folders):
        fill(client, name, generator.mails(26 if name == "INBOX" else n % 4))
    client.on("SELECT", "INBOX")
    client.store("5", "+FLAGS (\\Flagged)")
    client.store("6:8", "-FLAGS (\\Seen)")
    client.store("2,9,26", "+FLAGS (\\Deleted)")     # 26: the next UID is not the last plus one
    client.ok("EXPUNGE")
    client.store("12", "+FLAGS (later.keyword)")
    client.ok("UID COPY 1,3:5", client.name(folders[0]))
    client.ok("CLOSE")


def dovecot_account(site, server, account, generator, folders=FOLDERS):
    with server.imap(account.name) as client:
        dovecot_mail(client, generator, folders)
    twin = generator.mail()
    with server.imap(account.name) as client:
        fill(client, "INBOX", [twin, twin])          # two real duplicates stay two
        client.on("SELECT", folders[0])
        client.store("1:*", "+FLAGS.SILENT (\\Deleted)")
        client.ok("EXPUNGE")                         # empty, but with a next UID


# ---- mbox text by hand --------------------------------------------------------------------------

def from_line(sender, when):
    """The separator of most delivery agents; the time is local."""
    return b"From %s  %s\n" % (sender, time.strftime("%a %b %e %H:%M:%S %Y", when).encode())


def with_headers(data, headers):
    """@data with more lines at the end of its header."""
    head, _, body = data.partition(b"\n\n")
    return head + b"\n" + b"".join(h + b"\n" for h in headers) + b"\n" + body


def quoted(data):
    """>From before body lines, as c-client, Mutt and delivery agents do."""
    head, blank, body = data.partition(b"\n\n")
    return head + blank + body.replace(b"\nFrom ", b"\n>From ") if not body.startswith(b"From ") \
        else head + blank + b">" + body.replace(b"\nFrom ", b"\n>From ")


def status_headers(mail):
    letters = {"\\Answered": "A", "\\Flagged": "F", "\\Draft": "T", "\\Deleted": "D"}
    x = "".join(c for f, c in letters.items() if f in mail.flags)
    headers = [b"Status: RO" if "\\Seen" in mail.flags else b"Status: O"]
    return headers + ([b"X-Status: " + x.encode()] if x else [])


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def delivered(mails, end=b"\n"):
    """What a delivery agent appends to a spool: no state at all."""
    return b"".join(from_line(b"sender@example.org", time.localtime(m.date)) + quoted(m.data) + end
                    for m in mails)


def mutt_account(account, generator):
    """Status and X-Status, Content-Length and Lines; no UIDs; names in UTF-8."""
    def text(mails):
        out = b""
        for m in mails:
            data = with_headers(quoted(m.data), status_headers(m))
            body = data.partition(b"\n\n")[2]
            data = with_headers(data, [b"Content-Length: %d" % len(body),
                                       b"Lines: %d" % body.count(b"\n")])
            out += from_line(b"sender@example.org", time.localtime(m.date)) + data + b"\n"
        return out
    write(account.inbox, delivered(generator.mails(4)) + text(generator.mails(9)))
    for name in ("sent", "lists/mutt-users", "\u00dcber uns", "dotted.name"):
        write(os.path.join(account.folders, name), text(generator.mails(5)))
    write(os.path.join(account.folders, "empty"), b"")


MOZILLA_FLAGS = {"\\Seen": 0x1, "\\Answered": 0x2, "\\Flagged": 0x4}


def thunderbird_account(account, generator):
    """X-Mozilla-Status, -Status2 and -Keys; a bare date in the separator; one message that is
    expunged and waits for compaction. What must be seen afterwards goes to account.expected."""
    def text(mails):
        out = b""
        for m in mails:
            bits = sum(b for f, b in MOZILLA_FLAGS.items() if f in m.flags)
            bits2 = 0x00200000 if "\\Deleted" in m.flags else 0
            own = (b"X-Mozilla-Status: %04x\nX-Mozilla-Status2: %08x\nX-Mozilla-Keys: %s\n"
                   % (bits, bits2, " ".join(m.keywords).encode().ljust(80)))
            out += from_line(b"-", time.localtime(m.date)).replace(b"-  ", b"- ") + own \
                + quoted(m.data) + b"\n"
        return out
    for name in ("INBOX", "Archives", "Sent"):
        mails = generator.mails(8)
        for m in mails:
            m.flags = [f for f in m.flags if f in MOZILLA_FLAGS or f == "\\Deleted"]
        dead = generator.mail(flags=())
        dead_text = text([dead]).replace(b"X-Mozilla-Status: 0000", b"X-Mozilla-Status: 0009")
        path = account.inbox if name == "INBOX" else os.path.join(account.folders, name)
        write(path, text(mails[:3]) + dead_text + text(mails[3:]))
        account.expected[name] = mails


# ---- accounts by c-client -----------------------------------------------------------------------

class Uw:
    """mailutil, run as the user of one account; names are below his home."""

    def __init__(self, account):
        self.account, user = account, account.user
        self.etc = servers.etc_files(user.home + ".etc", [(user.name, user.uid, user.gid, user.home)])

    def __call__(self, *arguments, check=True):
        user = self.account.user
        servers.run("uw", ["/usr/bin/mailutil"] + list(arguments), self.etc, check=check,
                    owner=(user.uid, user.gid),
                    env={"HOME": user.home, "USER": user.name, "LOGNAME": user.name})

    def prune(self, folder, criteria):
        """Deletes and expunges. The program answers 1 even when it worked, so the file tells."""
        path = os.path.join(self.account.user.home, folder)
        before = os.path.getsize(path)
        self("prune", folder, criteria, check=False)
        if os.path.getsize(path) >= before:
            raise servers.LabError("nothing was pruned from %s" % folder)

    def done(self):
        shutil.rmtree(self.etc)


def uw_source(mails):
    """A file that c-client reads with flags and keywords."""
    words = sorted({k for m in mails for k in m.keywords})
    out = b""
    for n, m in enumerate(mails):
        headers = status_headers(m)
        if n == 0:
            headers.insert(0, b"X-IMAPbase: 1100000000 %d %s" % (len(mails), " ".join(words).encode()))
        headers += [b"X-Keywords: " + " ".join(m.keywords).encode(), b"X-UID: %d" % (n + 1)]
        out += from_line(b"sender@example.org", time.localtime(m.date)) \
            + with_headers(quoted(m.data), headers) + b"\n"
    return out


def uw_account(site, account, generator):
    """Pseudo message and X-UIDs by the real program, with holes and an empty mailbox."""
    home, uw = account.user.home, Uw(account)
    site.settle(account)
    try:
        for n, name in enumerate(("Sent", "lists/pine-info", "Drafts", "v2.0", "inbox-to-be")):
            write(os.path.join(home, "source"), uw_source(generator.mails(7 + n)))
            os.makedirs(os.path.dirname(os.path.join(account.folders, name)), exist_ok=True)
            site.settle(account)
            uw("copy", "-kwcopy", "source", "#driver.unix/mail/" + name)
            uw("append", "-kwcopy", "source", "mail/" + name)
            if n != 2:
                uw.prune("mail/" + name, "deleted")
                uw.prune("mail/" + name, "flagged")
        uw("create", "#driver.unix/mail/never-used")
        uw("rename", "mail/Drafts", "mail/Old Drafts")
        os.rename(os.path.join(account.folders, "inbox-to-be"), account.inbox)
        os.unlink(os.path.join(home, "source"))
    finally:
        uw.done()
    write(os.path.join(home, ".mailboxlist"), b"mail/Sent\nmail/v2.0\nmail/gone\nINBOX\n")
    account.expected["subscribed"] = ["INBOX", "Sent", "gone", "v2.0"]


# ---- the whole site -----------------------------------------------------------------------------

NO_STATE = ("uidvalidity", "uidnext", "subscribed", "pop3-uidl")


def build(work, seed=1):
    """The site, every kind of account once. @work must be below /tmp and open to all users."""
    os.environ["TZ"] = servers.ZONE
    time.tzset()
    site, generator = Site(work), messages.Generator(seed)
    ada = site.add("ada", "dovecot")
    bob = site.add("bob@example.org", "dovecot, few folders")
    # Dovecot never saw the subscriptions that UW-IMAP kept; see uw_account().
    uma = site.add("uma", "uw", skip=["subscribed"])
    max_ = site.add("max", "mutt", skip=NO_STATE, utf8=True)
    tom = site.add("tom", "thunderbird", skip=NO_STATE, utf8=True)
    spo = site.add("spo", "spool only", skip=NO_STATE)
    nil = site.add("nil", "no mail at all", skip=NO_STATE)
    for account in site.accounts:
        site.settle(account)
    with site.server(os.path.join(work, "build")) as server:
        dovecot_account(site, server, ada, generator)
        dovecot_account(site, server, bob, generator, ["Sent", "Trash"])
        if server.complaints():
            raise servers.LabError("\n".join(server.complaints()))
    uw_account(site, uma, generator)
    mutt_account(max_, generator)
    thunderbird_account(tom, generator)
    write(spo.inbox, delivered(generator.mails(13)))
    shutil.rmtree(nil.folders)
    for account in site.accounts:
        site.settle(account)
    return site


def build_small(work, folders, seed=2):
    """A site of one user, whose folders Dovecot has made."""
    os.environ["TZ"] = servers.ZONE
    time.tzset()
    site = Site(work)
    account = site.add("hat", "dovecot")
    site.settle(account)
    with site.server(os.path.join(work, "build")) as server:
        dovecot_account(site, server, account, messages.Generator(seed), folders)
    return site
