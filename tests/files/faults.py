"""A disk that fails: every system call that changes it goes through here, and the k-th can be made to go wrong."""

import errno
import os
from contextlib import contextmanager, suppress

import pytest

from ckpt_magics.files.storage import disk

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
