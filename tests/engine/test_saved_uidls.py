"""UIDLs that the admin saved from the live server (--pop3-uidl=file:...): they arrive, they are
followed when the file changes, and what cannot be used is said and costs no mail.

    test_saved_uidls.py MAILHAUL
"""
import os
import subprocess
import sys
import tempfile

MAILHAUL = sys.argv[1]
UID = 21997 if os.geteuid() == 0 else os.geteuid()


def write(path, text, when=1104537600):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.utime(path, (when, when))


class Site:
    def __init__(self, top, courier):
        self.top = top
        if courier:
            for part in ("cur", "new", "tmp"):
                os.makedirs(os.path.join(top, "ann/Maildir", part))
            for n in range(1, 4):
                write(os.path.join(top, "ann/Maildir/cur/110453760%d.M1P1.mx:2,S" % n),
                      "Subject: %d\n\nbody\n" % n)
            self.source = ["--inbox", "%h/Maildir", "--source-format", "courier"]
        else:
            write(os.path.join(top, "spool/ann"), "".join(
                "From a@b Sat Jan  1 10:00:0%d 2005\nSubject: %d\n\nbody\n\n" % (n, n)
                for n in range(1, 4)))
            os.mkdir(os.path.join(top, "ann"))
            self.source = ["--inbox", top + "/spool/%u"]
        write(os.path.join(top, "users"), "ann:x:%d:%d::%s/ann:/bin/sh\n" % (UID, UID, top))
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", str(UID), top + "/ann"], check=True)
        os.chmod(top, 0o755)

    def run(self, command, status, *more):
        done = subprocess.run(
            [MAILHAUL, command, "--config", "/dev/null", "--users", self.top + "/users",
             "--maildir", self.top + "/out/%u", "--state", self.top + "/state", *self.source,
             "--pop3-uidl", "file:" + self.top + "/uidls/%u", *more],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == status, (done.returncode, done.stdout)
        return done.stdout

    def save(self, text, when):
        write(os.path.join(self.top, "uidls/ann"), text, when)

    def result(self):
        """The UIDLs at the target, by UID, and how many messages there are."""
        maildir = os.path.join(self.top, "out/ann")
        with open(os.path.join(maildir, "dovecot-uidlist"), encoding="ascii") as file:
            lines = file.read().splitlines()[1:]
        words = [[w for w in line.partition(" :")[0].split(" ")[1:] if w[0] == "P"]
                 for line in lines]
        return [w[0][1:] if w else None for w in words], sum(
            len(os.listdir(os.path.join(maildir, which))) for which in ("cur", "new"))


def check(courier):
    with tempfile.TemporaryDirectory() as top:
        site = Site(top, courier)
        site.save("+OK\r\n1 one\r\n2 t\"w:o\r\n3 three\r\n.\r\n", 1200000000)
        site.run("migrate", 0)
        assert site.result() == (["one", "t\"w:o", "three"], 3), site.result()
        assert "up to date" in site.run("migrate", 0)
        site.run("verify", 0)
        site.save("1 one\n2 other\n3 three\n", 1200000001)     # of a later day
        site.run("migrate", 0)
        assert site.result() == (["one", "other", "three"], 3), site.result()
        before = site.result()
        site.save("1 one\n3 three\n", 1200000002)              # no listing
        assert "line 2: expected '2 UIDL'" in site.run("migrate", 2)
        os.unlink(os.path.join(top, "uidls/ann"))
        assert "cannot use the saved UIDLs" in site.run("migrate", 2)
        assert site.result() == before, site.result()
        site.save("1 one\n2 other\n", 1200000003)              # another INBOX's
        assert "3 messages, 2 UIDLs" in site.run("migrate", 1)
        assert site.result() == before, site.result()
        assert "loss: INBOX: message 1 (UID" in site.run("verify", 1)


def check_too_old():
    """One message has gone and one has come since the listing was saved."""
    with tempfile.TemporaryDirectory() as top:
        site = Site(top, False)
        site.save("1 one\n2 two\n3 three\n", 1200000000)
        site.run("migrate", 0)
        with open(os.path.join(top, "spool/ann"), "r+", encoding="ascii") as file:
            second = "From a@b" + file.read().split("From a@b", 2)[2]
            file.seek(0)
            file.write(second + "From a@b Sat Jan  1 10:00:04 2005\nSubject: 4\n\nbody\n\n")
        said = "too old: 3 of 3 messages"
        assert said in site.run("migrate", 1, "--dry-run")
        assert said in site.run("migrate", 1)
        site.save("1 two\n2 three\n3 four\n", 1200000001)
        assert said.replace("3 of", "2 of") in site.run("migrate", 1)
        assert site.result() == (["two", "three", "four"], 3), site.result()
        assert "up to date" in site.run("migrate", 0)


def lists(top, edit):
    """The lines of the target's list, edited."""
    path = os.path.join(top, "out/ann/dovecot-uidlist")
    with open(path, encoding="ascii") as file:
        head, *lines = file.read().splitlines()
    with open(path, "w", encoding="ascii") as file:
        file.writelines(line + "\n" for line in [head] + [edit(line) for line in lines])


def check_other_way(courier, *ways):
    """The first way was a mistake: what it has written down goes with the next."""
    with tempfile.TemporaryDirectory() as top:
        site = Site(top, courier)
        site.save("1 one\n2 two\n3 three\n", 1200000000)
        for way in ways:
            site.run("migrate", 0)
            assert site.result() == (["one", "two", "three"], 3), site.result()
            site.run("migrate", 0, *way, "--dry-run")
            site.run("migrate", 0, *way)
            assert site.result() == ([None] * 3, 3), (way, site.result())
            site.run("verify", 0, *way)
        site.run("migrate", 0)
        site.run("migrate", 0, "--pop3-uidl", "auto")           # which is only not known
        assert site.result() == (["one", "two", "three"], 3), site.result()


def check_servers_own():
    """What Dovecot writes down by itself it would only write down again."""
    with tempfile.TemporaryDirectory() as top:
        site = Site(top, False)
        way = "--pop3-uidl", "imap"
        site.run("migrate", 0, *way)
        with open(os.path.join(top, "out/ann/dovecot-uidlist"), encoding="ascii") as file:
            validity = int(file.readline().split(" V")[1].split()[0])
        own = ["%08x%08x" % (uid, validity) for uid in (1, 2, 3)]
        lists(top, lambda line: line.replace(" ", " P%s " % own[int(line.split()[0]) - 1], 1))
        site.run("migrate", 0, *way)
        assert site.result() == (own, 3), site.result()


check(False)
check(True)
check_other_way(False, ("--pop3-uidl", "imap"), ("--pop3-uidl", "none"))
check_other_way(True, ("--pop3-uidl", "none"))
check_servers_own()
check_too_old()
print("passed")
