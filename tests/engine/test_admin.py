"""What the admin sees: check and its verdict, status, the log, and progress on a terminal.

    test_admin.py MAILHAUL [WORD...]        the tests with all of these words in their names
"""
import fcntl
import glob
import hashlib
import json
import os
import pty
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import time

HERE = os.path.dirname(os.path.abspath(sys.argv[0]))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import servers

MAILHAUL = sys.argv[1]
ROOT = os.geteuid() == 0
UID = 65534 if ROOT else os.getuid()


# System calls that change a file system, and opens that may.
CHANGES = ("mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,"
           "symlinkat,mknod,mknodat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,truncate,"
           "ftruncate,fallocate,utimensat,utime,utimes,futimesat,setxattr,lsetxattr,fsetxattr,"
           "removexattr,lremovexattr,fremovexattr,copy_file_range,quotactl,quotactl_fd")
OPENS = "open,openat,openat2,creat"


def changes_in(trace):
    """Lines of a trace that tell of a change, tried or done."""
    found = []
    with open(trace, errors="replace") as file:
        for line in file:
            name = line.split("(")[0].split()[-1]
            opens = name in OPENS.split(",")
            # A worker's own place in the order in which memory is taken back is nothing on a disk.
            if opens and ('"/dev/null"' in line or '"/proc/self/oom_score_adj"' in line or not any(
                    flag in line for flag in ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TMPFILE"))):
                continue
            if name == "quotactl_fd" and "QCMD(Q_GETQUOTA, " in line:
                continue
            if opens or name in CHANGES.split(","):
                found.append(line)
    return found


class Site:
    """Users with mbox INBOXes or Courier Maildirs, in a place of their own."""

    def __init__(self):
        self.place = tempfile.mkdtemp(prefix="mailhaul-admin.")
        os.chmod(self.place, 0o755)
        self.users = []
        os.mkdir(self.path("in"))
        os.chmod(self.path("in"), 0o1777)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.place)

    def path(self, *parts):
        return os.path.join(self.place, *parts)

    def add(self, user, messages=None, text=None):
        """With @messages, or @text, an mbox INBOX; with neither, only a line in the list."""
        self.users = [name for name in self.users if name != user] + [user]
        if text or messages is not None:
            self.write(user, text or "".join(
                "From a@b Sat Jan  1 00:00:%02d 2000\nSubject: %d\n\nbody %d\n\n" % (i % 60, i, i)
                for i in range(messages)))
            os.chmod(self.path("in", user), 0o644)
        with open(self.path("users"), "w") as file:
            for name in self.users:
                file.write("%s:x:%d:%d::/nonexistent:/bin/sh\n" % (name, UID, UID))

    def write(self, path, text):
        path = self.path("in", path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def add_courier(self, user, messages, uidvalidity=1100000000):
        """An INBOX, a folder Sent, UIDs, UIDLs and keywords."""
        names = ["11000000%02d.M%dP2.mx" % (i, i) for i in range(messages)]
        body = "Subject: %d\n\nbody\n"
        for folder in ("", ".Sent/"):
            for part in ("cur", "new", "tmp", "courierimapkeywords"):
                os.makedirs(self.path("in", user, folder, part))
            for i, name in enumerate(names):
                self.write("%s/%scur/%s:2,S" % (user, folder, name), body % i)
            self.write("%s/%scourierimapuiddb" % (user, folder), "1 %d %d\n" % (
                uidvalidity, messages + 1) + "".join("%d %s\n" % (i + 1, name)
                                                     for i, name in enumerate(names)))
            self.write("%s/%scourierimapkeywords/:list" % (user, folder), "$Junk\n\n")
        self.write(user + "/.Sent/maildirfolder", "")
        self.write(user + "/courierpop3dsizelist", "/2 %d %d\n" % (messages + 1, uidvalidity)
                   + "".join("%s:2,S 20 %d:%d\n" % (name, i + 1, uidvalidity)
                             for i, name in enumerate(names)))
        self.write(user + "/courierimapsubscribed", "INBOX\nINBOX.Sent\n")
        self.write(user + "/maildirsize", "100000000S\n%d %d\n" % (40 * messages, 2 * messages))
        self.add(user)
        if ROOT:
            for folder, folders, files in os.walk(self.path("in", user)):
                for name in [".", *folders, *files]:
                    os.chown(os.path.join(folder, name), UID, UID)

    def command(self, command, *options):
        return [MAILHAUL, command, "--config", "/dev/null", "--users", self.path("users"),
                "--inbox", self.path("in/%u"), "--maildir", self.path("out/%u"), "--state",
                self.path("state"), *options]

    def run(self, command, *options, expect=0):
        done = subprocess.run(self.command(command, *options), capture_output=True, text=True)
        assert done.returncode == expect, (command, options, done)
        return done

    def state(self, command, *options, expect=0):
        done = subprocess.run([MAILHAUL, command, "--config", "/dev/null", "--state",
                               self.path("state"), *options], capture_output=True, text=True)
        assert done.returncode == expect, (command, options, done)
        return done.stdout

    def snapshot(self):
        """Everything there is, times included, but for when it was read."""
        found = {}
        for folder, folders, files in os.walk(self.place):
            for name in [".", *folders, *files]:
                path = os.path.join(folder, name)
                at = os.lstat(path)
                content = None
                if stat.S_ISREG(at.st_mode):
                    with open(path, "rb") as file:
                        content = hashlib.sha256(file.read()).hexdigest()
                found[path] = (at.st_mode, at.st_uid, at.st_ino, at.st_size, at.st_mtime_ns,
                               at.st_ctime_ns, content)
        return found


def verdict(site, *options, expect=0):
    return json.loads(site.run("check", "--json", *options, expect=expect)
                      .stdout.strip().split("\n")[-1])


LOOKS = [["check"], ["check", "--json", "--progress", "always"], ["migrate", "--dry-run"],
         ["verify"], ["undo", "--dry-run", "ann"]]


def look_at_all(site, statuses, watched, stage):
    """Commands that only look: nothing has changed afterwards, and nothing was tried."""
    for number, look in enumerate(LOOKS):
        if look[0] in ("verify", "undo") and stage == "first":
            continue
        command, before = site.command(*look), site.snapshot()
        if look[0] == "undo":
            at = command.index("--inbox")
            del command[at:at + 2]
        trace = os.path.join(watched, "%s-%d" % (stage, number))
        # What is traced cannot look for its leaks.
        leaks = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        done = subprocess.run(["strace", "-f", "-qq", "-o", trace, "-e", CHANGES + "," + OPENS,
                               *command], capture_output=True, text=True,
                              env=dict(os.environ, ASAN_OPTIONS=leaks))
        assert done.returncode in statuses, (look, done)
        after = site.snapshot()
        assert after == before, (look, stage, [path for path in {**before, **after}
                                               if before.get(path) != after.get(path)])
        changes = changes_in(trace)
        assert not changes, (look, stage, changes[:5])


def write_nothing(site, watched):
    site.add("ann", 5)
    site.add_courier("dora", 4)
    look_at_all(site, (0,), watched, "first")
    site.run("migrate")
    look_at_all(site, (0,), watched, "carried")
    # Mail has come, some has gone; a lock was left behind.
    site.add("ann", 7)
    site.write("ann.lock", "%d:%s" % (2**31 - 1, os.uname().nodename))
    os.unlink(site.path("in/dora/cur/1100000001.M1P2.mx:2,S"))
    site.write("dora/new/1100000099.M99P2.mx", "Subject: new\n\n")
    site.add("bob", 3)
    look_at_all(site, (0, 1, 2), watched, "changed")


def test_check_writes_nothing():
    """Proved by the file system, times and all, and by the system calls; by root and by a user."""
    watched = tempfile.mkdtemp(prefix="mailhaul-watched.")
    try:
        with Site() as site:
            write_nothing(site, watched)
        if ROOT:
            script = "import sys; sys.argv[:] = %r; exec(open(sys.argv[0]).read())" % (
                [os.path.abspath(__file__), MAILHAUL, "as_user"],)
            done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                   "/usr/bin/python3", "-B", "-c", script], capture_output=True,
                                  text=True, env={**os.environ, "HOME": "/nonexistent"})
            assert done.returncode == 0, done.stderr + done.stdout
    finally:
        shutil.rmtree(watched)


