"""The checkpoints that a state file lists and that are there, for those who write the next list.

A list may have a hundred thousand of them: nothing here takes more than one look at each.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple, TypeVar

from ckpt_magics.errors import AbortedError, CheckpointError, DataLossError
from ckpt_magics.files.directory.state_file import StateTooLargeError, read_state, state_place
from ckpt_magics.files.directory.state_text import CheckpointState
from ckpt_magics.files.kinds.directory import checkpoint_files, find_checkpoints, is_whole
from ckpt_magics.files.storage.naming import INDEX_SUFFIX
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.store import Absent, EntryKind, Version, version_of

__all__ = ["Listed", "StateList", "is_step_of", "read_list", "replace_list", "steps_of", "written"]

Written = TypeVar("Written")

_MOST_ROUNDS = 100
"""How often a list is made anew that somebody else was quicker with."""

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


def read_list(directory: Place, latest_filename: str | None = None) -> StateList:
    """Return the checkpoints that a state file lists and that are there.

    Raises:
        CheckpointError: The file cannot be read.
    """
    try:
        state = read_state(directory, latest_filename) or CheckpointState()
    except DataLossError as error:
        if isinstance(error, StateTooLargeError):
            warnings.warn(f"{error.message}; what is whole in the directory is listed anew", UserWarning, stacklevel=6)
        found = [one for one in find_checkpoints(directory) if is_whole(one.place)]
        return StateList([Listed(one.prefix, one.modified) for one in found], CheckpointState(), is_damaged=True)
    paths = state.all_model_checkpoint_paths
    times: list[float] = state.all_model_checkpoint_timestamps
    known = zip(paths, times if len(times) == len(paths) else [None] * len(paths), strict=True)
    is_there = _Present(directory, is_long=len(paths) > LONG_LIST)
    rules, head = directory.store.rules, (directory / "").name
    listed = (Listed(path if rules.isabs(path) else head + path, time) for path, time in known)
    return StateList([one for one in listed if is_there(one.path)], state)


def replace_list(
    directory: Place, latest_filename: str | None, write: Callable[[Version | Absent | None], Written]
) -> Written:
    """Have a list read and written anew by one who nobody comes between.

    Args:
        directory: The directory, which is locked meanwhile where it can be.
        latest_filename: Name of the state file, ``checkpoint`` by default.
        write: Reads the list and writes the next one in place of the version that it is given, None for whichever is
            there. It is called again when it raises an AbortedError, and must have changed nothing then: where there is
            no lock, somebody may write a list between the look at one and the next.

    Returns:
        What ``write`` returns.

    Raises:
        AbortedError: Others were quicker again and again.
    """
    state = state_place(directory, latest_filename)

    def write_once() -> Written:
        return write(None if directory.store.is_local else version_of(state.info()))

    with directory.lock():
        for _ in range(_MOST_ROUNDS):
            with suppress(AbortedError):
                return write_once()
        return write_once()


class _Present:
    """Tells whether checkpoints are there.

    Args:
        directory: Where nearly all of them are.
        is_long: Take one look at the directory, and not at each of them.
    """

    def __init__(self, directory: Place, *, is_long: bool) -> None:
        self._directory = directory
        self._head = (directory / "").name
        self._entries: dict[str, EntryKind] = {}
        if is_long:
            with suppress(CheckpointError):
                self._entries = directory.scan()
        self._is_long = is_long

    def __call__(self, path: str) -> bool:
        name = path.removeprefix(self._head)
        index = name + INDEX_SUFFIX
        if self._entries.get(index) is EntryKind.FILE:
            return True
        # The name of another directory, or a pattern; or a link, which may lead nowhere.
        is_clear = self._is_long and self._directory.store.rules.sep not in name and "?" not in name
        if is_clear and index not in self._entries and name not in self._entries:
            return False
        return bool(checkpoint_files(self._directory.at(path)))


def written(one: Listed, directory: Place) -> float:
    """Return when a listed checkpoint was saved, or else written, in seconds since 1970."""
    place = directory.at(one.path)
    return next(iter(checkpoint_files(place)), place).modified if one.saved is None else one.saved


def is_step_of(stem: Place, path: str) -> bool:
    """Tell whether a path is ``STEM-NUMBER``, V1 in several files or not, in the directory of the stem."""
    return bool(steps_of(stem, [path]))


def steps_of(stem: Place, paths: Iterable[str]) -> set[str]:
    """Return those of some paths that are steps of a prefix; see :func:`is_step_of`."""
    directory = stem.directory.identity
    step = re.compile(rf"{re.escape(stem.stem)}-[0-9]+(-\?{{5,}}-of-[0-9]{{5,}})?")
    head = f"{stem.name}-"

    def is_step(path: str) -> bool:
        number = path.removeprefix(head)
        if len(number) < len(path) and number.isascii() and number.isdigit():
            # Nearly all are spelled as the prefix is.
            return True
        place = stem.at(path)
        return step.fullmatch(place.stem) is not None and place.directory.identity == directory

    return set(filter(is_step, paths))
