#!/usr/bin/python3
"""States that Courier's own sessions do not leave, but years do: made by hand, looked at through
the real Courier, moved each of the ways, and looked at through the real Dovecot."""
import os
import random
import shutil
import unittest

import courier_site
import lab
import servers
import test_courier_end_to_end as end_to_end
import view

VALIDITY = 1100000000
BODY = "Subject: %s\n\nbody of %s\n"


class Maker:
    """Writes files into one account's Maildir."""

    def __init__(self, account):
        self.top, self.user, self.count = account.maildir, account.user, 0

    def write(self, path, data):
        full = os.path.join(os.fsencode(self.top), os.fsencode(path))
        made = full
        while not os.path.isdir(os.path.dirname(made)):
            made = os.path.dirname(made)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        self.count += 1
        is_message = os.path.basename(os.path.dirname(full)) in (b"cur", b"new")
        if is_message:
            os.utime(full, (1200000000 + self.count,) * 2)
        self.own(made)

    def own(self, path):
        for folder, directories, names in os.walk(path):
            for name in [b"", *directories, *names]:
                os.lchown(os.path.join(folder, name), self.user.uid, self.user.gid)
        if not os.path.isdir(path):
            os.lchown(path, self.user.uid, self.user.gid)

    def folder(self, name, files=(), uids=None):
        """@files are paths below the folder; @uids is the text of courierimapuiddb."""
        for part in ("cur", "new", "tmp"):
            full = os.path.join(os.fsencode(self.top), os.fsencode(name), part.encode())
            os.makedirs(full, exist_ok=True)
        self.own(os.path.join(os.fsencode(self.top), os.fsencode(name)))
        for path in files:
            text = BODY % (path, path)
            self.write(os.path.join(os.fsencode(name), os.fsencode(path)), text)
        if uids is not None:
            self.write(os.path.join(os.fsencode(name), b"courierimapuiddb"), uids)



def bases(tag, count=5):
    """Names of messages; no two folders share one, since Courier's session takes them for one."""
    return ["%d.M1P1.%s" % (1000000000 + n, tag) for n in range(count)]


def cur(names):
    return ["cur/%s:2,S" % name for name in names]


def listed(uids, names, following=90):
    lines = ["%d %s\n" % row for row in zip(uids, names)]
    return "1 %d %d\n" % (VALIDITY, following) + "".join(lines)


def uid_states(maker):
    """Folders, by what is odd about their UIDs: what Courier makes of it is what is carried."""
    maker.folder(".", uids=listed([], []))
    for name, uids, following in ((".plain", [3, 5, 8, 13, 17], 90),
                                  (".unsorted", [17, 3, 8, 5, 13], 90),
                                  (".above next", [3, 5, 8, 30, 44], 9)):
        names = bases(name[1:3])
        maker.folder(name, cur(names), listed(uids, names, following))
    names = bases("new")
    maker.folder(".new listed", cur(names[:3]) + ["new/" + n for n in names[3:]],
                 listed([3, 5, 8, 13], names))
    names = bases("un")
    maker.folder(".unlisted", ["cur/1000000009.M100000P1.mx:2,S", "cur/1000000009.M99999P1.mx:2,S",
                               "cur/88.old.mx:2,", "cur/x.y.z:2,F", "new/1000000010.q.mx",
                               "cur/ 1000000008.blank:2,S", "cur/1000000011.noinfo",
                               *cur(names[:2])], listed([4, 2], names))
    names = bases("go")
    maker.folder(".gone lines", cur(names[:2]), listed([3, 5, 8, 13, 17], names))
    names = bases("in")
    maker.folder(".stored info", cur(names[:2]), "1 %d 20\n4 %s:2,FS\n9 %s:2,\n" % (
        VALIDITY, names[0], names[1]))
    names = bases("li")
    maker.folder(".odd lines", cur(names[:3]), "1 %d 20 more\n8x %s\nnothing\n 7 %s\n9 %s\r\n" % (
        VALIDITY, names[0], names[1], names[2]))


def repeated_names(maker):
    """Names that the list has twice and more. Which line counts depends on all of them: so here are
    lists of many lengths, in the order of UIDs, against it, and in none."""
    choice = random.Random(3)
    maker.folder(".", uids=listed([], []))
    for number in range(24):
        names = bases("r%02d" % number, number % 8 + 1)
        lines = [name for name in names for _ in range(choice.choice((1, 1, 2, 3, 4)))]
        lines += names[:1] if number == 0 else []
        uids = list(range(1, len(lines) + 1))
        if number % 3:
            choice.shuffle(lines)
        if number % 3 == 1:
            uids.reverse()
        files = cur(names)
        if number % 4 == 3:
            files[-1] = "new/" + names[-1]
        maker.folder(".%02d" % number, files, listed(uids, lines))


