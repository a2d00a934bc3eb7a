"""Let savers in one directory take turns, across processes, without a lock file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["directory_lock"]


@contextmanager
def directory_lock(directory: str) -> Iterator[bool]:
    """Hold the directory's lock inside the block; waiting for it can be interrupted.

    The lock is ``flock`` on the directory itself: nothing to leave behind, and the system drops it when its holder
    dies. Some systems have no such lock (Windows, some network file systems); the block then runs without one, and
    what is written is still whole, for every change is one rename.

    Args:
        directory: An existing directory; the empty string is the current one.

    Yields:
        Whether the lock is held.
    """
    fd = _lock(directory or ".")
    try:
        yield fd is not None
    finally:
        if fd is not None:
            os.close(fd)


def _lock(directory: str) -> int | None:
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
    except OSError:
        os.close(fd)
        return None
    except BaseException:
        os.close(fd)
        raise
    return fd
