"""Completion in the shells themselves, on a terminal: what a person sees who presses Tab.

    test_completion.py MAILHAUL
"""
import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time

MAILHAUL = sys.argv[1]
PATIENCE_S = 30

# What is typed, and what the line must then hold.
CASES = [("serv", "mailhaul server-config"),
         ("migr", "mailhaul migrate"),
         ("migrate --keep", "mailhaul migrate --keep-expunged"),
         ("migrate --transfer=l", "mailhaul migrate --transfer=link"),
         ("server-config --dovecot=", "--dovecot=2."),
         ("check --pop3-uidl=x", "--pop3-uidl=x-uidl"),
         ("inspect odd", "mailhaul inspect odd\\ file"),
         ("check --users=odd", "mailhaul check --users=odd\\ file"),
         ("check roo", "mailhaul check root"),
         ("status --st", "mailhaul status --sta")]


class Shell:
    """A shell on a terminal of 200 columns, in a directory of its own."""

    def __init__(self, command, place, environ):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, cwd=place, start_new_session=True,
            env={**environ, "TERM": "dumb", "LC_ALL": "C.UTF-8"},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.master = master

    def type(self, text):
        os.write(self.master, text.encode())

    def wait(self, wanted):
        """What it says until @wanted is part of it."""
        said, end = "", time.monotonic() + PATIENCE_S
        while wanted not in said:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise AssertionError("no %r in %r" % (wanted, said))
            said += os.read(self.master, 65536).decode("utf-8", "replace")
        return said

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def run(name, command, setup, place):
    shell = Shell(command, place, dict(os.environ, HOME=place, PATH=place + ":/usr/bin:/bin"))
    try:
        shell.type(setup + "\n")
        shell.type("echo re''ady\n")
        shell.wait("ready")
        for typed, wanted in CASES:
            shell.type("mailhaul " + typed + "\t")
            shell.wait(wanted)
            shell.type("\x15echo ne''xt\n")
            shell.wait("next")
            print("passed: %s: %s" % (name, typed))
    finally:
        shell.close()


def main():
    place = tempfile.mkdtemp(prefix="mailhaul-completion.")
    try:
        os.symlink(os.path.realpath(MAILHAUL), os.path.join(place, "mailhaul"))
        open(os.path.join(place, "odd file"), "w").close()
        for shell in ("bash", "zsh"):
            text = subprocess.run([MAILHAUL, "completion", shell], check=True,
                                  capture_output=True).stdout
            with open(os.path.join(place, "_mailhaul" if shell == "zsh" else "bash.sh"), "wb") as f:
                f.write(text)
        run("bash", ["bash", "--norc", "--noprofile", "-i"],
            "bind 'set bell-style none'; source ./bash.sh", place)
        run("zsh", ["zsh", "-f", "-i"],
            "unsetopt beep list_beep zle_bracketed_paste 2>/dev/null; bindkey -e; "
            "fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -d $PWD/dump", place)
    finally:
        shutil.rmtree(place)


main()
