"""crash_run: runs of mailhaul that are stopped, or given an error, at one of their steps.

A step is a call that changes the file system; crash-shim.c, loaded into the program, counts them
over all its processes and does what the mapped file CRASH_SHARED orders (crash-shim.h).
"""
import ctypes
import errno
import hashlib
import mmap
import os
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time

import crash_site

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MAILHAUL = os.environ.get("MAILHAUL", os.path.join(TOP, "build/tools/mailhaul"))
SHIM = os.environ.get("CRASH_SHIM", os.path.join(TOP, "build/tests/crash/libcrash-shim.so"))
IS_ROOT = os.geteuid() == 0
SOMEBODY = 21901                          # the ordinary user, and the first of the users' uids

CHANGES, READS, LOOKS = range(3)
NOTHING, FREEZE, TORN, KILL_SELF, ERROR, ERROR_STAYS, SIGNAL, LOST = range(8)
OURS, VFAT, NFS = range(3)
SYNC_NOTHING, SYNC_ALL, SYNC_FILES = range(3)
HEAD = struct.Struct("=IIIiIIIi")
BAD = struct.Struct("=120s6QqI")            # follows the head
SYNCS = struct.Struct("=I")                 # follows that
STEP = struct.Struct("=16s104sii")
LOG = HEAD.size + BAD.size + SYNCS.size
STEPS = 16384
OWN = "1600000000.M1P1.new"               # mail of the new server's

libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans():
    """Processes whose parent died become our children, so that their end can be waited for."""
    libc.prctl(36, 1, 0, 0, 0)            # PR_SET_CHILD_SUBREAPER


def scratch(on=None):
    """A new directory that all users can enter; in memory where that is possible."""
    if on is None:
        on = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    path = tempfile.mkdtemp(prefix="mh-crash-", dir=on)
    os.chmod(path, 0o755)
    return path


class Shared:
    """The orders to the shim, and what it saw."""

    def __init__(self, path):
        self.path = path
        with open(path, "w+b") as f:
            f.truncate(LOG + STEP.size * STEPS)
            self.map = mmap.mmap(f.fileno(), 0)
        os.chmod(path, 0o666)

    def order(self, action, at=0, error=0, counts=CHANGES, worker_only=False):
        used = min(self.steps, STEPS)
        self.map[LOG:LOG + used * STEP.size] = bytes(used * STEP.size)
        self.map[:HEAD.size] = HEAD.pack(counts, action, at, error, 0, 0, worker_only, 0)

    def go_on(self):
        """From now on there is no order, and what is frozen goes on."""
        self.map[4:8] = struct.pack("=I", NOTHING)

    def break_device(self, path="", offset=0, end=2**63, spared=0, other=(0, 0, 0)):
        """From now on nothing from @offset to @end can be read of the file whose path ends so, once
        @spared reads of that have gone well. @other: another such place, (offset, end, spared)."""
        BAD.pack_into(self.map, HEAD.size, path.encode(), offset, end, spared, *other, 0, 0)

    def still_spared(self):
        """How many reads of the two places would still go well."""
        places = BAD.unpack_from(self.map, HEAD.size)
        return places[3], places[6]

    def shift_clock(self, seconds):
        """From now on the clock is wrong by so much."""
        BAD.pack_into(self.map, HEAD.size, b"", *[0] * 6, seconds, 0)

    def be_like(self, kind):
        """From now on the file system lacks what such a one lacks."""
        BAD.pack_into(self.map, HEAD.size, b"", *[0] * 6, 0, kind)

    def sync(self, what):
        """From now on making durable does so much."""
        SYNCS.pack_into(self.map, HEAD.size + BAD.size, what)

    @property
    def steps(self):
        return HEAD.unpack(self.map[:HEAD.size])[4]

    @property
    def happened(self):
        return HEAD.unpack(self.map[:HEAD.size])[5] != 0

    def log(self):
        """[(call, path, pid, result)...] of the last run."""
        rows = []
        for i in range(min(self.steps, STEPS)):
            call, path, pid, result = STEP.unpack_from(self.map, LOG + i * STEP.size)
            rows.append((call.rstrip(b"\0").decode(), os.fsdecode(path.rstrip(b"\0")), pid, result))
        return rows


