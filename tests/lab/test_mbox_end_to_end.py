#!/usr/bin/python3
"""A site of mbox files, made and served by real programs, is moved; then nobody can tell.

The old view is what Dovecot 2.3 shows of the mbox files; the new ones are what Dovecot 2.3 and 2.4
show of the result, under the settings that mailhaul prints.
"""
import os
import re
import unittest

import lab
import mbox_site
import servers
import view
import wire


def old_views(site, work):
    """{account: view} by the old server, on a copy: serving changes mbox files."""
    views = {}
    for utf8 in (False, True):
        copy = site.copy(os.path.join(work, "old-utf8" if utf8 else "old"))
        with copy.server(os.path.join(work, "serve-utf8" if utf8 else "serve"), utf8) as server:
            for account in copy.accounts:
                if account.utf8 == utf8:
                    views[account.name] = view.record(server, account.name)
            if server.complaints():
                raise servers.LabError("\n".join(server.complaints()))
    return views


def without_uids(account):
    """IMAP names of mbox files of no bytes: there is nothing in them, so no UIDVALIDITY either."""
    found = {"INBOX"} if not os.path.exists(account.inbox) else set()
    for name in account.folder_names():
        if os.path.getsize(os.path.join(os.fsencode(account.folders), name)) == 0:
            text = os.fsdecode(name)
            found.add(text if account.utf8 else wire.from_mutf7(text))
    return found


def forget(seen, names):
    """@seen without the numbers of the folders @names."""
    folders = dict(seen["folders"])
    for name in names & set(folders):
        folders[name] = dict(folders[name], uidvalidity=None, uidnext=None)
    return dict(seen, folders=folders)


def x_uids(path):
    """(UIDVALIDITY, next UID, UIDs) as c-client knows them: what it has written into headers, and
    for mail that was only appended, the numbers it will give next."""
    with open(path, "rb") as f:
        text = f.read()
    base = re.search(rb"(?m)^X-IMAP(?:base)?: (\d+) (\d+)", text)
    heads = re.findall(rb"(?ms)^From \S+ \w{3} \w{3} .*?\n\n", text)
    last, uids = int(base.group(2)), []
    for head in heads:
        known = re.search(rb"(?m)^X-UID: (\d+)", head)
        if not known and b"\nX-IMAP: " in head:
            continue                      # c-client's own message, never shown
        if not known:
            last += 1
        uids.append(int(known.group(1)) if known else last)
    return int(base.group(1)), last + 1, uids


