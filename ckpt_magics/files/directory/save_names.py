"""The names that the files of a save would have, looked at before anything is written.

What is refused here would be written and then not be found again, or would be written over another checkpoint.

Format: tensorflow/python/training/saver.py (Saver.save).
"""

from __future__ import annotations

from ckpt_magics.errors import FailedPreconditionError, InvalidArgumentError, visible
from ckpt_magics.files.kinds.table_file import is_table
from ckpt_magics.files.storage.atomic import OWN_PREFIX
from ckpt_magics.files.storage.naming import (
    STATE_FILENAME,
    data_filename,
    index_filename,
    meta_graph_filename,
    parse_data_filename,
    parse_v1_shard,
    prefix_of,
    v1_shard_filename,
)
from ckpt_magics.files.storage.place import ABOVE, CURRENT, Place, is_bare
from ckpt_magics.files.tensors.save_options import SaveOptions

__all__ = ["check_place_of_state", "check_save_names", "check_state_filename"]


def check_save_names(
    prefix: Place,
    options: SaveOptions,
    *,
    in_shards: bool,
) -> None:
    """Refuse a save whose files would overwrite each other or another checkpoint's, or not be found again.

    Args:
        prefix: Of the checkpoint, with its step.
        options: How it will be saved.
        in_shards: Whether a V1 checkpoint will be in several files.

    Raises:
        InvalidArgumentError: A name cannot be. Where TensorFlow refuses it too, in its words.
        FailedPreconditionError: There is a directory in place of a file.
        CheckpointError: The system cannot have such a path, as one that is too long.
    """
    directory, base = prefix.directory, prefix.stem
    write_version, meta_graph_suffix = options.write_version, options.meta_graph_suffix
    state = options.latest_filename or STATE_FILENAME
    check_state_filename(state)
    if base == state and not (write_version == 1 and in_shards):
        raise InvalidArgumentError(
            f"'latest_filename' collides with 'save_path': '{visible(state)}' and '{visible(prefix.name)}'"
        )
    meta = meta_graph_filename(base, meta_graph_suffix)
    files = _value_files(base, write_version, in_shards=in_shards)
    if write_version == 1 and not in_shards:
        _check_v1_name(prefix)
    if meta in files or prefix.at(meta).stem != meta or parse_data_filename(meta):
        raise InvalidArgumentError(f"meta_graph_suffix {visible(meta_graph_suffix)!r} gives no name for a meta graph")
    if state in {*files, meta}:
        raise InvalidArgumentError(f"'latest_filename' is the name of a file of the checkpoint: {visible(state)!r}")
    if options.write_state:
        _check_encodable(base)
        check_place_of_state(directory / state)
    for name in (*files, meta, *([state] if options.write_state else [])):
        _check_place(directory / name)


def check_state_filename(name: object) -> None:
    """Refuse a state file that is elsewhere than beside the checkpoints, or has the name of a checkpoint's file.

    Raises:
        InvalidArgumentError: It is no such name.
    """
    if not isinstance(name, str):
        raise InvalidArgumentError(f"'latest_filename' is {name!r}; it is the name of a file, as text")
    if not is_bare(name):
        raise InvalidArgumentError("'latest_filename' must not contain path components")
    if name in {CURRENT, ABOVE} or name.startswith(OWN_PREFIX):
        raise InvalidArgumentError(f"'latest_filename' is {visible(name)!r}, which is no name for a state file")
    if prefix_of(name) != name:
        raise InvalidArgumentError(
            f"'latest_filename' is {visible(name)!r}, which is the name of a file of checkpoint "
            f"{visible(prefix_of(name))!r}"
        )


def _value_files(base: str, write_version: int, *, in_shards: bool) -> list[str]:
    """Names of the files with values; of several, one stands for all."""
    if write_version == 2:
        return [index_filename(base), data_filename(base, 0, 1)]
    return [v1_shard_filename(base, 0, 2)] if in_shards else [base]


def _check_v1_name(prefix: Place) -> None:
    """Refuse a V1 file that would be taken for a file of another checkpoint, or be replaced by one."""
    base = prefix.stem
    if prefix_of(base) != base or parse_v1_shard(base) is not None:
        raise InvalidArgumentError(
            f"{visible(prefix.name)!r} is the name of a file of checkpoint {visible(prefix_of(base))!r}",
            hint="Give a V1 checkpoint another name, or save it as V2.",
        )
    if base == STATE_FILENAME:
        raise InvalidArgumentError(f"{visible(prefix.name)!r} is the name of the directory's state file")


def _check_encodable(base: str) -> None:
    try:
        base.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(
            f"{visible(base)!r} is not UTF-8: TensorFlow could not read the state file that lists it",
            hint="Give the checkpoint another name, or leave the state file out (write_state=False).",
        ) from error


def check_place_of_state(place: Place) -> None:
    """Refuse to write a state file over a checkpoint.

    Raises:
        InvalidArgumentError: What is there is an index or a V1 file.
    """
    if is_table(place):
        raise InvalidArgumentError(f"'latest_filename' would overwrite a checkpoint: {visible(place.name)} is one")


def _check_place(place: Place) -> None:
    entry = place.entry()
    if entry is not None and entry.is_directory:
        raise FailedPreconditionError(
            f"{visible(place.name)}; Is a directory: a file of this name is to be written", hint="Give another prefix."
        )
