"""Names of files that are numbered ``-of-00002``, where nothing is renamed: two who save at once must not write to one.

So a number of files is chosen before the first byte, and the name of the first of them taken by a put that fails where
there is one. Files whose number says that more of them are missing are those of a save under way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeVar

from ckpt_magics.files.storage.store import Stage

__all__ = ["claimed_count", "whole_sets"]

Name = TypeVar("Name")


def claimed_count(stage: Stage, count: int, first_name: Callable[[int], str]) -> int:
    """Return a number of files, ``count`` or more, whose names nobody else writes to.

    Args:
        stage: Of the files.
        count: The least number whose names seem to be free.
        first_name: Returns the name of the first file, by how many there are.
    """
    while not stage.claim(first_name(count)):
        count += 1
    return count


def whole_sets(files: Mapping[Name, int]) -> set[Name]:
    """Return those of some files of which there are as many as each says.

    >>> sorted(whole_sets({"m-1-of-1": 1, "m-1-of-2": 2}))
    ['m-1-of-1']
    """
    found = Counter(files.values())
    return {name for name, count in files.items() if found[count] == count}
