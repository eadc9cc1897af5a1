"""An account that is divided among several workers is told of, and comes out, as with one worker;
whatever becomes of its parts.

    test_divided.py MAILHAUL
"""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

MAILHAUL = os.path.abspath(sys.argv.pop(1))
UID = 65534 if os.geteuid() == 0 else os.getuid()
KEYWORDS = "".join(" key%d" % i for i in range(30))
OLD_S = 0.3  # then what was written is old enough to be believed
FOLDERS = {"Sent": 60, "Archive": 90, "Lists/one": 40, "Lists/two": 30, "Drafts": 3}
ALONE, DIVIDED = ("--jobs", "1"), ("--jobs", "3", "--divide-above", "0")


def message(number, size, header=""):
    return ("From a@b Sat Jan  1 00:00:00 2000\n%sSubject: number %d\nDate: Sat, 1 Jan 2000 "
            "00:00:%02d +0000\n\n%s\n\n" % (header, number, number % 60, "text of mail\n" * size))


def mbox(count, validity, size):
    base = "X-IMAPbase: %d %d%s\n" % (validity, count, KEYWORDS if validity == 100 else "")
    text = [message(i, size, (base if i == 1 else "") + "X-UID: %d\nStatus: RO\n%s" % (
        i, "X-Keywords:%s\n" % KEYWORDS if validity == 100 and i < 3 else ""))
        for i in range(1, count + 1)]
    return "".join(text)


class Site:
    """One large account, and a small one beside it."""

    def __init__(self, size=4):
        self.top = tempfile.mkdtemp(prefix="mailhaul-divided-")
        os.chmod(self.top, 0o755)
        self.write("in/ann", mbox(50, 100, size))
        self.write("in/bob", mbox(2, 7, 1))
        for number, (name, count) in enumerate(FOLDERS.items()):
            self.write("folders/ann/" + name, mbox(count, 101 + number, size))
        self.write("folders/ann/notes", "this is no mail\n" * 9)
        self.write("users", "".join("%s:x:%d:%d::/nonexistent:/bin/sh\n" % (user, UID, UID)
                                    for user in ("ann", "bob")))
        time.sleep(OLD_S)

    def path(self, *parts):
        return os.path.join(self.top, *parts)

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "a") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def command(self, out, *options):
        os.makedirs(self.path(out), exist_ok=True)
        os.chown(self.path(out), UID, -1)
        return [MAILHAUL, "migrate", "--config", "/dev/null", "--json", "--users",
                self.path("users"), "--inbox", self.path("in/%u"), "--folders",
                self.path("folders/%u"), "--maildir", self.path(out, "%u"), "--state",
                self.path(out + ".state"), *options]

    def run(self, out, *options):
        done = subprocess.run(self.command(out, *options), capture_output=True, check=False,
                              timeout=120)
        return done.returncode, told(done.stdout, out), said(done.stderr)

    def status(self, out):
        """What is known afterwards; times apart."""
        done = subprocess.run([MAILHAUL, "status", "--config", "/dev/null", "--json", "--users",
                               self.path("users"), "--state", self.path(out + ".state")],
                              capture_output=True, check=False, timeout=60)
        return told(done.stdout, out)

    def keywords(self, out):
        """The commands for keywords without a letter."""
        found = []
        for name in glob.glob(self.path(out + ".state", "keywords-*.sh")):
            with open(name) as file:
                found += file.readlines()
        return sorted(found)


def told(text, out):
    """What was told of each account; times apart."""
    accounts = {}
    for line in text.decode().replace("/%s/" % out, "/OUT/").splitlines():
        account = json.loads(line)
        if "user" in account:
            accounts[account["user"]] = {name: value for name, value in account.items()
                                         if name not in ("elapsed_us", "synced", "run")}
    return accounts


def said(text):
    return re.sub(r"/[^ ]*/keywords-[0-9TZ]*", "KEYWORDS", text.decode())


