"""Make a directory of new files appear at once: under a temporary name beside its place, then one exchange of names.

Where the system cannot exchange two names in one step (only Linux is asked to), the old directory is moved aside first;
what fails between the two moves is undone. Without a commit everything is undone when the block ends, Ctrl-C included,
and what a killed process leaves is swept by the next save there.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.atomic import forget_names, remove_leftovers, temporary_name
from ckpt_magics.files.storage.store import NewFile, WrittenFile

__all__ = ["StagedDirectory"]


class StagedDirectory:
    """A directory that takes the place of one of the same name, or of none. A context manager, as `StagedFiles`.

    Args:
        path: Of the directory, which no link leads to; one missing level above it is created.
        durable: Sync files and directories.
        shown: Its name as it was given, if that is another one.

    Attributes:
        written: The files, final after the commit.
    """

    def __init__(self, path: str, *, durable: bool = True, shown: str = "") -> None:
        self._path = path
        self._shown = shown or path
        self._parent = os.path.dirname(path)
        self._durable = durable
        self._created_parent = False
        # Noted before they exist: an interrupt must not leave them behind.
        self._new, self._old = (os.path.join(self._parent, temporary_name()) for _ in range(2))
        self._directories: dict[str, None] = {}
        # The one that is being written: each has memory of its own, and there may be very many.
        self._open: disk.OutputFile | None = None
        self.written: list[WrittenFile] = []

    def __enter__(self) -> Self:
        self._created_parent = disk.make_directory(self._parent)
        if not self._created_parent:
            remove_leftovers(self._parent)
        return self

    def create(self, name: str, needed: int) -> disk.OutputFile:
        """Open a new file, when the one before it is finished.

        Args:
            name: Its path in the directory; the directories on the way are created.
            needed: Its bytes, for errors.
        """
        path = os.path.join(self._new, name)
        self._make(os.path.dirname(path))
        self._open = disk.create_file(path, os.path.join(self._shown, name), needed, durable=self._durable)
        return self._open

    def check_space(self, name: str, needed: int) -> None:
        """Refuse to begin where fewer bytes are free."""
        disk.check_space(name, needed)

    def finish(self, name: str, file: NewFile) -> None:
        """Write out, sync and close a file."""
        file.finish()
        self._open = None
        self.written.append(WrittenFile(os.path.join(self._shown, name), "values", file.size))

    def _make(self, directory: str) -> None:
        if directory not in self._directories:
            if directory != self._new:
                self._make(os.path.dirname(directory))
            disk.make_directory(directory)
            self._directories[directory] = None

    def commit(self) -> None:
        """Put the directory, whose files are finished, in its place."""
        self._make(self._new)
        if self._durable:
            for directory in self._directories:
                disk.sync_directory(directory)
        if not os.path.lexists(self._path):
            disk.replace(self._new, self._path)
        elif not disk.exchange(self._new, self._path):
            disk.replace(self._path, self._old)
            disk.replace(self._new, self._path)
        if self._durable:
            disk.sync_directory(self._parent)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The stack runs the last one first, and all of them even if a second Ctrl-C comes during one.
        with ExitStack() as cleanup:
            cleanup.callback(lambda: forget_names(map(os.path.basename, (self._new, self._old))))
            if self._created_parent:
                cleanup.callback(disk.remove_directory_if_empty, self._parent)
            for left in (self._new, self._old):
                cleanup.callback(disk.remove_tree_if_possible, left)
            cleanup.callback(self._put_back)
            if self._open is not None:
                cleanup.callback(self._open.abandon)

    def _put_back(self) -> None:
        """Give the old directory its name again if no new one has it."""
        if os.path.lexists(self._old) and not os.path.lexists(self._path):
            with suppress(CheckpointError):
                disk.replace(self._old, self._path)
