"""Finding the checkpoint that somebody means: by prefix, by any of its files, by directory.

What a path is, is found by looking at what is there. Characters that a shell would expand (``*``, ``[``) stand for
themselves, except in ``-?????-of-00002``, TensorFlow's name for a V1 checkpoint in several files.
"""

from __future__ import annotations

import codecs
import os
import re
import warnings
from dataclasses import dataclass, replace

from ckpt_magics.checkpoint import files, naming
from ckpt_magics.checkpoint.bundle_index import BundleIndex
from ckpt_magics.checkpoint.foreign import START_SIZE, recognise
from ckpt_magics.checkpoint.nearby import describe_directory, missing_hint
from ckpt_magics.checkpoint.state_text import parse_state
from ckpt_magics.checkpoint.table_file import is_table, open_table
from ckpt_magics.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    DataLossError,
    FailedPreconditionError,
    UnimplementedError,
    visible,
)

MAX_STATE_SIZE = 16 << 20
"""Bytes of a state file that are looked at; TensorFlow's hold a few hundred."""

SAVED_MODEL_NAMES = ("saved_model.pb", "saved_model.pbtxt")

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_STATE_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:#[^\n]*\n\s*)*(?:all_)?model_checkpoint_path")
_STEP = re.compile(r"-(\d+)(?:-\?+-of-\d+)?$")


@dataclass(frozen=True, slots=True)
class CheckpointSource:
    """Which checkpoint was meant.

    Attributes:
        given: The path as it was given.
        prefix: Prefix of the checkpoint; of a V1 checkpoint in several files, their pattern.
        version: Format: 1 or 2.
        kind: What ``given`` is: ``prefix``, ``index``, ``data file``, ``meta graph``, ``V1 file``, ``V1 shard``,
            ``state file``, ``directory`` or ``SavedModel``.
        note: What was used in place of what was given, as a sentence; empty if they are the same.
    """

    given: str
    prefix: str
    version: int
    kind: str
    note: str = ""

    def __str__(self) -> str:
        return self.note or self.prefix


