"""dovecot: a private Dovecot, 2.3 or 2.4, that serves the users of one test.

Everything of it is in the folder @work (below /tmp: socket names are short there); it listens on
two free ports of 127.0.0.1 and ends with the test. Each user has the uid that owns the mail.
"""
import os
import random
import re
import shlex
import socket
import subprocess
import sys
import time

import servers
import wire

READY_SECS = 30
PASSWORD = "secret"


class User:
    """An account of the lab. An ordinary user can only serve mail as himself."""

    def __init__(self, name, uid, home, gid=None):
        self.name, self.home = name, home
        self.uid = uid if os.geteuid() == 0 else os.geteuid()
        self.gid = (gid or uid) if os.geteuid() == 0 else os.getegid()

    def passwd(self):
        """As a line of passwd(5)."""
        return "%s:x:%d:%d::%s:/bin/false\n" % (self.name, self.uid, self.gid, self.home)


def free_ports(count):
    """Below those that the system gives to clients, so that nobody takes them meanwhile."""
    ports = []
    while len(ports) < count:
        port = random.SystemRandom().randrange(12000, 32000)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
    return ports


COMMON = """\
base_dir = %(work)s/run
state_dir = %(work)s/state
instance_name = lab
log_path = %(work)s/log
protocols = imap pop3
listen = 127.0.0.1
ssl = no
auth_mechanisms = plain login
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 1000
pop3_no_flag_updates = yes
"""
# What a client does not ask for must not be there: one service, one listener, both series.
LISTENERS = """\
service %(protocol)s-login {
%(chroot)s  inet_listener %(protocol)s {
    %(address)s = 127.0.0.1
    port = %(port)d
  }
  inet_listener %(protocol)ss {
    port = 0
  }
}
"""
NOT_ROOT = """\
default_internal_user = self
default_login_user = self
default_internal_group = self
service anvil {
  chroot =
}
service stats {
  chroot =
}
"""
AUTH_23 = """\
disable_plaintext_auth = no
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%%u %(work)s/users
}
userdb {
  driver = passwd-file
  args = username_format=%%u %(work)s/users
}
"""
AUTH_24 = """\
auth_allow_cleartext = yes
passdb passwd-file {
  default_password_scheme = plain
  passwd_file_path = %(work)s/users
}
userdb passwd-file {
  passwd_file_path = %(work)s/users
}
"""


