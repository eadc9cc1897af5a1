#!/usr/bin/python3
"""The lab's own instruments: a check that cannot fail shows nothing."""
import copy
import os
import unittest

import dovecot
import lab
import messages
import servers
import view
import wire

VIEW = {"separator": "/", "subscribed": ["INBOX"],
        "folders": {"INBOX": {"selectable": True, "uidvalidity": 7, "uidnext": 10, "messages": [
            {"uid": 3, "flags": ["\\Seen"], "keywords": ["k"], "date": 5, "size": 9, "sha256": "a"},
            {"uid": 4, "flags": [], "keywords": [], "date": 6, "size": 8, "sha256": "b"}]},
            "a": {"selectable": False}},
        "pop3": {"stat": [2, 17], "messages": [{"uidl": "x", "size": 9, "sha256": "a"},
                                               {"uidl": "y", "size": 8, "sha256": "b"}]}}


def inbox(v):
    return v["folders"]["INBOX"]


CHANGES = [
    ("folder gone", lambda v: v["folders"].pop("a")),
    ("folder new", lambda v: v["folders"].update(b={"selectable": False})),
    ("selectable", lambda v: v["folders"].update(a=dict(inbox(v)))),
    ("uidvalidity", lambda v: inbox(v).update(uidvalidity=8)),
    ("uidnext", lambda v: inbox(v).update(uidnext=11)),
    ("message gone", lambda v: inbox(v)["messages"].pop()),
    ("order", lambda v: inbox(v)["messages"].reverse()),
    ("uid", lambda v: inbox(v)["messages"][1].update(uid=5)),
    ("flags", lambda v: inbox(v)["messages"][0].update(flags=[])),
    ("keywords", lambda v: inbox(v)["messages"][1].update(keywords=["k"])),
    ("date", lambda v: inbox(v)["messages"][0].update(date=6)),
    ("size", lambda v: inbox(v)["messages"][0].update(size=10)),
    ("bytes", lambda v: inbox(v)["messages"][0].update(sha256="c")),
    ("subscribed", lambda v: v["subscribed"].append("a")),
    ("stat", lambda v: v["pop3"].update(stat=[2, 18])),
    ("pop3 order", lambda v: v["pop3"]["messages"].reverse()),
    ("uidl", lambda v: v["pop3"]["messages"][1].update(uidl="x")),
    ("pop3 message gone", lambda v: v["pop3"]["messages"].pop()),
]

NAMES = [("INBOX", "INBOX"), ("Entw\u00fcrfe", "Entw&APw-rfe"), ("R&D", "R&-D"), ("&", "&-"),
         ("\u65e5\u672c\u8a9e", "&ZeVnLIqe-"), ("\U0001f4ec", "&2D3c7A-"), ("a~b", "a~b"),
         ("tab\there", "tab&AAk-here")]


class Views(unittest.TestCase):
    def test_equal_views_have_no_difference(self):
        self.assertEqual(view.compare(VIEW, copy.deepcopy(VIEW)), [])

    def test_each_change_is_seen(self):
        for name, change in CHANGES:
            with self.subTest(name):
                other = copy.deepcopy(VIEW)
                change(other)
                self.assertNotEqual(view.compare(VIEW, other), [])

    def test_names_are_mapped(self):
        other = copy.deepcopy(VIEW)
        other["folders"]["A"] = other["folders"].pop("a")
        mapping = {"a": "A"}
        self.assertEqual(view.compare(VIEW, other, name=lambda n: mapping.get(n, n)), [])

    def test_modified_utf7(self):
        for text, name in NAMES:
            with self.subTest(text):
                self.assertEqual(wire.to_mutf7(text), name)
                self.assertEqual(wire.from_mutf7(name), text)

    def test_tokens(self):
        parts = [(b'1 FETCH (FLAGS (\\Seen k) "a \\"b" BODY[HEADER.FIELDS (X)] ', b"()\""), (b" UID 3)", None)]
        self.assertEqual(wire.tokens(parts), [b"1", b"FETCH", [
            b"FLAGS", [b"\\Seen", b"k"], b'a "b', b"BODY[HEADER.FIELDS (X)]", b"()\"", b"UID", b"3"]])


class Probe(unittest.TestCase):
    """A Maildir whose list of UIDs knows no sizes: POP3 has to open every message, and is caught."""

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)

    def maildir(self, user, sized):
        top = os.path.join(user.home, "Maildir")
        for sub in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(top, sub))
        lines = ["3 V1234 N9"]
        for n, mail in enumerate(messages.Generator(5).mails(3), 1):
            with open(os.path.join(top, "cur", "base%d:2,S" % n), "wb") as f:
                f.write(mail.data)
            size = len(mail.data) + mail.data.count(b"\n")
            lines.append("%d %s:base%d" % (n, "W%d " % size if sized else "", n))
        with open(os.path.join(top, "dovecot-uidlist"), "w") as f:
            f.write("\n".join(lines) + "\n")
        for path, directories, files in os.walk(user.home):
            for name in [path] + [os.path.join(path, x) for x in files]:
                os.chown(name, user.uid, user.gid)

    def test_pop3_is_watched(self):
        users = [dovecot.User(n, 21001, os.path.join(self.work, n)) for n in ("sized", "unsized")]
        for user in users:
            self.maildir(user, user.name == "sized")
        for series, settings in (("2.3", "mail_location = maildir:~/Maildir"),
                                 ("2.4", "mail_driver = maildir\nmail_path = ~/Maildir")):
            trace = os.path.join(self.work, "trace" + series)
            work = os.path.join(self.work, "d" + series)
            os.makedirs(work)
            with dovecot.Dovecot(series, work, users, settings, trace=lab.strace(trace)) as server:
                for user in users if series == "2.3" else users[:1]:
                    with server.pop3(user.name) as client:
                        client.stat(), client.uidl()
            opened = lab.opened_messages(trace)
            with self.subTest(series=series):
                self.assertEqual([x for x in opened if "/sized/" in x], [])
                if series == "2.3":
                    self.assertEqual(len([x for x in opened if "/unsized/" in x]), 3)

    def test_nothing_outlives_its_test(self):
        user = dovecot.User("x", 21001, self.work)
        with dovecot.Dovecot("2.3", os.path.join(self.work, "d"), [user],
                             "mail_location = maildir:~/Maildir") as server:
            port = server.imap_port
            wire.Tcp(port).close()
        with self.assertRaises(OSError):
            wire.Tcp(port)

    def test_servers_are_not_set_id(self):
        for name in servers.RECIPES:
            found = [f for path, _, files in os.walk(servers.ensure(name)) for f in files
                     if os.lstat(os.path.join(path, f)).st_mode & 0o6000]
            self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()
