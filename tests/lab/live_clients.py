"""live_clients: mail programs that stay connected while something else writes to the Maildir.

Each is a thread that looks again and again, and keeps what it was shown in the Record they share.
The message's name is in its subject: who sees what is told by that.
"""
import re
import select
import threading
import time
import traceback

import wire

# What a server may say to a program whose mailbox has got other UIDs: it must start anew.
RELOGIN = re.compile(r"BYE|SERVERBUG|SYS/TEMP|inconsistent|closed the connection|"
                     r"deleted under us|reset by peer", re.I)
GONE_MEANWHILE = re.compile(r"EXPUNGEISSUED|no longer exist|was expunged|-ERR.*(?:gone|expunged)",
                            re.I)


class Record:
    """What is right to be seen, and what was wrong."""

    def __init__(self):
        self.lock, self.known, self.problems = threading.Lock(), {}, []
        self.must, self.may, self.own = set(), set(), set()
        self.may_relogin = self.may_vanish = False
        self.age = 0                                 # grows when older sessions have come to an end

    def expect(self, before, after, relogin, vanish):
        """While a run goes on: what was and stays is seen, nothing else than what was or comes."""
        with self.lock:
            self.must = set(before) & set(after)
            self.may = set(before) | set(after) | self.own
            self.age += self.may_relogin
            self.may_relogin, self.may_vanish = relogin, vanish

    def adding(self, name):
        """Somebody begins to put a message of his own into the mailbox."""
        with self.lock:
            self.own.add(name)
            self.may.add(name)

    def complain(self, who, what):
        with self.lock:
            self._add("%s: %s" % (who, what))

    def _add(self, problem):
        if problem not in self.problems:
            self.problems.append(problem)

    def saw(self, client, key, names, ids):
        """@names of the messages in order, and @ids that must mean the same message for ever."""
        who, seen = client.name, set(names)
        with self.lock:
            must = self.must | client.own            # what it has seen stays, whoever wrote it
            client.own |= seen & self.own
            if len(seen) != len(names):
                self._add("%s: twice: %s" % (who, sorted(n for n in seen if names.count(n) > 1)))
            if must - seen:
                self._add("%s: missing: %s" % (who, sorted(must - seen)))
            if seen - self.may:
                self._add("%s: unexpected: %s" % (who, sorted(seen - self.may)))
            for name, one in zip(names, ids):
                was = self.known.setdefault((key, one), name)
                if was != name:
                    self._add("%s: %s %s was %s, is %s" % (who, key, one, was, name))


class Client(threading.Thread):
    """Connects, looks, and connects again where that is called for."""

    def __init__(self, server, user, record, name):
        super().__init__(name=name, daemon=True)
        self.server, self.user, self.record = server, user, record
        self.ended, self.seen, self.own = threading.Event(), None, set()

    def run(self):
        while not self.ended.is_set():
            self.age = self.record.age
            try:
                self.session()
            except wire.WireError as error:
                self.forgive(error)
            except Exception:                        # the thread would end without a word
                self.record.complain(self.name, traceback.format_exc())
                return

    def forgive(self, error):
        text = str(error)
        record = self.record
        if (record.may_relogin or self.age < record.age) and RELOGIN.search(text) or \
                record.may_vanish and GONE_MEANWHILE.search(text):
            return
        record.complain(self.name, text)
        time.sleep(0.2)

    def stop(self):
        self.ended.set()
        self.join(60)


SUBJECT = re.compile(rb"^Subject: (\S+)", re.M | re.I)


def subject(data):
    return SUBJECT.search(data).group(1).decode()