def test_without_streams():
    """Started without standard streams: no file of anybody's takes the number of one, so nothing
    that is said comes to stand in it; and that it was not heard is a failure."""
    with Site() as site:
        site.add("ann", 3)
        site.add("bob")
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            trace = site.path("trace")
            leaks = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
            done = subprocess.run(
                ["strace", "-f", "-qq", "-o", trace, "-e", OPENS + ",dup,dup2,socketpair,pipe2",
                 "sh", "-c", 'exec "$@" ' + closed, "sh",
                 *site.command("migrate", "--log", site.path("log"))],
                capture_output=True, text=True, env=dict(os.environ, ASAN_OPTIONS=leaks))
            assert done.returncode == (2 if ">" in closed.replace("2>", "") else 0), (closed, done)
            with open(trace, errors="replace") as file:
                taken = [line for line in file
                         if site.place in line and line.rstrip().endswith(("= 0", "= 1", "= 2"))]
            assert not taken, (closed, taken[:5])


def as_user():
    with Site() as site:
        os.mkdir(site.path("out"))
        watched = tempfile.mkdtemp(prefix="mailhaul-watched.")
        write_nothing(site, watched)
        shutil.rmtree(watched)


def test_verdicts():
    with Site() as site:
        site.add("ann", 5)
        said = verdict(site)
        assert said["type"] == "verdict" and said["verdict"] == "ready", said
        # The home of these users is not there: that is no odd file system.
        assert "file-system-times" not in [one["code"] for one in said["found"]], said
        target = said["targets"][0]
        assert target["accounts"] == 1 and target["need_inodes"] >= 5 + 7
        assert 5 * 4096 <= target["need_bytes"] < 200_000 and target["free_bytes"] > 0
        assert "Verdict: ready\n" in site.run("check").stdout
        site.run("migrate")
        assert verdict(site)["targets"][0]["need_bytes"] == 0, "nothing is left to carry"

        os.mkdir(site.path("out/bob"))
        open(site.path("out/bob/thesis.doc"), "w").close()
        site.add("bob", 1)
        said = verdict(site, expect=2)
        assert said["verdict"] == "not-ready"
        assert said["obstacles"][0]["obstacle"] == "not-ours", said
        assert "bob" in said["obstacles"][0]["examples"][0]
        os.unlink(site.path("out/bob/thesis.doc"))

        if ROOT:
            os.chown(site.path("out/bob"), UID + 1, UID + 1)
            os.chmod(site.path("out/bob"), 0o700)
            said = verdict(site, expect=2)
            assert [one["obstacle"] for one in said["obstacles"]][0] == "not-writable", said
        os.rmdir(site.path("out/bob"))

        site.add("cid", 0, "this is no mail\n" * 3)
        text = site.run("check", expect=2).stdout
        assert "Verdict: not ready, because:" in text and "cid" in text


