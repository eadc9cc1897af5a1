#!/usr/bin/python3
"""The power is cut at a step of a run, or right behind its end: what was not made durable is gone.

A file system that is told to stop (XFS_IOC_GOINGDOWN, which ext4 knows, too) writes nothing more;
mounted anew it is what a power cut would have left: without its log's last part, or with all of the
log and without the data that nobody has synced, which is how files become empty. Of btrfs, which
keeps what was synced without what came before that, the device is copied. The target and the state
directory are both on such a file system, or one of them is: what is recorded must be durable by
then. The next run ends where one ends that was left alone, and what a run said it did is there.

    test_crash_power.py [--full]
"""
import fcntl
import hashlib
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest
import zlib

import crash_run as run
import crash_sweep
import test_crash_courier as courier
import test_crash_in_place as in_place
import test_crash_undo as undo

PARTS = 1 if "--full" in sys.argv else 131  # so many of the steps are left out in the suite
IMAGE_BYTES = 320 << 20                   # sparse; the least that XFS takes
GOINGDOWN = 0x8004587D
LOG_STAYS, LOG_GOES = 1, 2                # what becomes of what is logged in memory alone
BOTH, TARGET, STATE = (("target", "home", "state"), ("target", "home"), ("state",))
EMPTY = hashlib.sha256(b"").hexdigest()
KINDS = {
    "ext4": (("mkfs.ext4", "-q", "-F"), "loop,commit=300,noauto_da_alloc,data=writeback"),
    "xfs": (("mkfs.xfs", "-q", "-f"), "loop"),
    "btrfs": (("mkfs.btrfs", "-q", "-f", "-m", "single"), "loop,commit=300"),
}


def mount_apart():
    """Others that take our mounts along into a namespace of their own would keep them alive."""
    if run.libc.unshare(0x00020000) == 0:                     # CLONE_NEWNS
        run.libc.mount(b"none", b"/", None, 0x4000 | 1 << 18, None)     # MS_REC, MS_PRIVATE


def must(*command):
    subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Disk:
    """A file system whose power can be cut."""
    logs = (LOG_STAYS, LOG_GOES)          # what can become of its log

    def __init__(self, top, kind):
        self.image, self.at = os.path.join(top, "image"), os.path.join(top, "disk")
        self.kind, self.mounted = kind, False
        mount_apart()
        make, self.options = KINDS[kind]
        os.mkdir(self.at)
        with open(self.image, "wb") as f:
            f.truncate(IMAGE_BYTES)
        must(*make, self.image)
        self.mount()
        os.chmod(self.at, 0o755)

    def mount(self):
        must("mount", "-t", self.kind, "-o", self.options, self.image, self.at)
        self.mounted = True

    def umount(self):
        """Who was at work on it when the power went (bindfs) may take a moment to end."""
        deadline = time.monotonic() + 30
        while self.mounted:
            try:
                must("umount", self.at)
                self.mounted = False
            except subprocess.CalledProcessError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def sync(self):
        fd = os.open(self.at, os.O_RDONLY)
        if run.libc.syncfs(fd) != 0:
            raise OSError("cannot sync " + self.at)
        os.close(fd)

    def cut(self, log, process=None):
        """The power goes, and with it @process."""
        fd = os.open(self.at, os.O_RDONLY)
        fcntl.ioctl(fd, GOINGDOWN, struct.pack("I", log))
        os.close(fd)
        if process:
            os.killpg(process.pid, signal.SIGKILL)

    def come_back(self):
        self.umount()
        self.mount()


class CopiedDisk(Disk):
    """One that cannot be told to stop: what has been sent to the device is put by."""
    logs = (LOG_GOES,)

    def cut(self, log, process=None):
        if process:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        must("cp", "--sparse=always", self.image, self.image + ".then")

    def come_back(self):
        self.umount()
        must("cp", "--sparse=always", self.image + ".then", self.image)
        must("btrfs", "device", "scan", "--forget")
        self.mount()