class ImapClient(Client):
    def rows(self, session):
        """[(UID, name)...] of all messages, and the flags of each in self.flags."""
        found, self.flags = [], {}
        for t, _ in session.ok("UID FETCH 1:* (UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])"):
            if t[1:2] == [b"FETCH"]:
                pairs = {t[2][i].upper(): t[2][i + 1] for i in range(0, len(t[2]) - 1, 2)}
                text = next((v for k, v in pairs.items() if k.startswith(b"BODY")), None)
                if text is None or b"UID" not in pairs:
                    continue                         # news of another message's flags
                if not SUBJECT.search(text):         # all of ours have one
                    raise wire.WireError("the header of UID %d says that it was expunged"
                                         % int(pairs[b"UID"]))
                found.append((int(pairs[b"UID"]), subject(text)))
                self.flags[found[-1][1]] = sorted(
                    x.decode() for x in pairs[b"FLAGS"] if x != b"\\Recent")
        return found

    def select(self, session):
        for t, line in session.on("SELECT", "INBOX"):
            match = re.search(rb"UIDVALIDITY (\d+)", line)
            if match:
                self.validity = int(match.group(1))

    def look(self, session):
        """The UIDs of all messages."""
        rows = self.rows(session)
        self.record.saw(self, self.validity, [n for _, n in rows], [u for u, _ in rows])
        self.seen = set(n for _, n in rows)
        return [u for u, _ in rows]


class Poller(ImapClient):
    """NOOP and UID FETCH, over and over; every tenth time it selects anew."""

    def session(self):
        with self.server.imap(self.user) as session:
            looks = 0
            while not self.ended.is_set():
                if looks % 10 == 0:
                    self.select(session)
                looks += 1
                session.ok("NOOP")
                self.look(session)
                time.sleep(0.02)


class Idler(ImapClient):
    """IDLE; what it is told must agree with what it finds then."""

    def session(self):
        with self.server.imap(self.user) as session:
            self.select(session)
            self.uids = self.look(session)
            while not self.ended.is_set():
                self.idle(session)
                self.check(session)

    def idle(self, session):
        session.count += 1
        tag = b"t%d" % session.count
        session.stream.send(tag + b" IDLE\r\n")
        end = time.monotonic() + 0.5
        while time.monotonic() < end and not self.ended.is_set():
            if session.stream.buffer or select.select([session.stream.socket], [], [], 0.05)[0]:
                self.told(session.stream.line())
        session.stream.send(b"DONE\r\n")
        while not (line := session.stream.line()).startswith(tag):
            self.told(line)

    def told(self, line):
        match = re.match(rb"\* (\d+) (EXISTS|EXPUNGE)", line)
        if line.startswith(b"* BYE"):
            raise wire.Gone(line.decode(errors="replace"))
        if match is None:
            return
        number = int(match.group(1))
        if match.group(2) == b"EXISTS":
            if number < len(self.uids):
                self.record.complain(self.name, "%s after %d messages" % (line, len(self.uids)))
            self.uids += [None] * (number - len(self.uids))
        elif not 1 <= number <= len(self.uids):
            self.record.complain(self.name, "%s of %d messages" % (line, len(self.uids)))
        else:
            del self.uids[number - 1]

    def check(self, session):
        """The numbers that the server told by and by are those of its list."""
        for _, line in session.ok("NOOP"):
            self.told(line)
        uids = self.look(session)
        if len(uids) < len(self.uids) or \
                any(a not in (None, b) for a, b in zip(self.uids, uids)):
            self.record.complain(self.name, "told of %s, found %s" % (self.uids, uids))
        self.uids = uids


class Pop3Poller(Client):
    """Downloads what it has not got yet, and leaves it on the server."""

    def session(self):
        with self.server.pop3(self.user) as session:
            have = {u: n for (key, u), n in self.record.known.items() if key == "pop3"}
            uidls = session.uidl()
            names = [have.get(u) or subject(session.retr(n)) for n, u in enumerate(uidls, 1)]
            self.record.saw(self, "pop3", names, uidls)
            self.seen = set(names)
        time.sleep(0.1)


class Writer(ImapClient):
    """Puts mail of its own into the mailbox, and plays with its flags."""
    count = 0

    def session(self):
        with self.server.imap(self.user) as session:
            self.select(session)
            while not self.ended.is_set():
                self.write(session)
                time.sleep(0.3)

    def write(self, session):
        self.count += 1
        name = "own%d" % self.count
        self.record.adding(name)
        session.append("INBOX", b"Subject: %s\n\ntext\n" % name.encode(), ("\\Seen",))
        session.ok("NOOP")
        session.ok("STORE * %sFLAGS (\\Flagged)" % "+-"[self.count % 2])
        self.look(session)
