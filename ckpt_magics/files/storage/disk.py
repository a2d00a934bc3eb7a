"""Change files and directories: the one module whose calls alter a disk, with errors of our tree.

Everything that creates, writes, renames, syncs or removes goes through the functions here, and they reach the system
only through this module's ``os``. So a test can count the calls, fail the k-th of them, or stop the world there.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache

from ckpt_magics.errors import (
    CheckpointError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    ResourceExhaustedError,
    visible,
)
from ckpt_magics.files.storage.copying import COPY_SIZE, copied_pieces
from ckpt_magics.files.storage.error_table import NO_SPACE, REFUSED, class_for_writing
from ckpt_magics.files.storage.store import ReadableFile

__all__ = [
    "OutputFile",
    "back_up",
    "check_space",
    "create_file",
    "enough_memory",
    "exchange",
    "list_names",
    "make_directories",
    "make_directory",
    "remove_directory_if_empty",
    "remove_file",
    "remove_tree_if_possible",
    "replace",
    "status_of",
    "sync_directory",
    "writing_to",
]

#: Small writes are gathered until there are this many bytes: one system call per MiB instead of one per tensor.
GATHER_SIZE = 1 << 20
#: From this size a buffer is handed to the system as it is; below it, copying is cheaper than a call.
DIRECT_SIZE = 1 << 16
#: Bytes of a durable file after which the disk is told to begin with them: by the time of the sync little is left.
WRITEBACK_SIZE = 64 << 20
#: Windows refuses to replace a file that a reader or a virus scanner has open; they let go within moments.
REPLACE_ATTEMPTS = 8

#: What a file system answers that cannot sync a directory; it is then as durable as that system allows.
_NO_DIRECTORY_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM, errno.EISDIR})
_AT_CWD, _RENAME_EXCHANGE = -100, 2
_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def _free_bytes(path: str) -> int | None:
    """Bytes that an ordinary user may still write beside ``path``, or None where the system does not say."""
    try:
        status = os.statvfs(os.path.dirname(path) or ".")
    except (AttributeError, OSError):
        return None
    # Some network file systems have no number of blocks to tell.
    return status.f_bavail * status.f_frsize if status.f_blocks else None


def _typed(error: OSError, path: str, needed: int | None, taken: int) -> CheckpointError:
    """The error of our tree for what the system said about ``path``."""
    text = f"{visible(path)}; {error.strerror or error}"
    hint = None
    if error.errno in NO_SPACE:
        free = _free_bytes(path)
        if needed is not None:
            text += f": {needed} bytes are needed for this file"
        if free is not None:
            text += f"{',' if needed is not None else ':'} {free + taken} bytes are free"
        hint = "Nothing was replaced; free some space and save again."
    elif error.errno in REFUSED:
        hint = "Save to a directory that you may write to."
    found = class_for_writing(error.errno)(text, hint=hint)
    if isinstance(found, OSError):
        found.errno = error.errno
    return found


@contextmanager
def writing_to(path: str, needed: int | None = None, taken: int = 0) -> Iterator[None]:
    """Turn what the system says inside the block into our errors.

    Args:
        path: The file or directory being changed, as the user would write it.
        needed: Bytes that the whole file takes, for the message about a full disk.
        taken: Bytes that it has taken by now and gives back when it goes.

    Raises:
        ResourceExhaustedError: The disk or the quota is full; says bytes needed and free. Or there is no memory, or too
            many files are open.
        PermissionDeniedError: No permission, or a read-only file system.
        NotFoundError: A directory on the way is missing.
        InvalidArgumentError: The name is too long, holds a NUL or cannot be encoded.
        FailedPreconditionError: A directory is where a file should be, or the like.
        CheckpointError: Anything else, such as an I/O error.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, CheckpointError):
            raise
        raise _typed(error, path, needed, taken) from error
    except UnicodeEncodeError as error:
        raise InvalidArgumentError("a path cannot hold a lone surrogate", file=path) from error
    except ValueError as error:
        if isinstance(error, CheckpointError) or "null" not in str(error):
            raise
        raise InvalidArgumentError("a path cannot hold a NUL character", file=path) from error


@contextmanager
def enough_memory(what: str) -> Iterator[None]:
    """Turn a lack of memory inside the block, or the function, into our error.

    Args:
        what: What is done there, as in "save the checkpoint".

    Raises:
        ResourceExhaustedError: There is not enough memory.
    """
    try:
        yield
    except MemoryError as error:
        raise ResourceExhaustedError(
            f"not enough memory to {what}", hint="Free some, as by deleting arrays that nobody needs."
        ) from error


def check_space(path: str, needed: int) -> None:
    """Refuse to begin with what cannot end: files of so many bytes in all, where fewer are free.

    Args:
        path: One of the files.
        needed: Their bytes.

    Raises:
        ResourceExhaustedError: There is less space, as far as the system says.
    """
    free = _free_bytes(path)
    if free is not None and free < needed:
        raise _typed(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), path, needed, 0)


