"""first_login: what mail clients ask for first, and what a server does to the files for it."""
import os
import re
import time

# What mail clients ask for when they see a folder for the first time.
LISTINGS = {
    "envelope": "FLAGS UID INTERNALDATE RFC822.SIZE ENVELOPE",
    "thunderbird": "UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Subject Date "
                   "Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type "
                   "Reply-To)]",
    "apple": "INTERNALDATE UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (date subject from to cc "
             "message-id in-reply-to references content-type x-priority "
             "x-uniform-type-identifier x-universally-unique-identifier list-id list-unsubscribe "
             "bimi-indicator bimi-location x-bimi-indicator-hash authentication-results "
             "dkim-signature)]",
    "k-9": "UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (date subject from "
           "content-type to cc reply-to message-id references in-reply-to list-unsubscribe "
           "x-k9mail-identity)]",
    "mutt": "UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM SENDER SUBJECT "
            "TO CC MESSAGE-ID REFERENCES CONTENT-TYPE CONTENT-DESCRIPTION IN-REPLY-TO REPLY-TO "
            "LINES LIST-POST LIST-SUBSCRIBE LIST-UNSUBSCRIBE X-LABEL X-ORIGINAL-TO)]",
}

MESSAGE_OPENED = re.compile(r'\bopen(?:at2?)?\(.*"[^"]*/(?:cur|new)/[^"]+"')
BYTES_READ = re.compile(r"\b(?:read|pread64)(?:\(| resumed>).* = (\d+)$|\bmmap\([^,]*, (\d+), ")


class Trace:
    """What a server that runs under strace does to one tree of Maildirs."""

    COMMAND = ["strace", "-f", "-qq", "-y", "-e", "trace=open,openat,openat2,read,pread64,mmap",
               "-o"]

    def __init__(self, path, maildirs):
        self.path, self.at = path, 0
        self.below = "/" + os.path.relpath(maildirs, "/") + "/"
        self.unfinished = set()           # processes whose call on a file below is not over

    def since(self):
        """(message files opened, bytes read or mapped below the tree) since the last call."""
        time.sleep(0.3)                   # a session that has ended may still be writing its lines
        opened = read = 0
        with open(self.path, errors="replace") as f:
            f.seek(self.at)
            for line in f:
                process = line.split(" ", 1)[0]
                if self.below in line:
                    opened += bool(MESSAGE_OPENED.search(line))
                    if line.endswith("<unfinished ...>\n"):
                        self.unfinished.add(process)
                elif " resumed>" not in line or process not in self.unfinished:
                    continue
                if not line.endswith("<unfinished ...>\n"):
                    self.unfinished.discard(process)
                match = BYTES_READ.search(line)
                read += int(match.group(1) or match.group(2)) if match else 0
            self.at = f.tell()
        return opened, read
