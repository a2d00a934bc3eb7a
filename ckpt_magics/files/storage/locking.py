"""Let savers in one directory take turns, across threads and processes, without a lock file.

The lock is ``flock`` on the directory itself: nothing to leave behind, and the system drops it when its holder dies.
It belongs to the opened directory, which a forked process shares. So the holder unlocks it and does not only close it,
and a child closes its copies at birth: it neither keeps a lock that its parent lets go, nor lets go one of its parent.
"""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager, suppress

try:
    import fcntl
except ImportError:
    CAN_LOCK = False
else:
    CAN_LOCK = True

__all__ = ["CAN_LOCK", "directory_lock"]

#: Locks that threads of this process hold or wait for, by thread and directory.
_held: dict[tuple[int, str], _DirectoryLock] = {}


def directory_lock(directory: str) -> AbstractContextManager[bool]:
    """Hold the directory's lock inside the block; waiting for it can be interrupted.

    Some systems have no such lock (Windows, some network file systems); the block then runs without one, and what is
    written is still whole, for every change is one rename. A thread that holds it may not ask for it again.

    Args:
        directory: An existing directory; the empty string is the current one.

    Returns:
        A context manager that gives whether the lock is held.
    """
    return _DirectoryLock(directory)


class _DirectoryLock:
    """One turn in a directory, to be entered once."""

    _fd = -1

    def __init__(self, directory: str) -> None:
        self._directory = directory or os.curdir
        self._key = threading.get_ident(), os.path.abspath(self._directory)

    def __enter__(self) -> bool:
        try:
            left = _held.get(self._key)
            if left is not None:
                # Ctrl-C came before it was let go, and a thread must not wait for itself.
                left.release()
            _held[self._key] = self
            return self._take()
        except BaseException:
            self.release()
            raise

    def _take(self) -> bool:
        if not CAN_LOCK:
            return False
        try:
            # The object knows it before it is locked, and so does a child.
            self._fd = os.open(self._directory, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        except OSError:
            self.release()
            return False
        return True

    def __exit__(self, *exception: object) -> None:
        self.release()

    def __del__(self) -> None:
        if self._fd >= 0:
            self.release()

    def release(self) -> None:
        """Let go of the lock, if it is held."""
        if self._fd >= 0:
            with suppress(OSError):
                fcntl.flock(self._fd, fcntl.LOCK_UN)
        self.close()
        if _held.get(self._key) is self:
            del _held[self._key]

    def close(self) -> None:
        """Close the directory without unlocking it for those who share it."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with suppress(OSError):
                os.close(fd)


def _forget_in_child() -> None:
    """The locks are the parent's; the child goes on without them."""
    for lock in _held.values():
        lock.close()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
