"""mailhaul(1) lists the errors: every text of an error in the sources has its entry in DIAGNOSTICS,
and every entry is of an error that there is.

    test_diagnostics.py SOURCE-DIRECTORY
"""
import errno
import glob
import os
import re
import sys

TOP = sys.argv[1]
# Errors of these files are shown with the place that they are about in front.
PLACED = {"FILE:LINE: ...": ["src/user-list.c", "src/name-map.c", "src/folder-list.c",
                             "src/settings-file.c", "src/uidl-listing.c"],
          "--OPTION: ...": ["src/settings.c", "src/path-pattern.c"]}
# What the new server says.
FOREIGN = ["doveadm: User doesn't exist"]
STRING = r'"((?:[^"\\]|\\.)*)"'
NUMBER = r"G_G[A-Z0-9]+_FORMAT|PRI[a-z0-9]+"
CALLS = r"\b(g_set_error(?:_literal)?|mh_set_errno)\s*\("


def end_of_call(text, at):
    """Behind the parenthesis that closes what begins at @at."""
    depth = 1
    for part in re.compile(STRING + r"|[()]").finditer(text, at):
        depth += {"(": 1, ")": -1}.get(part.group(), 0)
        if depth == 0:
            return part.end()
    raise ValueError("a call without an end")


def plain(text):
    """A text as it might be printed: X for what is filled in."""
    text = re.sub(r"%[-0-9.*]*(?:z|l|ll)?[a-z]?", "X", text.replace("%%", "\0"))
    return text.replace("\0", "%").replace('\\"', '"').replace("\\\\", "\\").replace("\\n", "")


def sources():
    for path in sorted(glob.glob(TOP + "/src/**/*.c", recursive=True) + glob.glob(TOP + "/tools/*.c")):
        with open(path) as file:
            yield os.path.relpath(path, TOP), file.read()


def joined(text):
    """Every string of a source, with those that stand beside each other made one."""
    beside = r"(?:\s|%s)*" % NUMBER
    for found in re.finditer("%s(?:%s%s)*" % (STRING, beside, STRING), text):
        yield plain("".join(re.findall(STRING, found.group())))


def errors(text):
    """The call and the text of each error."""
    for call in re.finditer(CALLS, text):
        strings = list(joined(text[call.end():end_of_call(text, call.end())]))
        if strings and re.search("[a-z]", strings[0]):
            yield call.group(1), strings[0]


def entries():
    """The entries of DIAGNOSTICS, each with what it matches."""
    with open(TOP + "/man/mailhaul.1") as file:
        section = file.read().split("\n.Sh DIAGNOSTICS\n")[1].split("\n.Sh ")[0]
    for line in re.findall(r"^\.It (.*)$", section, re.M):
        for entry in re.sub(r"^USER: ", "", line.replace("\\&", "")).split(" , "):
            words = re.split(r"(\.\.\.|'?\b(?!REASON\b)[A-Z]+\b'?)", entry)
            pattern = "".join(".*" if i % 2 else re.escape(word) for i, word in enumerate(words))
            yield entry, pattern


def main():
    said = FOREIGN + [os.strerror(number) for number in errno.errorcode]
    known = [(entry, re.compile(pattern)) for entry, pattern in entries()]
    names = {entry for entry, _ in known}
    missing = [entry for entry in PLACED if entry not in names]
    for path, text in sources():
        said += joined(text)
        if any(path in files for files in PLACED.values()):
            continue
        for call, error in errors(text):
            # The system's own reason follows.
            shown = error + ": REASON" if call == "mh_set_errno" else error
            if not any(pattern.search(shown) for _, pattern in known):
                missing.append("%s: %s" % (path, shown))
    assert not missing, "not in the manual:\n" + "\n".join(missing)
    stale = [entry for entry, pattern in known if entry not in PLACED
             and not any(pattern.search(text) or pattern.search(text + ": REASON")
                         for text in said)]
    assert not stale, "in the manual, but no error:\n" + "\n".join(stale)
    print("passed: %d entries" % len(known))


main()
