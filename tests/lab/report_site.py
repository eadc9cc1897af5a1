"""report_site: a state directory of a large site that never was, for looking at its report."""
import math
import os
import random
import sqlite3
import subprocess

LOSSES = ["mbox-keyword-dropped", "survey-unreadable", "uid-taken", "mbox-leading-garbage"]
OTHERS = [("mbox-date-from-file", "repaired"), ("mbox-no-final-newline", "note"),
          ("mbox-uids-none", "note"), ("folder-name-latin1", "repaired")]
HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


def make(mailhaul, place, accounts, seed=7):
    """Makes @place/state: its tables by the program itself, its rows invented."""
    state = os.path.join(place, "state")
    inbox = os.path.join(place, "in")
    os.makedirs(inbox, exist_ok=True)
    with open(os.path.join(inbox, "one"), "wb") as file:
        file.write(b"From a@b Sat Jan  1 00:00:00 2000\nSubject: x\n\ny\n\n")
    users = os.path.join(place, "users")
    with open(users, "w") as file:
        file.write("one:x:%d:%d::/nonexistent:/bin/sh\n" % (os.getuid() or 65534, 65534))
    subprocess.run([mailhaul, "migrate", "--config", "/dev/null", "--users", users, "--inbox",
                    inbox + "/%u", "--maildir", place + "/out/%u", "--state", state],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    fill(os.path.join(state, "mailhaul.db"), accounts, random.Random(seed))
    return state


def fill(path, accounts, dice):
    db = sqlite3.connect(path)
    for table in ["account", "mailbox", "finding", "not_mail", "work", "run"]:
        db.execute("DELETE FROM " + table)
    begun = 1_790_000_000
    for run in range(1, 9):
        db.execute("INSERT INTO run VALUES (?, ?, 1, ?, ?, ?)",
                   (run, "migrate", begun - (8 - run) * 86400, begun - (8 - run) * 86400 + 7500,
                    dice.choice([0, 1, 2])))
    clock = [begun + 0.0] * 8
    for number in range(accounts):
        one_account(db, dice, number, clock, accounts)
    db.commit()
    db.close()


def one_account(db, dice, number, clock, accounts):
    user = "%s.%s%d" % (dice.choice(["anna", "bo", "chen", "dmitri", "eve", "fatima", "gus"]),
                        dice.choice(["berg", "li", "novak", "okafor", "silva"]), number)
    if number == 3:
        user = HOSTILE
    failed = dice.random()
    size = int(math.exp(dice.gauss(16.5, 2.4)))
    seat = clock.index(min(clock))
    elapsed = size / dice.uniform(8e6, 3e7) * (1 + math.sin(clock[seat] / 900) * .4) + .02
    clock[seat] += elapsed
    ended = clock[seat]
    error = "cannot open '/home/%s/mail': Permission denied" % user if failed < .003 else None
    synced = None if failed < .002 else int(ended)
    closed = int(ended) if dice.random() < .05 else None
    db.execute("INSERT INTO account (user, run, synced, error, elapsed_us, closed)"
               " VALUES (?, 8, ?, ?, ?, ?)", (user, synced, error, int(elapsed * 1e6), closed))
    folders = dice.randint(1, 6)
    messages = 0
    for index in range(folders):
        folder = "INBOX" if index == 0 else HOSTILE if number % 500 == 3 else "Sent/%d" % index
        share = size // folders
        count = share // 9000 + 1
        messages += count
        broken = "its file changed while it was read" if dice.random() < .0008 else None
        db.execute("INSERT OR REPLACE INTO mailbox (user, source, path, target, format, error,"
                   " uidvalidity, uidnext, messages, bytes, delivered, retagged, expunged,"
                   " foreign_mail) VALUES (?,?,?,?,'mbox uw',?,1,2,?,?,?,0,0,0)",
                   (user, folder, "/in/" + folder, folder, broken, count, share, count))
        if dice.random() < .004 or number % 500 == 3:
            db.execute("INSERT INTO finding VALUES (?, ?, ?, 'loss', ?, ?)",
                       (user, folder, dice.choice(LOSSES), dice.randint(1, 40),
                        HOSTILE if number % 500 == 3 else "'$Label%d'" % index))
        if dice.random() < .2:
            code, weight = dice.choice(OTHERS)
            db.execute("INSERT INTO finding VALUES (?, ?, ?, ?, ?, NULL)",
                       (user, folder, code, weight, dice.randint(1, 9)))
    db.execute("INSERT INTO work VALUES (8, ?, ?, ?, ?, ?, ?)",
               (user, int(ended * 1e6), int(elapsed * 1e6), error is not None, messages, size))