class OutputFile:
    """A new file being written front to back, small writes gathered.

    Args:
        path: The name it has on disk.
        shown: The name that errors give, the one it will have in the end.
        fd: Open file descriptor, owned by this object.
        needed: Bytes that will be written in all, if known.
        durable: Sync it in the end.
    """

    def __init__(self, path: str, shown: str, fd: int, needed: int | None, *, durable: bool) -> None:
        self.path = path
        self.size = 0
        self._shown = shown
        self._needed = needed
        self._durable = durable
        self._fd = fd
        self._sent = self._unsent = 0
        # Made once: fresh memory for each MiB would cost more than copying into it.
        self._gathered: memoryview | None = None
        self._copied: memoryview | None = None
        self._count = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes; ``data`` may change as soon as this returns."""
        size = len(data)
        if size >= DIRECT_SIZE:
            self.flush()
            self._write_all(memoryview(data))
        else:
            if self._gathered is None:
                self._gathered = memoryview(bytearray(GATHER_SIZE))
            if self._count + size > GATHER_SIZE:
                self.flush()
            end = self._count + size
            self._gathered[self._count : end] = data
            self._count = end
        self.size += size

    def flush(self) -> None:
        """Hand gathered bytes to the system."""
        if self._count and self._gathered is not None:
            count, self._count = self._count, 0
            self._write_all(self._gathered[:count])

    def _write_all(self, view: memoryview) -> None:
        while view:
            with self._errors():
                # A short count is normal: a disk nearly full, a signal.
                count = os.write(self._fd, view[:WRITEBACK_SIZE])
            view = view[count:]
            self._unsent += count
            if self._durable and self._unsent >= WRITEBACK_SIZE:
                self._begin_writeback()

    def copy(self, source: ReadableFile, offset: int, size: int) -> Iterator[memoryview]:
        """Append bytes of another file, a piece at a time, and yield each as it is read back."""
        if self._copied is None:
            self._copied = memoryview(bytearray(COPY_SIZE))
        return copied_pieces(self, source, offset, size, buffer=self._copied, read_back=self._read_back)

    def _read_back(self, piece: memoryview) -> None:
        """Fill a piece with the last bytes that were written; the place where the next ones go stays the end."""
        self.flush()
        start = self.size - len(piece)
        with self._errors():
            if hasattr(os, "preadv"):
                count = os.preadv(self._fd, [piece], start)
            else:
                os.lseek(self._fd, start, os.SEEK_SET)
                data = os.read(self._fd, len(piece))
                count = len(data)
                piece[:count] = data
                os.lseek(self._fd, 0, os.SEEK_END)
            if count < len(piece):
                raise OSError(errno.EIO, "what was written cannot be read back")

    def _errors(self) -> AbstractContextManager[None]:
        return writing_to(self._shown, self._needed, self._sent + self._unsent)

    def _begin_writeback(self) -> None:
        """Have the disk work while the rest is still being copied into the page cache."""
        if hasattr(os, "posix_fadvise"):
            # Linux begins to write pages that are said to be of no more use, and keeps them until that is done. A file
            # system without advice is as good as one that does not take it.
            with suppress(OSError):
                os.posix_fadvise(self._fd, self._sent, self._unsent, os.POSIX_FADV_DONTNEED)
        self._sent += self._unsent
        self._unsent = 0

    def finish(self) -> None:
        """Write what is gathered, sync if asked to, close. More calls do nothing."""
        if self._fd < 0:
            return
        self.flush()
        with self._errors():
            if self._durable:
                os.fsync(self._fd)
            # A close that fails has closed all the same, so the number must not be used again.
            fd, self._fd = self._fd, -1
            os.close(fd)

    def abandon(self) -> None:
        """Close without caring for the contents."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            try:
                os.close(fd)
            except OSError:
                return


def create_file(path: str, shown: str, needed: int | None = None, *, durable: bool = True) -> OutputFile:
    """Create a file that is not there yet (never through a symbolic link) and open it for writing.

    Raises:
        CheckpointError: As :func:`writing_to` says.
    """
    with writing_to(shown, needed):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    return OutputFile(path, shown, fd, needed, durable=durable)


def replace(source: str, target: str) -> None:
    """Rename a file over another, in one step that a crash cannot split.

    Raises:
        FailedPreconditionError: A device, a pipe or a socket has the name, which the file would take the place of.
        CheckpointError: As :func:`writing_to` says.
    """
    _refuse_special(target)
    with writing_to(target):
        for attempt in range(REPLACE_ATTEMPTS - 1):
            try:
                os.replace(source, target)
            except PermissionError:
                if os.name != "nt":
                    raise
                time.sleep(0.01 * 2**attempt)
            else:
                return
        os.replace(source, target)


def _refuse_special(target: str) -> None:
    status = status_of(target)
    if status is not None and stat.S_IFMT(status.st_mode) not in {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}:
        raise FailedPreconditionError(
            f"{visible(target)}; Not a regular file", hint="Give a name that no device, pipe or socket has."
        )