def test_check_tells():
    """Names that change and a proposal for them, dialects, what is at the target, how long."""
    with Site() as site:
        site.add_courier("dora", 3)
        os.makedirs(site.path("in/dora/.inbox.Sub/cur"))
        for part in ("new", "tmp"):
            os.makedirs(site.path("in/dora/.inbox.Sub", part))
        site.write("dora/.inbox.Sub/maildirfolder", "")
        site.write("dora/.inbox.Sub/cur/1100000077.M1P2.mx:2,S", "Subject: below\n\n")
        for folder, folders, files in os.walk(site.path("in/dora")):
            for name in [folder, *(os.path.join(folder, file) for file in files)]:
                os.chown(name, UID, UID)
        site.add("ann", 2, "From a@b Sat Jan  1 00:00:00 2000\nX-IMAPbase: 1100000000 3\n"
                 "X-UID: 2\nStatus: RO\n\nbody\n\n")
        said = site.run("check", "--verbose").stdout
        assert "Time: " in said and "migrate a few accounts, then check again" in said, said
        last = verdict(site)
        estimate = last["estimate"]
        assert estimate["basis"] == "reading", last
        assert 0 < estimate["least_us"] < estimate["most_us"], last
        accounts = [json.loads(line) for line in site.run("check", "--json").stdout.split("\n")
                    if '"account"' in line]
        boxes = {box["source"]: box for account in accounts for box in account["mailboxes"]
                 if account["user"] == "dora"}
        assert boxes["Sent"]["name"] == "INBOX.Sent" and not boxes["Sent"]["name_map"], boxes
        proposal = [box["name_map"] for box in boxes.values() if box["name_map"]]
        assert proposal == last["name_map"] and len(proposal) == 1, last
        assert proposal[0].startswith("dora/inbox/Sub = "), proposal
        assert proposal[0] in said and "its name becomes INBOX." in said, said
        formats = {box["format"] for account in accounts for box in account["mailboxes"]}
        assert "courier" in formats and any(name.startswith("mbox ") for name in formats), formats
        assert "was written to in the last minute" in said, said
        for folder, folders, files in os.walk(site.path("in")):
            for name in [folder, *(os.path.join(folder, file) for file in files)]:
                os.utime(name, (1600000000, 1600000000))
        said = site.run("check", "--verbose").stdout
        assert "in the last minute" not in said and "in the future" not in said, said
        os.utime(site.path("in/ann"), (4000000000, 4000000000))
        assert "is dated in the future: this machine's clock may be wrong" in site.run(
            "check", "--verbose").stdout
        os.utime(site.path("in/ann"), (1600000000, 1600000000))
        if ROOT:
            done = subprocess.run(["setpriv", "--bounding-set=-chown", "--inh-caps=-chown",
                                   *site.command("check")], capture_output=True, text=True)
            assert done.returncode == 2 and "CAP_CHOWN is missing" in done.stdout, done
        # The proposal is a name map, and changes nothing as it is.
        with open(site.path("names"), "w") as file:
            file.write(proposal[0] + "\n")
        again = verdict(site, "--name-map", site.path("names"))
        assert not again["name_map"], again
        assert "folder-name-mapped" in [one["code"] for one in again["found"]], again
        site.run("migrate")
        # Mail of the new server's own; and now a run has told how fast it is.
        os.makedirs(site.path("out/ann/cur"), exist_ok=True)
        with open(site.path("out/ann/new/1700000000.M1P1.new"), "w") as file:
            file.write("Subject: new server\n\n")
        os.chown(site.path("out/ann/new/1700000000.M1P1.new"), UID, UID)
        site.add("bob", 4)
        said = site.run("check").stdout
        assert "Already at the target: 1 message of its own in 1 account; not touched" in said, said
        assert "if it goes as on 20" in said, said
        assert verdict(site)["estimate"]["basis"] == "run"