class Done:
    """What came of a run."""

    def __init__(self, status, out, err, steps):
        self.status, self.out, self.err, self.steps = status, out, err, steps

    def __str__(self):
        return "status %s\n%s%s" % (self.status, self.out, self.err)


class Place:
    """A source, a target and a state directory, for one run after another. @as_root: the program
    runs as root and the users are different ones; otherwise all of it is one ordinary user's.
    @divided: three workers share every account."""

    def __init__(self, top, as_root, target=None, divided=False):
        self.top, self.as_root, self.divided = top, as_root, divided
        self.final = False                # every run is a final one
        self.uid = None if as_root or not IS_ROOT else SOMEBODY
        os.makedirs(top, exist_ok=True)
        self.target = target or os.path.join(top, "target")
        self.state = os.path.join(top, "state")
        self.source = os.path.join(top, "source")
        self.shared = Shared(os.path.join(top, "shared"))
        if self.uid is not None:
            os.chown(top, self.uid, self.uid)
        self.write_source(False)
        self.clear()

    def write_source(self, changed):
        shutil.rmtree(self.source, ignore_errors=True)
        owners = {}
        if self.as_root:
            owners = {u: SOMEBODY + i for i, u in enumerate(crash_site.USERS)}
        elif self.uid is not None:
            owners = {u: self.uid for u in crash_site.USERS}
        crash_site.write(self.source, changed, owners)

    def clear(self):
        """An empty target, which for the second user has been made beforehand."""
        shutil.rmtree(self.state, ignore_errors=True)
        if not os.path.ismount(self.target):
            shutil.rmtree(self.target, ignore_errors=True)
            os.makedirs(self.target)
        os.makedirs(os.path.join(self.target, "bob"), mode=0o700, exist_ok=True)
        if self.uid is not None:
            for path in (self.target, os.path.join(self.target, "bob")):
                os.chown(path, self.uid, self.uid)
        elif self.as_root:
            os.chown(os.path.join(self.target, "bob"), SOMEBODY + 1, SOMEBODY + 1)

    def keep(self, name):
        for what in ("target", "state"):
            copy(getattr(self, what), os.path.join(self.top, name + "." + what))

    def restore(self, name):
        for what in ("target", "state"):
            shutil.rmtree(getattr(self, what), ignore_errors=True)
            copy(os.path.join(self.top, name + "." + what), getattr(self, what))

    def command(self, *more, jobs=1):
        if self.divided:
            more, jobs = ("--divide-above", "0", *more), 3
        if self.final:
            more = ("--final", *more)
        return [MAILHAUL, "migrate", "--users", os.path.join(self.source, "users"),
                "--inbox", os.path.join(self.source, "spool/%u"),
                "--folders", "%h/" + crash_site.FOLDERS,
                "--maildir", os.path.join(self.target, "%u"), "--state", self.state,
                "--jobs", str(jobs), "--config", "/dev/null", *more]

    def start(self, *more, command=None, jobs=1, shim=True, wrapper=()):
        env = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "HOME": self.top, "LC_ALL": "C"}
        if shim:
            env.update(LD_PRELOAD=SHIM, CRASH_SHARED=self.shared.path)
        who = {}
        if self.uid is not None:
            who = {"user": self.uid, "group": self.uid, "extra_groups": []}
        whole = self.command(*more, jobs=jobs)
        whole[1] = command or whole[1]
        return subprocess.Popen([*wrapper, *whole], env=env, cwd="/",
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, start_new_session=True, **who)

    def run(self, action=NOTHING, at=0, error=0, counts=CHANGES, worker_only=False,
            on_step=None, jobs=1, more=()):
        """One run under orders. @on_step(process) is called when the step is reached."""
        self.shared.order(action, at, error, counts, worker_only)
        process = self.start(*more, jobs=jobs)
        polls = action in (FREEZE, TORN, SIGNAL)
        while polls and process.poll() is None:
            if self.shared.happened:
                on_step(process) if on_step else os.killpg(process.pid, signal.SIGKILL)
                polls = False
            time.sleep(0.0004)
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            err += "(it did not come to an end)"
        wait_for_orphans()
        return Done(process.returncode, out, err, self.shared.steps)

    def run_plainly(self):
        """One run without the shim: what is to be made durable is."""
        process = self.start(shim=False)
        out, err = process.communicate(timeout=60)
        wait_for_orphans()
        return Done(process.returncode, out, err, 0)


