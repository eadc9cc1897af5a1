"""silent_fuse: a file system in a program (FUSE, without a library) that falls silent.

    silent_fuse.py PLACE CONTROL UID TEXT-FILE

It has one file, "saved", of UID's. Before each answer it reads one word from the file CONTROL:
"answer", "silent" (a request that is about the file's name, attributes or bytes is taken and never
answered, so that who waits cannot even be killed) or "stop" (the program stops itself, so that
requests are not taken). Whose requests came it writes into CONTROL.users. Source: linux/fuse.h, protocol 7.31.
"""
import ctypes
import os
import signal
import stat
import struct
import sys

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT = 1, 2, 3, 14, 15, 17, 18, 25, 26
OPENDIR, READDIR, RELEASEDIR, ACCESS, INTERRUPT, DESTROY, BATCH_FORGET = 27, 28, 29, 34, 36, 38, 42
WITHOUT_ANSWER = (FORGET, INTERRUPT, BATCH_FORGET)
ROOT, FILE, NAME = 1, 2, b"saved"
READ_ONLY, NOSUID, NODEV = 1, 2, 4


def libc():
    return ctypes.CDLL(None, use_errno=True)


def mount(place):
    """The connection to the kernel; OSError where there is no FUSE."""
    fd = os.open("/dev/fuse", os.O_RDWR)
    options = "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions" % fd
    if libc().mount(b"silent", os.fsencode(place), b"fuse", READ_ONLY | NOSUID | NODEV,
                    options.encode()) != 0:
        raise OSError(ctypes.get_errno(), "cannot mount a FUSE file system")
    return fd


def unmount(place):
    libc().umount2(os.fsencode(place), 2)      # MNT_DETACH


def is_available(place):
    try:
        fd = mount(place)
    except OSError:
        return False
    unmount(place)
    os.close(fd)
    return True


class Silent:
    def __init__(self, fd, control, uid, text):
        self.fd, self.control, self.uid, self.text = fd, control, uid, text

    def attributes(self, node):
        mode = stat.S_IFDIR | 0o700 if node == ROOT else stat.S_IFREG | 0o600
        size = 0 if node == ROOT else len(self.text)
        return struct.pack("<6Q10I", node, size, 1, 10**9, 10**9, 10**9, 0, 0, 0, mode, 1, self.uid,
                           self.uid, 0, 4096, 0)

    def answer(self, unique, error=0, data=b""):
        os.write(self.fd, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)

    def directory(self, offset):
        data = b""
        for number, name in enumerate((b".", b"..", NAME), 1):
            if number > offset:
                data += struct.pack("<2Q2I", FILE, number, len(name), 0) + name
                data += b"\0" * (-len(data) % 8)
        return data

    def serve(self, opcode, unique, node, body):
        if opcode == INIT:
            self.answer(unique, 0, struct.pack("<4I2H2I2HI7I", 7, 31, 0, 0, 0, 0, 4096, 1, 0, 0, 0,
                                               *[0] * 7))
        elif opcode == LOOKUP and body.rstrip(b"\0") != NAME:
            self.answer(unique, 2)             # ENOENT
        elif opcode == LOOKUP:
            self.answer(unique, 0, struct.pack("<4Q2I", FILE, 0, 0, 0, 0, 0) + self.attributes(FILE))
        elif opcode == GETATTR:
            self.answer(unique, 0, struct.pack("<Q2I", 0, 0, 0) + self.attributes(node))
        elif opcode in (OPEN, OPENDIR):
            self.answer(unique, 0, struct.pack("<Q2I", 0, 0, 0))
        elif opcode in (READ, READDIR):
            _, offset, size = struct.unpack_from("<2QI", body)
            data = self.text[offset:offset + size] if opcode == READ else self.directory(offset)
            self.answer(unique, 0, data)
        elif opcode == STATFS:
            self.answer(unique, 0, struct.pack("<5Q4I6I", 9, 0, 0, 9, 0, 4096, 255, 4096, *[0] * 7))
        elif opcode in (RELEASE, FLUSH, RELEASEDIR, ACCESS):
            self.answer(unique)
        else:
            self.answer(unique, 38)            # ENOSYS

    def run(self):
        while True:
            try:
                request = os.read(self.fd, 1 << 17)
            except OSError:
                return                         # it is unmounted
            _, opcode, unique, node, user = struct.unpack_from("<2I2QI", request)
            if opcode in WITHOUT_ANSWER:
                continue
            if opcode in (LOOKUP, OPEN, READ, OPENDIR, READDIR):
                with open(self.control + ".users", "a", encoding="ascii") as file:
                    file.write("%d\n" % user)
            with open(self.control, encoding="ascii") as file:
                word = file.read().strip()
            if opcode in (LOOKUP, GETATTR, READ) and word == "silent":
                continue
            self.serve(opcode, unique, node, request[40:])
            if word == "stop":
                os.kill(os.getpid(), signal.SIGSTOP)


def main():
    place, control, uid, text = sys.argv[1:]
    with open(text, "rb") as file:
        silent = Silent(mount(place), control, int(uid), file.read())
    print("mounted", flush=True)
    silent.run()


if __name__ == "__main__":
    main()
