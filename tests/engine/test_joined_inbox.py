"""UW's INBOX in two files: ~/mbox, and behind it what still waits in the spool. All of it arrives,
once, in that order, the first part under its UIDs; also what comes later, and what UW moves over.

    test_joined_inbox.py MAILHAUL
"""
import os
import subprocess
import sys
import tempfile

MAILHAUL = sys.argv[1]
VALIDITY = 1234567


def text(numbers, uids):
    """Messages of these numbers; with UIDs, as UW leaves them in ~/mbox."""
    out = ""
    for place, number in enumerate(numbers):
        out += ("From a@example.org Sat Jan  1 00:00:%02d 2005\nMessage-Id: <%d@x>\n"
                "Subject: %d\n" % (number, number, number))
        if uids and place == 0:
            out += "X-IMAPbase: %d %010d\n" % (VALIDITY, numbers[-1])
        if uids:
            out += "X-UID: %d\nStatus: RO\nX-Status: \nX-Keywords:\n" % number
        out += "\nbody %d\n%s\n" % (number, "x" * 5000)
    return out.encode()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    os.utime(path, (1200000000, 1200000000 + len(data)))


class Site:
    def __init__(self, top):
        self.top, self.uid = top, 21999 if os.geteuid() == 0 else os.geteuid()
        for name in ("home", "home/mail", "spool"):
            os.mkdir(os.path.join(top, name))
        os.chmod(top, 0o755)
        with open(os.path.join(top, "users"), "w") as file:
            file.write("ann:x:%d:%d::%s/home:/bin/sh\n" % (self.uid, self.uid, top))

    def carry(self, home, spool):
        write(os.path.join(self.top, "home/mbox"), text(home, True))
        write(os.path.join(self.top, "spool/ann"), text(spool, False))
        subprocess.run(["chown", "-R", str(self.uid), self.top + "/home", self.top + "/spool"],
                       check=True)
        for _ in range(2):
            done = self.run()
            assert done.returncode == 0, done.stdout
        return self.result()

    def run(self, *more):
        return subprocess.run(
            [MAILHAUL, "migrate", "--config", "/dev/null", "--users", self.top + "/users",
             "--inbox", self.top + "/spool/%u", "--folders", "%h/mail", "--maildir",
             self.top + "/out/%u", "--state", self.top + "/state", "--sync", "none",
             "--dialect", "uw", *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)

    def result(self):
        """(UIDVALIDITY, [(UID, number, whole)...])"""
        maildir = os.path.join(self.top, "out/ann")
        with open(os.path.join(maildir, "dovecot-uidlist"), encoding="ascii") as file:
            head, *lines = file.read().splitlines()
        files = {name.partition(":")[0]: os.path.join(maildir, which, name)
                 for which in ("cur", "new") for name in os.listdir(os.path.join(maildir, which))}
        rows = []
        for line in lines:
            with open(files.pop(line.partition(" :")[2]), "rb") as file:
                data = file.read()
            number = int(data.split(b"Subject: ")[1].split(b"\n")[0])
            whole = data == (b"Message-Id: <%d@x>\nSubject: %d\n\nbody %d\n%s\n"
                             % (number, number, number, b"x" * 5000))
            rows.append((int(line.split(" ")[0]), number, whole))
        assert not files, files
        validity = [word[1:] for word in head.split(" ") if word.startswith("V")]
        return int(validity[0]), rows


def without(site, name, empty):
    """One of the two places is not mounted, and @empty says whether its mount point is there: what
    was carried stays."""
    before = site.result()
    place, aside = os.path.join(site.top, name), os.path.join(site.top, "aside")
    os.rename(place, aside)
    if empty:
        os.mkdir(place)
        os.chown(place, site.uid, site.uid)
        os.mkdir(os.path.join(place, "mail"))
    for _ in range(2):                    # what is remembered is not forgotten
        done = site.run()
        assert done.returncode == 2, done.stdout
        assert "mounted?" in done.stdout or "cannot look for the INBOX" in done.stdout, done.stdout
        assert site.result() == before
    if empty:
        os.rmdir(os.path.join(place, "mail"))
        os.rmdir(place)
    os.rename(aside, place)
    done = site.run()
    assert done.returncode == 0, done.stdout
    assert site.result() == before


def main():
    with tempfile.TemporaryDirectory() as top:
        site = Site(top)
        expected = [(n, n, True) for n in range(1, 6)]
        found = site.carry([1, 2, 3], [4, 5])
        assert found == (VALIDITY, expected), found
        expected.append((6, 6, True))
        found = site.carry([1, 2, 3], [4, 5, 6])
        assert found == (VALIDITY, expected), found
        found = site.carry([1, 2, 3, 4, 5], [6, 7])      # UW has moved two over
        assert found == (VALIDITY, expected + [(7, 7, True)]), found
        found = site.carry([1, 3, 5], [7])
        assert found == (VALIDITY, [(n, n, True) for n in (1, 3, 5, 7)]), found
        for name in ("home", "spool"):
            for empty in (False, True):
                without(site, name, empty)
        os.unlink(os.path.join(site.top, "spool/ann"))   # fetched
        done = site.run()
        assert done.returncode == 0, done.stdout
        assert site.result() == (VALIDITY, [(n, n, True) for n in (1, 3, 5)])
    print("passed")


main()
