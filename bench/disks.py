"""Fresh file systems to write to.

A target is measured on an ext4 of its own, made for one run: on a file system with a past, ext4
passes over the inodes that were freed within the last seconds, and looking for others costs a run
more than all else that it does. Where nothing can be mounted it is a directory, and the table says
so."""

import contextlib
import os
import shutil
import subprocess
import tempfile


def can_mount(where):
    if os.geteuid() != 0:
        return False
    try:
        with disk(where, 64, 1000, True):
            return True
    except subprocess.CalledProcessError:
        return False


def quiet(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


@contextlib.contextmanager
def disk(where, megabytes, inodes, mount):
    """An empty directory below @where, with a file system of its own if @mount."""
    top = tempfile.mkdtemp(dir=where, prefix="disk-")
    out, image = os.path.join(top, "out"), os.path.join(top, "image")
    os.chmod(top, 0o755)
    os.mkdir(out)
    mounted = False
    try:
        if mount:
            with open(image, "wb") as file:
                file.truncate(megabytes << 20)
            quiet("mkfs.ext4", "-q", "-F", "-N", str(inodes), "-E",
                  "lazy_itable_init=0,lazy_journal_init=0", image)
            quiet("mount", "-o", "loop", image, out)
            mounted = True
        os.chmod(out, 0o755)
        yield out
    finally:
        if mounted:
            quiet("umount", out)
        shutil.rmtree(top, ignore_errors=True)