class OnDisk:
    """Goes before a kind of place: what of it is named by `cut` is on a disk."""
    kept = brought = ("target", "state")

    def __init__(self, top, disk, cut, *more):
        self.disk, self.cut = disk, cut
        self.places = {what: os.path.join(disk.at if what in cut else top, what)
                       for what in ("target", "home", "state")}
        super().__init__(top, True, *more)
        self.shared.sync(run.SYNC_ALL)

    def keep_as(self, name):
        for what in self.kept:
            if os.path.isdir(self.places[what]):
                run.copy(self.places[what], os.path.join(self.top, "kept", name, what))

    def bring(self, name):
        for what in self.brought:
            kept = os.path.join(self.top, "kept", name, what)
            shutil.rmtree(self.places[what], ignore_errors=True)
            if os.path.isdir(kept):
                run.copy(kept, self.places[what])
        self.disk.sync()

    keep, restore = keep_as, bring

    def run_and_cut(self, step, log, *more):
        """The power goes at @step, or behind the end."""
        done = self.run(run.FREEZE, step, more=more,
                        on_step=lambda process: self.disk.cut(log, process))
        if not self.shared.happened:
            self.disk.cut(log)
        self.disk.come_back()
        return done

    def look(self):
        return without_time(run.snapshot(self.places[self.brought[0]]))


def on_disk(place_class, task="migrate", **names):
    """@place_class, with what it reads and writes where a disk has it."""
    found = {"target": property(lambda self: self.places["target"], lambda self, _: None),
             "state": property(lambda self: self.places["state"], lambda self, _: None), **names}
    if hasattr(place_class, "home"):
        found["home"] = property(lambda self: self.places["home"])
    return type("OnDisk" + place_class.__name__, (OnDisk, place_class), found)


def without_time(rows):
    """What snapshot() has seen, but for UIDVALIDITYs of Courier's that are the time of the run."""
    return {path: (*row[:4], re.sub(rb"\b1[2-9]\d{8}\b", b"*", row[4] or b""))
            if os.path.basename(path).startswith("courier") else row for path, row in rows.items()}


class ToCourier(run.Place):
    def command(self, *more, jobs=1):
        return super().command("--server", "courier", *more, jobs=jobs)


class Undo(undo.Place):
    only = ()                             # users of whom it is asked for; empty: all

    def command(self, *more, jobs=1):
        whole = super().command(*more, jobs=jobs)
        if self.task == "undo" and self.only:
            whole = [w for w in whole if w not in run.crash_site.USERS]
            whole[2:2] = self.only
        return whole


Mbox, Served, Undone = on_disk(run.Place), on_disk(ToCourier), on_disk(Undo)
Copied = on_disk(courier.Place)
Linked = on_disk(courier.Place, kept=("home", "target", "state"))
InPlace = on_disk(in_place.Place, kept=("home", "state"), brought=("home", "state"))


def mail_of(top):
    """The messages that a reader finds anywhere below @top, by their bytes."""
    found = []
    for folder, _, names in os.walk(top):
        if os.path.basename(folder) in ("cur", "new"):
            for name in names:
                with open(os.path.join(folder, name), "rb") as f:
                    found.append(hashlib.sha256(f.read()).hexdigest())
    return sorted(found)