def test_check_tells_the_zone():
    """Separators of a machine in Berlin, read in UTC and in the right zone."""
    mail = "".join("From a@b Mon Jan  1 %02d:30:00 2001\nReceived: from a by b; Mon, 1 Jan 2001"
                   " %02d:30:00 +0100\n\nx\n\n" % (hour, hour) for hour in range(12))
    with Site() as site:
        site.add("ann", 0, mail)
        said = site.run("check", "--timezone", "UTC", "--verbose").stdout
        assert "Time zone: the dates of 1 mailbox in 1 account do not fit" in said, said
        assert "12 of 12 messages; the old machine was at +0100\n" in said, said
        assert "Time zone" in site.run("check", "--timezone", "UTC").stdout
        assert "Time zone" not in site.run("check", "--timezone", "Europe/Berlin").stdout


def test_check_of_many():
    """Of many accounts the worst are told, the rest is counted; --verbose and --json tell all."""
    with Site() as site:
        for number in range(60):
            site.add("user%02d" % number, 1)
        site.add("user33", 0, "this is no mail\n" * 3)
        words = "".join(" k%d" % i for i in range(30))
        site.add("user44", 0, "From a@b Sat Jan  1 00:00:00 2000\nX-IMAPbase: 7 1%s\nX-Keywords:"
                 "%s\n\nx\n\n" % (words, words))
        done = site.run("check", expect=2)
        lines = done.stdout.split("\n")
        assert len(lines) < 25, done.stdout
        assert lines[0].startswith("2 of 2 accounts with something to look at, of 60"), lines[0]
        assert lines[1].startswith("user33: ") and lines[2].startswith("user44: "), lines
        assert done.stderr.startswith("mailhaul: user33: INBOX") and done.stderr.count("\n") == 1
        words = "".join(" k%d" % i for i in range(60))
        site.add("user44", 0, "From a@b Sat Jan  1 00:00:00 2000\nX-IMAPbase: 7 1%s\nX-Keywords:"
                 "%s\n\nx\n\n" % (words, words))
        assert "  and 24 lines more: mailhaul check user44\n" in site.run("check", expect=2).stdout
        assert "  4 in 1 account: a folder has more than 26 keywords" in done.stdout
        assert site.run("check", "--verbose", expect=2).stdout.count("\nuser") == 59
        said = site.run("check", "--json", expect=2).stdout
        assert said.count('"type":"account"') == 60


