#!/usr/bin/python3
"""servers: real mail servers in folders of their own, unpacked and never installed.

Each server is a complete little root below build/servers/NAME (its own libc included), made of
the Debian packages that apt itself says it needs, fetched with this machine's apt configuration
through an apt state of our own. The system's packages, lists and users are not touched.

A program of such a root runs in private mount and process namespaces with that folder as its
root: what it starts ends with it, its /etc/passwd is ours, and /tmp and the folders named in
`binds` are the machine's own, under the same path. As root that is all; an ordinary user gets
there through a user namespace and then is himself again.

    servers.py [NAME...]      makes the roots (all of them without a name); the second time is fast
"""
import fcntl
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STORE = os.environ.get("MAILHAUL_LAB_SERVERS") or os.path.join(TOP, "build", "servers")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# Everything in the lab lives by one clock with daylight saving, so that local times in From_ lines
# and dates on the wire differ.
ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"

# What of a package's needs only matters to its installation.
INSTALLERS = re.compile(
    r"^(perl.*|lib.*-perl|libperl.*|dpkg|debconf.*|ucf|adduser|passwd|tar|usrmerge|lsb-base|openssl"
    r"|sensible-utils|init-system-helpers|ssl-cert|openssl-provider-legacy|libpam-runtime"
    r"|libpam-modules.*|sysvinit-utils|sysuser-helper|expect|tcl.*|libtcl.*|ispell|.*-doc|exim4.*)$")

RECIPES = {
    "dovecot-2.3": ("bookworm", ["dovecot-core", "dovecot-imapd", "dovecot-pop3d"]),
    "dovecot-2.4": ("trixie", ["dovecot-core", "dovecot-imapd", "dovecot-pop3d"]),
    "uw": ("bookworm", ["uw-mailutils"]),
    "courier": ("bookworm", ["courier-imap", "courier-pop", "courier-base", "maildrop",
                             "libgamin0"]),
}


class LabError(Exception):
    """The lab itself could not do what a test wanted."""


# ---- getting packages ---------------------------------------------------------------------------

def mirror():
    """The Debian archive that this machine's own apt sources name."""
    with open("/etc/os-release") as f:
        codename = re.search(r'^VERSION_CODENAME="?(\w+)', f.read(), re.M).group(1)
    rows = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)",
         "Created-By: Packages"], stdout=subprocess.PIPE, text=True, check=True).stdout
    for row in rows.splitlines():
        release, component, uri = row.split(" ", 2)
        if release == codename and component == "main":
            return uri
    raise LabError("apt's sources name no archive with %s main" % codename)


def private_apt(suite):
    """apt's options for a state of our own that knows one suite and no installed package."""
    base = os.path.join(STORE, ".apt", suite)
    for sub in ("state/lists/partial", "cache/archives/partial", "etc"):
        os.makedirs(os.path.join(base, sub), exist_ok=True)
    status = os.path.join(base, "status")
    sources = os.path.join(base, "etc", "sources.list")
    open(status, "w").close()
    with open(sources, "w") as f:
        f.write("deb [signed-by=%s] %s %s main\n" % (KEYRING, mirror(), suite))
    settings = {
        "Dir::State": base + "/state", "Dir::State::status": status, "Dir::Cache": base + "/cache",
        "Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferences": "-", "Dir::Etc::preferencesparts": "-",
        "APT::Sandbox::User": "root", "APT::Install-Recommends": "false",
        "APT::Update::Post-Invoke": "", "Acquire::Languages": "none", "Acquire::Retries": "3"}
    return [x for k, v in settings.items() for x in ("-o", "%s=%s" % (k, v))]


def quiet(argv, **more):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, **more)
    if done.returncode != 0:
        raise LabError("%s: status %d\n%s" % (" ".join(argv[:1] + argv[-3:]), done.returncode,
                                              done.stderr[-2000:]))
    return done.stdout


def closure(options, packages):
    """The packages with everything they need to run, as name=version."""
    plan = quiet(["apt-get"] + options + ["-s", "-y", "--no-install-recommends", "install"]
                 + packages)
    found = re.findall(r"^Inst (\S+) \((\S+)", plan, re.M)
    return ["%s=%s" % (n, v) for n, v in found if not INSTALLERS.match(n.split(":")[0])]