def find_checkpoint(path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> CheckpointSource:
    """Return the checkpoint that ``path`` stands for.

    Args:
        path: A prefix, any file of a checkpoint, a state file, a directory with checkpoints (its latest is meant), or
            a SavedModel's directory. ``~`` is the home directory.

    Raises:
        CheckpointNotFoundError: There is none; the message names what is near.
        DataLossError: There is a file, and it is something else; the message names what.
        FailedPreconditionError: The path leads to a pipe or a device.
    """
    given = os.fsdecode(path)
    name = os.path.expanduser(given)
    found = _find_prefix(name)
    if found is None and files.is_directory(name):
        found = _find_in_directory(name)
    elif found is None and files.exists(name):
        found = _find_by_file(name)
    if found is not None:
        return replace(found, given=given)
    if _URL.match(given):
        raise UnimplementedError(f"{visible(given)}: only files on this machine can be read", hint="Download it first.")
    raise CheckpointNotFoundError(
        "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for "
        f"{visible(given)}{missing_hint(name)}"
    )


def version_of(prefix: str) -> int | None:
    """Return the format of the checkpoint with exactly this prefix (or V1 pattern), None if there is none."""
    found = _find_prefix(prefix)
    return found.version if found is not None and found.prefix == prefix else None


def v1_files(prefix: str) -> list[str]:
    """Return the files of a V1 checkpoint, sorted; ``prefix`` may be the pattern of several."""
    shard = naming.parse_v1_shard(prefix)
    if shard is None or shard[1] is not None or files.is_file(prefix):
        return [prefix]
    directory, base = os.path.split(shard[0])
    try:
        names = files.list_directory(directory)
    except CheckpointError:
        return []
    parsed = ((name, naming.parse_v1_shard(name)) for name in names)
    return [
        os.path.join(directory, name)
        for name, parts in parsed
        if parts is not None and parts[0] == base and parts[1] is not None and parts[2] == shard[2]
    ]


def is_whole(prefix: str) -> bool:
    """Tell whether a checkpoint can be opened and all its files are there; values are not looked at."""
    try:
        if files.is_file(naming.index_filename(prefix)):
            index = BundleIndex(prefix)
            index.close()
            shards = index.header.num_shards
            # A damaged header may claim any number.
            return all(files.is_file(naming.data_filename(prefix, shard, shards)) for shard in range(shards))
        shard = naming.parse_v1_shard(prefix)
        found = v1_files(prefix)
        return bool(found) and all(map(is_table, found)) and (shard is None or len(found) in {1, shard[2]})
    except CheckpointError:
        return False


def _find_prefix(name: str) -> CheckpointSource | None:
    """Take ``name`` for a prefix, a V1 file or pattern, or for the prefix of V1 shards."""
    if not os.path.basename(name):
        return None
    if files.is_file(naming.index_filename(name)):
        note = f"{visible(name)} is a directory too; the checkpoint of that name was used." * files.is_directory(name)
        return CheckpointSource(name, name, 2, "prefix", note)
    found = _find_v1_shard(name)
    if found is None and is_table(name):
        found = _table_source(name)
    pattern = "" if found is not None or files.exists(name) else _sharded_v1(name)
    if pattern:
        return CheckpointSource(name, pattern, 1, "prefix", f"The files of {visible(pattern)} were used.")
    return found


def _find_v1_shard(name: str) -> CheckpointSource | None:
    """Take ``name`` for one of several V1 files, or for their pattern."""
    shard = naming.parse_v1_shard(name)
    if shard is None:
        return None
    pattern = naming.v1_shard_pattern(shard[0], shard[2])
    if shard[1] is None:
        return CheckpointSource(name, pattern, 1, "prefix") if v1_files(pattern) else None
    note = f"{visible(name)} is one of several files; all of {visible(pattern)} were used."
    return CheckpointSource(name, pattern, 1, "V1 shard", note) if is_table(name) else None


def _table_source(name: str) -> CheckpointSource | None:
    """Tell a V1 file from the index of a V2 checkpoint by its first record."""
    try:
        file, table = open_table(name)
        with file:
            first = next(table.iter_from(), None)
    except CheckpointError:
        first = None
    # SavedTensorSlices begins with a message, BundleHeaderProto with a number.
    is_index = first is not None and first[0] == b"" and bytes(first[1][:1]) == b"\x08"
    if name.endswith(naming.INDEX_SUFFIX) and (is_index or first is None):
        prefix = naming.prefix_of(name)
        return CheckpointSource(name, prefix, 2, "index", f"{visible(name)} is the index of {visible(prefix)}.")
    if is_index:
        raise DataLossError(
            "this is the index of a V2 checkpoint under another name",
            file=name,
            hint=f'Rename it to PREFIX{naming.INDEX_SUFFIX}, beside its "PREFIX.data-" files, and give the prefix.',
        )
    return CheckpointSource(name, name, 1, "V1 file")


def _sharded_v1(prefix: str) -> str:
    """Return the pattern of the V1 shards of ``prefix``, the newest if there are several; empty if there are none."""
    directory, base = os.path.split(prefix)
    try:
        names = files.list_directory(directory)
    except CheckpointError:
        return ""
    parsed = ((name, naming.parse_v1_shard(name)) for name in names)
    shards = [(os.path.join(directory, name), parts[2]) for name, parts in parsed if parts and parts[0] == base]
    shards = [shard for shard in shards if is_table(shard[0])]
    if not shards:
        return ""
    newest = max(shards, key=lambda shard: files.modified_time(shard[0]))
    return naming.v1_shard_pattern(prefix, newest[1])


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
        found = _find_prefix(prefix)
        if found is not None:
            note = f"{visible(name)} is a {kind} of {visible(found.prefix)}, which was used."
            return replace(found, kind=kind, note=note)
    if base in SAVED_MODEL_NAMES:
        return _find_saved_model(os.path.dirname(name))
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
    newest = _newest_whole(directory)
    if newest is None:
        raise CheckpointNotFoundError(
            f"Couldn't find 'checkpoint' file or checkpoints in given directory {visible(directory)}"
            f"{describe_directory(directory)}"
        )
    note = f"{visible(directory)} has no state file; its newest checkpoint {visible(newest.prefix)} was used."
    return replace(newest, kind="directory", note=note)


def _find_saved_model(directory: str) -> CheckpointSource:
    found = _find_prefix(os.path.join(directory, "variables", "variables"))
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
    except CheckpointError as error:
        return _fall_back(directory, f"{visible(state_file)} cannot be read ({error.message})")
    for position, path in enumerate(paths):
        # The state file of a directory that was moved or copied names places that are gone.
        here = os.path.join(directory, re.split(r"[\\/]", path)[-1])
        for candidate in (os.path.join(directory, path), here):
            found = _find_prefix(candidate) if os.path.basename(candidate) else None
            if found is None:
                continue
            note = f"{visible(found.prefix)} is the latest that {visible(state_file)} names."
            if candidate is here and candidate != os.path.join(directory, path):
                note = (
                    f"{visible(state_file)} names {visible(path)}, which is not there; {visible(found.prefix)} of the "
                    "same name was used."
                )
            if position:
                note = (
                    f"{visible(state_file)} calls {visible(paths[0])} the latest, which is not there; "
                    f"{visible(found.prefix)}, which it lists too, was used."
                )
                warnings.warn(note, UserWarning, stacklevel=2)
            return replace(found, kind="directory", note=note)
    why = f"names {visible(paths[0])}, which is not there" if paths else "names no checkpoint"
    return _fall_back(directory, f"{visible(state_file)} {why}")


def _paths_in_state(state_file: str) -> list[str]:
    """Return the paths in a state file, the latest first, then the others from the newest on."""
    state = parse_state(files.read_start(state_file, MAX_STATE_SIZE).removeprefix(codecs.BOM_UTF8))
    latest = [state.model_checkpoint_path] if state.model_checkpoint_path else []
    return latest + [path for path in reversed(state.all_model_checkpoint_paths) if path and path not in latest]


def _fall_back(directory: str, why: str) -> CheckpointSource:
    """Use the newest checkpoint of a directory whose state file does not help, and say so."""
    newest = _newest_whole(directory)
    if newest is None:
        raise CheckpointNotFoundError(
            f"Couldn't find 'checkpoint' file or checkpoints in given directory {visible(directory)}: {why}"
            f"{describe_directory(directory)}"
        )
    note = f"{why}; the newest checkpoint in the directory, {visible(newest.prefix)}, was used."
    warnings.warn(note, UserWarning, stacklevel=2)
    return replace(newest, kind="directory", note=note)


def _newest_whole(directory: str) -> CheckpointSource | None:
    """Return the checkpoint of a directory that was written last and has all its files."""
    candidates: dict[str, str] = {}
    for name in files.list_directory(directory):
        path = os.path.join(directory, name)
        is_index = name.endswith(naming.INDEX_SUFFIX) and name != naming.INDEX_SUFFIX
        if is_index or (naming.parse_data_filename(name) is None and is_table(path)):
            candidates[naming.prefix_of(path)] = path

    def age(prefix: str) -> tuple[float, int]:
        step = _STEP.search(prefix)
        return files.modified_time(candidates[prefix]), int(step[1]) if step else -1

    for prefix in sorted(candidates, key=age, reverse=True):
        if is_whole(prefix):
            return _find_prefix(prefix)
    return None
