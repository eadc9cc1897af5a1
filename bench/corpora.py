"""Corpora on disk, made when they are first wanted, and what can be said of their files."""

import os
import shutil
import subprocess

METADATA = (b"X-IMAPbase:", b"Status:", b"X-Status:", b"X-Keywords:", b"X-UID:")


class Corpus:
    """@kind and @form as make-corpus knows them; @messages: None for the kind's own number."""

    def __init__(self, bench, kind, form, messages=None):
        self.kind, self.form = kind, form
        self.name = f"{kind}-{form}-{messages or 'default'}"
        self.dir = os.path.join(bench.work, "corpus-" + self.name)
        if not os.path.exists(self.dir + ".done"):
            shutil.rmtree(self.dir, ignore_errors=True)
            size = [str(messages)] if messages else []
            subprocess.run([bench.tool("make-corpus"), kind, form, self.dir] + size, check=True)
            subprocess.run(["chmod", "-R", "a+rX", self.dir], check=True)  # peers are not root
            open(self.dir + ".done", "w").close()
        self.users = os.path.join(self.dir, "users")
        self.inbox = os.path.join(self.dir, "spool", "u0001")  # of a kind with one folder
        self.maildir = os.path.join(self.dir, "home", "u0001", "Maildir")

    def accounts(self):
        """(name, home, mbox INBOX) of each user."""
        with open(self.users) as file:
            for line in file:
                name, home = line.split(":")[0], line.split(":")[5]
                yield name, home, os.path.join(self.dir, "spool", name)

    def mboxes(self):
        for top in ("spool", "home"):
            for where, _, names in os.walk(os.path.join(self.dir, top)):
                for name in names:
                    yield os.path.join(where, name)

    def folders(self):
        """Directories that have a cur/."""
        for where, names, _ in os.walk(os.path.join(self.dir, "home")):
            names.sort()
            if "cur" in names:
                yield where

    def write_list(self):
        """What bare is to make: lines FOLDER SIZE, or FOLDER PATH. Its path."""
        path = self.dir + ".list"
        if os.path.exists(path):
            return path
        with open(path + ".new", "w") as out:
            if self.form == "courier":
                for folder in self.folders():
                    short = os.path.relpath(folder, self.dir)
                    for name in os.listdir(os.path.join(folder, "cur")):
                        out.write(f"{short} {folder}/cur/{name}\n")
            else:
                for mbox in self.mboxes():
                    short = os.path.relpath(mbox, self.dir)
                    for size in mbox_sizes(mbox):
                        out.write(f"{short} {size}\n")
        os.rename(path + ".new", path)
        return path

    def write_halves(self, out):
        """The same in two lists of as many folders each. Their paths."""
        with open(self.write_list()) as file:
            lines = file.readlines()
        folders = sorted({line.split(" ", 1)[0] for line in lines})
        number = {folder: place for place, folder in enumerate(folders)}
        paths = [os.path.join(out, f"half-{half}") for half in (0, 1)]
        for half, path in enumerate(paths):
            with open(path, "w") as file:
                file.writelines(line for line in lines
                                if number[line.split(" ", 1)[0]] % 2 == half)
        return paths

    def write_places(self, out):
        """What must be looked at to see that nothing is new: lines PATH. Its path."""
        path = os.path.join(out, "places")
        with open(path, "w") as file:
            for mbox in self.mboxes():
                file.write(mbox + "\n")
            for where, names, _ in os.walk(os.path.join(out, "target")):
                if "cur" in names:
                    for name in ("dovecot-uidlist", "cur", "new"):
                        file.write(os.path.join(where, name) + "\n")
        return path

    def copy(self, out):
        """A corpus like this one, in a directory of its own, to be changed."""
        other = Corpus.__new__(Corpus)
        other.__dict__ = dict(self.__dict__)
        other.dir = os.path.join(out, "source")
        subprocess.run(["cp", "-a", "--reflink=auto", self.dir, other.dir], check=True)
        with open(self.users) as file:
            text = file.read().replace(self.dir, other.dir)
        other.users = os.path.join(other.dir, "users")
        with open(other.users, "w") as file:
            file.write(text)
        if self.form == "courier" and os.geteuid() == 0:  # in place, the owner writes there
            subprocess.run(["chown", "-R", "1000:1000", other.dir], check=True)
        other.inbox = other.inbox.replace(self.dir, other.dir)
        other.maildir = other.maildir.replace(self.dir, other.dir)
        return other


def mbox_sizes(path):
    """Sizes of the messages of one of our own mboxes, where bodies hold no From_ line."""
    size = None
    with open(path, "rb") as file:
        for line in file:
            if line.startswith(b"From "):
                if size is not None:
                    yield size - 1  # the empty line before From_ is the separator's
                size = 0
            elif not line.startswith(METADATA):
                size += len(line)
    if size is not None:
        yield size - 1


def append_mail(path, number=1):
    with open(path, "ab") as file:
        for i in range(number):
            file.write(b"From new@example.org Mon Jan  4 10:00:00 2021\nFrom: new@example.org\n"
                       b"Subject: new\nMessage-ID: <new-%d@example.org>\n\nNew mail.\n\n" % i)


def change_flag(path):
    """The first message that was read no longer is; no byte moves."""
    with open(path, "r+b") as file:
        at = file.read(1 << 20).find(b"\nStatus: RO\n")
        if at >= 0:
            file.seek(at)
            file.write(b"\nStatus: O \n")
