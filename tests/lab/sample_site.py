#!/usr/bin/python3
"""sample_site: a small site of mbox files without any server: three users, their INBOXes and
folders, with flags, keywords and UIDs as UW-IMAP and Pine leave them.

    sample_site.py FOLDER      writes FOLDER/users, FOLDER/spool/USER and FOLDER/home/USER/mail/
"""
import os
import sys
import time

import messages

FIRST_UID = 21001
FOLDERS = {"anna": ["Sent", "lists/debian-devel", "Entw&APw-rfe"], "bert": ["Sent", "v1.2"],
           "carl": ["saved-messages"]}
ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"


def reachable(path):
    """Whether any user can get to @path: a home like /root may be shut."""
    while path != "/":
        if not os.stat(path).st_mode & 0o001:
            return False
        path = os.path.dirname(path)
    return True


def mbox(mails, uid_validity, first_uid=1):
    words = sorted({k for m in mails for k in m.keywords})
    last = first_uid + 2 * len(mails)
    out = b""
    for n, m in enumerate(mails):
        head, _, body = m.data.partition(b"\n\n")
        x = "".join(c for c, f in zip("AFTD", ("\\Answered", "\\Flagged", "\\Draft", "\\Deleted"))
                    if f in m.flags)
        own = "Status: %sO\nX-Status: %s\nX-Keywords: %s\nX-UID: %d\n" % (
            "R" if "\\Seen" in m.flags else "", x, " ".join(m.keywords), first_uid + 2 * n)
        if n == 0:
            own = "X-IMAPbase: %d %d %s\n" % (uid_validity, last, " ".join(words)) + own
        date = time.strftime("%a %b %e %H:%M:%S %Y", time.localtime(m.date))
        out += (b"From sender@example.org %s\n" % date.encode() + head + b"\n" + own.encode()
                + b"\n" + body.replace(b"\nFrom ", b"\n>From ") + b"\n")
    return out


def main(top):
    os.environ.setdefault("TZ", ZONE)
    time.tzset()
    root, generator = os.geteuid() == 0, messages.Generator(7)
    for sub in ("spool", "home", "target"):
        os.makedirs(os.path.join(top, sub))
    os.chmod(os.path.join(top, "spool"), 0o755)
    # Users of their own as root, if they could get here at all; otherwise it is all ours.
    own = root and reachable(os.path.abspath(top))
    with open(os.path.join(top, "users"), "w") as users:
        for n, (name, folders) in enumerate(FOLDERS.items()):
            uid = FIRST_UID + n if own else os.geteuid()
            home = os.path.join(os.path.abspath(top), "home", name)
            users.write("%s:x:%d:%d::%s:/bin/false\n" % (name, uid, uid if own else os.getegid(), home))
            files = [os.path.join(top, "spool", name)]
            files += [os.path.join(home, "mail", f) for f in folders]
            for k, path in enumerate(files):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as f:
                    f.write(mbox(generator.mails(9 - k), 1180000000 + 100 * n + k, 1 + 7 * k))
                os.chmod(path, 0o600)
            if own:
                os.chown(files[0], uid, uid)
                for path, _, names in os.walk(home):
                    for entry in [path] + [os.path.join(path, x) for x in names]:
                        os.chown(entry, uid, uid)


if __name__ == "__main__":
    main(sys.argv[1])