def broken_uid_states(maker):
    """What no client may be told, or what Courier tells anew each time: rules of our own."""
    maker.folder(".", uids=listed([], []))
    for name, uids in ((".zero", [0, 5, 8]), (".uid twice", [5, 5, 8]),
                       (".huge", [3, 5, 4294967296]), (".header lost", [3, 5, 8]),
                       (".version 2", [3, 5, 8]), (".validity 0", [3, 5, 8])):
        names = bases(name[1:3], 3)
        text = listed(uids, names)
        text = {".header lost": text.split("\n", 1)[1], ".version 2": "2" + text[1:],
                ".validity 0": text.replace(str(VALIDITY), "0", 1)}.get(name, text)
        maker.folder(name, cur(names), text)
    maker.folder(".empty list", cur(bases("em", 3)), "")


# UIDs at the target, in the order of names; whether UIDVALIDITY stays; a finding.
BROKEN = {"INBOX.zero": ([90, 5, 8], True, "no client may be given this UID: a new one is due"),
          "INBOX.uid twice": ([5, 90, 8], True, "two messages have one UID"),
          "INBOX.huge": ([3, 5, 90], True, "no client may be given this UID: a new one is due"),
          "INBOX.header lost": ([1, 2, 3], False,
                              "the UID list is unreadable: every message gets a new UID"),
          "INBOX.version 2": ([1, 2, 3], False,
                              "the UID list is unreadable: every message gets a new UID"),
          "INBOX.validity 0": ([1, 2, 3], False, "no client may be given this UIDVALIDITY"),
          "INBOX.empty list": ([1, 2, 3], False,
                              "the UID list is unreadable: every message gets a new UID")}


def keyword_states(maker):
    maker.folder(".", uids=listed([], []))
    names = bases("kw")
    maker.folder(".kw", cur(names), listed([1, 2, 3, 4, 5], names))
    at = ".kw/courierimapkeywords/"
    maker.write(at + ":list", "Old\nWork\n$Later\n\n%s:0 1\n%s:2\n%s:9 1\n" % tuple(names[:3]))
    maker.write(at + names[0], "newest\nwork\n")
    maker.write(at + ".9." + names[1], "nine\n")
    maker.write(at + ".10." + names[1], "ten\n")
    maker.write(at + names[3], "")
    maker.write(at + ".4." + names[4], "a(b)\nc%d*\nEND")
    names = bases("no", 2)
    maker.folder(".no list", cur(names), listed([1, 2], names))
    maker.write(".no list/courierimapkeywords/" + names[0], "alone\n")
    names = bases("le", 26)
    maker.folder(".letters", cur(names), listed(range(1, 27), names))
    maker.write(".letters/courierimapkeywords/:list", "".join("k%02d\n" % n for n in range(26))
                + "\n" + "".join("%s:%s\n" % (name, " ".join(map(str, range(n + 1))))
                          for n, name in enumerate(names)))


# Base name: (text, info in the list, what the list says); without a line, and in new/.
POP3 = {"1000000000.a": (b"Subject: plain\n\nx\n", ":2,S", "21 7:1058640000"),
        "1000000001.b": (b"Subject: crlf\r\n\r\nx\r\n", ":2,S", "23 3:0"),
        "1000000002.c": (b"Subject: no end\n\nx", ":2,", "21 0:0"),
        "1000000003.d": (b"\n", ":2,", "2 9:5"),
        "1000000004.e": (b"", ":2,S", "0 10:5"),
        "1000000005.f": (b"Subject: cr\r\r\n\nx\ry\n", ":2,", "99 11:5"),
        "999.g": (b"Subject: first\n\nx\n", ":2,", "99 0:0"),
        "1000000006.h i": (b"Subject: blank\n\nx\n", ":2,", "21 0:0"),
        "1000000007.j+'\"": (b"Subject: odd\n\nx\n", ":2,", "19 0:0"),
        "1000000008.k": (b"Subject: one-sided\n\nx\n", "", "25 12:77"),
        "1000000009.l": (b"Subject: not listed\n\nx\n", None, None)}


def pop3_states(maker):
    lines = ["/2 30 1058640000"]
    for name, (data, info, says) in POP3.items():
        maker.write("cur/%s:2,S" % name, data)
        if says:
            lines.append(name + info + " " + says)
    maker.write("new/1000000010.m", b"Subject: new\n\nx\n")
    maker.write("courierpop3dsizelist", "\n".join(lines) + "\n")
    maker.write("courierimapuiddb", listed(range(1, 10), sorted(POP3)[:9]))


