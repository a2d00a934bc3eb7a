"""Make several new files appear together: temporary names, sync, rename; all or nothing until the last rename.

A save runs in these steps, and a crash between any two leaves the old version or the new one::

    create, write, finish    each file whole and synced under a temporary name
    publish                  renamed to names that no reader looks at yet
    commit                   one rename decides: from here on readers find the new version
    afterwards               what only the old version needed is removed

Without a commit, everything is undone when the block ends, Ctrl-C included. What a killed process leaves is swept by
the next save: the temporary names tell whose they are.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Self
from zlib import crc32

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.processes import is_running
from ckpt_magics.files.storage.store import NewFile, WrittenFile

__all__ = [
    "OWN_PREFIX",
    "StagedFiles",
    "forget_names",
    "is_journal_name",
    "is_temporary_name",
    "journal_name",
    "remove_leftovers",
    "temporary_name",
    "writer_is_gone",
]

OWN_PREFIX = ".ckpt_magics-"
"""What the names of files begin with that only a save needs."""

_OF_A_SAVE = re.compile(
    rf"{re.escape(OWN_PREFIX)}([0-9a-f]{{8}})-([0-9a-f]{{8}})-([0-9]{{1,20}})-[0-9a-f]{{12}}\.(tmp|journal)"
)

#: Temporary names in use in this process; a name with our process id that is not here was left by a process before us.
_live: set[str] = set()
_live_lock = threading.Lock()


@cache
def _machine() -> str:
    """Eight hex digits for where process ids mean the same processes: this host, this process namespace."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except (OSError, AttributeError):
        namespace = ""
    return f"{crc32(f'{socket.gethostname()} {namespace}'.encode()):08x}"


@cache
def _boot() -> str:
    """Eight hex digits that change when the machine starts anew; zeros where it does not say."""
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:
            return f"{crc32(file.read(64)):08x}"
    except OSError:
        return "0" * 8


def temporary_name() -> str:
    """Return a new file name that says which process made it.

    It does not hold the final name: 255 bytes is all that file systems give, and a prefix may use most of them.
    """
    return _new_name("tmp")


def journal_name() -> str:
    """Return a new name for an entry of the journal, which says in the same way which process made it."""
    return _new_name("journal")


def _new_name(ending: str) -> str:
    name = f"{OWN_PREFIX}{_machine()}-{_boot()}-{os.getpid()}-{os.urandom(6).hex()}.{ending}"
    with _live_lock:
        _live.add(name)
    return name


def is_temporary_name(name: str) -> bool:
    """Tell whether a file name is one of ours for a save under way."""
    found = _OF_A_SAVE.fullmatch(name)
    return found is not None and found[4] == "tmp"


def is_journal_name(name: str) -> bool:
    """Tell whether a file name is one of ours for an entry of the journal."""
    found = _OF_A_SAVE.fullmatch(name)
    return found is not None and found[4] == "journal"


def writer_is_gone(name: str) -> bool:
    """Tell whether the process that made a temporary or journal name certainly no longer needs it."""
    found = _OF_A_SAVE.fullmatch(name)
    if found is None or found[1] != _machine():
        return False
    if found[2] != _boot():
        return True
    process = int(found[3])
    if process == os.getpid():
        with _live_lock:
            return name not in _live
    return not is_running(process)


def forget_names(names: Iterable[str]) -> None:
    """Let the next save sweep what could not be removed."""
    with _live_lock:
        _live.difference_update(names)


def remove_leftovers(directory: str) -> list[str]:
    """Remove the temporary files and directories of saves that were killed; only names of ours whose process is gone.

    Returns:
        The names removed.
    """
    removed = []
    for name in disk.list_names(directory):
        if name.startswith(OWN_PREFIX) and is_temporary_name(name) and writer_is_gone(name):
            path = os.path.join(directory, name)
            disk.remove_tree_if_possible(path)
            if not os.path.lexists(path):
                removed.append(name)
    return removed


@dataclass(slots=True)
class _Move:
    """A rename done before the commit, and how to take it back."""

    source: str
    target: str
    backup: str | None
    adopted: bool


