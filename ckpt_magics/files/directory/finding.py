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
from ckpt_magics.files.storage import files, naming
from ckpt_magics.files.storage.foreign import START_SIZE, recognise
from ckpt_magics.files.storage.place import AnyPath, local_path

_STATE_START = re.compile(r"\s*(?:#[^\n]*\n\s*)*(?:all_)?model_checkpoint_path")


def find_checkpoint(path: AnyPath) -> FoundCheckpoint:
    """Return the checkpoint that ``path`` stands for.

    Args:
        path: A prefix, any file of a checkpoint, a state file, a directory with checkpoints (its latest is meant), or
            a SavedModel's directory; in any form that :func:`local_path` takes.

    Raises:
        CheckpointNotFoundError: There is none; the message names what is near.
        DataLossError: There is a file, and it is something else; the message names what.
        FailedPreconditionError: The path leads to a pipe or a device.
        UnimplementedError: It is a URL of another machine.
    """
    given = os.fsdecode(path)
    name = local_path(path)
    found = find_prefix(name)
    if found is None and files.is_directory(name):
        found = _find_in_directory(name)
    elif found is None and files.exists(name):
        found = _find_by_file(name)
    elif found is None:
        found = _find_other_kind(name)
    if found is not None:
        return replace(found, given=given)
    raise CheckpointNotFoundError(
        "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for "
        f"{visible(given) or repr(given)}{missing_hint(name)}"
    )


def _find_by_file(name: str) -> FoundCheckpoint | None:
    """Take ``name`` for a file that belongs to a checkpoint, without being its index or all of it."""
    if not files.is_file(name):
        raise FailedPreconditionError(f"{visible(name)}; Not a regular file", file=name)
    base = os.path.basename(name)
    data = naming.parse_data_filename(name)
    if data is not None and not files.is_file(naming.index_filename(data[0])):
        raise CheckpointNotFoundError(
            f"{visible(naming.index_filename(data[0]))}; No such file or directory: a data file says nothing without "
            "its index",
            file=name,
            hint="The save did not finish, or the index was not copied.",
        )
    if data is not None or base.endswith(f".{naming.META_GRAPH_SUFFIX}"):
        prefix = naming.prefix_of(name)
        kind = "meta graph" if data is None else "data file"
        found = find_prefix(prefix)
        if found is not None:
            note = f"{visible(name)} is a {kind} of {visible(found.prefix)}, which was used."
            return replace(found, kind=kind, note=note)
    if base in SAVED_MODEL_NAMES:
        return _find_saved_model(os.path.dirname(name))
    found = find_prefix(name)
    if found is not None:
        # A V1 file that a save put there after it was looked for.
        return found
    start = files.read_start(name, START_SIZE)
    directory = os.path.dirname(name)
    if base == naming.STATE_FILENAME or _begins_as_state(start):
        return replace(_source_of(directory, find_latest(directory, base)), kind="state file")
    if base.endswith(naming.INDEX_SUFFIX):
        # Damaged; opening it says how.
        return FoundCheckpoint(name, naming.prefix_of(name), 2, "index")
    known = kind_of(start)
    if known is not None:
        return FoundCheckpoint(name, name, 0, known.name)
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


def _find_in_directory(directory: str) -> FoundCheckpoint:
    """Return the latest checkpoint of a directory, or the variables of a SavedModel."""
    latest = _find_latest_there(directory)
    if latest.has_state or latest.prefix is not None:
        return _source_of(directory, latest)
    if any(files.is_file(os.path.join(directory, name)) for name in SAVED_MODEL_NAMES):
        return _find_saved_model(directory)
    other = _find_other_kind(directory)
    if other is not None:
        return other
    raise CheckpointNotFoundError(
        f"Couldn't find 'checkpoint' file or checkpoints in given directory {visible(directory)}"
        f"{describe_directory(directory)}"
    )


def _find_other_kind(name: str) -> FoundCheckpoint | None:
    """Take a name for that of several files of another kind, or of a directory of them."""
    found = find_kind(name)
    if found is None:
        return None
    kind, path = found
    note = "" if path == name else f"{visible(path)} was used."
    return FoundCheckpoint(name, path, 0, kind.name, note)


def _find_latest_there(directory: str) -> Latest:
    """Return the latest checkpoint; if a save has let it go before it was opened, the one that is the latest then."""
    latest = find_latest(directory)
    while latest.prefix is not None and find_prefix(latest.prefix) is None:
        former, latest = latest, find_latest(directory)
        if latest.prefix == former.prefix:
            break
    return latest


def _find_saved_model(directory: str) -> FoundCheckpoint:
    found = find_prefix(os.path.join(directory, "variables", "variables"))
    if found is None:
        raise CheckpointNotFoundError(
            f"the SavedModel {visible(directory)} has no variables",
            hint='It is a model without state, or its "variables" folder was not copied.',
        )
    return replace(found, kind="SavedModel", note=f"The variables of the SavedModel {visible(directory)} were used.")


def _source_of(directory: str, latest: Latest) -> FoundCheckpoint:
    """Return what was found in a directory, with a warning where it takes the place of another."""
    found = None if latest.prefix is None else find_prefix(latest.prefix)
    if found is None:
        instead = next(filter(None, map(describe_file, latest.named)), None)
        raise CheckpointNotFoundError(
            f"Couldn't find 'checkpoint' file or checkpoints in given directory {visible(directory)}: {latest.note}"
            f"{f'; {instead}' if instead else describe_directory(directory)}"
        )
    if latest.is_substitute or (latest.doubt and not latest.has_state):
        warnings.warn(latest.note, UserWarning, stacklevel=2)
    return replace(found, kind="directory", note=latest.note)
