"""door: one address for the mail of a user, whichever server is behind it; it hears what is said.

    with Door() as door:
        door.lead_to(server)      a Dovecot, or a site of Courier's

Mail programs keep their state under a host's name and port, and an admin's new server takes both
over; so programs are told of the door alone. It knows every command that took mail, or changed
something.
"""
import re
import socket
import subprocess
import threading

import courier_site
import dovecot

# What takes mail from a server, and what changes it there. Its headers alone are no download.
TAKES = re.compile(rb"RETR |TOP |\S+ (UID )?FETCH .*(BODY(\.PEEK)?\[(?!HEADER)|RFC822(?!\.))", re.I)
CHANGES = re.compile(rb"DELE |\S+ (UID )?(STORE|COPY|MOVE|EXPUNGE)\b|"
                     rb"\S+ (APPEND|CREATE|DELETE|RENAME|SUBSCRIBE|UNSUBSCRIBE|EXPUNGE) ", re.I)
LOGIN = re.compile(rb'LOGIN "?([^" ]+)"? ', re.I)


def line_of(stream):
    """One line and no byte more: the rest is for the server."""
    line = b""
    while not line.endswith(b"\n"):
        byte = stream.recv(1)
        if not byte:
            raise EOFError
        line += byte
    return line.rstrip(b"\r\n")


def pump(source, sink, heard=None):
    """All bytes of one direction. @heard: who wants to have them, too."""
    try:
        while data := source.recv(1 << 16):
            if heard is not None:
                heard += data
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass                                         # the other side has gone


# ---- Courier's login ----------------------------------------------------------------------------

def courier_imap(client):
    """(user, answer to his login): all that is said before there is a server."""
    capability = courier_site.SETTINGS["IMAP_CAPABILITY"].encode()
    client.sendall(b"* OK [CAPABILITY %s] Courier-IMAP ready.\r\n" % capability)
    while True:
        tag, _, command = line_of(client).partition(b" ")
        match = LOGIN.match(command)
        if match:
            return match.group(1).decode(), tag + b" OK LOGIN Ok.\r\n"
        if command.upper() == b"CAPABILITY":
            client.sendall(b"* CAPABILITY %s\r\n" % capability)
        client.sendall(tag + b" OK done\r\n")


def courier_pop3(client):
    client.sendall(b"+OK Hello there.\r\n")
    user = ""
    while True:
        command, _, argument = line_of(client).partition(b" ")
        if command.upper() == b"PASS":
            return user, b"+OK logged in.\r\n"
        if command.upper() == b"USER":
            user = argument.decode()
        client.sendall(b"+OK\r\nTOP\r\nUSER\r\nUIDL\r\n.\r\n" if command.upper() == b"CAPA"
                       else b"-ERR\r\n" if command.upper() == b"AUTH" else b"+OK\r\n")


def start_courier(site, protocol, client):
    """A server of Courier's that is logged in, and a socket to it."""
    user, answer = (courier_imap if protocol == "imap" else courier_pop3)(client)
    ours, theirs = socket.socketpair()
    with theirs:
        argv, env = site.command(user, protocol)
        process = subprocess.Popen(argv, env=env, stdin=theirs, stdout=theirs,
                                   stderr=subprocess.DEVNULL)
    while not line_of(ours).startswith((b"* PREAUTH", b"+OK")):
        pass
    client.sendall(answer)
    return ours, process


# ---- the door -----------------------------------------------------------------------------------

class Door:
    def __init__(self):
        self.server, self.sessions, self.threads = None, [], []
        self.listeners = {}
        self.imap_port, self.pop3_port = dovecot.free_ports(2)

    def __enter__(self):
        for protocol, port in (("imap", self.imap_port), ("pop3", self.pop3_port)):
            listener = socket.create_server(("127.0.0.1", port))
            self.listeners[protocol] = listener
            threading.Thread(target=self._answer, args=(protocol, listener), daemon=True).start()
        return self

    def __exit__(self, *_):
        for listener in self.listeners.values():
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def lead_to(self, server):
        """From the next connection on. What was heard until now is forgotten."""
        self.server = getattr(server, "server", server)
        self.forget()

    def forget(self):
        self.settle()
        self.sessions, self.threads = [], []

    def settle(self):
        """Waits for the sessions that programs have left."""
        for thread in self.threads:
            thread.join(20)

    def _answer(self, protocol, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            heard = bytearray()
            thread = threading.Thread(target=self._session, args=(protocol, client, heard),
                                      daemon=True)
            self.sessions.append(heard)
            self.threads.append(thread)
            thread.start()

    def _session(self, protocol, client, heard):
        process = None
        with client:
            try:
                if isinstance(self.server, dovecot.Dovecot):
                    server = socket.create_connection(("127.0.0.1", getattr(
                        self.server, protocol + "_port")))
                else:
                    server, process = start_courier(self.server, protocol, client)
            except (EOFError, OSError):
                return
            with server:
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server, heard)
                back.join(20)
        if process is not None:
            process.wait(20)

    def _lines(self, pattern):
        self.settle()
        return [re.sub(r"^\S+ (?=[A-Z]+ ?[A-Z]*)", "", line.decode(errors="replace"))
                for heard in self.sessions
                for line in bytes(heard).split(b"\r\n") if pattern.match(line)]

    def taken(self):
        """Commands that took mail."""
        return self._lines(TAKES)

    def changed(self):
        """Commands that changed something at the server."""
        return self._lines(CHANGES)