def unpack(folder, root):
    # One /usr: the dynamic loader and the libraries are found whichever way a package ships them.
    for name in ("bin", "sbin", "lib", "lib64"):
        os.makedirs(os.path.join(root, "usr", name), exist_ok=True)
        os.symlink("usr/" + name, os.path.join(root, name))
    for name in sorted(os.listdir(folder)):
        deb = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", os.path.join(folder, name)],
                               stdout=subprocess.PIPE)
        # No set-id bits and no strange owners: nothing here may be more than its caller.
        tar = subprocess.run(
            ["tar", "-x", "-C", root, "--keep-directory-symlink", "--no-same-owner",
             "--no-same-permissions", "--exclude=./usr/share/doc", "--exclude=./usr/share/man",
             "--exclude=./usr/share/locale"], stdin=deb.stdout)
        deb.stdout.close()
        if deb.wait() != 0 or tar.returncode != 0:
            raise LabError("cannot unpack %s" % name)
    for name in ("proc", "dev", "tmp", "etc", "run"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    os.chmod(os.path.join(root, "tmp"), 0o1777)
    for name in ("passwd", "group"):
        open(os.path.join(root, "etc", name), "w").close()
    # Names come from our files only.
    with open(os.path.join(root, "etc", "nsswitch.conf"), "w") as f:
        f.write("passwd: files\ngroup: files\nhosts: files\n")
    with open(os.path.join(root, "etc", "hosts"), "w") as f:
        f.write("127.0.0.1 localhost\n")


def build(name, target):
    suite, packages = RECIPES[name]
    options = private_apt(suite)
    quiet(["apt-get"] + options + ["-qq", "update"])
    work = tempfile.mkdtemp(prefix=".new-", dir=STORE)
    try:
        os.chmod(work, 0o755)
        debs, root = os.path.join(work, "debs"), os.path.join(work, "root")
        os.makedirs(debs)
        os.makedirs(root)
        quiet(["apt-get"] + options + ["-qq", "download"] + closure(options, packages), cwd=debs)
        unpack(debs, root)
        shutil.rmtree(target, ignore_errors=True)
        os.rename(root, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def ensure(name):
    """The root folder of server @name, made now if it is not there. Safe to call at once from
    several processes."""
    if name not in RECIPES:
        raise LabError("no server called %s" % name)
    os.makedirs(STORE, exist_ok=True)
    root, stamp = os.path.join(STORE, name), os.path.join(STORE, name + ".stamp")
    key = hashlib.sha256(json.dumps([RECIPES[name], INSTALLERS.pattern]).encode()).hexdigest()

    def ready():
        try:
            with open(stamp) as f:
                return f.read() == key
        except FileNotFoundError:
            return False
    if ready():
        return root
    with open(os.path.join(STORE, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready():
            print("lab: unpacking %s" % name, file=sys.stderr)
            build(name, root)
            with open(stamp + ".new", "w") as f:
                f.write(key)
            os.rename(stamp + ".new", stamp)
    return root


# ---- running programs of a root -----------------------------------------------------------------

# $1 root, $2 folder that replaces files of /etc, $3... folders to show inside, --, command.
# Dovecot's own set-up needs /dev and /proc; /proc must be the one of the new process namespace.
INSIDE = r"""
set -e
root=$1 etc=$2; shift 2
mount -t proc proc /proc
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
for file in "$etc"/*; do mount --bind "$file" "$root/etc/${file##*/}"; done
mount --rbind /tmp "$root/tmp"
while [ "$1" != -- ]; do
    case $1 in /tmp/*) ;; *) mkdir -p "$root$1"; mount --bind "$1" "$root$1" ;; esac
    shift
done
shift
"""
AS_ROOT = INSIDE + 'exec $LAB_TRACE chroot --userspec="$LAB_UID:$LAB_GID" "$root" "$@"\n'
AS_SELF = INSIDE + ('exec $LAB_TRACE unshare --user --map-user=$LAB_UID --map-group=$LAB_GID '
                    '--root="$root" -- "$@"\n')


def etc_files(folder, users):
    """Writes passwd and group for one run: the servers' own names, and @users, a list of
    (name, uid, gid, home)."""
    os.makedirs(folder, exist_ok=True)
    rows = [("root", 0, 0, "/root")]
    if os.geteuid() == 0:
        rows += [("nobody", 65534, 65534, "/"), ("dovecot", 64001, 64001, "/"),
                 ("dovenull", 64002, 64002, "/"), ("courier", 64003, 64003, "/")]
    else:
        rows += [(name, os.geteuid(), os.getegid(), "/") for name in ("self", "dovenull", "dovecot")]
    rows += list(users)
    with open(os.path.join(folder, "passwd"), "w") as f:
        f.writelines("%s:x:%d:%d::%s:/bin/sh\n" % (n, u, g, h) for n, u, g, h in rows)
    with open(os.path.join(folder, "group"), "w") as f:
        f.writelines("%s:x:%d:\n" % (n, g) for n, _, g, _ in rows)
    return folder


def unshare(*more):
    """`unshare` with a mount namespace whose mounts nobody else sees."""
    base = ["unshare", "--mount"] + (["--user", "--map-root-user"] if os.geteuid() != 0 else [])
    return base + ["--propagation", propagation(tuple(base))] + list(more)


@functools.cache
def propagation(base):
    """"private", but in a plain chroot, where / is no mount point and that cannot be had: there
    "unchanged" does, if a try shows that mounts stay inside."""
    private = subprocess.run([*base, "--propagation", "private", "true"], stderr=subprocess.PIPE)
    if private.returncode == 0:
        return "private"
    place = tempfile.mkdtemp(prefix="mh-", dir="/tmp")
    script = 'mount -t tmpfs try "$1" && echo done && read answer; umount "$1"'
    inside = subprocess.Popen([*base, "--propagation", "unchanged", "sh", "-c", script, "try", place],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    mounted, seen = inside.stdout.readline(), os.path.ismount(place)
    _, said = inside.communicate(b"\n")
    os.rmdir(place)
    if not mounted or seen:
        raise LabError("no private mounts here (in a chroot: first mount --bind its root onto "
                       "itself): " + (private.stderr + said).decode(errors="replace"))
    return "unchanged"


def command(name, argv, etc, binds=(), trace=None, owner=(0, 0)):
    """(argv, environment additions) that run @argv inside server @name's root. @etc is a folder
    made by etc_files(). @trace is a command, of the machine itself, to run the whole under.
    @owner is (uid, gid) to be there, if we are root; an ordinary user stays himself."""
    root = ensure(name)
    inside = unshare("--pid", "--fork", "--kill-child=SIGKILL")
    script = AS_ROOT if os.geteuid() == 0 else AS_SELF
    uid, gid = owner if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    env = {"LAB_TRACE": " ".join(trace or ()), "LAB_UID": str(uid), "LAB_GID": str(gid), "TZ": ZONE, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    # Dies with the test that started it, however that test ends.
    return (["setpriv", "--pdeathsig", "KILL"] + inside + ["sh", "-c", script, "inside", root, etc]
            + list(binds) + ["--"] + list(argv)), env


def run(name, argv, etc, binds=(), owner=(0, 0), check=True, input=None, env=None, timeout=120):
    """Runs one command inside server @name's root and returns the CompletedProcess (bytes)."""
    full, additions = command(name, argv, etc, binds, owner=owner)
    done = subprocess.run(full, input=input if input is not None else b"",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                          env=dict(os.environ, **additions, **(env or {})))
    if check and done.returncode != 0:
        raise LabError("%s: status %d\n%s" % (" ".join(argv), done.returncode,
                                              done.stderr.decode(errors="replace")))
    return done


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []


def join(process):
    """What to put before a command so that it and what command() started see each other's
    processes."""
    user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
    return ["nsenter", "--target", str(children(process.pid)[0]), *user, "--pid", "--"]


def stop(process, traced=False, grace=20):
    """Ends what command() started: the server is asked first, then all of it is killed."""
    inner = children(process.pid)
    if traced:
        inner = [x for pid in inner for x in children(pid)]
    for pid in inner:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main(names):
    for name in names or sorted(RECIPES):
        print(name, ensure(name))


if __name__ == "__main__":
    main(sys.argv[1:])
