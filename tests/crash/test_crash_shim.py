#!/usr/bin/python3
"""No call that changes the file system passes the shim unseen: strace(1) is the judge. And what it
sees comes in the order that a power cut asks for."""
import re
import shutil
import subprocess
import unittest

import crash_run as run

# The system call that each counted function ends in, where its name is another.
CALLS = {"openat64": "openat", "open64": "openat", "open": "openat", "pwrite": "pwrite64",
         "ftruncate64": "ftruncate", "futimens": "utimensat", "mkdir": "mkdir",
         "posix_fallocate": "fallocate", "posix_fallocate64": "fallocate",
         "fallocate64": "fallocate"}
TRACED = ("openat,open,creat,write,pwrite64,writev,pwritev,rename,renameat,renameat2,link,linkat,"
          "symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,truncate,ftruncate,utimensat,"
          "chmod,fchmod,fchmodat,chown,fchown,fchownat,lchown,fallocate,copy_file_range,sendfile,"
          "splice,mknod,mknodat,setxattr,fsetxattr")


def traced(text):
    """Counts by call of what strace saw and the shim must have seen."""
    counts = {}
    for call, arguments in re.findall(r"(?m)^(?:\d+ +)?(\w+)\((.*)", text):
        if call in ("open", "openat", "creat"):
            if not re.search("O_CREAT|O_TRUNC|O_TMPFILE", arguments):
                continue
            call = "openat"
        elif call in ("write", "writev"):
            path = re.match(r"\d+<(.*?)>", arguments)
            if not path or not path.group(1).startswith("/"):
                continue                  # a pipe or a socket
            if path.group(1).startswith("/dev/") and not path.group(1).startswith("/dev/shm/"):
                continue
        counts[call] = counts.get(call, 0) + 1
    return counts


def counted(log):
    counts = {}
    for call, path, _, result in log:
        if call in ("fsync", "fdatasync", "syncfs"):
            continue                      # counted, but not made
        name = CALLS.get(call, call)
        counts[name] = counts.get(name, 0) + 1
    return counts


@unittest.skipUnless(shutil.which("strace"), "strace is not there")
class Shim(unittest.TestCase):
    def test_every_change_is_counted(self):
        run.adopt_orphans()
        top = run.scratch()
        self.addCleanup(shutil.rmtree, top)
        place = run.Place(top, run.IS_ROOT)
        for changed in (False, True):
            if changed:
                place.write_source(True)
            place.shared.order(run.NOTHING)
            trace = top + "/trace"
            open(trace, "w").close()
            process = place.start(wrapper=["strace", "-f", "-y", "-s", "0", "-o", trace, "-e",
                                           "trace=" + TRACED, "-E", "LD_PRELOAD=" + run.SHIM,
                                           "-E", "CRASH_SHARED=" + place.shared.path], shim=False)
            out, err = process.communicate(timeout=120)
            run.wait_for_orphans()
            if "ptrace" in err and "not permitted" in err:
                self.skipTest("strace may not trace here")
            self.assertEqual(process.returncode, 0, out + err)
            with open(trace, encoding="utf-8", errors="replace") as f:
                self.assertEqual(traced(f.read()), counted(place.shared.log()))
            self.assertGreater(place.shared.steps, 100)


class Order(unittest.TestCase):
    """A kill loses nothing that was written, so it cannot show what a power cut would."""

    def setUp(self):
        run.adopt_orphans()
        self.top = run.scratch()
        self.addCleanup(shutil.rmtree, self.top)
        self.place = run.Place(self.top, run.IS_ROOT)

    def check(self):
        done = self.place.run()
        self.assertEqual(done.status, 0, done)
        staged, placed, names = set(), set(), 0
        for call, path, pid, _ in self.place.shared.log():
            if call == "syncfs":
                staged.clear()
                placed.clear()
            elif "mailhaul.db" in path:
                self.assertEqual(placed, set(), "recorded before it was durable: " + path)
            elif "mailhaul.build" in path and call in ("write", "futimens", "mkdirat"):
                staged.add(path)
            elif call == "unlinkat" and path in staged:   # a folder on its way out
                staged.remove(path)
            elif "/target/" in path and call.startswith(("rename", "link")):
                names += 1
                if "mailhaul" not in path and "dovecot-uidlist.lock" not in path:
                    self.assertEqual(staged, set(), "put in place before it was durable: " + path)
                    if "subscriptions" not in path:       # synced by itself
                        placed.add(path)
        self.assertEqual(placed, set())
        self.assertGreater(names, 5)

    def test_durable_before_visible_and_visible_before_recorded(self):
        self.check()

    def test_the_same_when_much_is_there(self):
        self.place.run()
        self.place.write_source(True)
        self.check()

    def test_a_list_is_durable_before_it_replaces_another(self):
        self.place.run()
        self.place.write_source(True)
        self.place.run()
        synced, lists = set(), 0
        for call, path, _, _ in self.place.shared.log():
            if call == "fsync":
                synced.add(path)
            elif call == "renameat" and path.endswith("/dovecot-uidlist"):
                lists += 1
                folder = path[:-len("/dovecot-uidlist")]
                self.assertIn(folder + "/mailhaul-tmp.dovecot-uidlist", synced)
                self.assertIn(folder + "/cur", synced)
        self.assertGreater(lists, 3)


if __name__ == "__main__":
    unittest.main()
