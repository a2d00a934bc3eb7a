"""Completion of a path that is typed: directories, and files that a line can take."""

from __future__ import annotations

import os

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.storage.store import EntryKind

__all__ = ["complete_path"]


def complete_path(word: str, endings: str | tuple[str, ...]) -> list[str]:
    """Return directories, and files with one of the endings, that begin with what is typed; sorted.

    Of a checkpoint, which an ending ``.index`` finds, it is the prefix. Hidden ones have to be begun with their dot.
    """
    typed_folder, slash, start = word.rpartition("/")
    base = typed_folder + slash
    folder = os.path.expanduser(base) if base else "."
    try:
        entries = place_of(folder).scan()
    except CheckpointError:
        return []
    found: list[str] = []
    for entry, kind in entries.items():
        if not entry.startswith(start) or (entry.startswith(".") and not start):
            continue
        # A link may lead to one.
        if kind is not EntryKind.FILE and (kind is EntryKind.DIRECTORY or (place_of(folder) / entry).is_directory):
            found.append(f"{entry}/")
        elif entry.endswith(endings):
            found.append(entry.removesuffix(".index"))
    return sorted(base + name for name in found)
