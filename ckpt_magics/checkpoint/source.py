"""Finding the checkpoint that somebody means: by prefix, by any of its files, by directory.

What a path is, is found by looking at what is there. Characters that a shell would expand (``*``, ``[``) stand for
themselves, except in ``-?????-of-00002``, TensorFlow's name for a V1 checkpoint in several files.
"""

from __future__ import annotations

import codecs
import os
import re
import warnings
from collections.abc import Iterable
from dataclasses import replace

from ckpt_magics.checkpoint import files, naming
from ckpt_magics.checkpoint.directory import newest_whole_checkpoint
from ckpt_magics.checkpoint.foreign import START_SIZE, recognise
from ckpt_magics.checkpoint.nearby import SAVED_MODEL_NAMES, describe_directory, missing_hint
from ckpt_magics.checkpoint.place import AnyPath, local_path
from ckpt_magics.checkpoint.prefix_source import CheckpointSource, find_prefix
from ckpt_magics.checkpoint.state_text import parse_state
from ckpt_magics.checkpoint.unusable import describe_file
from ckpt_magics.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    DataLossError,
    FailedPreconditionError,
    visible,
)

MAX_STATE_SIZE = 16 << 20
"""Bytes of a state file that are looked at; TensorFlow's hold a few hundred."""

_STATE_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:#[^\n]*\n\s*)*(?:all_)?model_checkpoint_path")


def find_checkpoint(path: AnyPath) -> CheckpointSource:
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
    if found is not None:
        return replace(found, given=given)
    raise CheckpointNotFoundError(
        "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for "
        f"{visible(given) or repr(given)}{missing_hint(name)}"
    )


def _find_by_file(name: str) -> CheckpointSource | None:
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
    if base == naming.STATE_FILENAME or _STATE_START.match(start):
        return replace(_find_in_state(os.path.dirname(name), base), kind="state file")
    if base.endswith(naming.INDEX_SUFFIX):
        # Damaged; opening it says how.
        return CheckpointSource(name, naming.prefix_of(name), 2, "index")
    foreign = recognise(start)
    raise DataLossError(
        f"Unable to open table file {visible(name)}: DATA_LOSS: not an sstable (bad magic number): "
        f"this is {foreign.what}",
        file=name,
        hint=foreign.hint,
    )


def _find_in_directory(directory: str) -> CheckpointSource:
    """Return the latest checkpoint of a directory, or the variables of a SavedModel."""
    if any(files.is_file(os.path.join(directory, name)) for name in SAVED_MODEL_NAMES):
        return _find_saved_model(directory)
    if files.is_file(os.path.join(directory, naming.STATE_FILENAME)):
        return _find_in_state(directory, naming.STATE_FILENAME)
    newest = _find_newest(directory)
    if newest is None:
        raise CheckpointNotFoundError(
            f"Couldn't find 'checkpoint' file or checkpoints in given directory {visible(directory)}"
            f"{describe_directory(directory)}"
        )
    note = f"{visible(directory)} has no state file; its newest checkpoint {visible(newest.prefix)} was used."
    return replace(newest, kind="directory", note=note)


def _find_saved_model(directory: str) -> CheckpointSource:
    found = find_prefix(os.path.join(directory, "variables", "variables"))
    if found is None:
        raise CheckpointNotFoundError(
            f"the SavedModel {visible(directory)} has no variables",
            hint='It is a model without state, or its "variables" folder was not copied.',
        )
    return replace(found, kind="SavedModel", note=f"The variables of the SavedModel {visible(directory)} were used.")


def _find_in_state(directory: str, filename: str) -> CheckpointSource:
    """Return the checkpoint that a state file calls the latest, or what is nearest to it."""
    state_file = os.path.join(directory, filename)
    try:
        paths = _paths_in_state(state_file)
        latest = _find_listed(directory, paths[0]) if paths else None
        while paths and latest is None:
            # Another process may have saved and let this one go since the state file was read: look there once more.
            former, paths = paths, _paths_in_state(state_file)
            if paths[:1] == former[:1]:
                break
            latest = _find_listed(directory, paths[0]) if paths else None
    except CheckpointError as error:
        return _fall_back(directory, f"{visible(state_file)} cannot be read ({error.message})")
    for path in paths:
        found = latest if path == paths[0] else _find_listed(directory, path)
        if found is None:
            continue
        if path == paths[0]:
            moved = "" if found.note else f"{visible(found.prefix)} is the latest that {visible(state_file)} names."
            return replace(found, kind="directory", note=moved or f"{visible(state_file)} {found.note}")
        note = (
            f"{visible(state_file)} calls {visible(paths[0])} the latest, which is not there; "
            f"{visible(found.prefix)}, which it lists too, was used."
        )
        warnings.warn(note, UserWarning, stacklevel=2)
        return replace(found, kind="directory", note=note)
    why = f"names {visible(paths[0])}, which is no checkpoint or not there" if paths else "names no checkpoint"
    return _fall_back(directory, f"{visible(state_file)} {why}", _places(directory, paths[0]) if paths else ())


def _find_listed(directory: str, path: str) -> CheckpointSource | None:
    """Return the checkpoint that a state file lists as ``path``, or else the one of the same name beside it.

    The state file of a directory that was moved or copied names places that are gone.
    """
    listed, here = _places(directory, path)
    found = find_prefix(listed)
    if found is not None or here == listed:
        return found and replace(found, note="")
    found = find_prefix(here)
    note = f"names {visible(path)}, which is not there; {visible(here)} of the same name was used."
    return found and replace(found, note=note)


def _places(directory: str, path: str) -> tuple[str, str]:
    """Where a path of a state file leads, and the place of the same name beside the state file."""
    return os.path.join(directory, path), os.path.join(directory, re.split(r"[\\/]", path)[-1])


def _paths_in_state(state_file: str) -> list[str]:
    """Return the paths in a state file, the latest first, then the others from the newest on."""
    state = parse_state(files.read_start(state_file, MAX_STATE_SIZE).removeprefix(codecs.BOM_UTF8))
    latest = [state.model_checkpoint_path] if state.model_checkpoint_path else []
    return latest + [path for path in reversed(state.all_model_checkpoint_paths) if path and path not in latest]


def _fall_back(directory: str, why: str, listed: Iterable[str] = ()) -> CheckpointSource:
    """Use the newest checkpoint of a directory whose state file does not help, and say so.

    Raises:
        CheckpointNotFoundError: There is none; what lies at the ``listed`` places instead is told.
    """
    newest = _find_newest(directory)
    if newest is None:
        instead = next(filter(None, map(describe_file, listed)), None)
        raise CheckpointNotFoundError(
            f"Couldn't find 'checkpoint' file or checkpoints in given directory {visible(directory)}: {why}"
            f"{f'; {instead}' if instead else describe_directory(directory)}"
        )
    note = f"{why}; the newest checkpoint in the directory, {visible(newest.prefix)}, was used."
    warnings.warn(note, UserWarning, stacklevel=2)
    return replace(newest, kind="directory", note=note)


def _find_newest(directory: str) -> CheckpointSource | None:
    """Return the checkpoint of a directory that was written last and has all its files."""
    prefix = newest_whole_checkpoint(directory)
    return None if prefix is None else find_prefix(prefix)