FOLDER_NAMES = ["emoji \U0001f4ec", "v1\\0562", "tab\there", "bell\x07", "del\x7f", " blank ",
                "perc%nt*", "caret^2e", "tilde~", "co:lon", "quo\"te", "amp&ersand", "R&D", "e\u0301",
                "\u00e9", "a.b", "A", "a", "\x01", "back\\slash", "&-", "^41"]


def folder_names(maker, names=FOLDER_NAMES, end="name"):
    maker.folder(".", uids=listed([], []))
    for n, name in enumerate(names):
        files = bases(end + "%d" % n, 1)
        maker.folder(b"." + (name if isinstance(name, bytes) else name.encode()), cur(files),
                     listed([7 + n], files))
    maker.write("courierimapsubscribed", b"".join(
        b"INBOX." + (n if isinstance(n, bytes) else n.encode()) + b"\n" for n in names[::2]))


# Trees that Courier 5 cannot show: what clients of 4.x saw of the first, and of the second what the
# bytes say. In the third, half of the folders were made by 5.x, whose clients see all as UTF-8.
MUTF7 = {b"Entw&APw-rfe": "Entw\u00fcrfe", b"&ZeVnLIqe-": "\u65e5\u672c\u8a9e", b"R&-D": "R&D",
         b"post &2D3c7A-": "post \U0001f4ec", b"plain": "plain"}
RAW = {b"caf\xe9": "caf\u00e9", b"line\nbreak": "line\nbreak",
       b"Entw\xfcrfe.\xe4lter": "Entw\u00fcrfe.\u00e4lter", b"plain": "plain"}
MIXED = {b"Entw&APw-rfe": "Entw&APw-rfe", "Entw\u00fcrfe".encode(): "Entw\u00fcrfe", b"R&D": "R&D"}

ACLS = {".list": b"owner aceilrstwx\nuser=bob lrs\n-user=eve w\ngroup=staff lr\nanyone l\n"
                 b"administrators aceilrstwx\n",
        ".default": b"administrators aceilrstwx\nowner aceilrstwx\n"}


def access_lists(maker):
    maker.folder(".", uids=listed([], []))
    for name in (*ACLS, ".hierarchy", ".none"):
        files = bases(name[1:4], 1)
        maker.folder(name, cur(files), listed([1], files))
    for name, text in ACLS.items():
        maker.write(name + "/courierimapacl", text)
    maker.write("courierimaphieracl/hierarchy", b"owner aceilrstwx\nuser=joe lr\n")
    maker.write("maildirsize", "5000000S,100C\n      100     1\n")


ALL = "admin create delete expunge insert lookup read write write-deleted write-seen"
RIGHTS = {"list": {"owner": ALL, "group=administrators": ALL, "user=bob": "lookup read write-seen",
                   "user=eve": "-write", "group=staff": "lookup read", "anyone": "lookup"},
          "hierarchy": {"owner": ALL, "user=joe": "lookup read"}, "default": {}, "none": {}}

SITE = [("uids", uid_states), ("repeated", repeated_names), ("broken", broken_uid_states),
        ("words", keyword_states),
        ("pop", pop3_states), ("names", folder_names), ("access", access_lists),
        ("mutf7", lambda m: folder_names(m, list(MUTF7), "mutf")),
        ("raw", lambda m: folder_names(m, list(RAW), "raw")),
        ("mixed", lambda m: folder_names(m, list(MIXED), "mixed"))]
# Not to be looked at by Courier 5: see above.
UNSEEN = ("mutf7", "raw")


def rights(server, folder):
    """{whose: rights} of a folder's own list, in Dovecot's words; "-" takes one away."""
    done = servers.run("dovecot-" + server.series, [
        "/usr/bin/doveadm", "-c", server.configuration, "-f", "tab", "acl", "get", "-u", "access",
        folder], server.etc)
    rows = [line.split("\t") for line in done.stdout.decode().splitlines()[1:]]
    return {row[0]: row[2] for row in rows}


