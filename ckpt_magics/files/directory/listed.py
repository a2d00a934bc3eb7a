"""The checkpoints that a state file lists and that are there, for those who write the next list.

A list may have a hundred thousand of them: nothing here takes more than one look at each.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable
from typing import NamedTuple

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.directory.state_file import StateTooLargeError, read_state
from ckpt_magics.files.directory.state_text import CheckpointState
from ckpt_magics.files.kinds.directory import checkpoint_files, find_checkpoints, is_whole
from ckpt_magics.files.storage.files import modified_time
from ckpt_magics.files.storage.naming import INDEX_SUFFIX

__all__ = ["Listed", "StateList", "is_step_of", "read_list", "steps_of", "written"]

LONG_LIST = 100
"""From so many checkpoints on, one listing of the directory is cheaper than a look at each."""


class Listed(NamedTuple):
    """A checkpoint of a list.

    Attributes:
        path: Prefix or V1 pattern, joined to the directory.
        saved: When it was saved, in seconds since 1970, if the state file says so.
    """

    path: str
    saved: float | None


class StateList(NamedTuple):
    """What a state file says, as far as it is still true.

    Attributes:
        listed: What it lists and is there, the oldest first.
        state: What it says; nothing if there is none, or a damaged one.
        is_damaged: Whether it cannot be used. Then those that are whole in the directory are listed.
    """

    listed: list[Listed]
    state: CheckpointState
    is_damaged: bool = False


def read_list(directory: str, latest_filename: str | None = None) -> StateList:
    """Return the checkpoints that a state file lists and that are there.

    Raises:
        CheckpointError: The file cannot be read.
    """
    try:
        state = read_state(directory, latest_filename) or CheckpointState()
    except DataLossError as error:
        if isinstance(error, StateTooLargeError):
            warnings.warn(f"{error.message}; what is whole in the directory is listed anew", UserWarning, stacklevel=6)
        found = [one for one in find_checkpoints(directory) if is_whole(one.prefix)]
        return StateList([Listed(one.prefix, one.modified) for one in found], CheckpointState(), is_damaged=True)
    paths = state.all_model_checkpoint_paths
    times: list[float] = state.all_model_checkpoint_timestamps
    known = zip(paths, times if len(times) == len(paths) else [None] * len(paths), strict=True)
    is_there = _LongList(directory) if len(paths) > LONG_LIST else _is_there
    head = os.path.join(directory, "")
    listed = (Listed(path if os.path.isabs(path) else head + path, time) for path, time in known)
    return StateList([one for one in listed if is_there(one.path)], state)


def _is_there(path: str) -> bool:
    return bool(checkpoint_files(path))


class _LongList:
    """Tells whether checkpoints are there after one look at their directory.

    Args:
        directory: Where nearly all of them are.
    """

    def __init__(self, directory: str) -> None:
        self._head = os.path.join(directory, "")
        try:
            with os.scandir(directory or os.curdir) as entries:
                self._names = {entry.name: entry.is_file(follow_symlinks=False) for entry in entries}
        except OSError:
            self._names = {}

    def __call__(self, path: str) -> bool:
        name = path.removeprefix(self._head)
        index = name + INDEX_SUFFIX
        if self._names.get(index):
            return True
        # The name of another directory, or a pattern; or a link, which may lead nowhere.
        if os.path.basename(name) != name or "?" in name or index in self._names or name in self._names:
            return _is_there(path)
        return False


def written(one: Listed) -> float:
    """Return when a listed checkpoint was saved, or else written, in seconds since 1970."""
    return modified_time((checkpoint_files(one.path) or [one.path])[0]) if one.saved is None else one.saved


def is_step_of(stem: str, path: str) -> bool:
    """Tell whether a path is ``STEM-NUMBER``, V1 in several files or not, in the directory of the stem."""
    return bool(steps_of(stem, [path]))


def steps_of(stem: str, paths: Iterable[str]) -> set[str]:
    """Return those of some paths that are steps of a prefix; see :func:`is_step_of`."""
    directory, name = os.path.split(os.path.abspath(stem))
    step = re.compile(rf"{re.escape(name)}-[0-9]+(-\?{{5,}}-of-[0-9]{{5,}})?")
    head = f"{stem}-"

    def is_step(path: str) -> bool:
        number = path.removeprefix(head)
        if len(number) < len(path) and number.isascii() and number.isdigit():
            # Nearly all are spelled as the prefix is.
            return True
        base = os.path.basename(path)
        return step.fullmatch(base) is not None and os.path.dirname(os.path.abspath(path)) == directory

    return set(filter(is_step, paths))
