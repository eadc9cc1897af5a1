"""wire: just enough IMAP and POP3 to see, byte for byte, what a mail client sees.

Names of folders are text here and modified UTF-7 on the wire (or UTF-8 after enable_utf8()).
"""
import base64
import os
import re
import select
import socket
import subprocess

TIMEOUT_SECS = 120


class WireError(Exception):
    """The server answered NO, BAD or -ERR."""


class Gone(WireError):
    """The server hung up, or did not answer in time."""


# ---- transports ---------------------------------------------------------------------------------

class Stream:
    """Lines and blocks from a server, wherever it runs."""

    def __init__(self):
        self.buffer = bytearray()

    def line(self):
        while (end := self.buffer.find(b"\n")) < 0:
            self._fill()
        line = bytes(self.buffer[:end])
        del self.buffer[:end + 1]
        return line[:-1] if line.endswith(b"\r") else line

    def block(self, size):
        while len(self.buffer) < size:
            self._fill()
        block = bytes(self.buffer[:size])
        del self.buffer[:size]
        return block

    def _fill(self):
        data = self._receive()
        if not data:
            raise Gone("the server closed the connection" + self.last_words())
        self.buffer += data

    def last_words(self):
        return ""


class Tcp(Stream):
    def __init__(self, port):
        super().__init__()
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECS)

    def _receive(self):
        try:
            return self.socket.recv(1 << 16)
        except OSError as error:
            raise Gone(str(error)) from error

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone(str(error)) from error

    def close(self):
        self.socket.close()


class Pipe(Stream):
    """A server that talks on its standard input and output."""

    def __init__(self, argv, env):
        super().__init__()
        self.process = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, bufsize=0,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def _receive(self):
        ready, _, _ = select.select([self.process.stdout], [], [], TIMEOUT_SECS)
        if not ready:
            raise Gone("no answer")
        return os.read(self.process.stdout.fileno(), 1 << 16)

    def last_words(self):
        ready, _, _ = select.select([self.process.stderr], [], [], 1)
        said = os.read(self.process.stderr.fileno(), 1 << 12) if ready else b""
        return ": " + said.decode(errors="replace") if said else ""

    def send(self, data):
        try:
            self.process.stdin.write(data)
        except BrokenPipeError as error:
            raise Gone("the server closed the connection" + self.last_words()) from error

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


# ---- folder names -------------------------------------------------------------------------------

def to_mutf7(text):
    def pack(match):
        if match.group(0) == "&":
            return "&-"
        data = match.group(0).encode("utf-16-be", "surrogatepass")
        return "&" + base64.b64encode(data).decode().rstrip("=").replace("/", ",") + "-"
    return re.sub(r"&|[^ -~]+", pack, text)


def from_mutf7(text):
    def unpack(match):
        if not match.group(1):
            return "&"
        data = match.group(1).replace(",", "/")
        return base64.b64decode(data + "=" * (-len(data) % 4)).decode("utf-16-be", "replace")
    return re.sub(r"&([A-Za-z0-9+,]*)-", unpack, text)


class Literal(bytes):
    """An argument to be sent as a literal."""


def quoted(text):
    data = text.encode()
    if re.search(rb"[\x00-\x1f\x7f]", data):
        return Literal(data)
    return b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


# ---- IMAP ---------------------------------------------------------------------------------------

TOKEN = re.compile(rb'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|(BODY\[[^\]]*\](?:<\d+>)?|[^\s()"]+))', re.I)


def tokens(parts):
    """An untagged answer, given as [(text, literal or None)...], as nested lists of bytes."""
    stack = [[]]
    for text, literal in parts:
        at = 0
        while match := TOKEN.match(text, at):
            at = match.end()
            if match.group(1):
                stack.append([])
            elif match.group(2) and len(stack) > 1:
                inner = stack.pop()
                stack[-1].append(inner)
            elif match.group(3) is not None:
                stack[-1].append(re.sub(rb"\\(.)", rb"\1", match.group(3)))
            elif match.group(4):
                stack[-1].append(match.group(4))
        if literal is not None:
            stack[-1].append(literal)
    while len(stack) > 1:
        inner = stack.pop()
        stack[-1].append(inner)
    return stack[0]