class States(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.work = lab.scratch()
        cls.addClassCleanup(lab.remove, cls.work)
        cls.site = courier_site.Site(cls.work)
        for name, make in SITE:
            make(Maker(cls.site.add(name, name)))
        seen = cls.site.copy(os.path.join(cls.work, "old"))
        cls.old = {a.name: view.record(seen, a.name) for a in seen.accounts
                   if a.name not in UNSEEN}
        shutil.rmtree(os.path.join(cls.work, "old"))

    def moved(self, name, *more, served=("2.3", "2.4"), in_place=False):
        site = self.site.copy(os.path.join(self.work, name + "-from")) if in_place else self.site
        target = end_to_end.Target(site, self.work, name, in_place)
        done = target.migrate("--verbose", *more)
        self.assertEqual(done.returncode, 1, lab.told(done))
        before = lab.snapshot(target.maildirs)
        self.assertEqual(target.migrate(*more).returncode, 1)
        self.assertEqual(lab.changes(before, lab.snapshot(target.maildirs)), [])
        verified = lab.mailhaul("verify", *target.arguments())
        self.assertIn("%d the same" % len(SITE), verified.stdout, lab.told(verified))
        with open(os.path.join(target.maildir().replace("%u", "access"), "maildirsize")) as f:
            self.assertEqual(f.readline(), "5000000S,100C\n")
        for series in served:
            with target.server(series, "s" + series, target.copy("c" + series)) as server:
                for account in site.accounts:
                    with self.subTest(way=name, series=series, account=account.name):
                        new = view.record(server, account.name)
                        getattr(self, "check_" + account.name)(new, done.stdout, server)
                with self.subTest(way=name, series=series):
                    self.assertEqual(server.complaints(), [])

    def test_copied(self):
        self.moved("copied", "--transfer", "copy")

    def test_linked(self):
        self.moved("linked", "--transfer", "link", served=["2.3"])

    def test_in_place(self):
        self.moved("here", served=["2.4"], in_place=True)

    def compare(self, user, new, expected=(), skip=(), name=lambda n: n):
        found = [line for line in view.compare(self.old[user], new, name=name, skip=skip)]
        self.assertEqual([line.split(":", 2)[:2] for line in found],
                         [line.split(":", 2)[:2] for line in expected], found)

    def check_uids(self, new, said, server):
        self.compare("uids", new, ["folder 'INBOX.above next': uidnext:"])
        self.assertEqual(new["folders"]["INBOX.above next"]["uidnext"], 45)
        self.assertIn("the next UID in the list is not above all its UIDs", said)

    def check_repeated(self, new, said, server):
        self.compare("repeated", new)

    def check_broken(self, new, said, server):
        old = self.old["broken"]["folders"]
        for name, (uids, kept, finding) in BROKEN.items():
            there = new["folders"][name]
            by_date = sorted(there["messages"], key=lambda m: m["date"])
            self.assertEqual([m["uid"] for m in by_date], uids, name)
            self.assertEqual(there["uidnext"], max(uids) + 1 if max(uids) >= 90 or not kept else 90)
            self.assertEqual(there["uidvalidity"] == VALIDITY, kept, name)
            self.assertEqual(len(old[name]["messages"]), 3)
            self.assertIn("%s: %s" % (name[6:], finding), said)

    def check_words(self, new, said, server):
        self.compare("words", new)
        words = [m["keywords"] for m in new["folders"]["INBOX.kw"]["messages"]]
        self.assertEqual(words, [["Work", "newest"], ["ten"], ["Work"], [],
                                 ["END", "a_b_", "c_d_"]])
        self.assertEqual(max(len(m["keywords"]) for m in
                             new["folders"]["INBOX.letters"]["messages"]), 26)

    def check_pop(self, new, said, server):
        """Courier sends CR CR LF for CRLF; sizes of its list are not all true; and a line that it
        would not find is the one that the client knows."""
        old = [m["uidl"] for m in self.old["pop"]["pop3"]["messages"]]
        uidls = [m["uidl"] for m in new["pop3"]["messages"]]
        one_sided = [n for n, (a, b) in enumerate(zip(old, uidls)) if a != b]
        self.assertEqual([uidls[n] for n in one_sided][:1], ["UID12-77"], (old, uidls))
        order = sorted(POP3, key=lambda name: int(name.split(".")[0]))
        texts = [POP3[name][0] for name in order]
        sizes = [len(t.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")) for t in texts]
        self.assertEqual([m["size"] for m in new["pop3"]["messages"]][:len(sizes)], sizes)

    def check_names(self, new, said, server):
        found = [n for n in new["folders"] if n.startswith("INBOX.\u00e9-")]
        self.assertEqual(len(found), 1, sorted(new["folders"]))
        self.compare("names", new, name=lambda n: found[0] if n == "INBOX.e\u0301" else n)

    def check_access(self, new, said, server):
        self.compare("access", new)
        seen = {n: rights(server, "INBOX." + n) for n in ("list", "default", "hierarchy", "none")}
        self.assertEqual(seen, RIGHTS)

    def check_mutf7(self, new, said, server):
        self.check_hand_made(new, MUTF7)

    def check_raw(self, new, said, server):
        self.check_hand_made(new, RAW)

    def check_mixed(self, new, said, server):
        self.compare("mixed", new)
        self.check_hand_made(new, MIXED)

    def check_hand_made(self, new, names):
        self.assertEqual({n: f["messages"][0]["uid"] for n, f in new["folders"].items()
                          if f.get("messages")},
                         {"INBOX." + text: 7 + n for n, text in enumerate(names.values())})
        self.assertEqual(new["subscribed"], sorted("INBOX." + n for n in list(names.values())[::2]))


# One tree in which both encodings are at home, and what clients saw of it by each of them.
BOTH = [b"Entw&APw-rfe", "\u00c4nderungen".encode(), b"Q&A", b"R&-D", b"&ZeVnLIqe-",
        "\u65e5\u672c".encode(), b"v1&AC4-2", b"v1\\0562", b"plain"]
AS_UTF8 = [name.decode() for name in BOTH]
AS_MUTF7 = ["Entw\u00fcrfe", "\u00c4nderungen", "Q&A", "R&D", "\u65e5\u672c\u8a9e",
            "\u65e5\u672c", "v1_2", "v1\\0562", "plain"]  # '.' parts levels


class Names(unittest.TestCase):
    """--courier-names decides, whatever the names look like."""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.work = lab.scratch()
        cls.addClassCleanup(lab.remove, cls.work)
        cls.site = courier_site.Site(cls.work)
        folder_names(Maker(cls.site.add("both", "both")), BOTH, "both")
        seen = cls.site.copy(os.path.join(cls.work, "old"))
        cls.old = view.record(seen, "both")  # by a server that takes all for UTF-8

    def seen(self, way, series, *more, in_place=False, status=0):
        site = self.site.copy(os.path.join(self.work, way + "-from")) if in_place else self.site
        target = end_to_end.Target(site, self.work, way, in_place)
        before = lab.snapshot(site.top, directory_times=False)
        done = target.migrate("--verbose", *more)
        self.assertEqual(done.returncode, status, lab.told(done))
        self.assertEqual("'v1&AC4-2' -> 'v1_2'" in done.stdout, status == 1)
        self.assertEqual(target.migrate(*more).returncode, status)
        verified = lab.mailhaul("verify", *target.arguments(), *more)
        self.assertIn("1 the same", verified.stdout, lab.told(verified))
        with target.server(series, "s" + way, target.copy("c" + way)) as server:
            new = view.record(server, "both")
            self.assertEqual(server.complaints(), [])
        if in_place:
            done = lab.mailhaul("undo", "--users", os.path.join(target.work, "users"), "--maildir",
                                target.maildir(), "--state", target.state, "both")
            self.assertEqual(done.returncode, 0, lab.told(done))
            self.assertEqual(lab.changes(before, lab.snapshot(site.top, directory_times=False)), [])
        return new

    def check(self, new, names):
        self.assertEqual({n: f["messages"][0]["uid"] for n, f in new["folders"].items()
                          if f.get("messages")},
                         {"INBOX." + text: 7 + n for n, text in enumerate(names)})
        self.assertEqual(new["subscribed"], sorted("INBOX." + n for n in names[::2]))

    def test_utf8(self):
        new = self.seen("utf8", "2.4", "--courier-names", "utf8")
        self.check(new, AS_UTF8)
        self.assertEqual(view.compare(self.old, new), [])

    def test_mutf7(self):
        for series in ("2.3", "2.4"):
            self.check(self.seen("mutf7-" + series, series, "--courier-names", "mutf7", status=1),
                       AS_MUTF7)

    def test_names_by_the_admin(self):
        """Both what cannot be and what shall not be."""
        path = os.path.join(self.work, "names")
        with open(path, "w", encoding="utf-8") as f:
            f.write("both/v1.2 = v1/2\nboth/Q&A = Questions\n")
        names = {"v1_2": "v1.2", "Q&A": "Questions"}
        self.check(self.seen("mapped", "2.4", "--courier-names", "mutf7", "--name-map", path),
                   [names.get(name, name) for name in AS_MUTF7])

    def test_auto(self):
        """Of UTF-8, since there is proof of it."""
        self.check(self.seen("auto", "2.3"), AS_UTF8)

    def test_in_place(self):
        for names, expected in (("utf8", AS_UTF8), ("mutf7", AS_MUTF7)):
            self.check(self.seen("here-" + names, "2.4", "--courier-names", names, in_place=True,
                                 status=int(names == "mutf7")), expected)


if __name__ == "__main__":
    unittest.main()