def wait_for_orphans():
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


def copy(old, new):
    """cp -a within Python: owners, modes, times."""
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    for folder, directories, names in os.walk(old):
        other = os.path.join(new, os.path.relpath(folder, old))
        for name in directories:
            os.mkdir(os.path.join(other, name))
        for name in names:
            shutil.copyfile(os.path.join(folder, name), os.path.join(other, name))
    for folder, directories, names in os.walk(old, topdown=False):
        other = os.path.join(new, os.path.relpath(folder, old))
        for name in names + [""]:
            a, b = os.path.join(folder, name), os.path.join(other, name)
            st = os.stat(a)
            if IS_ROOT:
                os.chown(b, st.st_uid, st.st_gid)
            os.chmod(b, stat.S_IMODE(st.st_mode))
            os.utime(b, ns=(st.st_atime_ns, st.st_mtime_ns))


# ---- looking ------------------------------------------------------------------------------------

def fixed_header(text):
    """A UID list without what no two runs choose alike: the UIDVALIDITY, where it is the time of
    the run, and the GUID, which is drawn by lot."""
    text = re.sub(rb"\A3 V(1[2-9]\d{8}|[2-9]\d{9})\b", b"3 V*", text)
    return re.sub(rb"\A(3 V\S+ N\d+) G[0-9a-f]{32}\b", rb"\1 G*", text)


# The header of dovecot.index.log: version, its size, the index's id, number, number and size of the
# log before, time, MODSEQ, byte order.
INDEX_LOG = struct.Struct("=BBHIIIIIQB7x")


def index_log():
    """As Dovecot begins one, when it is the third of its index."""
    order = 1 if sys.byteorder == "little" else 0
    return INDEX_LOG.pack(1, 3, INDEX_LOG.size, 1600000000, 3, 2, 4000, 1650000000, 50, order)


def is_emptied_index(name, text):
    """A log that makes the index empty. Where it cannot be made the log goes: the server has
    forgotten either way."""
    return name == "dovecot.index.log" and len(text) == INDEX_LOG.size and \
        INDEX_LOG.unpack(text)[4] > 3 and INDEX_LOG.unpack(text)[5:7] == (0, 0)


def snapshot(top):
    """{path: (mode, uid, gid, mtime, bytes)} of all that is there; times for messages only."""
    seen = {}
    for folder, directories, names in os.walk(top):
        for name in directories + names:
            path = os.path.join(folder, name)
            st, text, mtime = os.lstat(path), None, None
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    text = f.read()
                if name == "dovecot-uidlist":
                    text = fixed_header(text)
                if is_emptied_index(name, text):
                    continue
                if os.path.basename(folder) in ("cur", "new"):
                    mtime = st.st_mtime
            seen[os.path.relpath(path, top)] = (oct(st.st_mode), st.st_uid, st.st_gid, mtime, text)
    return seen


def differences(expected, seen):
    out = []
    for path in sorted(set(expected) | set(seen)):
        if path not in seen:
            out.append("missing: " + path)
        elif path not in expected:
            out.append("too much: " + path)
        elif expected[path] != seen[path]:
            what = [n for n, a, b in zip(("mode", "uid", "gid", "mtime", "bytes"), expected[path],
                                         seen[path]) if a != b]
            out.append("%s differs in %s: %r, not %r" % (
                path, ", ".join(what),
                *[[v for a, v, b in zip(one, one, other) if a != b]
                  for one, other in ((seen[path], expected[path]),
                                     (expected[path], seen[path]))]))
    return out