def test_status():
    with Site() as site:
        subprocess.run([MAILHAUL, "status", "--config", "/dev/null", "--state",
                        site.path("none")], check=False, capture_output=True)
        assert not os.path.exists(site.path("none")), "status has made a state directory"
        site.add("ann", 5)
        site.add("cid", 0, "this is no mail\n" * 3)
        site.run("migrate", expect=2)
        before = site.snapshot()
        site.state("status", expect=2)
        site.state("report", "--format", "html")
        assert site.snapshot() == before, "status or report has left something behind"
        with open(site.path("state/lock"), "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            site.run("migrate", expect=75)
            text = site.state("status", expect=2)
            assert "ann: in step; last done 20" in text and "cid: not done" in text, text
            assert "2 accounts: 1 in step, 0 behind, 1 not done" in text
            site.state("report")
        lines = site.state("status", "--failed", "--json", expect=2).strip().split("\n")
        assert [json.loads(line)["user"] for line in lines] == ["cid"]
        assert "ann" in site.state("status", "ann")
        assert "0 accounts" in site.state("status", "ann", "--stale", "1h")
        time.sleep(2.1)
        assert "1 account:" in site.state("status", "ann", "--stale", "1s")
        assert "0 accounts" in site.state("status", "--with-loss")
        assert "zed: not tried" in site.state("status", "zed", expect=2)
        site.state("status", "--stale", "yesterday", expect=64)
        site.add("bob", 1)
        text = site.state("status", "--users", site.path("users"), expect=2)
        assert "bob: not tried" in text and "ann: in step" in text, text


def test_log():
    with Site() as site:
        site.add("ann", 2)
        site.add("cid", 0, "this is no mail\n" * 3)
        log = site.path("log")
        site.run("migrate", "--log", log, "--log-format", "json", expect=2)
        assert stat.S_IMODE(os.stat(log).st_mode) == 0o600
        with open(log) as file:
            events = [json.loads(line) for line in file]
        assert [event["event"] for event in events][0] == "begin"
        assert [event["event"] for event in events][-1] == "end"
        assert any(event["event"] == "account" and event["user"] == "ann"
                   and event["level"] == "info" for event in events)
        assert any(event["event"] == "mailbox" and event["user"] == "cid"
                   and event["level"] == "error" for event in events)
        site.run("migrate", "--log", log, expect=2)
        with open(log) as file:
            text = file.read()
        assert text.count('"event":"begin"') == 1 and "info ann: done" in text, "not appended"
        assert "body 1" not in text
        os.symlink(log, site.path("link"))
        os.mkfifo(site.path("fifo"))
        for name in ["link", "fifo", "in", "none/log"]:
            done = site.run("migrate", "--log", site.path(name), expect=78)
            assert "log" in done.stderr, done
        if os.path.exists("/dev/full"):
            site.run("migrate", "--log", "/dev/full", expect=78)


# In a /dev of its own, with a real syslogd behind /dev/log.
UNDER_SYSLOG = """
set -e
work=$1
shift
mkdir "$work/dev"
for name in null zero full random urandom; do
    : >"$work/dev/$name"
    mount --bind "/dev/$name" "$work/dev/$name"
done
mount --rbind "$work/dev" /dev
busybox syslogd -n -O "$work/messages" -l 8 &
daemon=$!
tries=0
until [ -S /dev/log ] || [ $tries -ge 100 ]; do tries=$((tries + 1)); sleep 0.1; done
set +e
"$@"
status=$?
sleep 0.3
kill $daemon
wait $daemon
exit $status
"""


def under_syslog(site, name, *options, expect=0):
    """The lines that a run leaves in the system's log, without their time and host."""
    work = site.path(name)
    os.mkdir(work)
    done = subprocess.run([*servers.unshare(), "sh", "-c", UNDER_SYSLOG, "sh", work,
                           *site.command("migrate", "--log", "syslog", *options)],
                          capture_output=True, text=True)
    assert done.returncode == expect, done
    with open(os.path.join(work, "messages")) as file:
        lines = [line.rstrip("\n").partition(" mailhaul[") for line in file]
    return [(before.split()[-1], after.partition("]: ")[2]) for before, found, after in lines
            if found]


def test_syslog():
    """One event an account, one a finding, one each for beginning and end; nothing of a message."""
    keywords = "".join(" k%d" % i for i in range(30))
    mail = ("From a@b Sat Jan  1 00:00:00 2000\nSubject: secret%s\nX-Keywords:" + keywords
            + "\n\nsecret\n\n") % "\x1b[31m"
    with Site() as site:
        site.add("ann", 2)
        site.add("bob", 0, mail.replace("Subject", "X-IMAPbase: 7 1" + keywords + "\nSubject", 1))
        site.add("cid", 0, "this is no mail\n" * 3)
        said = under_syslog(site, "text", expect=2)
        assert all("secret" not in text for _, text in said)
        assert said[0] == ("mail.info", "begin: migrate of 3 accounts begins"), said
        assert [level for level, text in said if text.startswith("ann: done, 1 mailbox, 2 messages")] == [
            "mail.info"], said
        assert [level for level, text in said if text.startswith("cid: INBOX: ")] == ["mail.err"]
        lost = [(level, text) for level, text in said if "keyword-without-letter" in text]
        assert len(lost) == 1 and lost[0][0] == "mail.warn" and "(4 times)" in lost[0][1], said
        assert said[-1][0] == "mail.err" and "ends with status 2" in said[-1][1], said

        said = under_syslog(site, "json", "--log-format", "json", expect=2)
        events = [json.loads(text) for _, text in said]
        assert [event["user"] for event in events if event["event"] == "account"].count("cid") == 1
        assert events[0]["event"] == "begin" and events[-1]["event"] == "end", events
        assert {event["level"] for event in events} == {"info", "warning", "error"}, events
        if not os.path.exists("/dev/log"):
            assert "/dev/log" in site.run("migrate", "--log", "syslog", expect=78).stderr


class Screen:
    """A terminal that knows the little that the progress line uses."""

    def __init__(self):
        self.lines, self.row, self.column, self.rest = [""], 0, 0, ""
        self.progress = 0

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        while text:
            if text.startswith("\033"):
                end = next((i for i, c in enumerate(text[2:], 2) if c.isalpha()), None)
                if end is None:
                    self.rest = text
                    return
                assert text[end] in "AJ", text[:end + 1]
                if text[end] == "A":
                    self.row -= int(text[2:end])
                else:
                    self.lines[self.row] = self.lines[self.row][:self.column]
                    del self.lines[self.row + 1:]
                text = text[end + 1:]
            else:
                self.put(text[0])
                text = text[1:]

    def put(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        else:
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + char + line[self.column + 1:]
            self.column += 1
            self.progress += self.lines[self.row].endswith(" accounts")


def on_terminal(command, width, environ):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    pid = os.fork()
    if pid == 0:
        os.close(master)
        os.login_tty(slave) if hasattr(os, "login_tty") else login_tty(slave)
        os.execve(command[0], command, environ)
    os.close(slave)
    screen, resized = Screen(), False
    while True:
        try:
            block = os.read(master, 65536)
        except OSError:
            break
        if not block:
            break
        screen.feed(block.decode("utf-8", "replace"))
        if not resized and screen.progress > 0:
            fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width + 40, 0, 0))
            resized = True
    os.close(master)
    return screen, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def login_tty(fd):
    os.setsid()
    fcntl.ioctl(fd, termios.TIOCSCTTY, 0)
    for number in range(3):
        os.dup2(fd, number)


