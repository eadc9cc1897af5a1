"""lab: what the lab's tests have in common."""
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile

import dovecot
import servers

MAILHAUL = os.environ.get("MAILHAUL") or os.path.join(servers.TOP, "build", "tools", "mailhaul")
IS_ROOT = os.geteuid() == 0


def scratch():
    """A new folder that every user of the lab can enter; its path is short, for sockets."""
    path = tempfile.mkdtemp(prefix="mh-", dir="/tmp")
    os.chmod(path, 0o755)
    return path


def environment(command, **more):
    """For the program under test. One that confines itself cannot look for its leaks."""
    leaks = ":detect_leaks=0" if command in ("convert", "inspect") else ""
    return dict(os.environ, TZ=servers.ZONE,
                ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + leaks, **more)


def mailhaul(*arguments, inside=(), **more):
    """Runs the program under test in the lab's time zone. @inside: what to put before it."""
    more.setdefault("timeout", 300)
    return subprocess.run([*inside, MAILHAUL, *arguments], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace",
                          env=environment(arguments[0] if arguments else None), **more)


def told(done):
    return "status %d\n%s%s" % (done.returncode, done.stdout, done.stderr)


class Target:
    """Where a site goes: arguments of `mailhaul migrate`, and servers on the result."""

    def __init__(self, site, work):
        self.site, self.work = site, work
        self.maildirs = os.path.join(work, "target")
        self.state = os.path.join(work, "state")
        self.users, self.folders = None, None
        self.inside = ()
        os.makedirs(self.maildirs, exist_ok=True)
        os.chmod(self.maildirs, 0o755 if IS_ROOT else 0o700)

    def arguments(self):
        """Options for the whole site; `users` and `folders` can name other lists than the right
        ones, and no list of folders when `folders` is False."""
        folders = self.folders if self.folders is not None else self.site.folder_list()
        return ["--users", self.users or self.site.users_file(),
                *(["--folder-list", folders] if folders else []),
                "--inbox", os.path.join(self.site.top, "spool", "%u"), "--folders", "%h/mail",
                "--maildir", os.path.join(self.maildirs, "%u"), "--state", self.state]

    def migrate(self, *more, **how):
        return mailhaul("migrate", *self.arguments(), *more, inside=self.inside, **how)

    def copy(self, name):
        """The maildirs again, in a folder of their own, so that a server may write to them."""
        path = os.path.join(self.work, name)
        servers.quiet(["cp", "-a", self.maildirs, path])
        return path

    def server(self, series, name, maildirs, trace=None):
        """A Dovecot on @maildirs under the very settings that mailhaul prints for it."""
        return serve(series, os.path.join(self.work, name), self.site, "mbox",
                     os.path.join(maildirs, "%u"), trace)


def serve(series, work, site, source_format, maildir, trace=None):
    """A Dovecot for the accounts of @site, whose mail is at @maildir (with %u in it), under the
    settings that mailhaul prints."""
    pattern = maildir if series == "2.3" else maildir.replace("%u", "%{user}")
    settings = "mail_location = maildir:%s\n" % pattern if series == "2.3" \
        else "mail_driver = maildir\nmail_path = %s\n" % pattern
    printed = mailhaul("server-config", "--dovecot", series, "--source-format", source_format,
                       "--maildir", maildir)
    if printed.returncode != 0:
        raise servers.LabError("mailhaul server-config: " + told(printed))
    os.makedirs(work)
    users = [dovecot.User(a.name, a.user.uid, a.user.home, a.user.gid) for a in site.accounts]
    return dovecot.Dovecot(series, work, users, settings + printed.stdout, trace=trace)


def opened_messages(trace):
    """Names of the message files that strace saw being opened."""
    found = []
    with open(trace, errors="replace") as f:
        for line in f:
            match = re.search(r'open(?:at2?)?\(.*?"([^"]*/(?:cur|new)/[^"]+)"', line)
            if match:
                found.append(match.group(1))
    return found


def strace(output):
    return ["strace", "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", output]


def snapshot(top, directory_times=True):
    """Everything about a tree that must not change: kinds, owners, modes, times, bytes, links.
    A lock that comes and goes beside a mailbox leaves its mark on the directory's time only."""
    seen = {}
    for path, directories, files in os.walk(top):
        for name in [""] + files + [d for d in directories if os.path.islink(os.path.join(path, d))]:
            full = os.path.join(path, name) if name else path
            st = os.lstat(full)
            row = [oct(st.st_mode), st.st_uid, st.st_gid]
            if directory_times or not stat.S_ISDIR(st.st_mode):
                row.append(st.st_mtime_ns)
            if os.path.islink(full):
                row.append(os.readlink(full))
            elif os.path.isfile(full):
                with open(full, "rb") as f:
                    row.append(hashlib.sha256(f.read()).hexdigest())
            seen[os.path.relpath(full, top)] = row
    return seen


def changes(before, after):
    """Readable differences of two snapshots."""
    return ["%s: %s, now %s" % (name, before.get(name), after.get(name))
            for name in sorted(set(before) | set(after)) if before.get(name) != after.get(name)]


def remove(path):
    shutil.rmtree(path, ignore_errors=True)