class StagedFiles:
    """Files of one directory that appear together. A context manager; leaving it without a commit undoes all.

    Args:
        directory: Where the files will be; one missing level is created. The empty string is the current one.
        durable: Sync files and directory, so that a power loss too leaves the old version or the new.
        root: Directory that this and all names start from; empty for the current one.
        sweep: Remove what killed saves left in the directory.

    Attributes:
        durable: Whether files and directory are synced.
        written: What was renamed into place so far.

    Raises:
        CheckpointError: Any method; its class says what the disk refused, see :func:`disk.writing_to`.
    """

    renames = True

    def __init__(self, directory: str, *, durable: bool = True, root: str = "", sweep: bool = True) -> None:
        self._root = root
        self._directory = self._path(directory)
        self._sweep = sweep
        self.durable = durable
        self._files: list[disk.OutputFile] = []
        self._temporary: list[str] = []
        self._moves: list[_Move] = []
        self._created_directory = False
        self._commit_source: str | None = None
        self.written: list[WrittenFile] = []

    def __enter__(self) -> Self:
        self._created_directory = disk.make_directory(self._directory)
        if self._sweep and not self._created_directory:
            remove_leftovers(self._directory)
        return self

    def check_space(self, name: str, needed: int) -> None:
        """Refuse to begin where fewer bytes are free."""
        disk.check_space(self._path(name), needed)

    def _path(self, name: str) -> str:
        return os.path.join(self._root, name) if self._root else name

    def create(self, name: str, needed: int | None = None, *, decides: bool = False) -> disk.OutputFile:  # noqa: ARG002 - see below
        """Open a new file under a temporary name.

        Args:
            name: The name it will have, for errors.
            needed: Its size in bytes if known, for errors.
            decides: Makes no difference: nobody looks at temporary names.
        """
        # Noted before it exists: an interrupt between the two calls must not leave it behind.
        temporary = os.path.join(self._directory, temporary_name())
        self._temporary.append(temporary)
        file = disk.create_file(temporary, name, needed, durable=self.durable)
        self._files.append(file)
        return file

    def claim(self, name: str) -> bool:  # noqa: ARG002 - names are given under the directory's lock
        """Tell that a name can be had."""
        return True

    def add(self, name: str, contents: bytes) -> disk.OutputFile:
        """Stage a file whose contents are at hand."""
        file = self.create(name, len(contents))
        file.write(contents)
        file.finish()
        return file

    def publish(self, file: NewFile, name: str, role: str) -> None:
        """Rename a file into place ahead of the commit. What it replaces comes back if there is no commit."""
        source, path = self._finished(file), self._path(name)
        backup = os.path.join(self._directory, temporary_name())
        self._temporary.append(backup)
        kept = disk.back_up(path, backup, durable=self.durable)
        self._moves.append(_Move(source, path, backup if kept else None, adopted=False))
        disk.replace(source, path)
        self.written.append(WrittenFile(name, role, file.size))

    def _finished(self, file: NewFile) -> str:
        """End a file, and return the path that it has on disk."""
        file.finish()
        assert isinstance(file, disk.OutputFile)  # noqa: S101 - it is one that was made here
        return file.path

    def adopt(self, source: str, name: str) -> None:
        """Rename a file that somebody wrote before into place ahead of the commit; it goes back without one."""
        source, path = self._path(source), self._path(name)
        self._moves.append(_Move(source, path, None, adopted=True))
        disk.replace(source, path)

    def commit(self, file: NewFile, name: str, role: str) -> None:
        """Rename the file that makes the new version visible. From here on nothing is undone."""
        source, path = self._finished(file), self._path(name)
        if self.durable and self._moves:
            disk.sync_directory(self._directory)
        self._commit_source = source
        disk.replace(source, path)
        self.written.append(WrittenFile(name, role, file.size))
        if self.durable:
            disk.sync_directory(self._directory)
            if self._created_directory:
                disk.sync_directory(os.path.dirname(self._directory))

    @property
    def is_committed(self) -> bool:
        """Whether the rename of the commit has happened, by the look of the disk."""
        # An interrupt may arrive between the system call and the next line of Python, so no flag can tell.
        return self._commit_source is not None and not os.path.lexists(self._commit_source)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        committed = self.is_committed
        # The stack runs the last one first, and all of them even if a second Ctrl-C comes during one.
        with ExitStack() as cleanup:
            cleanup.callback(lambda: forget_names(map(os.path.basename, self._temporary)))
            if self._created_directory and not committed:
                cleanup.callback(disk.remove_directory_if_empty, self._directory)
            # What the commit needed has other names by then.
            renamed = {self._commit_source, *(move.source for move in self._moves)} if committed else set()
            for temporary in [path for path in self._temporary if path not in renamed]:
                # What stays is recognised and removed by the next save.
                cleanup.callback(disk.remove_if_possible, temporary)
            if not committed:
                for move in self._moves:
                    cleanup.callback(_undo, move)
            for file in self._files:
                cleanup.callback(file.abandon)


def _undo(move: _Move) -> None:
    """Take back one rename, if it happened."""
    if os.path.lexists(move.source):
        return
    try:
        if move.adopted:
            disk.replace(move.target, move.source)
        elif move.backup is not None:
            disk.replace(move.backup, move.target)
        else:
            disk.remove_file(move.target)
    except CheckpointError:
        # The error that brought us here is the one to report; an extra file without an index harms no reader.
        return
