"""Finding the checkpoint that somebody means: by prefix, by any of its files, by directory.

What a path is, is found by looking at what is there. Characters that a shell would expand (``*``, ``[``) stand for
themselves, except in ``-?????-of-00002``, TensorFlow's name for a V1 checkpoint in several files.
"""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import replace

from ckpt_magics.errors import (
    CheckpointNotFoundError,
    DataLossError,
    FailedPreconditionError,
    visible,
)
from ckpt_magics.files.directory.latest import Latest, find_latest
from ckpt_magics.files.directory.nearby import SAVED_MODEL_NAMES, describe_directory, missing_hint
from ckpt_magics.files.directory.state_text import decode_state
from ckpt_magics.files.directory.unusable import describe_file
from ckpt_magics.files.kinds.known import find_kind, kind_of
from ckpt_magics.files.kinds.prefix_source import FoundCheckpoint, find_prefix
from ckpt_magics.files.storage import naming
from ckpt_magics.files.storage.foreign import START_SIZE, recognise
from ckpt_magics.files.storage.place import AnyPath, Place, place_of
from ckpt_magics.files.storage.remote.one_look import asked_once

_STATE_START = re.compile(r"\s*(?:#[^\n]*\n\s*)*(?:all_)?model_checkpoint_path")


def find_checkpoint(path: AnyPath) -> FoundCheckpoint:
    """Return the checkpoint that ``path`` stands for.

    Args:
        path: A prefix, any file of a checkpoint, a state file, a directory with checkpoints (its latest is meant), or
            a SavedModel's directory; in any form that :func:`place_of` takes.

    Raises:
        CheckpointNotFoundError: There is none; the message names what is near.
        DataLossError: There is a file, and it is something else; the message names what.
        FailedPreconditionError: The path leads to a pipe or a device.
        UnimplementedError: It is a URL of another machine.
    """
    place = place_of(path)
    # A URL may have secrets in it, and what was handed over is no text.
    is_text = place.store.is_local and not isinstance(path, Place) and not hasattr(path, "fs")
    given = os.fsdecode(path) if is_text else place.name
    with asked_once():
        found = _find(place)
    if found is not None:
        return replace(found, given=given)
    raise CheckpointNotFoundError(
        "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for "
        f"{visible(given) or repr(given)}{missing_hint(place)}"
    )


def _find(place: Place) -> FoundCheckpoint | None:
    if not place.store.is_local and _is_listed_directory(place):
        return _find_in_directory(place)
    found = find_prefix(place)
    if found is None and place.is_directory:
        found = _find_in_directory(place)
    elif found is None and place.exists:
        found = _find_by_file(place)
    elif found is None:
        found = _find_other_kind(place)
    return found


def _is_listed_directory(place: Place) -> bool:
    """Tell whether there is a state file and no index, which are read next: two questions in place of many."""
    index = place.at(naming.index_filename(place.name))
    return not index.is_file and (place / naming.STATE_FILENAME).is_file


def _find_by_file(place: Place) -> FoundCheckpoint | None:
    """Take a place for a file that belongs to a checkpoint, without being its index or all of it."""
    name, base = place.name, place.stem
    if not place.is_file:
        raise FailedPreconditionError(f"{visible(name)}; Not a regular file", file=name)
    data = naming.parse_data_filename(name)
    if data is not None and not place.at(naming.index_filename(data[0])).is_file:
        raise CheckpointNotFoundError(
            f"{visible(naming.index_filename(data[0]))}; No such file or directory: a data file says nothing without "
            "its index",
            file=name,
            hint="The save did not finish, or the index was not copied.",
        )
    if data is not None or base.endswith(f".{naming.META_GRAPH_SUFFIX}"):
        prefix = naming.prefix_of(name)
        kind = "meta graph" if data is None else "data file"
        found = find_prefix(place.at(prefix))
        if found is not None:
            note = f"{visible(name)} is a {kind} of {visible(found.prefix)}, which was used."
            return replace(found, kind=kind, note=note)
    if base in SAVED_MODEL_NAMES:
        return _find_saved_model(place.directory)
    found = find_prefix(place)
    if found is not None:
        # A V1 file that a save put there after it was looked for.
        return found
    start = place.read_start(START_SIZE)
    directory = place.directory
    if base == naming.STATE_FILENAME or _begins_as_state(start):
        return replace(_source_of(directory, find_latest(directory, base)), kind="state file")
    if base.endswith(naming.INDEX_SUFFIX):
        # Damaged; opening it says how.
        return FoundCheckpoint(name, place.at(naming.prefix_of(name)), 2, "index")
    known = kind_of(start)
    if known is not None:
        return FoundCheckpoint(name, place, 0, known.name)
    foreign = recognise(start, name)
    raise DataLossError(
        f"Unable to open table file {visible(name)}: DATA_LOSS: not an sstable (bad magic number): "
        f"this is {foreign.what}",
        file=name,
        hint=foreign.hint,
    )


def _begins_as_state(start: bytes) -> bool:
    try:
        # A mark of four bytes stands before characters of as many.
        return _STATE_START.match(decode_state(start[: len(start) // 4 * 4])) is not None
    except DataLossError:
        return False


def _find_in_directory(directory: Place) -> FoundCheckpoint:
    """Return the latest checkpoint of a directory, or the variables of a SavedModel."""
    latest = _find_latest_there(directory)
    if latest.has_state or latest.place is not None:
        return _source_of(directory, latest)
    if any((directory / name).is_file for name in SAVED_MODEL_NAMES):
        return _find_saved_model(directory)
    other = _find_other_kind(directory)
    if other is not None:
        return other
    raise CheckpointNotFoundError(
        f"Couldn't find 'checkpoint' file or checkpoints in given directory {visible(directory.name)}"
        f"{describe_directory(directory)}"
    )


def _find_other_kind(place: Place) -> FoundCheckpoint | None:
    """Take a name for that of several files of another kind, or of a directory of them."""
    found = find_kind(place)
    if found is None:
        return None
    kind, opened = found
    note = "" if opened == place else f"{visible(opened.name)} was used."
    return FoundCheckpoint(place.name, opened, 0, kind.name, note)


def _find_latest_there(directory: Place) -> Latest:
    """Return the latest checkpoint; if a save has let it go before it was opened, the one that is the latest then."""
    latest = find_latest(directory)
    while latest.place is not None and find_prefix(latest.place) is None:
        former, latest = latest, find_latest(directory)
        if latest.place == former.place:
            break
    return latest


def _find_saved_model(directory: Place) -> FoundCheckpoint:
    found = find_prefix(directory / "variables" / "variables")
    if found is None:
        raise CheckpointNotFoundError(
            f"the SavedModel {visible(directory.name)} has no variables",
            hint='It is a model without state, or its "variables" folder was not copied.',
        )
    return replace(
        found, kind="SavedModel", note=f"The variables of the SavedModel {visible(directory.name)} were used."
    )


def _source_of(directory: Place, latest: Latest) -> FoundCheckpoint:
    """Return what was found in a directory, with a warning where it takes the place of another."""
    found = None if latest.place is None else find_prefix(latest.place)
    if found is None:
        instead = next(filter(None, map(describe_file, latest.named)), None)
        raise CheckpointNotFoundError(
            f"Couldn't find 'checkpoint' file or checkpoints in given directory {visible(directory.name)}: "
            f"{latest.note}{f'; {instead}' if instead else describe_directory(directory)}"
        )
    if latest.is_substitute or (latest.doubt and not latest.has_state):
        warnings.warn(latest.note, UserWarning, stacklevel=2)
    return replace(found, kind="directory", note=latest.note)
