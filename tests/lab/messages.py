"""messages: mail for the lab, the same each time for the same seed.

The bytes have LF line ends and are what a client would be shown: no From_ line and none of the
headers that servers keep for themselves.
"""
import random
import time

# Each is a body that some step on the way from one server to another has got wrong.
BODIES = [
    ("plain", b"Good morning.\n"),
    ("empty body", b""),
    ("blank lines at the end", b"one\n\n\n\n"),
    ("from at the start of a line", b"From here on it gets odd.\n\nFrom me to you\n>From quoted\n"),
    ("a mail in a mail", b"Seen:\n\nFrom fred@example.org  Mon Jan  5 10:11:12 2015\n"
     b"Status: RO\nX-UID: 99\nSubject: inner\n\ninner text\n"),
    ("headers of a server in the body", b"Status: RO\nX-IMAPbase: 1 2 three\nX-UID: 7\n"),
    ("dots", b".\n..\n.hidden\n...\n"),
    ("8 bit", "Grüße aus Köln, 日本, \U0001f4ec\n".encode() + b"\xff\xfe latin \xe4\n"),
    ("a long line", b"x" * 70000 + b"\n"),
    ("tabs and blanks at ends", b"a \nb\t\n \n\t\n"),
    ("a carriage return in a line", b"left\rright\n"),
    ("control bytes", b"\x01\x01\x01\x01\nbell \x07 escape \x1b[31m\n"),
    ("many lines", b"".join(b"line %d\n" % n for n in range(3000))),
]


class Mail:
    """One message and what a server is to know of it."""

    def __init__(self, name, data, date, flags=(), keywords=()):
        self.name, self.data, self.date = name, data, date
        self.flags, self.keywords = list(flags), list(keywords)

    def internaldate(self, zone_min=0):
        """The date as IMAP wants it for APPEND, in a zone that many minutes east of Greenwich."""
        then = time.gmtime(self.date + zone_min * 60)
        sign, off = ("+", zone_min) if zone_min >= 0 else ("-", -zone_min)
        return time.strftime("%d-%b-%Y %H:%M:%S ", then) + "%s%02d%02d" % (sign, off // 60, off % 60)


FLAG_SETS = [(), ("\\Seen",), ("\\Seen", "\\Answered"), ("\\Flagged",), ("\\Seen", "\\Deleted"),
             ("\\Draft",), ("\\Answered", "\\Deleted", "\\Draft", "\\Flagged", "\\Seen")]
KEYWORD_SETS = [(), (), ("$Forwarded",), ("$Label1", "NonJunk"), (), ("Junk", "to.do", "a:b", "k1")]
# Midsummer, midwinter, the second before a year ends, a leap day, long ago and not yet.
DATES = [1121342400, 1166696123, 1293839999, 1330473600, 86400 * 400, 1577836800, 2000000000]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0

    def mail(self, body=None, flags=None, keywords=None, date=None):
        """A message; what is not given goes round through all the kinds."""
        n, r = self.count, self.random
        self.count += 1
        name, text = BODIES[n % len(BODIES)] if body is None else ("given", body)
        headers = [b"Return-Path: <sender%d@example.org>" % n,
                   b"Received: from a.example by b.example; Mon, 5 Jan 2015 10:00:%02d +0000" % (n % 60),
                   b"From: Sender %d <sender%d@example.org>" % (n, n),
                   b"To: reader@example.com",
                   b"Subject: %s number %d" % (name.encode(), n),
                   b"Message-ID: <%d.%08x@example.org>" % (n, r.getrandbits(32)),
                   b"Date: Mon, 5 Jan 2015 10:%02d:00 +0000" % (n % 60)]
        if n % 4 == 1:
            headers.append(b"X-Folded: one\n\ttwo\n  three")
        if n % 5 == 2:
            headers.append(b"X-Raw: \xc3\xbc \xfc")
        if n % 7 == 3:
            headers.insert(0, b"Lines: 12")
        return Mail(name, b"\n".join(headers) + b"\n\n" + text,
                    DATES[n % len(DATES)] + n if date is None else date,
                    FLAG_SETS[n % len(FLAG_SETS)] if flags is None else flags,
                    KEYWORD_SETS[n % len(KEYWORD_SETS)] if keywords is None else keywords)

    def mails(self, count):
        return [self.mail() for _ in range(count)]
