"""mailhaul-formats(5) lists the members of what --json prints: nothing else is printed, and what is
listed is in the program.

    test_json.py MAILHAUL SOURCE-DIRECTORY
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

MAILHAUL, TOP = sys.argv[1:3]
UID = 65534 if os.geteuid() == 0 else os.getuid()
KEYWORDS = "".join(" k%d" % i for i in range(30))
MAIL = ("From a@b Sat Jan  1 00:00:00 2000\nX-IMAPbase: 7 2" + KEYWORDS + "\nX-UID: 1\nX-Keywords:"
        + KEYWORDS + "\nStatus: RO\n\nFrom here it is text\nFrom e@f Sun Jan  2 00:00:00 2000\n\n"
        "From c@d Sun Jan  2 00:00:00 2000\nSubject: two\n\nFrom now on\n\n")


def documented():
    """Each object's members."""
    with open(TOP + "/man/mailhaul-formats.5") as file:
        section = file.read().split("\n.Sh JSON\n")[1].split("\n.Sh ")[0]
    parts = re.split(r"^\.Ss JSON: (\w+)$", section, flags=re.M)
    return {name: set(re.findall(r"^\.It Cm (\S+)$", text, re.M))
            for name, text in zip(parts[1::2], parts[2::2])}


def members(value, path=""):
    """Every member of a value, with the names of those around it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from members(inner, path + "." * bool(path) + name)
    elif isinstance(value, list):
        yield path + "[]"
        for inner in value:
            if isinstance(inner, dict):
                yield from members(inner, path + "[]")
    else:
        yield path


def is_listed(name, listed):
    """A list of objects is known by their members; findings are the same everywhere."""
    short = re.sub(r"findings\[\]\..*", "findings[]", name)
    classed = re.sub(r"^difference_counts\..*", "difference_counts.CLASS", name)
    return (name == "type" or bool({name, short, classed} & listed)
            or any(one.startswith(name + ".") for one in listed))


class Site:
    def __init__(self, place):
        self.place = place
        for name in ("in", "folders/ann"):
            os.makedirs(self.path(name))
        os.chmod(place, 0o755)
        for name, text in (("in/ann", MAIL), ("in/cid", "this is no mail\n" * 3),
                           ("folders/ann/notes", "no mail\n" * 9)):
            with open(self.path(name), "w") as file:
                file.write(text)
            os.chmod(self.path(name), 0o644)
        with open(self.path("users"), "w") as file:
            for user in ("ann", "cid"):
                file.write("%s:x:%d:%d::/nonexistent:/bin/sh\n" % (user, UID, UID))
        if os.geteuid() != 0:
            os.mkdir(self.path("out"))

    def path(self, *parts):
        return os.path.join(self.place, *parts)

    def run(self, command, *options, site=True):
        words = [MAILHAUL, command, "--config", "/dev/null", *options]
        if site:
            words += ["--users", self.path("users"), "--inbox", self.path("in/%u"), "--folders",
                      self.path("folders/%u"), "--maildir", self.path("out/%u")]
        if command not in ("convert", "inspect"):
            words += ["--state", self.path("state")]
        done = subprocess.run(words, capture_output=True, text=True)
        assert done.returncode in (0, 1, 2), (words, done)
        return [json.loads(line) for line in done.stdout.splitlines()]


def everything(site):
    """All objects that there are, each with the name of its section."""
    said = site.run("check", "--json")
    site.run("migrate", "--json", "--log", site.path("log"), "--log-format", "json")
    said += site.run("migrate", "--json")
    # Mail of the new server's own, and a message that has been damaged.
    folder = site.path("out/ann/cur")
    name = sorted(os.listdir(folder))[0]
    with open(os.path.join(folder, name), "r+b") as file:
        file.write(b"DAMAGE")
    said += site.run("verify", "--json") + site.run("check", "--json")
    said += site.run("undo", "--json", "ann") + site.run("migrate", "--json")
    said += site.run("status", "--json", site=False)
    said += site.run("report", "--format", "json", site=False)
    said += site.run("convert", "--json", site.path("in/ann"), site.path("converted"), site=False)
    said += site.run("inspect", "--json", "--verbose", "--boundaries", site.path("in/ann"),
                     site.path("in/cid"), site=False)
    with open(site.path("log")) as file:
        log = [json.loads(line) for line in file]
    return [(one["type"], one) for one in said] + [("log", one) for one in log]


def main():
    sections = documented()
    place = tempfile.mkdtemp(prefix="mailhaul-json.")
    seen, unknown = {}, set()
    try:
        for name, value in everything(Site(place)):
            for member in members(value):
                seen.setdefault(name, set()).add(member)
                if not is_listed(member, sections[name]):
                    unknown.add("%s: %s" % (name, member))
    finally:
        shutil.rmtree(place)
    assert not unknown, "not in the manual:\n" + "\n".join(sorted(unknown))
    assert set(sections) - set(seen) == {"warm"}, "objects not seen: %s" % (set(sections) - set(seen))
    assert "boundaries[].line" in seen["inspect"], "no line of the mbox is doubtful"
    # What did not come up here is in the sources, at least.
    program = ""
    for path in glob.glob(TOP + "/src/*.c") + glob.glob(TOP + "/tools/*.c"):
        with open(path) as file:
            program += file.read()
    for name, listed in sections.items():
        for member in listed - seen.get(name, set()):
            word = re.findall(r"\w+", member)[-1]
            assert word == "CLASS" or '"%s"' % word in program, "there is no %s: %s" % (name, member)
    print("passed: %d members" % sum(len(listed) for listed in sections.values()))


main()
