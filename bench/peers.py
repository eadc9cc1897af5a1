#!/usr/bin/env python3
"""Other tools, to be measured beside ours: unpacked from Debian's packages, never installed.

    bench/peers.py STORE        gets them all

The Dovecot is the one that tests/lab/servers.py unpacks; mailutils (for movemail) is unpacked in
the same way, mb2md runs with the machine's own Perl. courier-dovecot-migrate.pl is in no package:
whoever has it says where, in MAILHAUL_COURIER_DOVECOT_MIGRATE.

Each function takes the corpus and a directory with room for the target, which may be written to
before the clock runs, and gives the command to be measured."""

import contextlib
import glob
import os
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tests", "lab"))
import dovecot  # noqa: E402
import servers  # noqa: E402

servers.RECIPES["mailutils"] = ("bookworm", ["mailutils"])
PERL_PACKAGES = ["mb2md", "libtimedate-perl"]


class Missing(Exception):
    """A peer that this machine does not have, and why."""


class Peers:
    def __init__(self, store):
        self.store = os.path.abspath(store)

    # ---- what runs in a root of its own ----------------------------------------------------

    def _in_root(self, name, script, out, corpus):
        """Runs the shell commands @script, in which "$@" starts a program of server @name."""
        try:
            root = servers.ensure(name)
        except (servers.LabError, OSError, subprocess.SubprocessError) as error:
            raise Missing(str(error).splitlines()[0]) from error
        if os.geteuid() != 0:
            raise Missing("only root can give it the names of its users")
        owner = (1000, 1000)
        users = [(user, *owner, home) for user, home, _ in corpus.accounts()]
        etc = servers.etc_files(os.path.join(out, "etc"), users)
        os.chown(out, *owner)
        path = os.path.join(out, "script")
        with open(path, "w") as file:
            file.write(servers.INSIDE + 'set -- chroot --userspec=1000:1000 "$root"\n' + script)
        return ["setpriv", "--pdeathsig", "KILL", *servers.unshare("--pid", "--fork"),
                "env", "TZ=UTC", "sh", path, root, etc, out, corpus.dir, "--"]

    def _doveadm(self, corpus, out, verb):
        corpus = corpus.copy(out)  # it writes to its source
        subprocess.run(["chown", "-R", "1000:1000", corpus.dir], check=True)
        conf = os.path.join(out, "dovecot.conf")
        with open(conf, "w") as file:
            file.write(f"log_path = /dev/stderr\nssl = no\nbase_dir = {out}/run\n"
                       "mbox_read_locks = fcntl\nmbox_write_locks = fcntl\n"
                       "namespace inbox {\n inbox = yes\n separator = /\n}\n")
        lines = []
        for user, home, inbox in corpus.accounts():
            folders = os.path.join(home, "mail")
            target = f"maildir:{out}/target/{user}"
            source = f"mbox:{folders}:INBOX={inbox}:INDEX={out}/index/{user}:CONTROL={out}/index/{user}"
            what = (["import", "-s", source, "", "ALL"] if verb == "import"
                    else ["backup", "-R", source])
            lines.append(f'USER={user} HOME={out} "$@" ' + shlex.join(
                ["doveadm", "-c", conf, "-o", "mail_location=" + target, *what]) + "\n")
        return self._in_root("dovecot-2.3", "".join(lines), out, corpus)

    def doveadm_backup(self, corpus, out):
        return self._doveadm(corpus, out, "backup")

    def doveadm_import(self, corpus, out):
        return self._doveadm(corpus, out, "import")

    @contextlib.contextmanager
    def doveadm_backup_all(self, corpus, out):
        """A command that goes through all users in one process, as the admin of a running server
        would; the server's own processes are not measured with it. The first run fills @out."""
        if os.geteuid() != 0:
            raise Missing("only root can serve mail of many users")
        corpus = corpus.copy(out)  # it writes to its source
        subprocess.run(["chown", "-R", "1000:1000", corpus.dir], check=True)
        for name in ("target", "index"):
            os.makedirs(os.path.join(out, name))
            os.chown(os.path.join(out, name), 1000, 1000)
        users = [dovecot.User(user, 1000, home) for user, home, _ in corpus.accounts()]
        source = (f"mbox:~/mail:INBOX={corpus.dir}/spool/%u:INDEX={out}/index/%u"
                  f":CONTROL={out}/index/%u")
        server = dovecot.Dovecot("2.3", os.path.join(out, "server"), users,
                                 f"mail_location = maildir:{out}/target/%u\n"
                                 "mbox_read_locks = fcntl\nmbox_write_locks = fcntl\n"
                                 "namespace inbox {\n  separator = /\n}\n")
        try:
            server.start()
        except (servers.LabError, OSError, subprocess.SubprocessError) as error:
            raise Missing(str(error).splitlines()[0]) from error
        try:
            yield [server.doveadm_program(), "-c", server.configuration, "backup", "-R", "-A", source]
        finally:
            server.stop()

    def movemail(self, corpus, out):
        target = os.path.join(out, "target")
        for name in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(target, name))
            os.chown(os.path.join(target, name), 1000, 1000)
        os.chown(target, 1000, 1000)
        script = '"$@" ' + shlex.join(["/usr/bin/movemail.mailutils", "--preserve", "--no-config",
                                       "mbox:" + corpus.inbox, "maildir:" + target]) + "\n"
        return self._in_root("mailutils", script, out, corpus)

    # ---- Perl ------------------------------------------------------------------------------

    def _perl(self):
        perl, root = shutil.which("perl"), os.path.join(self.store, "perl-tools")
        if perl is None:
            raise Missing("there is no Perl")
        if not os.path.exists(root):
            debs = os.path.join(self.store, "debs")
            os.makedirs(debs, exist_ok=True)
            try:
                subprocess.run(["apt-get", "-qq", "download", *PERL_PACKAGES], cwd=debs,
                               check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            except (OSError, subprocess.CalledProcessError) as error:
                raise Missing("apt-get cannot download " + " ".join(PERL_PACKAGES)) from error
            for deb in glob.glob(os.path.join(debs, "*.deb")):
                subprocess.run(["dpkg-deb", "-x", deb, root + ".new"], check=True)
            os.rename(root + ".new", root)
        return [perl, "-I" + os.path.join(root, "usr/share/perl5"),
                os.path.join(root, "usr/bin/mb2md")]

    def mb2md(self, corpus, out):
        lines = []
        for user, home, inbox in corpus.accounts():
            target = os.path.join(out, "target", user)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            for source, more in ((inbox, []), (os.path.join(home, "mail"), ["-R"])):
                if os.path.isfile(source) or (os.path.isdir(source) and os.listdir(source)):
                    lines.append(shlex.join([*self._perl(), "-s", source, *more, "-d", target])
                                 + "\n")
        return ["sh", "-ec", "".join(lines)]

    def courier_dovecot_migrate(self, corpus, _out):
        script, perl = os.environ.get("MAILHAUL_COURIER_DOVECOT_MIGRATE"), shutil.which("perl")
        if script is None:
            raise Missing("MAILHAUL_COURIER_DOVECOT_MIGRATE does not say where it is")
        if perl is None:
            raise Missing("there is no Perl")
        return [perl, script, "--to-dovecot", "--convert", "--quiet", "--recursive",
                os.path.join(corpus.dir, "home")]


if __name__ == "__main__":
    everything = Peers(sys.argv[1])
    everything._perl()
    for name in ("dovecot-2.3", "mailutils"):
        servers.ensure(name)
