"""A disk whose power can fail: what is not synced may be lost, and what happened to names may happen in any order.

It records what a save asks of the system. From the record every state can be made that a machine may find when it
starts again: synced bytes are there, others may be; changes of names (create, rename, link, remove) up to the last sync
of the directory are there, of the later ones any subset.
"""

import os
import stat
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Inode:
    """A file without a name."""

    written: bytes = b""
    synced: bytes = b""


@dataclass
class Moment:
    """What the disk may hold after one call.

    Attributes:
        call: The call.
        names: File by name, as the last sync of the directory left it.
        pending: Changes of names since: dicts of a file, or None for no file, by name; each happens whole or not.
        contents: By file, the bytes that are certain and the bytes written.
    """

    call: str
    names: dict
    pending: list
    contents: dict = field(default_factory=dict)


class RecordingOs:
    """Stands in for the ``os`` of `ckpt_magics.files.storage.disk`, does what it is asked, and keeps record.

    Args:
        folder: The directory that is written to.
    """

    def __init__(self, folder):
        self._folder = os.fspath(folder)
        self._inodes = []
        self._now = {}
        for name in os.listdir(folder):
            contents = (folder / name).read_bytes()
            self._now[name] = self._inode(Inode(contents, contents))
        self._names = dict(self._now)
        self._pending = []
        self._open = {}
        self.moments = []
        self._note("start")

    def _inode(self, inode):
        self._inodes.append(inode)
        return len(self._inodes) - 1

    def _note(self, call):
        contents = {number: (one.synced, one.written) for number, one in enumerate(self._inodes)}
        self.moments.append(Moment(call, dict(self._names), list(self._pending), contents))

    def _change(self, changes):
        self._pending.append(changes)
        for name, number in changes.items():
            if number is None:
                self._now.pop(name, None)
            else:
                self._now[name] = number

    def __getattr__(self, name):
        return getattr(os, name)

    def open(self, path, flags, *mode):
        fd = os.open(path, flags, *mode)
        if flags & os.O_CREAT:
            self._open[fd] = self._inode(Inode())
            self._change({os.path.basename(path): self._open[fd]})
            self._note("create")
        return fd

    def write(self, fd, data):
        count = os.write(fd, data)
        self._inodes[self._open[fd]].written += bytes(data[:count])
        self._note("write")
        return count

    def fsync(self, fd):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            self._names = dict(self._now)
            self._pending = []
        else:
            one = self._inodes[self._open[fd]]
            one.synced = one.written
        self._note("fsync")

    def replace(self, source, target):
        os.replace(source, target)
        source, target = os.path.basename(source), os.path.basename(target)
        self._change({target: self._now[source], source: None})
        self._note("replace")

    def link(self, source, target, **options):
        os.link(source, target, **options)
        self._change({os.path.basename(target): self._now[os.path.basename(source)]})
        self._note("link")

    def unlink(self, path):
        os.unlink(path)
        self._change({os.path.basename(path): None})
        self._note("unlink")


def outcomes(moment, seed, count):
    """Yield disks (bytes by name) that may be found if the power fails at a moment.

    The first ones are: names and bytes not synced all lost; all names there and their unsynced bytes lost; all bytes
    there and the names lost; everything there. Then ``count`` mixtures.
    """
    generator = np.random.default_rng(seed)
    size = len(moment.pending)
    for names_kept, bytes_kept in ((0, 0), (1, 0), (0, 1), (1, 1)):
        yield _disk(moment, [names_kept] * size, dict.fromkeys(moment.contents, bytes_kept))
    for _ in range(count):
        kept = dict(zip(moment.contents, generator.random(len(moment.contents)), strict=True))
        yield _disk(moment, (generator.random(size) < 0.5).tolist(), kept)


def _disk(moment, names_kept, bytes_kept):
    names = dict(moment.names)
    for change, is_kept in zip(moment.pending, names_kept, strict=True):
        if is_kept:
            names.update(change)
    disk = {}
    for name, number in names.items():
        if number is not None:
            synced, written = moment.contents[number]
            disk[name] = written[: len(synced) + round(bytes_kept[number] * (len(written) - len(synced)))]
    return disk