def exchange(one: str, other: str) -> bool:
    """Let two names change their places in one step; False if the system has no such step, and nothing was done."""
    call = _renameat2()
    return call is not None and call(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _RENAME_EXCHANGE) == 0


@cache
def _renameat2() -> Callable[..., int] | None:
    """Return Linux's renameat2, which Python has no name for."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    try:
        call = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError):
        return None
    call.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    return call


def back_up(source: str, target: str, *, durable: bool = True) -> bool:
    """Give a file a second name, or a copy where the system gives no second names, such as exFAT and network drives.

    Args:
        source: The file; of a symbolic link the link is what is kept.
        target: The new name.
        durable: Sync a copy.

    Returns:
        Whether there is such a file.

    Raises:
        CheckpointError: It could not be copied; see :func:`writing_to`.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError, AttributeError):
        return _copy(source, target, durable=durable)
    except ValueError:
        # A name with a NUL; whatever is done with it next says so.
        return False
    return True


def _copy(source: str, target: str, *, durable: bool) -> bool:
    with writing_to(source):
        try:
            status = os.lstat(source)
        except FileNotFoundError:
            return False
        if stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(source), target)
        if not stat.S_ISREG(status.st_mode):
            return stat.S_ISLNK(status.st_mode)
        fd = os.open(source, os.O_RDONLY | _BINARY)
    try:
        copy = create_file(target, source, status.st_size, durable=durable)
        try:
            _copy_contents(fd, copy, source)
            copy.finish()
        finally:
            copy.abandon()
    finally:
        # Nothing was written through it.
        with suppress(OSError):
            os.close(fd)
    with suppress(OSError):
        # Come back as it was, if it does; a file system without times or permissions has none to lose.
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.chmod(target, stat.S_IMODE(status.st_mode))
    return True


def _copy_contents(fd: int, copy: OutputFile, shown: str) -> None:
    while True:
        with writing_to(shown):
            data = os.read(fd, GATHER_SIZE)
        if not data:
            return
        copy.write(data)


def status_of(path: str) -> os.stat_result | None:
    """Return what is at a path, the link itself if it is one; None if nothing is.

    Raises:
        CheckpointError: No such path can be; see :func:`writing_to`.
    """
    with writing_to(path):
        try:
            return os.lstat(path)
        except FileNotFoundError:
            return None


def remove_file(path: str) -> bool:
    """Remove one name, the link itself if it is one; False if it was not there."""
    with writing_to(path):
        try:
            os.unlink(path)
        except FileNotFoundError:
            return False
    return True


def remove_if_possible(path: str) -> None:
    """Remove one name whose stay harms nobody: if the system refuses, it stays."""
    with suppress(CheckpointError):
        remove_file(path)


def remove_tree_if_possible(path: str) -> None:
    """Remove a file, or a directory and all in it, links themselves and not what they lead to; what cannot go stays."""
    with suppress(OSError, CheckpointError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            for name in os.listdir(path):
                remove_tree_if_possible(os.path.join(path, name))
            os.rmdir(path)
        else:
            os.unlink(path)


def _topmost_missing(path: str) -> str:
    """Return the first part of a path to a directory that is not there."""
    while (above := os.path.dirname(path)) not in {"", path} and not os.path.lexists(above):
        path = above
    return path


def make_directory(path: str) -> bool:
    """Create one level of directory, as TensorFlow does before it saves; False if it was there.

    Raises:
        NotFoundError: The level above is missing too.
        CheckpointError: As :func:`writing_to` says.
    """
    if not path or os.path.isdir(path):
        return False
    with writing_to(path):
        try:
            os.mkdir(path)
        except FileExistsError:
            if not os.path.isdir(path):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
            return False
        except FileNotFoundError:
            raise NotFoundError(
                f"{visible(path)}; {os.strerror(errno.ENOENT)}: {visible(_topmost_missing(path))} is missing",
                hint="One missing directory is created; create the ones above it first.",
            ) from None
    return True


def make_directories(path: str) -> bool:
    """Create a directory and those above it, as far as they are missing; False if it was there."""
    if not path or os.path.isdir(path):
        return False
    with writing_to(path):
        os.makedirs(path, exist_ok=True)
    return True


def remove_directory_if_empty(path: str) -> None:
    """Remove a directory unless something is in it."""
    try:
        os.rmdir(path)
    except OSError:
        return


def sync_directory(path: str) -> None:
    """Make the names in a directory survive a power loss, where the system can."""
    if os.name == "nt":
        return
    with writing_to(path or "."):
        try:
            fd = os.open(path or ".", os.O_RDONLY | _BINARY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            if error.errno not in _NO_DIRECTORY_SYNC:
                raise


def list_names(path: str) -> list[str]:
    """Names in a directory; none if it cannot be listed."""
    try:
        return os.listdir(path or ".")
    except (OSError, ValueError):
        return []