class Imap:
    def __init__(self, stream):
        self.stream, self.count, self.utf8 = stream, 0, False
        self.greeting = stream.line()
        if not self.greeting.startswith((b"* OK", b"* PREAUTH")):
            raise WireError(self.greeting.decode(errors="replace"))

    def enable_utf8(self):
        self.ok("ENABLE UTF8=ACCEPT")
        self.utf8 = True

    def name(self, text):
        return quoted(text if self.utf8 else to_mutf7(text))

    def text(self, name):
        data = name.decode("utf-8", "surrogateescape")
        return data if self.utf8 else from_mutf7(data)

    def ok(self, *arguments):
        """Sends a command; returns the untagged answers. The text of the tagged one stays in
        self.said."""
        self.count += 1
        tag = b"t%d" % self.count
        answers, line = [], tag
        for argument in arguments:
            if isinstance(argument, Literal):
                self.stream.send(line + b" {%d}\r\n" % len(argument))
                self._read(tag, answers, continuation=True)
                self.stream.send(argument)
                line = b""
            else:
                line += b" " + (argument.encode() if isinstance(argument, str) else argument)
        self.stream.send(line + b"\r\n")
        self._read(tag, answers)
        return answers

    def _read(self, tag, answers, continuation=False):
        while True:
            parts = []
            while True:
                line = self.stream.line()
                match = re.search(rb"\{(\d+)\}$", line)
                if match and (parts or line.startswith(b"* ")):
                    parts.append((line[:match.start()], self.stream.block(int(match.group(1)))))
                else:
                    parts.append((line, None))
                    break
            first = parts[0][0]
            if continuation and first.startswith(b"+"):
                return
            if first.startswith(tag + b" "):
                self.said = first[len(tag) + 1:].decode(errors="replace")
                if not self.said.startswith("OK"):
                    raise WireError(self.said)
                return
            if first.startswith(b"* BYE") and self.count and not answers:
                self.said = first.decode(errors="replace")
            if first.startswith(b"* "):
                answers.append((tokens([(first[2:], parts[0][1])] + parts[1:]), first))

    def list(self, command="LIST", pattern="*"):
        """[(name, set of attributes, separator)] of LIST or LSUB."""
        return [(self.text(t[3]), {x.decode() for x in t[1]}, t[2].decode())
                for t, _ in self.ok(command, '""', self.name(pattern))
                if t and t[0] == command.encode()]

    def status(self, folder, items="MESSAGES UIDNEXT UIDVALIDITY"):
        for t, _ in self.ok("STATUS", self.name(folder), "(%s)" % items):
            if t and t[0] == b"STATUS":
                return {t[2][i].decode(): int(t[2][i + 1]) for i in range(0, len(t[2]), 2)}
        raise WireError("no STATUS answer for " + folder)

    def append(self, folder, message, flags=(), date=None):
        """@message may have LF line ends; @date is IMAP text. Returns the UID if told."""
        arguments = ["APPEND", self.name(folder), "(" + " ".join(flags) + ")"]
        if date:
            arguments.append('"%s"' % date)
        crlf = message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        self.ok(*arguments, Literal(crlf))
        match = re.search(r"APPENDUID \d+ (\d+)", self.said)
        return int(match.group(1)) if match else None

    def store(self, uids, what):
        self.ok("UID STORE", uids, what)

    def on(self, verb, *folders):
        """CREATE, DELETE, RENAME, SUBSCRIBE, SELECT, EXAMINE... with names of folders."""
        return self.ok(verb, *[self.name(f) for f in folders])

    def logout(self):
        try:
            self.ok("LOGOUT")
        except Gone:
            pass
        self.stream.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.logout()
        else:
            self.stream.close()


# ---- POP3 ---------------------------------------------------------------------------------------

class Pop3:
    def __init__(self, stream):
        self.stream = stream
        self._status()

    def _status(self):
        line = self.stream.line()
        if not line.startswith(b"+OK"):
            raise WireError(line.decode(errors="replace"))
        return line

    def command(self, text):
        self.stream.send(text.encode() + b"\r\n")
        return self._status()

    def lines(self, text):
        """The lines of a multi-line answer."""
        self.command(text)
        found = []
        while (line := self.stream.line()) != b".":
            found.append(line[1:] if line.startswith(b".") else line)
        return found

    def retr(self, number):
        """A message's bytes as sent, dots unstuffed."""
        self.command("RETR %d" % number)
        while not (b"\r\n" + bytes(self.stream.buffer[:3])).startswith(b"\r\n.\r\n") \
                and b"\r\n.\r\n" not in self.stream.buffer:
            self.stream._fill()
        end = (b"\r\n" + bytes(self.stream.buffer)).find(b"\r\n.\r\n")
        data = self.stream.block(end)
        self.stream.block(3)
        return re.sub(rb"(?m)^\.", b"", data)

    def stat(self):
        return [int(x) for x in self.command("STAT").split()[1:3]]

    def listing(self):
        return [int(x.split()[1]) for x in self.lines("LIST")]

    def uidl(self):
        return [x.split(b" ", 1)[1].decode("latin-1") for x in self.lines("UIDL")]

    def quit(self):
        self.command("QUIT")
        self.stream.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.quit()
        else:
            self.stream.close()