class Folder:
    """A folder as a Dovecot-like reader finds it."""

    def __init__(self, path):
        self.exists = os.path.isdir(os.path.join(path, "cur"))
        self.files = {}                   # base name -> [(cur or new, flags, digest)...]
        self.lines, self.validity = {}, None
        if not self.exists:
            return
        for which in ("cur", "new"):
            directory = os.path.join(path, which)
            for name in os.listdir(directory) if os.path.isdir(directory) else ():
                base, _, info = name.partition(":2,")
                with open(os.path.join(directory, name), "rb") as f:
                    digest = hashlib.sha256(f.read()).hexdigest()
                self.files.setdefault(base, []).append((which, info, digest))
        try:
            with open(os.path.join(path, "dovecot-uidlist"), "rb") as f:
                head, *lines = fixed_header(f.read()).split(b"\n")
        except FileNotFoundError:
            return
        self.validity = re.match(rb"3 V(\S+) N(\d+)", head).groups()
        if lines[-1:] != [b""]:
            raise ValueError("%s: the list has no end" % path)
        for line in lines[:-1]:
            uid, _, base = line.partition(b" :")
            self.lines[os.fsdecode(base)] = int(uid.split()[0])


def folders(tree):
    if not os.path.isdir(tree):
        return {}
    names = [n for n in os.listdir(tree) if n.startswith(".")] + ["."]
    return {n: f for n in names if (f := Folder(os.path.join(tree, n))).exists}


def inconsistencies(seen, before, after):
    """What a reader would notice in a tree that was left in the middle: folders as of @seen, where
    they were @before and shall be @after."""
    out = []
    for name, folder in seen.items():
        old, new = before.get(name), after.get(name)
        if new is None:
            out += [] if old else ["folder %r is not to be" % name]
            continue
        for base, copies in folder.files.items():
            known = new.files.get(base, []) + (old.files.get(base, []) if old else [])
            if len(copies) != 1:
                out.append("%r: message %s is there %d times" % (name, base, len(copies)))
            if copies[0][2] not in [k[2] for k in known]:
                out.append("%r: message %s is not as it was sent" % (name, base))
            if base in folder.lines:
                uids = [f.lines.get(base) for f in (old, new) if f]
                if folder.lines[base] not in uids:
                    out.append("%r: message %s has UID %d" % (name, base, folder.lines[base]))
        must = set(new.files) if old is None else set(old.files) & set(new.files)
        for base in sorted(must - set(folder.files)):
            out.append("%r: message %s is not there" % (name, base))
        if old is None:                   # a new folder is complete or not there
            if folder.lines != new.lines or folder.validity != new.validity:
                out.append("%r: its list is not complete" % name)
        else:
            if folder.validity not in (old.validity, new.validity):
                out.append("%r: its list begins with %s" % (name, folder.validity))
            for base in sorted((set(old.lines) & set(new.lines)) - set(folder.lines)):
                out.append("%r: message %s is not listed" % (name, base))
    return out + ["folder %r is gone" % n for n in before if n in after and n not in seen]


def view(tree):
    """What clients see of an account: {folder: {"validity", "messages": {UID: what}}}; messages of
    a folder whose source gives no UIDs are numbered through."""
    seen = {}
    for name, folder in folders(tree).items():
        words = {}
        path = os.path.join(tree, name, "dovecot-keywords")
        if os.path.exists(path):
            with open(path, encoding="ascii") as f:
                words = {chr(ord("a") + int(n)): w for n, w in (line.split() for line in f)}
        rows = {}
        for base, copies in folder.files.items():
            for which, info, digest in copies:
                rows.setdefault(folder.lines.get(base), []).append(
                    (which, "".join(c for c in info if c.isupper()),
                     sorted(words.get(c, c) for c in info if c.islower()), digest))
        if folder.validity and folder.validity[0] == b"*":
            rows = dict(enumerate(rows[uid] for uid in sorted(rows, key=lambda n: n or 0)))
        seen[name] = {"validity": folder.validity and folder.validity[0], "messages": rows,
                      "left over": [n for n in os.listdir(os.path.join(tree, name))
                                    if "mailhaul" in n or n.endswith(".lock")]}
    return seen


def view_differences(expected, seen):
    return ["%s, %r: %r is %s, not %s" % (user, name, key, seen[user].get(name, {}).get(key),
                                          expected[user].get(name, {}).get(key))
            for user in expected for name in sorted(set(expected[user]) | set(seen[user]))
            for key in ("validity", "messages", "left over")
            if expected[user].get(name, {}).get(key) != seen[user].get(name, {}).get(key)]
