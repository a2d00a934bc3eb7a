"""The files of this machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import ClassVar

from ckpt_magics.errors import FailedPreconditionError, visible
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.atomic import StagedFiles
from ckpt_magics.files.storage.local_handle import LocalHandle, info_of
from ckpt_magics.files.storage.locking import CAN_LOCK, directory_lock
from ckpt_magics.files.storage.staged_directory import StagedDirectory
from ckpt_magics.files.storage.store import (
    Absent,
    EntryKind,
    FileInfo,
    PathRules,
    Range,
    ReadParts,
    Suffix,
    Version,
    check_match,
)
from ckpt_magics.files.storage.system_errors import system_errors

__all__ = ["LocalStore", "working_directory"]


def working_directory() -> str:
    """Return the directory that relative paths start from; empty if it was deleted, and they lead nowhere."""
    try:
        return os.getcwd()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class LocalStore:
    """The files of this machine; relative names start from the directory that was the current one when it was made.

    Attributes:
        base: That directory; empty if there was none any more.
    """

    base: str = field(default_factory=working_directory)

    rules: ClassVar[PathRules] = os.path
    scope: ClassVar[str] = "file"
    gap: ClassVar[int] = 4 << 10
    is_local: ClassVar[bool] = True
    can_swap: ClassVar[bool] = CAN_LOCK

    def absolute(self, name: str) -> str:
        """Return a path from the root on; ``..`` stays, for links' sake."""
        return os.path.join(self.base, name)

    def spelled(self, name: str) -> str:
        """Return a path that leads to a name from the present working directory."""
        return os.path.join(self._root_of(name), name)

    def info(self, name: str) -> FileInfo | None:
        """Return what is known of a name, None if it leads to nothing that can be looked at."""
        try:
            return info_of(os.stat(self._path(name)))
        except (OSError, ValueError):
            return None

    def entry(self, name: str) -> FileInfo | None:
        """Return what is at a name, of a link the link itself; None if nothing is."""
        status = disk.status_of(self.spelled(name))
        return None if status is None else info_of(status)

    def list(self, prefix: str) -> list[str]:
        """Return the names that stand in the directory of a prefix and begin with its last part, sorted."""
        directory, start = os.path.split(prefix)
        with system_errors(directory):
            return sorted(name for name in os.listdir(self.absolute(directory) or os.curdir) if name.startswith(start))

    def scan(self, directory: str) -> dict[str, EntryKind]:
        """Return what stands in a directory, by name."""
        with system_errors(directory), os.scandir(self.absolute(directory) or os.curdir) as entries:
            return {entry.name: _kind_of_entry(entry) for entry in entries}

    def resolve(self, name: str) -> str:
        """Return the one path from the root on that all links to the same place lead to."""
        return os.path.realpath(self.absolute(name))

    def read(self, name: str, ranges: Sequence[Range | Suffix], version: Version | None = None) -> ReadParts:
        """Return ranges of a file, neighbours read together."""
        # It needs NumPy, which those who only name places do not.
        from ckpt_magics.files.storage.stored_file import read_parts

        return read_parts(self, name, ranges, version)

    def open_read(self, name: str, version: Version | None = None) -> LocalHandle:
        """Open a regular file.

        Pipes, devices, sockets and directories are refused before they are opened: opening a pipe waits for ever, and
        reading a device may do anything.
        """
        path = self._path(name)
        with system_errors(name):
            if version is None:
                _refuse_special(name, info_of(os.stat(path)))
            handle = LocalHandle(path)
        _refuse_special(name, handle.info)
        if version is not None and handle.info.version != version:
            raise FailedPreconditionError("the file was replaced meanwhile", file=name, hint="Open it again.")
        return handle

    def lock(self, directory: str) -> AbstractContextManager[bool]:
        """Hold a directory for oneself inside the block; see `directory_lock`."""
        return directory_lock(self.spelled(directory))

    def stage(self, directory: str, *, durable: bool = True) -> StagedFiles:
        """Return where new files of a directory are made: under temporary names in it."""
        return StagedFiles(directory, durable=durable, root=self._root_of(directory))

    def stage_directory(self, directory: str, *, durable: bool = True) -> StagedDirectory:
        """Return where the files of a new directory are made: in one of a temporary name beside it."""
        return StagedDirectory(self.spelled(directory), durable=durable, shown=directory)

    def put(self, name: str, data: bytes, *, if_match: Version | Absent | None = None, durable: bool = True) -> None:
        """Write a file in one step."""
        if if_match is None:
            self._replace(name, data, durable=durable)
            return
        with self.lock(os.path.dirname(name)):
            check_match(name, self.info(name), if_match)
            self._replace(name, data, durable=durable)

    def _replace(self, name: str, data: bytes, *, durable: bool) -> None:
        with StagedFiles(os.path.dirname(name), durable=durable, root=self._root_of(name), sweep=False) as stage:
            stage.commit(stage.add(name, data), name, "")

    def sync(self, directory: str) -> None:
        """Sync a directory, where the system can."""
        disk.sync_directory(self.spelled(directory))

    def make_directory(self, name: str, *, parents: bool = False) -> bool:
        """Make a directory, and those above it if asked to; False if it was there."""
        path = self.spelled(name)
        return disk.make_directories(path) if parents else disk.make_directory(path)

    def remove_empty(self, directory: str) -> None:
        """Remove a directory unless something is in it."""
        disk.remove_directory_if_empty(self.spelled(directory))

    def remove(self, name: str) -> bool:
        """Remove a file, of a link the link itself; False if it was not there."""
        return disk.remove_file(self.spelled(name))

    def _root_of(self, name: str) -> str:
        """Return what a name is joined to that leads there now: nothing, or after ``os.chdir`` the base."""
        return "" if os.path.isabs(name) or self.base == working_directory() else self.base

    def _path(self, name: str) -> str:
        # No name stands for no file, and not for the directory that others start from.
        return os.path.join(self.base, name) if name else name


def _kind_of_entry(entry: os.DirEntry[str]) -> EntryKind:
    if entry.is_file(follow_symlinks=False):
        return EntryKind.FILE
    return EntryKind.DIRECTORY if entry.is_dir(follow_symlinks=False) else EntryKind.OTHER


def _refuse_special(name: str, info: FileInfo) -> None:
    if info.is_directory:
        raise FailedPreconditionError(f"{visible(name)}; Is a directory", file=name)
    if not info.is_file:
        raise FailedPreconditionError(f"{visible(name)}; Not a regular file", file=name)
