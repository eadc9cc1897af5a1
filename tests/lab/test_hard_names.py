#!/usr/bin/python3
"""More keywords than a Maildir has letters for, in mailboxes and under names that are hard to say:
the script that mailhaul writes gives each message all of them, on both series, and no other."""
import glob
import os
import subprocess
import unittest

import lab
import mbox_site
import servers
import view

KEYWORDS = ["kw%02d" % n for n in range(24)] + ["-dash", "--", "-A", "--help", "zz"]
FOLDERS = ["-x", "-A", "--", "plain", "pl%", "pl*", "pla", "%", "a\n", "a", "it's \"$HOME\" `x`",
           "back\\slash", "Entw\u00fcrfe"]


def mailbox(number):
    """Two messages; only the first has keywords: those that all mailboxes have, and its own."""
    own = KEYWORDS + ["own%02d" % number]
    text = ""
    for uid in (1, 2):
        text += "From a@example.org Sat Jan  1 00:00:00 2005\nMessage-Id: <%d@x>\n" % uid
        if uid == 1:
            text += "X-IMAPbase: %d %010d %s\nX-Keywords: %s\n" % (1234567 + number, 2,
                                                               " ".join(own), " ".join(own))
        text += "X-UID: %d\nStatus: RO\n\nbody\n\n" % uid
    return text.encode()


class LateKeywords(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.work = lab.scratch()
        self.addCleanup(lab.remove, self.work)
        self.site = mbox_site.Site(self.work)
        ada = self.site.add("ada", "small")
        for number, name in enumerate(["INBOX"] + FOLDERS):
            path = ada.inbox if name == "INBOX" else os.path.join(ada.folders, name)
            mbox_site.write(path, mailbox(number))
        self.site.settle(ada)
        self.target = lab.Target(self.site, self.work)
        self.target.folders = False

    def commands(self, script):
        """What @script calls, as a shell understands it."""
        told = os.path.join(self.work, "called")
        doveadm = os.path.join(self.work, "bin", "doveadm")
        os.makedirs(os.path.dirname(doveadm))
        with open(doveadm, "w") as f:
            f.write("#!/bin/sh\nprintf '%%s\\0' \"$@\" >>'%s'\nprintf '\\0' >>'%s'\n" % (told, told))
        os.chmod(doveadm, 0o755)
        subprocess.run(["sh", "-e", script], check=True,
                       env={"PATH": os.path.dirname(doveadm) + ":/usr/bin:/bin"})
        with open(told, encoding="utf-8") as f:
            return [words.split("\0") for words in f.read().split("\0\0")[:-1]]

    def test_hard_names(self):
        done = self.target.migrate()
        self.assertEqual(done.returncode, 1, lab.told(done))
        self.assertNotIn("worker", done.stderr)
        scripts = glob.glob(os.path.join(self.target.state, "keywords-*.sh"))
        self.assertEqual(len(scripts), 1)
        commands = self.commands(scripts[0])
        for series in ("2.3", "2.4"):
            copy = self.target.copy("c" + series)
            with self.target.server(series, "s" + series, copy) as server:
                for words in commands:
                    servers.run("dovecot-" + series,
                                ["/usr/bin/doveadm", "-c", server.configuration] + words,
                                server.etc)
                folders = view.record(server, "ada")["folders"]
                self.assertEqual(server.complaints(), [])
            for number, name in enumerate(["INBOX"] + FOLDERS):
                with self.subTest(series=series, folder=name):
                    first, second = folders[name]["messages"]
                    self.assertEqual(sorted(first["keywords"]),
                                     sorted(KEYWORDS + ["own%02d" % number]))
                    self.assertEqual(second["keywords"], [])


if __name__ == "__main__":
    unittest.main()