def tree(top):
    """Every file with its bytes, but for the identities that are new each time."""
    found = {}
    for place, dirs, names in os.walk(top):
        for name in dirs:
            found[os.path.relpath(os.path.join(place, name), top)] = "directory"
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                data = file.read()
            if name == "dovecot-uidlist":
                data = re.sub(rb" G[0-9a-f]{32}", b" G", data)
                data = re.sub(rb" C[0-9]{19},", b" C,", data)  # when the source was written to
            found[os.path.relpath(path, top)] = (data, os.stat(path).st_mode,
                                                 os.stat(path).st_mtime_ns
                                                 if "/cur/" in path or "/new/" in path else 0)
    return found


def workers(process):
    try:
        with open("/proc/%d/task/%d/children" % (process.pid, process.pid)) as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


class Divided(unittest.TestCase):
    maxDiff = 4000

    def site(self, size=4):
        site = Site(size)
        self.addCleanup(shutil.rmtree, site.top)
        return site

    def same_told(self, many, one):
        for user in one[1]:
            for name, value in one[1][user].items():
                self.assertEqual(many[1][user][name], value)
        self.assertEqual(many, one)

    def same(self, site, status=1):
        """The targets "one" and "many", and what was told of them."""
        one, many = site.run("one", *ALONE), site.run("many", *DIVIDED)
        self.assertEqual(one[0], status, one)
        self.same_told(many, one)
        self.assertEqual(tree(site.path("many")), tree(site.path("one")))
        self.assertEqual(site.keywords("many"), site.keywords("one"))
        self.assertEqual(site.status("many"), site.status("one"))
        self.assertIn("ann", site.status("one"))
        return one[1]["ann"]

    def test_first_run_and_the_next(self):
        site = self.site()
        ann = self.same(site)
        self.assertEqual(sum(box["delivered"] for box in ann["mailboxes"]),
                         50 + sum(FOLDERS.values()))
        time.sleep(OLD_S)
        for box in self.same(site)["mailboxes"]:
            self.assertEqual((box["done"], box["delivered"]), ("up-to-date", 0), box)

    def test_what_changes_between_runs(self):
        site = self.site()
        self.same(site)
        site.write("folders/ann/Sent", message(61, 4) + message(62, 4))
        site.write("folders/ann/New", mbox(5, 900, 2))
        os.unlink(site.path("folders/ann/Lists/one"))
        with open(site.path("in/ann"), "r+") as file:
            text = file.read().replace("Status: RO", "Status: O ", 3)
            file.seek(0)
            file.write(text)
        time.sleep(OLD_S)
        ann = self.same(site)
        self.assertEqual({box["source"]: box["delivered"] for box in ann["mailboxes"]
                          if box["delivered"]}, {"Sent": 2, "New": 5})
        self.assertEqual(sum(box["retagged"] for box in ann["mailboxes"]), 3)
        self.assertFalse(os.path.exists(site.path("many/ann/.Lists.one")))

    def test_young_source(self):
        """What is too young to be believed is read twice, and told once."""
        site = self.site()
        for name in ("in/ann", "folders/ann/Sent", "folders/ann/Archive"):
            os.utime(site.path(name))
        one, many = site.run("one", *ALONE), None
        for name in ("in/ann", "folders/ann/Sent", "folders/ann/Archive"):
            os.utime(site.path(name))
        many = site.run("many", *DIVIDED)
        self.same_told(many, one)
        self.assertEqual(tree(site.path("many")), tree(site.path("one")))

    def test_an_unreadable_mailbox_fails_once(self):
        site = self.site()
        os.chmod(site.path("folders/ann/Sent"), 0)
        if os.access(site.path("folders/ann/Sent"), os.R_OK) and UID == 0:
            self.fail("this test is not for root's own mail")
        ann = self.same(site, 2)
        failed = [box for box in ann["mailboxes"] if box.get("error")]
        self.assertEqual([box["source"] for box in failed], ["Sent"])
        self.assertEqual([box for box in ann["mailboxes"] if not box.get("delivered")], failed)

    def test_nothing_is_removed_where_the_source_is_not_there(self):
        site = self.site()
        self.same(site)
        os.rename(site.path("folders/ann"), site.path("away"))
        os.mkdir(site.path("folders/ann"))
        before = tree(site.path("many"))
        one, many = site.run("one", *ALONE), site.run("many", *DIVIDED)
        self.assertEqual(one[0], 2)
        self.assertIn("is its file system mounted?", one[1]["ann"]["error"])
        self.same_told(many, one)
        self.assertEqual(tree(site.path("many")), before)

    # ---- parts that are stopped ----

    def start(self, site):
        """A run that has two parts or more at work, slowly."""
        process = subprocess.Popen(site.command("many", *DIVIDED, "--max-rate", "1"),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        until = time.monotonic() + 60
        while (time.monotonic() < until and process.poll() is None
               and not (glob.glob(site.path("many/ann/mailhaul.build/run.*/1"))
                        and len(workers(process)) > 1)):
            time.sleep(0.01)
        self.assertIsNone(process.poll(), "it was not divided")
        self.assertGreater(len(workers(process)), 1)
        return process

    def end(self, process):
        out, err = process.communicate(timeout=120)
        return process.returncode, told(out, "many"), said(err)

    def test_parts_are_killed(self):
        for every in (False, True):
            with self.subTest(every=every):
                site = self.site(600)
                one = site.run("one", *ALONE)
                process = self.start(site)
                killed = 0
                for pid in workers(process)[:None if every else 1]:
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
                many = self.end(process)
                # most are ann's; what has time left by then does the mail of bob
                failed = [f for user in many[1] for f in many[1][user]["findings"]
                          if f["code"] == "part-failed"]
                self.assertEqual({f["detail"] for f in failed},
                                 {"its worker was ended by signal 9 (Killed)"})
                self.assertLessEqual(len(failed), killed)  # one may have been at its end
                for user in many[1]:
                    findings = many[1][user]["findings"]
                    findings[:] = [f for f in findings if f["code"] != "part-failed"]
                self.as_carried(many[1])
                self.same_told(many, one)
                self.assertEqual(tree(site.path("many")), tree(site.path("one")))

    def as_carried(self, accounts):
        """What a worker had put in place when it was killed, and not told, the next one finds."""
        for account in accounts.values():
            for box in account["mailboxes"]:
                if box["done"] == "up-to-date":
                    self.assertEqual((box["delivered"], box["unchanged"]), (0, box["messages"]))
                    box.update(done="changed", delivered=box["messages"], unchanged=0,
                               delivered_bytes=box["bytes"])

    def test_the_run_is_stopped(self):
        site = self.site(600)
        one = site.run("one", *ALONE)
        process = self.start(site)
        time.sleep(0.7)
        process.send_signal(signal.SIGTERM)
        status, accounts, err = self.end(process)
        self.assertEqual(status, 2, err)
        self.assertIn("run again to continue", accounts["ann"]["error"])
        self.assertEqual(glob.glob(site.path("many/ann/mailhaul.build*")), [])
        carried = sum(box["delivered"] for box in accounts["ann"]["mailboxes"])
        self.again(site, one, carried)

    def again(self, site, one, carried=None):
        status, accounts, err = site.run("many", *DIVIDED)
        self.assertEqual(status, 1, err)
        self.assertEqual(tree(site.path("many")), tree(site.path("one")))
        boxes, expected = (x["ann"]["mailboxes"] for x in (accounts, one[1]))
        self.assertEqual([(b["source"], b["messages"]) for b in boxes],
                         [(b["source"], b["messages"]) for b in expected])
        if carried is not None:
            self.assertEqual(carried + sum(b["delivered"] for b in boxes),
                             sum(b["delivered"] for b in expected))

    def test_the_coordinator_is_killed(self):
        site = self.site(600)
        one = site.run("one", *ALONE)
        process = self.start(site)
        pids = workers(process)
        process.kill()
        process.communicate(timeout=60)
        until = time.monotonic() + 60
        while time.monotonic() < until and any(os.path.exists("/proc/%d/root" % p) for p in pids):
            time.sleep(0.05)
        self.again(site, one)

    def test_another_run_waits_for_the_parts(self):
        site = self.site(600)
        process = self.start(site)
        command = site.command("many", *ALONE, "ann")
        command[command.index("--state") + 1] = site.path("other.state")
        other = subprocess.run(command, capture_output=True, check=False, timeout=60)
        self.assertEqual(other.returncode, 2)
        self.assertIn("another run is at work", other.stdout.decode())
        self.assertEqual(self.end(process)[0], 1)


if __name__ == "__main__":
    unittest.main()
