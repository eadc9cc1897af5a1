"""crash_site: a small site of mbox files that has a bit of everything, before and after a night.

    spool/USER, home/USER/mail/...      as the source of `mailhaul migrate`

The message ids are numbers; a message is the same in both versions when its number is.
"""
import os

FOLDERS = "mail"
USERS = ("ann", "bob")
DATE = 1104537600                         # the first message's; each next is an hour later
VALIDITY = 1100000000


class Message:
    """One mail with its state. @twin: the number of the message whose bytes it shares."""

    def __init__(self, number, uid=None, status="RO", x_status="", keywords=(), twin=None):
        self.number, self.uid, self.status = number, uid, status
        self.x_status, self.keywords = x_status, keywords
        self.content = number if twin is None else twin

    def text(self, first_line=None):
        n = self.content
        lines = ["From sender%d@example.org Sat Jan  1 %02d:%02d:00 2005" % (n, n // 60, n % 60),
                 "Date: Sat, 1 Jan 2005 %02d:%02d:00 +0000" % (n // 60, n % 60),
                 "From: Sender %d <sender%d@example.org>" % (n, n),
                 "Subject: message %d" % n, "Message-Id: <%d@example.org>" % n]
        if first_line:
            lines.append(first_line)
        if self.uid:
            lines.append("X-UID: %d" % self.uid)
        if self.status:
            lines.append("Status: " + self.status)
        if self.x_status:
            lines.append("X-Status: " + self.x_status)
        if self.keywords:
            lines.append("X-Keywords: " + " ".join(self.keywords))
        return "\n".join(lines) + "\n\n" + "body of %d\n" % n * (1 + n % 7 * 40) + "\n"


def mbox(messages, validity=VALIDITY, last_uid=0, keywords=()):
    """The text of one file; @validity None: nobody has given UIDs in it."""
    base = None
    if validity is not None:
        base = " ".join(["X-IMAPbase: %d %010d" % (validity, last_uid), *keywords])
    return "".join(m.text(base if i == 0 else None) for i, m in enumerate(messages))


def ann(changed):
    """{path: text} of the user with many folders."""
    M = Message
    inbox = [M(1, 1), M(2, 3, "RO", "A"), M(3, 4, "O"), M(4, 5, "RO", "F", ("Work",)),
             M(5, 7, "RO", "", ("Work", "later")), M(6, 8, "RO", twin=2), M(7, 9, "RO", "DT"),
             M(8, None, ""), M(9, None, "")]
    if changed:
        del inbox[0]                                # expunged
        inbox[0].x_status = "AF"                    # a flag more
        inbox[1].status = "RO"                      # read meanwhile
        inbox[2].keywords = ("later", "urgent")     # one keyword less, one that is new
        inbox[5].x_status = ""                      # undeleted
        inbox[6].uid, inbox[6].status = 10, "RO"    # was new, has a UID now
        inbox[7].uid, inbox[7].status = 11, "O"
        inbox += [M(10, None, ""), M(11, 12, "RO", "", ("urgent",)), M(12, 13, "O", twin=9)]
    words = ("Work", "later", "urgent") if changed else ("Work", "later")
    files = {"spool/ann": mbox(inbox, VALIDITY, 13 if changed else 9, words)}
    folder = "home/ann/%s/" % FOLDERS

    sent = [M(20 + i, 10 + i) for i in range(4)]
    if changed:                                     # rebuilt by the old server: all UIDs are new
        for i, m in enumerate(sent):
            m.uid = 1 + i
    files[folder + "Sent"] = mbox(sent, VALIDITY + 77 if changed else VALIDITY + 1, 14)

    dev = [M(30 + i, None, "O" if i == 2 else "RO") for i in range(3)]
    files[folder + "lists/dev"] = mbox(dev[:1] + dev[2:] if changed else dev, None)

    old = [M(40 + i, 100 + i) for i in range(3)]
    files[folder + "old"] = mbox(old, VALIDITY + 2, 150)        # nothing changes here
    gap = [M(45, 5), M(46, 9)]
    if changed:                                     # a UID below UIDNEXT appears
        gap.insert(1, M(47, 7))
    files[folder + "gap"] = mbox(gap, VALIDITY + 5, 20)
    files[folder + "empty"] = ""
    if not changed:                                 # two that go
        files[folder + "going"] = mbox([M(80, 1), M(81, 2)], VALIDITY + 6, 2)
        files[folder + "left"] = mbox([M(82, 1), M(83, 2)], VALIDITY + 7, 2)
    if changed:
        files[folder + "news"] = mbox([M(50, 1), M(51, 2, "O"), M(52, 4, "RO", "", ("Work",))],
                                      VALIDITY + 3, 4, ("Work",))
    files[folder + ".subscriptions"] = "INBOX\nSent\n" + ("lists/dev\nnews\n" if changed else "")
    return files


def bob(changed):
    """The user with little mail, who has only read some of it."""
    inbox = [Message(60, 1, "O"), Message(61, 2, "RO"), Message(62, 3, "RO", "F")]
    if changed:
        inbox[0].status, inbox[2].x_status = "RO", "AF"
    return {"spool/bob": mbox(inbox, VALIDITY + 4, 3),
            "home/bob/%s/Sent.mbox/mbox" % FOLDERS: mbox([Message(70)], None)}   # as Apple has it


def write(top, changed, owners=None):
    """Writes the site below @top; @owners: {user: uid}."""
    files = {**ann(changed), **bob(changed)}
    os.makedirs(os.path.join(top, "spool"), exist_ok=True)
    os.chmod(os.path.join(top, "spool"), 0o1777)
    for name, text in files.items():
        path = os.path.join(top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        when = DATE + (86400 * 400 if changed else 86400 * 300)
        os.utime(path, (when, when))
    for user, uid in (owners or {}).items():
        os.chown(os.path.join(top, "spool", user), uid, uid)
        for folder, directories, names in os.walk(os.path.join(top, "home", user)):
            for path in [folder] + [os.path.join(folder, n) for n in names]:
                os.chown(path, uid, uid)
    users = os.path.join(top, "users")
    with open(users, "w", encoding="ascii") as f:
        for i, user in enumerate(USERS):
            uid = (owners or {}).get(user, os.getuid())
            f.write("%s:x:%d:%d::%s:/bin/sh\n" % (user, uid, uid, os.path.join(top, "home", user)))
    return users
