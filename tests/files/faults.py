"""Stores that fail: every call that changes a disk, or files in memory, and the k-th can be made to go wrong."""

import errno
import os
import pickle
from contextlib import contextmanager, suppress

import pytest

from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.memory_store import MemoryStore

CHANGING = {"open", "write", "fsync", "close", "replace", "link", "unlink", "mkdir", "rmdir"}


class Killed(BaseException):
    """The process is gone: nothing after the k-th call reaches the disk."""


class FaultyOs:
    """Stands in for the ``os`` module of :mod:`ckpt_magics.files.storage.disk`.

    Args:
        at: Number of the call that goes wrong, from 0; None for none.
        fault: An errno, an exception class to raise before the call, or :class:`Killed`.
        after: Let the call happen first, then raise.
        cut: Let a write that fails store half of its bytes.
        only: Names of the calls that count.
        links: Whether the file system has hard links; exFAT and network drives have none.
    """

    def __init__(self, at=None, fault=errno.EIO, *, after=False, cut=False, only=CHANGING, links=True):
        self.at, self.fault, self.after, self.cut, self.only, self.links = at, fault, after, cut, only, links
        self.calls = []
        self.dead = False

    def __getattr__(self, name):
        real = getattr(os, name)
        if name not in CHANGING:
            return real
        if name == "fsync":
            # Nobody pulls the plug here, and real ones take most of the time.
            real = os.fstat

        def call(*args, **kwargs):
            if self.dead:
                raise Killed
            if name == "link" and not self.links:
                raise OSError(errno.EPERM, os.strerror(errno.EPERM))
            if name not in self.only:
                return real(*args, **kwargs)
            self.calls.append(name)
            if len(self.calls) - 1 != self.at:
                return real(*args, **kwargs)
            if self.cut and name == "write":
                real(args[0], args[1][: len(args[1]) // 2])
            if self.after or name == "close":
                with suppress(OSError):
                    real(*args, **kwargs)
            self.dead = self.fault is Killed
            if isinstance(self.fault, int):
                raise OSError(self.fault, os.strerror(self.fault))
            raise self.fault

        return call


@contextmanager
def faulty_disk(*args, **kwargs):
    """Put a :class:`FaultyOs` under everything that writes."""
    fake = FaultyOs(*args, **kwargs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "os", fake)
        yield fake


class FaultyStore(MemoryStore):
    """Files in memory; the call that is to go wrong is chosen by `arm`."""

    def __init__(self):
        super().__init__()
        self.arm(None)

    def arm(self, at, fault=None, *, after=False):
        """Begin to count the calls that change something, and let one go wrong.

        Args:
            at: Its number, from 0; None for none.
            fault: What is raised; after :class:`Killed` nothing reaches the store.
            after: Let the call happen first: as of a store whose answer is lost.
        """
        self._at, self._fault, self._after = at, fault, after
        self.calls, self._dead = [], False

    def put(self, name, data, **options):
        self._change("put", name, super().put, name, data, **options)

    def remove(self, name):
        return self._change("remove", name, super().remove, name)

    def _change(self, what, name, call, *args, **options):
        if self._dead:
            raise Killed
        self.calls.append((what, name))
        if len(self.calls) - 1 != self._at:
            return call(*args, **options)
        if self._after:
            call(*args, **options)
        self._dead = self._fault is Killed
        raise self._fault("as the test wants it")

    def copy(self):
        """Return another store with the same files, nothing of which goes wrong."""
        other = pickle.loads(pickle.dumps(self))
        other.arm(None)
        return other
