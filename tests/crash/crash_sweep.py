#!/usr/bin/python3
"""crash_sweep: mailhaul stopped at each of its steps, and given an error there; then run again.

Whatever happened, the end is that of a run that was left alone: the same files, bytes, flags, UIDs
and lists, nothing doubled, nothing left over. And at no moment does a reader of the target see a
folder that is half there.

    crash_sweep.py [--nfs] [--full] [--thin N] [--only WORD] [--at STEP] [--as root|user]

Without --full, kills are tried at every step and each error at a part of them, another part for
each error, so that every step meets some; of divided accounts, and of a final run, a tenth of that.
--thin tries N times fewer of all. --nfs: the file system has no renames that promise to replace
nothing, and an answer may be lost: what was done seems to have failed.

Four scenarios: a first run; a run after the source has changed; a first run that is stopped, with
the source changed before the second (the end is compared as readers see it, since letters of
keywords and numbers that the source does not give may be others); and a final run. The first three
also with every account divided among three workers: what comes next is by chance then, but not what
must come of it, which is what an undivided run makes.
"""
import argparse
import errno
import multiprocessing
import os
import re
import shutil
import sqlite3
import sys
import time

import crash_run as run
from crash_run import CHANGES, ERROR, ERROR_STAYS, FREEZE, KILL_SELF, LOOKS, LOST, READS, TORN

# name, action, errno, what counts, every how many steps (of the worker's steps only)
ACTIONS = [
    ("kill", FREEZE, 0, CHANGES, 1),
    ("torn", TORN, 0, CHANGES, 1),
    ("worker-killed", KILL_SELF, 0, CHANGES, 4),
    ("ENOSPC-stays", ERROR_STAYS, errno.ENOSPC, CHANGES, 3),
    ("EIO", ERROR, errno.EIO, CHANGES, 3),
    ("ENOSPC", ERROR, errno.ENOSPC, CHANGES, 5),
    ("EDQUOT-stays", ERROR_STAYS, errno.EDQUOT, CHANGES, 7),
    ("EROFS", ERROR, errno.EROFS, CHANGES, 7),
    ("EINTR", ERROR, errno.EINTR, CHANGES, 5),
    ("EMFILE-open", ERROR, errno.EMFILE, READS, 4),
    ("EIO-read", ERROR, errno.EIO, READS, 4),
    ("EIO-look", ERROR, errno.EIO, LOOKS, 4),
]

# The same on a file system as NFS is.
NFS_ACTIONS = [
    ("kill", FREEZE, 0, CHANGES, 2),
    ("EIO-done", LOST, errno.EIO, CHANGES, 4),
    ("asked-twice", LOST, 0, CHANGES, 4),
]


SCENARIOS = ["first", "resync", "overtaken", "final",
             "divided-first", "divided-resync", "divided-overtaken"]


