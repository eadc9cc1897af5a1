#!/usr/bin/python3
"""sample_site: a small site of mbox files without any server: three users, their INBOXes and
folders, with flags, keywords and UIDs as UW-IMAP and Pine leave them.

    sample_site.py FOLDER      writes FOLDER/users, FOLDER/spool/USER and FOLDER/home/USER/mail/

All of it belongs to whoever runs this.
"""
import os
import sys
import time

import messages

FOLDERS = {"anna": ["Sent", "lists/debian-devel", "Entw&APw-rfe"], "bert": ["Sent", "v1.2"],
           "carl": ["saved-messages"]}
ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"


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
    top, generator = os.path.abspath(top), messages.Generator(7)
    for sub in ("spool", "home", "target"):
        os.makedirs(os.path.join(top, sub))
    with open(os.path.join(top, "users"), "w") as users:
        for n, (name, folders) in enumerate(FOLDERS.items()):
            home = os.path.join(top, "home", name)
            users.write("%s:x:%d:%d::%s:/bin/false\n" % (name, os.geteuid(), os.getegid(), home))
            files = [os.path.join(top, "spool", name)]
            files += [os.path.join(home, "mail", f) for f in folders]
            for k, path in enumerate(files):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as f:
                    f.write(mbox(generator.mails(9 - k), 1180000000 + 100 * n + k, 1 + 7 * k))
                os.chmod(path, 0o600)


if __name__ == "__main__":
    main(sys.argv[1])