@unittest.skipUnless(run.IS_ROOT, "only root may mount")
class Power:
    maxDiff = None
    kind = None

    def setUp(self):
        run.adopt_orphans()
        self.top = run.scratch()
        self.addCleanup(shutil.rmtree, self.top, ignore_errors=True)
        try:
            self.disk = (CopiedDisk if self.kind == "btrfs" else Disk)(self.top, self.kind)
        except FileNotFoundError as error:
            self.skipTest("cannot be made here: %s" % error)
        except subprocess.CalledProcessError as error:
            self.skipTest("cannot be mounted here: " + error.stdout.decode().strip())
        self.addCleanup(self.disk.umount)
        self.tries = 0

    def tearDown(self):
        print("%s: %d cuts" % (self.id(), self.tries), file=sys.stderr)

    def make(self, kind, cut, *more):
        top = os.path.join(self.top, "place")
        shutil.rmtree(top, ignore_errors=True)
        for name in os.listdir(self.disk.at):
            if name != "lost+found":
                shutil.rmtree(os.path.join(self.disk.at, name))
        place = kind(top, self.disk, cut, *more)
        self.disk.sync()
        return place

    def good(self, place, more=()):
        done = place.run(more=more)
        self.assertEqual(done.status, 0, str(done))
        return done

    def break_locks(self, place):
        """A lock that has lost its holder's name is nobody's after two minutes: until a machine is
        there again, they have passed."""
        for folder, _, names in os.walk(place.places[place.brought[0]]):
            path = os.path.join(folder, "dovecot-uidlist.lock")
            if os.path.basename(path) in names and os.path.getsize(path) == 0:
                os.unlink(path)

    def sweep(self, place, then=None, part=0):
        """Cuts at steps of a run from here, and behind its end; @then: what the next run does."""
        place.keep_as("start")
        place.bring("start")
        before, task = mail_of(place.places[place.brought[0]]), getattr(place, "task", None)
        steps = self.good(place).steps
        end = expected = place.look()
        if then is not None:
            place.task = then
            self.good(place)
            expected = place.look()
        in_place_mail = place.brought[0] == "home"
        for step in [*range(1 + part % PARTS, steps + 1, PARTS), 2 * steps]:
            some = slice(None) if PARTS == 1 or step > steps else slice(step // PARTS % 2, None, 2)
            for log in self.disk.logs[some] or self.disk.logs:
                with self.subTest(step=step, log=log, cut=place.cut):
                    self.tries += 1
                    place.bring("start")
                    place.task = task
                    done = place.run_and_cut(step, log)
                    rows = place.shared.log()
                    where = "%s: %s" % (rows[step - 1][:2] if step <= len(rows) else "end", done)
                    if in_place_mail:
                        self.assertEqual(mail_of(place.places["home"]), before, where)
                    if done.status == 0:
                        self.assertEqual(self.leftovers_apart(end, place.look()), [], where)
                    self.break_locks(place)
                    place.task = then or task
                    self.good(place)
                    self.assertEqual(run.differences(expected, place.look()), [], where)

    def leftovers_apart(self, expected, seen):
        return [x for x in run.differences(expected, seen)
                if "mailhaul.build" not in x and "mailhaul-tmp.sync" not in x]

    def each_cut(self, kind, *more, prepare=None, then=None):
        name = zlib.crc32(self._testMethodName.encode())
        for number, cut in enumerate((BOTH, TARGET, STATE)):
            if PARTS > 1 and (name + number) % len(KINDS) != list(KINDS).index(self.kind):
                continue
            place = self.make(kind, cut, *more)
            if prepare is not None:
                prepare(place)
            self.sweep(place, then=then, part=name + number * 5)

    def cut_at_end(self, place, log=LOG_GOES, status=0):
        """A run that said it did all, and then no power."""
        self.tries += 1
        done = place.run_and_cut(1 << 30, log)
        self.assertEqual(done.status, status, str(done))

    def test_a_loss_is_seen(self):
        """Where nothing is made durable, or no whole file system is."""
        syncs_of = {LOG_GOES: run.SYNC_NOTHING, LOG_STAYS: run.SYNC_FILES}
        for log, syncs in ((log, syncs_of[log]) for log in self.disk.logs):
            place = self.make(Mbox, TARGET)
            self.good(place)
            expected = mail_of(place.target)
            place.clear()
            self.disk.sync()
            place.shared.sync(syncs)
            self.cut_at_end(place, log)
            seen = mail_of(place.target)
            self.assertLess(sum(m in seen for m in expected), len(expected) // 2)
            self.assertEqual(EMPTY in seen, log == LOG_STAYS)

    def test_sync_none(self):
        """As the manual has it: later runs take what has become empty for mail, verify does not."""
        if LOG_STAYS not in self.disk.logs:
            return
        place = self.make(Mbox, TARGET)
        place.run_and_cut(1 << 30, LOG_STAYS, "--sync", "none")
        self.good(place)
        self.assertIn(EMPTY, mail_of(place.target))
        process = place.start(command="verify")
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 2, out + err)

    # ---- what was not done by the run that says it is done ----

    def find_done(self, kind, *more, prepare=None, action=run.FREEZE):
        """A run, or its worker, is killed between its renames and its last sync; the next one has
        nothing to do, and says so; then the power goes."""
        place = self.make(kind, TARGET, *more)
        if prepare is not None:
            prepare(place)
        place.keep_as("start")
        self.good(place)
        expected, log = place.look(), place.shared.log()
        steps = [n for n, row in enumerate(log, 1) if row[0] == "syncfs"]
        steps += [n + 1 for n, row in enumerate(log, 1) if row[0] == "renameat"][-4:]
        for step in sorted(steps):
            with self.subTest(step=step):
                place.bring("start")
                place.run(action, step)
                self.cut_at_end(place)
                self.assertEqual(self.leftovers_apart(expected, place.look()), [],
                                 log[step - 1][:2])

    def test_found_done(self):
        self.find_done(Mbox)

    def test_found_done_next(self):
        self.find_done(Mbox, prepare=self.next_night)

    def test_found_done_in_place(self):
        self.find_done(InPlace)

    def test_worker_found_done(self):
        """What is remembered of its mailboxes is not looked at again."""
        self.find_done(Copied, "copy", prepare=lambda place: place.shared.shift_clock(86400),
                       action=run.KILL_SELF)

    def test_keywords_script(self):
        """The commands for the new server are durable when what they are from is not read again."""
        place = self.make(Mbox, STATE)
        words = ["word%d" % n for n in range(30)]
        message = run.crash_site.Message(1, 1, keywords=words)
        with open(os.path.join(place.source, "spool/ann"), "w", encoding="ascii") as f:
            f.write(run.crash_site.mbox([message], last_uid=1, keywords=words))
        for log in self.disk.logs:
            place.clear()
            self.disk.sync()
            self.cut_at_end(place, log, status=1)              # a loss
            scripts = [n for n in os.listdir(place.state) if n.startswith("keywords-")]
            self.assertEqual(len(scripts), 1)
            with open(os.path.join(place.state, scripts[0]), encoding="ascii") as f:
                self.assertEqual(f.read().count("doveadm flags add"), 4)

    # ---- what is cut ----

    def test_mbox(self):
        self.each_cut(Mbox)

    def test_mbox_next(self):
        self.each_cut(Mbox, prepare=self.next_night)

    def next_night(self, place):
        self.good(place)
        place.write_source(True)

    def test_mbox_final(self):
        def prepare(place):
            place.final = True
        self.each_cut(Mbox, prepare=prepare)

    def test_to_courier(self):
        self.each_cut(Served)

    def test_to_courier_without_inbox(self):
        def prepare(place):
            os.unlink(os.path.join(place.source, "spool/bob"))
        self.each_cut(Served, prepare=prepare)

    def test_to_courier_next(self):
        self.each_cut(Served, prepare=self.next_night)

    def test_undo(self):
        def prepare(place):
            self.good(place)
            place.use()
            place.task = "undo"
        self.each_cut(Undone, prepare=prepare)

    def test_divided(self):
        def prepare(place):
            place.divided = True
        self.each_cut(Mbox, prepare=prepare)

    def test_undone(self):
        """What undo removes last is gone for good when nothing is known of the account any more."""
        place = self.make(Undone, TARGET)
        self.good(place)
        place.task = "undo"
        place.only = ("bob",)
        place.keep_as("start")
        self.good(place)
        expected = place.look()
        place.bring("start")
        self.cut_at_end(place)
        self.assertEqual(run.differences(expected, place.look()), [])

    def next_day(self, place):
        place.shared.shift_clock(86400)
        self.good(place)
        place.change()

    def test_copied(self):
        self.each_cut(Copied, "copy")

    def test_copied_next(self):
        self.each_cut(Copied, "copy", prepare=self.next_day)

    def test_linked(self):
        self.each_cut(Linked, "link")

    def test_linked_next(self):
        self.each_cut(Linked, "link", prepare=self.next_day)

    def test_in_place(self):
        self.each_cut(InPlace)

    def test_in_place_then_undo(self):
        self.each_cut(InPlace, then="undo")

    def converted(self, place):
        self.good(place)
        place.task = "undo"

    def test_undo_in_place(self):
        self.each_cut(InPlace, prepare=self.converted)

    def test_undo_in_place_then_again(self):
        self.each_cut(InPlace, prepare=self.converted, then="migrate")


class Ext4(Power, unittest.TestCase):
    kind = "ext4"

    def test_fuse(self):
        """A program that hands on the order to sync a file, and never hears of syncfs(2)."""
        for step in range(2):             # the first run, and the next one
            place = self.make(Mbox, TARGET)
            behind = os.path.join(self.disk.at, "behind")
            os.rename(place.target, behind)
            os.mkdir(place.target)
            self.bind(behind, place.target)
            for _ in range(step):
                self.next_night(place)
            self.disk.sync()
            done = place.run()
            self.assertEqual(done.status, 0, str(done))
            expected = run.snapshot(place.target)
            self.disk.cut(LOG_GOES)
            must("umount", "-l", place.target)
            self.disk.come_back()
            self.assertEqual(self.leftovers_apart(expected, run.snapshot(behind)), [])

    def bind(self, behind, at):
        run.libc.prctl(36, 0, 0, 0, 0)    # it is nobody's child: see adopt_orphans()
        try:
            must("bindfs", "-o", "allow_other", behind, at)
        except (FileNotFoundError, subprocess.CalledProcessError) as error:
            self.skipTest("cannot be mounted here: %s" % error)
        finally:
            run.adopt_orphans()


class Xfs(Power, unittest.TestCase):
    kind = "xfs"


class Btrfs(Power, unittest.TestCase):
    kind = "btrfs"


if __name__ == "__main__":
    sys.exit(unittest.main(argv=[a for a in sys.argv if a != "--full"]))