class EndToEnd(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.work = lab.scratch()
        cls.addClassCleanup(lab.remove, cls.work)
        cls.site = mbox_site.build(cls.work)
        cls.old = old_views(cls.site, cls.work)
        cls.before = lab.snapshot(cls.site.top, directory_times=False)
        cls.target = lab.Target(cls.site, cls.work)
        cls.migration = cls.target.migrate()
        cls.after = lab.snapshot(cls.site.top, directory_times=False)
        cls.result = lab.snapshot(cls.target.maildirs)

    def test_all_done_and_nothing_lost(self):
        self.assertEqual(self.migration.returncode, 0, lab.told(self.migration))

    def test_the_source_is_only_read(self):
        self.assertEqual(lab.changes(self.before, self.after), [])

    def test_a_second_run_changes_nothing(self):
        again = self.target.migrate()
        self.assertEqual(again.returncode, 0, lab.told(again))
        self.assertEqual(lab.changes(self.result, lab.snapshot(self.target.maildirs)), [])

    def test_owners_and_modes(self):
        for account in self.site.accounts:
            top = os.path.join(self.target.maildirs, account.name)
            for name, row in lab.snapshot(top).items():
                with self.subTest(account=account.name, file=name):
                    self.assertEqual(row[1:3], [account.user.uid, account.user.gid])
                    self.assertIn(row[0], (oct(0o40700), oct(0o100600)))
                    self.assertNotRegex(name, r"(^|/)tmp/.")

    def compare(self, series):
        """Holds what @series shows of the result, on a copy, against the old views."""
        copy = self.target.copy("copy-" + series)
        checks = {"uma": self.check_uw, "tom": self.check_thunderbird}
        with self.target.server(series, "new-" + series, copy) as server:
            for account in self.site.accounts:
                with self.subTest(account=account.name, kind=account.kind):
                    new = view.record(server, account.name)
                    self.compare_account(account, new)
                    checks.get(account.name, lambda a, v: None)(account, new)
            self.assertEqual(server.complaints(), [])

    def compare_account(self, account, new):
        if account.kind == "thunderbird":
            return                        # its flags are not what Dovecot made of its mbox files
        empty = without_uids(account)
        skip = list(account.skip)
        if account.kind == "uw":
            skip.append("pop3-uidl")      # not Dovecot's view of the file: see check_uw()
        self.assertEqual(view.compare(forget(self.old[account.name], empty), forget(new, empty),
                                      skip=skip), [])

    def test_dovecot_2_3_shows_the_same(self):
        self.compare("2.3")

    def test_dovecot_2_4_shows_the_same(self):
        self.compare("2.4")

    def check_uw(self, uma, new):
        """UIDs and subscriptions by c-client's own account of them."""
        self.assertEqual(new["subscribed"], uma.expected["subscribed"])
        for name in ("INBOX", "Sent", "Old Drafts", "lists/pine-info", "v2.0", "never-used"):
            path = uma.inbox if name == "INBOX" else os.path.join(uma.folders, name)
            validity, uidnext, uids = x_uids(path)
            folder = new["folders"][name]
            with self.subTest(folder=name):
                self.assertEqual(folder["uidvalidity"], validity)
                self.assertEqual(folder["uidnext"], uidnext)
                self.assertEqual([m["uid"] for m in folder["messages"]], uids)
        validity, _, uids = x_uids(uma.inbox)
        self.assertEqual([m["uidl"] for m in new["pop3"]["messages"]],
                         ["%08x%08x" % (validity, uid) for uid in uids])  # as ipop3d printed them

    def check_thunderbird(self, tom, new):
        for name, mails in tom.expected.items():
            with self.subTest(folder=name):
                messages = new["folders"][name]["messages"]
                self.assertEqual([(m["flags"], m["keywords"], m["date"]) for m in messages],
                                 [(sorted(m.flags), sorted(m.keywords), m.date) for m in mails])

    def test_the_first_pop3_session_opens_no_message(self):
        for series in ("2.3", "2.4"):
            with self.subTest(series=series):
                self.check_pop3(series)

    def check_pop3(self, series):
        copy = self.target.copy("pop3-" + series)
        trace = os.path.join(self.work, "trace-" + series)
        with self.target.server(series, "p" + series, copy, trace=lab.strace(trace)) as server:
            for name in ("ada", "uma", "max"):
                with server.pop3(name) as client:
                    seen = (client.stat(), client.listing(), client.uidl())
                old = self.old[name]["pop3"]
                self.assertEqual(seen[0], old["stat"])
                self.assertEqual(seen[1], [m["size"] for m in old["messages"]])
        self.assertEqual(lab.opened_messages(trace), [])


class EscapeCharacter(unittest.TestCase):
    """A name like "per^cent": the server's escape character and what looks like its two digits.

    With its list index Dovecot, both series, decodes such a name twice, gets bytes that are no
    UTF-8, and every session of the user dies at its first LIST. So this one character is replaced,
    and the admin is told: exit status 1.
    """

    def test_names_that_look_escaped(self):
        work = lab.scratch()
        self.addCleanup(lab.remove, work)
        site = mbox_site.build_small(work, ["per^cent", "2^41", "plain^text"])
        target, old = lab.Target(site, work), old_views(site, work)
        migration = target.migrate()
        self.assertEqual(migration.returncode, 1)
        self.assertIn("'per^cent' -> 'per_cent'", migration.stdout)
        renamed = {"per^cent": "per_cent", "2^41": "2_41"}
        for series in ("2.3", "2.4"):
            copy = target.copy("copy-" + series)
            with target.server(series, "new-" + series, copy) as server:
                new = view.record(server, "hat")
                self.assertEqual(view.compare(old["hat"], new, name=lambda n: renamed.get(n, n)), [])
                self.assertEqual(server.complaints(), [])


if __name__ == "__main__":
    unittest.main()
