"""What is refused, since mail would be lost or come in between: nothing is changed then.

    test_refusals.py MAILHAUL
"""
import os
import subprocess
import sys
import tempfile

MAILHAUL = sys.argv[1]
UID = 21998 if os.geteuid() == 0 else os.geteuid()
MARK = "mailhaul.folders"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.utime(path, (1104537600, 1104537600))


class Site:
    """ann's Courier Maildir, and an mbox."""

    def __init__(self, top):
        self.top = top
        self.maildir = os.path.join(top, "ann/Maildir")
        for folder in (".", ".Sent", ".R&D"):
            where = os.path.join(self.maildir, folder)
            for part in ("cur", "new", "tmp"):
                os.makedirs(os.path.join(where, part))
            name = "1104537600.M1P%d.mx" % len(folder)
            write(os.path.join(where, "cur", name + ":2,S"), "Subject: in %s\n\nx\n" % folder)
            write(os.path.join(where, "courierimapuiddb"), "1 1100000000 2\n1 %s\n" % name)
        write(os.path.join(self.maildir, "courierimapsubscribed"), "INBOX\nINBOX.Sent\n")
        write(os.path.join(top, "spool/ann"),
              "From a@b Sat Jan  1 10:00:00 2005\nSubject: spool\n\nbody\n\n")
        write(os.path.join(top, "users"), "ann:x:%d:%d::%s/ann:/bin/sh\n" % (UID, UID, top))
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "%d:%d" % (UID, UID), top + "/ann", top + "/spool"],
                           check=True)
        os.chmod(top, 0o755)

    def run(self, command, *more, state="state"):
        done = subprocess.run(
            [MAILHAUL, command, "--config", "/dev/null", "--users", self.top + "/users",
             "--maildir", "%h/Maildir", "--state", os.path.join(self.top, state), *more],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def convert(self, *more):
        return self.run("migrate", "--inbox", "%h/Maildir", "--source-format", "courier", *more)

    def look(self):
        seen = {}
        for folder, _, names in os.walk(self.maildir):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    seen[path] = file.read()
            seen[folder] = None
        return seen

    def refused(self, why, done, before):
        status, text = done
        assert status == 2 and why in text, (status, text)
        assert self.look() == before, sorted(set(before) ^ set(self.look()))


def main():
    with tempfile.TemporaryDirectory() as top:
        site = Site(top)
        courier = site.look()
        # Courier's tree is no target for Courier, and nothing of it was carried.
        site.refused("the target is the source, and Courier's already",
                     site.convert("--server", "courier"), courier)
        status, text = site.run("undo", "ann", state="new")
        assert status == 0 and site.look() == courier, text

        status, text = site.convert()
        assert status == 0, text
        converted = site.look()
        assert os.path.exists(os.path.join(site.maildir, MARK))
        # Other mail would be mixed with that of the conversion, and could not be told from it.
        site.refused("was converted where it stands",
                     site.run("migrate", "--inbox", top + "/spool/%u", state="other"), converted)
        # The mark is lost: what is Courier's is not taken out even so.
        os.unlink(os.path.join(site.maildir, MARK))
        unmarked = site.look()
        site.refused("nothing is removed from it", site.run("undo", "ann"), unmarked)
        for name in ("courierimapsubscribed", "courierimapuiddb"):
            path = os.path.join(site.maildir, name)
            if os.path.exists(path):
                os.unlink(path)
        site.refused("nothing is removed from it", site.run("undo", "ann"), site.look())
    print("passed")


main()
