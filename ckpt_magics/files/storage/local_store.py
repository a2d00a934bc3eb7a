"""The files of this machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ckpt_magics.errors import AbortedError, FailedPreconditionError, visible
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.atomic import StagedFiles
from ckpt_magics.files.storage.local_handle import LocalHandle, info_of
from ckpt_magics.files.storage.locking import CAN_LOCK, directory_lock
from ckpt_magics.files.storage.store import ABSENT, Absent, FileInfo, PathRules, Range, ReadParts, Suffix, Version
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
    gap: ClassVar[int] = 4 << 10
    can_swap: ClassVar[bool] = CAN_LOCK

    def absolute(self, name: str) -> str:
        """Return a path from the root on; ``..`` stays, for links' sake."""
        return os.path.join(self.base, name)

    def spelled(self, name: str) -> str:
        """Return a path that leads to a name from the present working directory."""
        return name if self.base == working_directory() else self.absolute(name)

    def info(self, name: str) -> FileInfo | None:
        """Return what is known of a name, None if it leads to nothing that can be looked at."""
        try:
            return info_of(os.stat(self._path(name)))
        except (OSError, ValueError):
            return None

    def list(self, prefix: str) -> list[str]:
        """Return the names that stand in the directory of a prefix and begin with its last part, sorted."""
        directory, start = os.path.split(prefix)
        with system_errors(directory):
            return sorted(name for name in os.listdir(self.absolute(directory) or os.curdir) if name.startswith(start))

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

    def put(self, name: str, data: bytes, *, if_match: Version | Absent | None = None, durable: bool = True) -> None:
        """Write a file in one step."""
        if if_match is None:
            self._replace(name, data, durable=durable)
            return
        with directory_lock(os.path.dirname(self.spelled(name))):
            found = self.info(name)
            if (ABSENT if found is None else found.version) != if_match:
                raise AbortedError("the file is not the one that was to be replaced", file=name)
            self._replace(name, data, durable=durable)

    def _replace(self, name: str, data: bytes, *, durable: bool) -> None:
        path = self.spelled(name)
        with StagedFiles(os.path.dirname(path), durable=durable) as stage:
            stage.commit(stage.add(path, data), path, "")

    def remove(self, name: str) -> bool:
        """Remove a file, of a link the link itself; False if it was not there."""
        return disk.remove_file(self.spelled(name))

    def _path(self, name: str) -> str:
        # No name stands for no file, and not for the directory that others start from.
        return os.path.join(self.base, name) if name else name


def _refuse_special(name: str, info: FileInfo) -> None:
    if info.is_directory:
        raise FailedPreconditionError(f"{visible(name)}; Is a directory", file=name)
    if not info.is_file:
        raise FailedPreconditionError(f"{visible(name)}; Not a regular file", file=name)
