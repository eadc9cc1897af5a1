#!/usr/bin/python3
"""view: what mail clients see of an account, as plain values that can be kept and compared.

    {"folders": {NAME: {"selectable": bool, "uidvalidity": n, "uidnext": n, "messages":
        [{"uid", "flags", "keywords", "date", "size", "sha256"}...]}},
     "subscribed": [NAME...], "separator": "/",
     "pop3": {"stat": [messages, bytes], "messages": [{"uidl", "size", "sha256"}...]}}

`date` is INTERNALDATE in seconds since 1970, `size` is RFC822.SIZE, `sha256` that of BODY[] (or of
RETR). \\Recent is left out: it belongs to a session, not to a message.

    view.py OLD.json NEW.json      prints the differences; exit status 1 if there are any
"""
import datetime
import hashlib
import json
import sys


def seconds(internaldate):
    text = internaldate.decode().strip()
    return int(datetime.datetime.strptime(text, "%d-%b-%Y %H:%M:%S %z").timestamp())


def message(fields):
    flags = [x.decode("utf-8", "surrogateescape") for x in fields[b"FLAGS"]]
    return {"uid": int(fields[b"UID"]),
            "flags": sorted(x for x in flags if x[0] == "\\" and x != "\\Recent"),
            "keywords": sorted(x for x in flags if x[0] != "\\"),
            "date": seconds(fields[b"INTERNALDATE"]),
            "size": int(fields[b"RFC822.SIZE"]),
            "sha256": hashlib.sha256(fields[b"BODY[]"]).hexdigest()}


def folder(client, name):
    """One selectable folder. STATUS first: some servers tell UIDNEXT nowhere else."""
    status = client.status(name)
    seen = {"selectable": True, "uidvalidity": status["UIDVALIDITY"],
            "uidnext": status["UIDNEXT"], "messages": []}
    client.on("EXAMINE", name)
    if status["MESSAGES"]:
        # All of a message in one answer; the size first, before the server has read the text.
        items = "(UID FLAGS INTERNALDATE RFC822.SIZE)"
        rows = {}
        for command in ("FETCH 1:* " + items, "FETCH 1:* (UID BODY.PEEK[])"):
            for t, _ in client.ok(command):
                if len(t) > 2 and t[1] == b"FETCH":
                    pairs = {t[2][i].upper(): t[2][i + 1] for i in range(0, len(t[2]) - 1, 2)}
                    rows.setdefault(int(t[0]), {}).update(pairs)
        seen["messages"] = [message(rows[n]) for n in sorted(rows)]
    return seen


def parents(listing):
    """Names above listed ones that are not listed themselves: a server may leave out a name that
    only holds others, and tell when it is asked for."""
    known = {name for name, _, _ in listing}
    above = {separator.join(name.split(separator)[:n]) for name, _, separator in listing
             for n in range(1, len(name.split(separator)))}
    return sorted(above - known)


def imap(client):
    """Everything that one logged-in IMAP client can see."""
    listing = client.list()
    for name in parents(listing):
        listing += client.list(pattern=name)
    view = {"separator": listing[0][2] if listing else None, "folders": {},
            "subscribed": sorted(name for name, attributes, _ in client.list("LSUB")
                                 if "\\Noselect" not in attributes)}
    for name, attributes, _ in listing:
        if {"\\Noselect", "\\NonExistent"} & attributes:
            view["folders"][name] = {"selectable": False}
        else:
            view["folders"][name] = folder(client, name)
    return view


def pop3(client):
    view = {"stat": client.stat()}
    sizes, uidls = client.listing(), client.uidl()
    view["messages"] = [
        {"uidl": uidl, "size": size, "sha256": hashlib.sha256(client.retr(n)).hexdigest()}
        for n, (uidl, size) in enumerate(zip(uidls, sizes, strict=True), 1)]
    return view


def record(server, user):
    """The view of @user at @server, anything that offers imap(user) and pop3(user)."""
    with server.imap(user) as client:
        view = imap(client)
    with server.pop3(user) as client:
        view["pop3"] = pop3(client)
    return view


# ---- comparing ----------------------------------------------------------------------------------

def compare_messages(where, old, new, skip):
    out = []
    by_uid = {m["uid"]: m for m in new}
    if [m["uid"] for m in old] != [m["uid"] for m in new] and "uid" not in skip:
        out.append("%s: UIDs: %s, now %s" % (where, [m["uid"] for m in old], [m["uid"] for m in new]))
    if len(old) != len(new):
        out.append("%s: messages: %d, now %d" % (where, len(old), len(new)))
    for n, m in enumerate(old):
        other = by_uid.get(m["uid"]) if "uid" not in skip else new[n] if n < len(new) else None
        for key in m:
            if other is not None and key not in skip and m[key] != other[key]:
                out.append("%s: message %d (UID %d): %s: %s, now %s"
                           % (where, n + 1, m["uid"], key, m[key], other[key]))
    return out


def compare_folders(old, new, name, skip):
    out = []
    expected = {name(n): (n, f) for n, f in old.items()}
    for target in sorted(set(expected) - set(new)):
        out.append("folder %r is gone" % target)
    for target in sorted(set(new) - set(expected)):
        out.append("folder %r is new" % target)
    for target in sorted(set(expected) & set(new)):
        source, before = expected[target]
        after, where = new[target], "folder %r" % source
        for key in ("selectable", "uidvalidity", "uidnext"):
            if key not in skip and before.get(key) != after.get(key):
                out.append("%s: %s: %s, now %s" % (where, key, before.get(key), after.get(key)))
        out += compare_messages(where, before.get("messages", []), after.get("messages", []), skip)
    return out


def compare_pop3(old, new, skip):
    out = []
    if "stat" not in skip and old["stat"] != new["stat"]:
        out.append("POP3: STAT: %s, now %s" % (old["stat"], new["stat"]))
    for key in ("uidl", "size", "sha256"):
        a, b = ([m[key] for m in v["messages"]] for v in (old, new))
        if "pop3-" + key not in skip and a != b:
            first = next((n for n, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            out.append("POP3: %s differs from message %d on (of %d, now %d): %s, now %s"
                       % (key, first + 1, len(a), len(b), a[first:first + 3], b[first:first + 3]))
    return out


def compare(old, new, name=lambda n: n, skip=()):
    """Readable differences; an empty list means that no client can tell the two apart. @name
    maps an old folder name to the expected new one; @skip names what may differ: fields of a
    folder or of a message, `uid` (then messages are compared in order), `stat`, `pop3-uidl`..."""
    out = compare_folders(old["folders"], new["folders"], name, skip)
    before, after = sorted(map(name, old["subscribed"])), new["subscribed"]
    if "subscribed" not in skip and before != after:
        out.append("subscribed: %s, now %s" % (before, after))
    if "pop3" in old and "pop3" not in skip:
        out += compare_pop3(old["pop3"], new["pop3"], skip)
    return out


def main(old, new):
    with open(old) as a, open(new) as b:
        differences = compare(json.load(a), json.load(b))
    for line in differences:
        print(line)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