class Scenario:
    """What is run, and what must come of it. @before and @after: {user: folders}."""

    def __init__(self, place, name, nfs=False):
        self.divided, self.name = name.startswith("divided-"), name.removeprefix("divided-")
        self.place = place
        place.final = name == "final"
        place.shared.be_like(run.NFS if nfs else run.OURS)
        self.before = {u: {} for u in run.crash_site.USERS}
        if self.name == "resync":
            self.prepare_resync()
        self.reset()
        done = place.run()
        if done.status != 0:
            raise SystemExit("the undisturbed run failed: %s" % done)
        self.steps = {CHANGES: done.steps}
        self.expected = run.snapshot(place.target)
        self.after = self.look()
        self.accounts = self.recorded()
        self.writes = {i + 1 for i, row in enumerate(place.shared.log()) if "write" in row[0]}
        self.reset()
        for counts in (READS, LOOKS):
            self.steps[counts] = place.run(counts=counts).steps
            self.reset()
        if self.divided:
            self.divide()
        if self.name == "overtaken":
            self.prepare_overtaken()

    def divide(self):
        """From now on the accounts are divided. The steps are those of one such run: others have a
        few more or less, and other ones."""
        self.place.divided = True
        for counts in (CHANGES, READS, LOOKS):
            self.reset()
            done = self.place.run(counts=counts)
            if done.status != 0 or run.differences(self.expected, run.snapshot(self.place.target)):
                raise SystemExit("the divided run did not do the same: %s" % done)
            self.steps[counts] = done.steps
        self.writes = set(range(1, self.steps[CHANGES] + 1))

    def prepare_overtaken(self):
        """What a first run makes of the changed source."""
        self.change_source(True)
        self.reset()
        done = self.place.run()
        if done.status != 0:
            raise SystemExit("the run after the change failed: %s" % done)
        self.view = self.see()
        self.change_source(False)

    def change_source(self, changed):
        self.place.write_source(changed)

    def see(self):
        return {u: run.view(os.path.join(self.place.target, u)) for u in run.crash_site.USERS}

    def prepare_resync(self):
        """A target of a first run, which a server has used since."""
        place = self.place
        done = place.run()
        if done.status != 0:
            raise SystemExit("the first run failed: %s" % done)
        for user in run.crash_site.USERS:
            top = os.path.join(place.target, user)
            for name in [n for n in os.listdir(top) if n.startswith(".")] + ["."]:
                for index in ("dovecot.index", "dovecot.index.log", "dovecot.index.cache"):
                    self.plant(os.path.join(top, name, index))
            self.plant(os.path.join(top, "dovecot.list.index.log"))
        own = os.path.join(place.target, "ann/.left/cur/%s:2,S" % run.OWN)
        self.plant(own)                   # what is the server's own stays where it was
        os.utime(own, (run.crash_site.DATE, run.crash_site.DATE))
        self.before = self.look()
        place.keep("kept")
        place.write_source(True)

    def plant(self, path):
        with open(path, "wb") as f:
            if path.endswith("/dovecot.index.log"):
                f.write(run.index_log())
            f.write(b"what a server remembers\n")
        st = os.stat(os.path.dirname(path))
        os.chmod(path, 0o600)
        if run.IS_ROOT:
            os.chown(path, st.st_uid, st.st_gid)

    def look(self):
        return {u: run.folders(os.path.join(self.place.target, u))
                for u in run.crash_site.USERS}

    def reset(self):
        if self.name == "resync":
            self.place.restore("kept")
        else:
            self.place.clear()

    def recorded(self):
        """What the state says of the accounts, without times, and without folders that have gone:
        these are told of once, by the run that removed them."""
        path = os.path.join(self.place.state, "mailhaul.db")
        with sqlite3.connect(path) as db:
            rows = [db.execute("SELECT user, error, closed IS NULL FROM account"
                               " ORDER BY user").fetchall(),
                    db.execute("SELECT user, source, target, error, messages FROM mailbox WHERE"
                               " source NOT IN ('going', 'left') ORDER BY user, source").fetchall()]
        db.close()
        return rows

    def source_leftovers(self):
        """Locks and the like beside the source's files; they are removed for the next try."""
        found = [os.path.join(folder, name)
                 for folder, _, names in os.walk(self.place.source) for name in names
                 if "lock" in name]
        for path in found:
            os.unlink(path)
        return ["left at the source: " + os.path.basename(path) for path in found]


def check_error(scenario, done, code, path, counts):
    """A run with an error in it: it failed and says why, or nothing is missing. Where it could not
    look at something it may tell what that led to."""
    told = done.out + done.err
    state = scenario.place.state
    in_state = state in path or (path and state.startswith(path))
    cause = "cannot (open|read|write) the state database '.*mailhaul.db'" if in_state \
        else re.escape(os.strerror(code))
    names_cause = re.search("%s|%s" % (cause, os.strerror(code)), told)
    if done.status in (2, 78) and (names_cause or counts == LOOKS or code == 0):
        return []
    if done.status in (0, 1):
        # A list of subscriptions that cannot be read is a finding of loss, and the rest goes on.
        return ["after status %d: %s" % (done.status, d)
                for d in run.differences(scenario.expected, run.snapshot(scenario.place.target))
                if not (done.status == 1 and names_cause and "subscriptions" in d)]
    return ["it ended with status %s, saying: %s%s" % (done.status, done.out, done.err)]


def check_killed(scenario, done):
    """A run one of whose processes was killed: its account failed, or others have done its part.
    (How many steps a run has depends on the clock by one or two: the last may not come.)"""
    if done.status in (-9, 2):
        return []
    found = run.differences(scenario.expected, run.snapshot(scenario.place.target))
    happened = scenario.place.shared.happened
    if happened and not (scenario.divided and "was ended by signal 9" in done.out):
        found.append("it said: " + done.out)
    return ["after a kill, status %s: %s" % (done.status, x) for x in found]