class Dovecot:
    """with Dovecot("2.3", work, users, settings, binds) as server: server.imap("fred") ...

    @settings is configuration text, mail location included. @binds are folders outside /tmp that
    hold mail. @trace is a command to run the server under.
    """

    def __init__(self, series, work, users, settings, binds=(), trace=None):
        self.series, self.work, self.users = series, work, list(users)
        self.settings, self.binds, self.trace = settings, binds, trace
        self.process = None

    def _version(self):
        done = servers.run("dovecot-" + self.series, ["/usr/sbin/dovecot", "--version"], self.etc)
        return re.match(r"\d+\.\d+\.\d+", done.stdout.decode()).group(0)

    def _configuration(self):
        new = self.series != "2.3"
        text = ""
        if new:
            text += "dovecot_config_version = %(v)s\ndovecot_storage_version = %(v)s\n" % {
                "v": self._version()}
        text += COMMON % {"work": self.work} + (AUTH_24 if new else AUTH_23) % {"work": self.work}
        if os.geteuid() != 0:
            text += NOT_ROOT
        for protocol, port in (("imap", self.imap_port), ("pop3", self.pop3_port)):
            text += LISTENERS % {"protocol": protocol, "port": port,
                                 "chroot": "" if os.geteuid() == 0 else "  chroot =\n",
                                 "address": "listen" if new else "address"}
        return text + "namespace inbox {\n  inbox = yes\n}\n" + self.settings + "\n"

    def start(self):
        for sub in ("run", "state"):
            os.makedirs(os.path.join(self.work, sub), exist_ok=True)
        os.chmod(self.work, 0o755)
        # No names for the users' uids: a server needs none.
        self.etc = servers.etc_files(os.path.join(self.work, "etc"), ())
        with open(os.path.join(self.work, "users"), "w") as f:
            for u in self.users:
                f.write("%s:%s:%d:%d::%s::\n" % (u.name, PASSWORD, u.uid, u.gid, u.home))
        self.imap_port, self.pop3_port = free_ports(2)
        self.configuration = os.path.join(self.work, "dovecot.conf")
        with open(self.configuration, "w") as f:
            f.write(self._configuration())
        argv, env = servers.command("dovecot-" + self.series,
                                    ["/usr/sbin/dovecot", "-F", "-c", self.configuration],
                                    self.etc, self.binds, self.trace)
        with open(os.path.join(self.work, "stderr"), "wb") as err:
            self.process = subprocess.Popen(argv, env=dict(os.environ, **env), stdout=err,
                                            stderr=err, stdin=subprocess.DEVNULL)
        try:
            self._wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def _wait_ready(self):
        end = time.monotonic() + READY_SECS
        for port, greeting in ((self.imap_port, b"* OK"), (self.pop3_port, b"+OK")):
            while True:
                if self.process.poll() is not None:
                    raise servers.LabError("dovecot ended with status %d\n%s"
                                           % (self.process.returncode, self.log()))
                try:
                    with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
                        if s.recv(200).startswith(greeting):
                            break
                except OSError:
                    pass
                if time.monotonic() > end:
                    raise servers.LabError("dovecot is not ready\n" + self.log())
                time.sleep(0.05)

    def join(self):
        """A command that runs another one among the server's processes."""
        return servers.join(self.process)

    def doveadm_program(self, *options):
        """The path of a program that is this server's doveadm to whoever runs it, with @options
        before its arguments, and writes how nice it is and these into the file of
        doveadm_calls_file()."""
        path, calls = os.path.join(self.work, "doveadm"), self.doveadm_calls_file()
        argv, env = servers.command("dovecot-" + self.series, ["/usr/bin/doveadm", *options],
                                    self.etc, self.binds)
        inside = " ".join(shlex.quote(x) for x in
                          ["env"] + ["%s=%s" % row for row in env.items()] + argv)
        with open(path, "w") as f:
            # A signal is for doveadm itself, the first process of its namespace. What runs in the
            # background has no standard input but a kept one.
            f.write("#!/bin/sh\nexec 3<&0\necho \"$(nice) $@\" >> %s\n%s \"$@\" <&3 &\nchild=$!\n"
                    "trap 'pkill -TERM -P $child' TERM\nwait $child\nstatus=$?\n"
                    "[ $status -le 128 ] || { wait $child; status=$?; }\nexit $status\n"
                    % (shlex.quote(calls), inside))
        os.chmod(path, 0o755)
        return path

    def doveadm_calls_file(self):
        return os.path.join(self.work, "calls")

    def log(self):
        text = ""
        for name in ("stderr", "log"):
            try:
                with open(os.path.join(self.work, name), errors="replace") as f:
                    text += f.read()
            except FileNotFoundError:
                pass
        return text

    def complaints(self):
        """Lines of the log that an admin would have to look into."""
        return [x for x in self.log().splitlines()
                if re.search(r"\b(Warning|Error|Fatal|Panic): ", x)]

    def stop(self):
        if self.process is not None:
            servers.stop(self.process, self.trace is not None)
            self.process = None

    __enter__ = start

    def __exit__(self, kind, *_):
        self.stop()
        if kind is not None:
            print("dovecot's log:", *self.complaints()[-20:], sep="\n    ", file=sys.stderr)

    def imap(self, user):
        client = wire.Imap(wire.Tcp(self.imap_port))
        client.ok("LOGIN", wire.quoted(user), wire.quoted(PASSWORD))
        return client

    def pop3(self, user):
        client = wire.Pop3(wire.Tcp(self.pop3_port))
        client.command("USER " + user)
        client.command("PASS " + PASSWORD)
        return client


def mbox_location(inbox, folders, utf8=False):
    """2.3 settings under which Dovecot serves mbox files (writing what it knows at once, so that
    a closed mailbox holds its whole truth)."""
    return ("mail_location = mbox:%s:INBOX=%s%s\nmbox_lazy_writes = no\n"
            "mbox_write_locks = fcntl\nmbox_read_locks = fcntl\n"
            % (folders, inbox, ":UTF-8" if utf8 else ""))
