"""week: seven days of mail at an old server, the same for the same seed.

What comes in, and what people do with mail programs: flags and keywords, copies, moves, expunges,
folders made, renamed, emptied, deleted and made again, subscriptions, POP3 sessions that leave
mail on the server and ones that do not. Client remembers what a mail program has downloaded, so
that a second download of it shows.
"""
import hashlib
import random
import time

import messages
import view

FLAGS = ["\\Seen", "\\Answered", "\\Flagged", "\\Draft"]
KEYWORDS = ["$Forwarded", "$Label1", "NonJunk", "to.do"]


class Names:
    """Folder names as one server has them: `a/b`, or `INBOX.a.b`. @parents: the ones with folders
    below them that must be made themselves before they can be renamed."""

    def __init__(self, prefix, separator, parents=()):
        self.prefix, self.separator, self.parents = prefix, separator, parents

    def __call__(self, path):
        return path if path == "INBOX" else self.prefix + path.replace("/", self.separator)


class Client:
    """One user's IMAP and POP3 programs, and everything that they have ever downloaded."""

    def __init__(self):
        self.imap, self.pop3, self.problems = {}, {}, []

    def _keep(self, cache, key, sha256):
        known = cache.setdefault(key, sha256)
        if known != sha256:
            self.problems.append("%s is another message now" % (key,))

    def look(self, seen):
        """Takes in a view of the account. Returns the keys of what had to be downloaded."""
        fresh = []
        for name, folder in seen["folders"].items():
            for m in folder.get("messages", []):
                key = (name, folder["uidvalidity"], m["uid"])
                fresh += [key] if key not in self.imap else []
                self._keep(self.imap, key, m["sha256"])
        for m in seen.get("pop3", {"messages": []})["messages"]:
            fresh += self.take(m["uidl"], m["sha256"])
        return sorted(fresh, key=str)

    def take(self, uidl, sha256):
        fresh = [] if uidl in self.pop3 else [uidl]
        self._keep(self.pop3, uidl, sha256)
        return fresh