def try_step(scenario, action, step):
    """One run that is disturbed at @step and one that is not. Returns complaints."""
    name, what, code, counts, _ = action
    place = scenario.place
    scenario.reset()
    done = place.run(what, step, code, counts)
    log = place.shared.log()
    path = log[step - 1][1] if step <= len(log) else ""
    where = "%s at step %d, %s" % (name, step, log[step - 1][:2] if step <= len(log) else "none")
    found = []
    if what in (ERROR, ERROR_STAYS, LOST):
        found += check_error(scenario, done, code, path, counts)
    elif what == KILL_SELF:
        found += check_killed(scenario, done)
    for user, seen in scenario.look().items():
        found += ["in between, %s: %s" % (user, x) for x in
                  run.inconsistencies(seen, scenario.before[user], scenario.after[user])]
    if scenario.name == "overtaken":
        scenario.change_source(True)
    started = time.monotonic()
    again = place.run()
    if time.monotonic() - started > 30:
        found.append("the second run took %d seconds" % (time.monotonic() - started))
    if again.status != 0:
        found.append("the second run: %s" % again)
    if scenario.name == "overtaken":
        found += run.view_differences(scenario.view, scenario.see())
        scenario.change_source(False)
    else:
        found += run.differences(scenario.expected, run.snapshot(place.target))
        if scenario.recorded() != scenario.accounts:
            found.append("recorded: %s" % scenario.recorded())
    # A lock beside the source that could not be removed names a dead process, and stays.
    kept = log[step - 1][:2] if what in (ERROR, ERROR_STAYS) and step <= len(log) else ("", "")
    found += [x for x in scenario.source_leftovers()
              if kept[0] != "unlinkat" or os.path.basename(kept[1]) not in x]
    return ["%s: %s: %s" % (scenario.name, where, x) for x in found]


def steps_of(scenario, action, options, number):
    name, what, _, counts, stride = action
    stride = 1 if options.full else stride * options.thin
    if scenario.name == "overtaken" and name != "kill":
        return []
    if scenario.name == "overtaken" and not options.full:
        stride *= 2
    if (scenario.divided or scenario.place.final) and not options.full:
        stride *= 10
    last = scenario.steps[counts] + (1 if what == FREEZE else 0)
    steps = range(1, last + 1)
    if what == TORN:
        steps = sorted(scenario.writes)
    return [s for i, s in enumerate(steps) if i % stride == number % stride]


def worker(arguments):
    """Every other step of one scenario, in a place of its own."""
    name, as_root, part, parts, options = arguments
    run.adopt_orphans()
    top = run.scratch()
    complaints, tries = [], 0
    try:
        scenario = Scenario(run.Place(top, as_root), name, options.nfs)
        for number, action in enumerate(NFS_ACTIONS if options.nfs else ACTIONS):
            if options.only and options.only != action[0]:
                continue
            for step in steps_of(scenario, action, options, number)[part::parts]:
                if options.at is None or options.at == step:
                    tries += 1
                    complaints += try_step(scenario, action, step)
                if len(complaints) > 200:
                    return complaints, tries
    finally:
        if not options.keep:
            shutil.rmtree(top, ignore_errors=True)
        else:
            print("kept: " + top)
    return complaints, tries


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--thin", type=int, default=1)
    parser.add_argument("--nfs", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--only", choices=[a[0] for a in ACTIONS + NFS_ACTIONS])
    parser.add_argument("--at", type=int)
    parser.add_argument("--scenario", choices=SCENARIOS)
    parser.add_argument("--as", dest="who", choices=["root", "user"])
    parser.add_argument("--parts", type=int, default=2)
    options = parser.parse_args()
    as_root = run.IS_ROOT if options.who is None else options.who == "root"
    if as_root and not run.IS_ROOT:
        print("only root can do this")
        return 77
    jobs = [(name, as_root, part, options.parts, options)
            for name in ([options.scenario] if options.scenario else SCENARIOS)
            for part in range(options.parts)]
    with multiprocessing.Pool(options.parts, maxtasksperchild=1) as pool:
        results = pool.map(worker, jobs, chunksize=1)
    complaints = [c for found, _ in results for c in found]
    for line in complaints[:60]:
        print(line[:1500])
    print("%d disturbed runs, %d complaints" % (sum(n for _, n in results), len(complaints)))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
