"""hostile_site: a site of two users, one of whom plays tricks, and everything around them.

    TOP/home/eve  TOP/home/joe   homes of two users, with the folder directory mail/
    TOP/spool/                   INBOXes
    TOP/data/                    where targets are made; root's
    TOP/others/                  root's own, and nobody's business: secrets, directories

Everything but what belongs to eve must stay as it is, to the byte and to the inode's times of
change, whatever she does.
"""
import hashlib
import os
import shutil
import stat
import subprocess
import tempfile

MAILHAUL = os.environ["MAILHAUL"]
EVE, JOE, VMAIL = 60101, 60102, 60103
FROM = "From x@y.org Mon Jan  1 10:00:00 2001\n"


def message(number, text="text"):
    return "%sSubject: %d\nFrom: x@y.org\n\n%s %d\n\n" % (FROM, number, text, number)


class Site:
    def __init__(self, below="/var/tmp"):
        self.top = tempfile.mkdtemp(prefix="mh-hostile-", dir=below)
        os.chmod(self.top, 0o755)
        for name in ("home", "data", "others", "others/directory"):
            os.mkdir(self.path(name), 0o755)
        os.mkdir(self.path("spool"))
        os.chmod(self.path("spool"), 0o1777)
        self.write("others/secret", message(666, "SECRET"), 0, 0o600)
        for name, uid in (("eve", EVE), ("joe", JOE)):
            for folder in ("home/" + name, "home/%s/mail" % name):
                os.mkdir(self.path(folder), 0o700)
                os.chown(self.path(folder), uid, uid)
            self.write("spool/" + name, message(1) + message(2), uid, 0o600)
            self.write("home/%s/mail/saved" % name, message(3, "SECRET of " + name), uid, 0o600)
        self.write("users", "".join("%s:x:%d:%d::%s:/bin/sh\n" % (n, u, u, self.path("home/" + n))
                                    for n, u in (("eve", EVE), ("joe", JOE))), 0, 0o644)

    def path(self, *names):
        return os.path.join(self.top, *names)

    def write(self, name, text, uid, mode):
        with open(self.path(name), "w") as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        os.chown(self.path(name), uid, uid)

    def remove(self):
        subprocess.run(["chattr", "-R", "-i", self.top], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.top, ignore_errors=True)

    def command(self, command, *more, inbox="spool/%u", maildir="data/%u", users=(), owner=None):
        return [MAILHAUL, command, "--config", "/dev/null", "--users", self.path("users"),
                *(["--inbox", inbox if inbox.startswith("%") else self.path(inbox),
                   "--folders", "%h/mail"]
                  if command not in ("undo", "warm") else []), "--maildir",
                maildir if maildir.startswith("%") else self.path(maildir),
                "--state", self.path("state"), *(["--sync", "none"] if command == "migrate" else []),
                *(["--lock-timeout", "1"] if command not in ("undo", "warm") else []),
                *(["--owner", owner] if owner else []), *more, *users]

    def run(self, command="migrate", *more, timeout=60, before=(), **how):
        """Never waits for ever: a hang is an error of the test. @before: what runs it."""
        return subprocess.run([*before, *self.command(command, *more, **how)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", timeout=timeout)

    def as_eve(self, code, *arguments):
        """Runs Python @code as eve, and gives the process."""
        return subprocess.Popen(["/usr/bin/python3", "-B", "-c", code, *arguments],
                                user=EVE, group=EVE, extra_groups=[], cwd="/")

    def eve(self, code):
        """The same to its end, with TOP as `top`."""
        process = self.as_eve("import os, sys\ntop = sys.argv[1]\nhome = top + '/home/eve'\n" + code,
                              self.top)
        if process.wait(150) != 0:
            raise AssertionError("eve could not play her trick")

    def snapshot(self, uids=(EVE,), leave_out=()):
        """All that is not of @uids: path -> what lstat and the bytes say. What mailhaul writes for
        joe is not looked at: his target, its state and lock files."""
        seen = {}
        skip = {self.path(name) for name in ("state", "data/joe", "data/eve", *leave_out)}
        for folder, folders, files in os.walk(self.top):
            folders[:] = [name for name in folders if os.path.join(folder, name) not in skip]
            for name in folders + files + ["."]:
                path = os.path.join(folder, name)
                st = os.lstat(path)
                if st.st_uid in uids:
                    continue
                what = [st.st_ino, st.st_mode, st.st_uid, st.st_gid]
                if not stat.S_ISDIR(st.st_mode):
                    what += [st.st_nlink, st.st_size, st.st_mtime_ns]
                if stat.S_ISREG(st.st_mode):
                    with open(path, "rb") as file:
                        what.append(hashlib.sha256(file.read()).hexdigest())
                if stat.S_ISLNK(st.st_mode):
                    what.append(os.readlink(path))
                if stat.S_ISDIR(st.st_mode) and path.startswith(self.path("others")):
                    what.append(sorted(os.listdir(path)))
                seen[path] = what
        return seen

    def finds(self, *texts, below=("data/eve", "home/eve", "data/vmail")):
        """Files of eve's target that hold one of @texts, in their bytes or their name."""
        found = []
        for top in below:
            for folder, _, files in os.walk(self.path(top)):
                for name in files:
                    path = os.path.join(folder, name)
                    if not stat.S_ISREG(os.lstat(path).st_mode) or os.lstat(path).st_nlink > 1:
                        continue
                    with open(path, "rb") as file:
                        data = file.read()
                    found += [path for text in texts if text.encode() in data]
        return found


def told(done):
    return "status %d\n%s%s" % (done.returncode, done.stdout[-3000:], done.stderr[-3000:])