class Life:
    """@site offers imap(), pop3() and deliver(); @avoid names kinds of mail that its own server
    does not keep whole."""

    def __init__(self, site, user, names, seed, avoid=()):
        self.site, self.user, self.names = site, user, names
        self.random = random.Random(seed)
        self.mails, self.avoid = messages.Generator(seed), avoid
        self.client = Client()
        self.day = 0

    # ---- what people do --------------------------------------------------------------------

    def mail(self):
        while (mail := self.mails.mail()).name in self.avoid:
            pass
        return mail

    def append(self, session, folder, count=1):
        for _ in range(count):
            mail = self.mail()
            session.append(self.names(folder), mail.data, mail.flags, mail.internaldate(60))
            if mail.keywords and self.random.random() < 0.5:
                self.select(session, folder)
                session.store("*", "+FLAGS (%s)" % " ".join(mail.keywords))

    def select(self, session, folder):
        """UIDs of the folder, which is selected then."""
        session.on("SELECT", self.names(folder))
        for t, _ in session.ok("UID SEARCH ALL"):
            if t and t[0] == b"SEARCH":
                return [int(x) for x in t[1:]]
        return []

    def pick(self, uids, count):
        return ",".join(str(u) for u in sorted(self.random.sample(uids, min(count, len(uids)))))

    def mark(self, session, folder):
        uids = self.select(session, folder)
        for what in (self.random.choice(FLAGS), self.random.choice(KEYWORDS)):
            for sign in "+-":
                if uids:
                    session.store(self.pick(uids, 3), "%sFLAGS (%s)" % (sign, what))

    def expunge(self, session, folder, uids):
        if uids:
            session.store(uids, "+FLAGS (\\Deleted)")
            session.ok("UID EXPUNGE " + uids)

    def move(self, session, folder, to, count):
        uids = self.pick(self.select(session, folder), count)
        if uids:
            session.ok("UID COPY " + uids, session.name(self.names(to)))
            self.expunge(session, folder, uids)

    def fetch_pop3(self, delete):
        """Downloads what is new; the first @delete messages go."""
        with self.site.pop3(self.user) as session:
            for n, uidl in enumerate(session.uidl(), 1):
                if uidl not in self.client.pop3:
                    self.client.take(uidl, hashlib.sha256(session.retr(n)).hexdigest())
                if n <= delete:
                    session.command("DELE %d" % n)

    def look(self):
        """All programs of the user look at everything."""
        self.client.look(view.record(self.site, self.user))

    # ---- the days --------------------------------------------------------------------------

    def seed(self):
        with self.site.imap(self.user) as session:
            for path in ("Sent", "Trash", "Old", "empty", "lists/dev", "lists/users",
                         *self.names.parents, "Projects/alpha", "Projects/beta", "Entw\u00fcrfe"):
                session.on("CREATE", self.names(path))
                self.append(session, path, 0 if path == "empty" else self.random.randint(2, 5))
            for path in ("INBOX", "Sent", "lists/dev", "Old"):
                session.on("SUBSCRIBE", self.names(path))
            self.append(session, "INBOX", 12)
        self.look()

    def ordinary(self):
        """What every day has."""
        for _ in range(3):
            self.site.deliver(self.user, self.mail())
        with self.site.imap(self.user) as session:
            for folder in ("INBOX", "lists/dev", "Sent"):
                self.mark(session, folder)
            self.select(session, "INBOX")
            session.ok("UID COPY " + self.pick(self.select(session, "INBOX"), 2),
                       session.name(self.names("Sent")))
            self.move(session, "INBOX", "Trash", 1)
            self.expunge(session, "lists/users", self.pick(self.select(session, "lists/users"), 1))
            self.append(session, "Entw\u00fcrfe")
        if self.day % 2 == 0:
            self.fetch_pop3(delete=2 if self.day % 4 == 0 else 0)
        for _ in range(2):                           # nobody has looked at these at night
            self.site.deliver(self.user, self.mail())

    def new_folder(self, session):
        session.on("CREATE", self.names("Neu"))
        self.append(session, "Neu", 3)
        session.on("SUBSCRIBE", self.names("Neu"))
        session.on("UNSUBSCRIBE", self.names("Sent"))

    def much_mail_and_a_rename(self, session):
        session.on("RENAME", self.names("Projects/alpha"), self.names("Projects/gamma"))
        session.on("DELETE", self.names("empty"))
        self.append(session, "lists/dev", 60)

    def made_again_and_twins(self, session):
        session.on("DELETE", self.names("Old"))
        session.on("CREATE", self.names("Old"))
        self.append(session, "Old", 2)
        twin = self.mail()
        for _ in range(2):
            session.append(self.names("INBOX"), twin.data, (), twin.internaldate())

    def one_twin_goes(self, session):
        uids = self.select(session, "INBOX")
        sizes = {int(t[2][t[2].index(b"UID") + 1]): t[2][t[2].index(b"RFC822.SIZE") + 1]
                 for t, _ in session.ok("UID FETCH 1:* (RFC822.SIZE)") if t[1:2] == [b"FETCH"]}
        twins = [u for u in uids if list(sizes.values()).count(sizes[u]) > 1]
        self.expunge(session, "INBOX", str(twins[0]))
        users = self.select(session, "lists/users")
        self.expunge(session, "lists/users", ",".join(map(str, users)))
        self.select(session, "Neu")
        session.store("1:*", "FLAGS ()")             # the last of its keywords are gone

    def a_tree_is_renamed(self, session):
        session.on("RENAME", self.names("Projects"), self.names("Work"))
        session.on("DELETE", self.names("Neu"))
        session.on("UNSUBSCRIBE", self.names("Neu"))
        self.move(session, "lists/dev", "Work/gamma", 9)

    SPECIAL = [None, new_folder, much_mail_and_a_rename, made_again_and_twins, one_twin_goes,
               a_tree_is_renamed, None]

    def live(self):
        """One day. A server takes UIDVALIDITYs from the clock, so it moves on where it matters."""
        time.sleep(1.1 if self.SPECIAL[self.day] else 0)
        special = self.SPECIAL[self.day]
        if special:
            with self.site.imap(self.user) as session:
                special(self, session)
        self.ordinary()
        if self.day % 3 == 1:
            self.look()
        self.day += 1