def test_progress():
    with Site() as site:
        for number in range(6):
            site.add("user%d" % number, 2500)
        site.add("cid", 0, "this is no mail\n" * 3)
        environ = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        screen, status = on_terminal(site.command("migrate", "--jobs", "2"), 60, environ)
        assert status == 2, screen.lines
        assert screen.progress >= 1, "no progress was shown"
        lines = [line for line in screen.lines if line]
        assert len(lines) == 7 + 1 + 1, "\n".join(lines)
        assert not any(" of 7 accounts" in line for line in lines), "progress is left behind"
        assert any(line.startswith("mailhaul: cid: INBOX") for line in lines)
        shutil.rmtree(site.path("out"))
        # Not on a terminal: nothing, unless it is asked.
        run = subprocess.Popen(site.command("migrate"), stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        while not os.path.exists(site.path("out")) and time.monotonic() < deadline:
            time.sleep(0.01)
        run.send_signal(signal.SIGUSR1)
        said = run.communicate()[1].strip().split("\n")
        assert len(said) == 2, said
        assert sum(" of 7 accounts" in line for line in said) == 1, said


def catches_usr1(pid):
    with open("/proc/%d/status" % pid) as file:
        caught = next(line.split()[1] for line in file if line.startswith("SigCgt"))
    return int(caught, 16) & 1 << (signal.SIGUSR1 - 1) != 0


def test_asked_too_early():
    """SIGUSR1 ends no run, not even one that has not begun, or is over."""
    with Site() as site:
        site.add("ann", 3)
        with open(site.path("users")) as file:
            users = file.read()
        command = site.command("migrate")
        command[command.index("--users") + 1] = "-"
        run = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 10
        while not catches_usr1(run.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        run.send_signal(signal.SIGUSR1)
        time.sleep(0.1)
        said = run.communicate(users)
        assert run.returncode == 0 and "ann: 1 mailbox" in said[0], (run.returncode, said)


def worker_at(run, path):
    """The process of the run's worker that has opened @path."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with open("/proc/%d/task/%d/children" % (run.pid, run.pid)) as file:
            children = file.read().split()
        for place in [glob.glob("/proc/%s/fd/*" % child) for child in children]:
            for link in place:
                try:
                    if os.readlink(link) == path:
                        return int(link.split("/")[2])
                except FileNotFoundError:  # closed meanwhile
                    pass
        time.sleep(0.01)
    raise AssertionError("no worker has opened " + path)


def test_nice():
    """With --nice workers are behind all others, at the processor and at the disk."""
    if not ROOT:
        return                             # a worker shows its descriptors to nobody else
    with Site() as site:
        site.add("ann", 3)
        path = site.path("in/ann")
        for option, nice, disk in (([], 0, "none: prio 0"), (["--nice"], 19, "best-effort: prio 7")):
            with open(path, "r+") as file:
                fcntl.lockf(file, fcntl.LOCK_EX)
                run = subprocess.Popen(site.command("migrate", *option), stdout=subprocess.DEVNULL)
                worker = worker_at(run, path)
                is_nice = os.getpriority(os.PRIO_PROCESS, worker)
                at_disk = subprocess.run(["ionice", "-p", str(worker)], capture_output=True,
                                         text=True, check=True).stdout.strip()
            assert run.wait() == 0
            assert (is_nice, at_disk) == (nice, disk), (option, is_nice, at_disk)
            site.add("ann", 5)


def main():
    if sys.argv[2:] == ["as_user"]:
        as_user()
        return
    for name, test in sorted(globals().items()):
        if name.startswith("test_") and all(word in name for word in sys.argv[2:]):
            test()
            print("passed:", name)


main()
