"""The ``checkpoint`` state file of a directory: which checkpoint is the latest, which others are kept.

Paths in it are relative to the directory or absolute, as TensorFlow's rules have it. It is a hint, not the truth: when
it is damaged, or names what is no longer there, the directory itself is looked at, with a warning. TensorFlow says that
there is no checkpoint then, and a training run starts again from nothing.

Format: tensorflow/python/checkpoint/checkpoint_management.py.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from ckpt_magics.errors import CheckpointError, DataLossError, InvalidArgumentError, visible
from ckpt_magics.files.directory.latest import find_latest
from ckpt_magics.files.directory.save_names import check_place_of_state
from ckpt_magics.files.directory.state_file import MAX_STATE_SIZE, read_state, state_place
from ckpt_magics.files.directory.state_text import CheckpointState, format_state, parse_state
from ckpt_magics.files.kinds.directory import checkpoint_files, find_checkpoints
from ckpt_magics.files.storage.place import ABOVE, CURRENT, AnyPath, Place, name_of, place_of
from ckpt_magics.files.storage.store import Absent, Version, WrittenFile

__all__ = [
    "MAX_STATE_SIZE",
    "CheckpointState",
    "build_state",
    "checkpoint_exists",
    "format_state",
    "get_checkpoint_mtimes",
    "get_checkpoint_state",
    "latest_checkpoint",
    "parse_state",
    "read_state",
    "state_place",
    "update_checkpoint_state",
]


_NO_NAMES = frozenset({"", CURRENT, ABOVE})


def get_checkpoint_state(checkpoint_dir: AnyPath, latest_filename: str | None = None) -> CheckpointState | None:
    """Return a directory's state with every path joined to the directory; None if it has no state file.

    A damaged state file is replaced by what lies in the directory, with a warning.

    Args:
        checkpoint_dir: The directory.
        latest_filename: Name of the state file, ``checkpoint`` by default.

    Raises:
        InvalidArgumentError: The state names no latest checkpoint and the directory holds none either.
        CheckpointError: The file cannot be read.
    """
    directory = place_of(checkpoint_dir)
    try:
        state = read_state(directory, latest_filename)
    except DataLossError as error:
        return _state_of_directory(directory, error)
    if state is None:
        return None
    return CheckpointState(
        (directory / state.model_checkpoint_path).name,
        [(directory / path).name for path in state.all_model_checkpoint_paths],
        state.all_model_checkpoint_timestamps,
        state.last_preserved_timestamp,
    )


def _state_of_directory(directory: Place, error: DataLossError) -> CheckpointState | None:
    """What a state file would say that has been lost."""
    latest = find_latest(directory, directory.at(error.file or "").stem)
    if latest.prefix is None:
        _refuse_empty(error)
        _warn(latest.note)
        return None
    _warn(latest.note)
    others = [found.prefix for found in find_checkpoints(directory) if found.prefix != latest.prefix]
    return CheckpointState(latest.prefix, [*others, latest.prefix])


def _refuse_empty(error: CheckpointError | None) -> None:
    if error is not None and error.message.startswith("Invalid checkpoint state"):
        raise InvalidArgumentError(error.message, file=error.file) from error


def latest_checkpoint(checkpoint_dir: AnyPath, latest_filename: str | None = None) -> str | None:
    """Return the prefix of the latest checkpoint in a directory, None if there is none.

    That is the one which the state file names; here or under the same name beside the state file, for a directory may
    have been moved. If it is gone or half there, it is the newest whole one, of the same prefix if there is one, with a
    warning. Without a state file it is the newest whole one: the highest step of a prefix.

    Where checkpoints are let go while others read, the one that is returned may be gone by the time that it is loaded;
    ``load_checkpoint(directory)`` then takes the one that is the latest by then.

    Args:
        checkpoint_dir: The directory.
        latest_filename: Name of the state file, ``checkpoint`` by default. If there is none of another name, there is
            no latest checkpoint.

    Raises:
        InvalidArgumentError: As :func:`get_checkpoint_state`.
    """
    latest = find_latest(place_of(checkpoint_dir), latest_filename)
    if latest.prefix is None:
        _refuse_empty(latest.error)
    if latest.is_substitute or latest.doubt:
        warnings.warn(latest.doubt or latest.note, UserWarning, stacklevel=2)
    return latest.prefix


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=4)


def checkpoint_exists(checkpoint_prefix: AnyPath) -> bool:
    """Tell whether there is a checkpoint: an index, or a V1 file, or a file that a V1 pattern stands for.

    Unlike TensorFlow's, no other part of the name is a pattern.
    """
    return bool(checkpoint_files(place_of(checkpoint_prefix)))


def get_checkpoint_mtimes(checkpoint_prefixes: Sequence[AnyPath]) -> list[float]:
    """Return when each checkpoint was written, in whole seconds since 1970; those that are gone are left out."""
    files = (checkpoint_files(place_of(prefix))[:1] for prefix in checkpoint_prefixes)
    return [float(int(one.modified)) for found in files for one in found]


def build_state(
    save_dir: AnyPath,
    model_checkpoint_path: AnyPath,
    all_model_checkpoint_paths: Sequence[AnyPath] = (),
    all_model_checkpoint_timestamps: Sequence[float] = (),
    last_preserved_timestamp: float | None = None,
    *,
    save_relative_paths: bool = False,
) -> CheckpointState:
    """Return the state to be written to ``save_dir``, its paths spelled by TensorFlow's rules.

    Raises:
        InvalidArgumentError: There are timestamps, and not as many as paths.
    """
    directory, latest = place_of(save_dir), name_of(model_checkpoint_path)
    paths = list(map(name_of, all_model_checkpoint_paths))
    if not paths or paths[-1] != latest:
        paths.append(latest)
    if all_model_checkpoint_timestamps and len(all_model_checkpoint_timestamps) != len(paths):
        raise InvalidArgumentError(
            "Checkpoint timestamps, if provided, must match checkpoint paths "
            f"(got paths {paths} and timestamps {list(all_model_checkpoint_timestamps)})"
        )

    rules, head = directory.store.rules, (directory / "").name
    # A copy of a bucket leads to itself.
    save_relative_paths = save_relative_paths or not directory.store.is_local
    is_below_root = rules.isabs(directory.name)
    is_relative = save_relative_paths or not is_below_root

    def spelled(path: str) -> str:
        # Of a hundred thousand paths nearly all lie right in the directory.
        inside = path.removeprefix(head)
        if is_relative and len(inside) + len(head) == len(path) and rules.sep not in inside and inside not in _NO_NAMES:
            return inside
        # TensorFlow makes an absolute path under a relative directory relative twice, which leads elsewhere.
        if save_relative_paths if rules.isabs(path) else not is_below_root:
            return rules.relpath(path, directory.name or CURRENT)
        return path

    return CheckpointState(
        spelled(latest),
        [spelled(path) for path in paths],
        list(all_model_checkpoint_timestamps),
        last_preserved_timestamp or 0.0,
    )


def update_checkpoint_state(  # noqa: PLR0917  # TensorFlow's signature
    save_dir: AnyPath,
    model_checkpoint_path: AnyPath,
    all_model_checkpoint_paths: Sequence[AnyPath] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
    *,
    save_relative_paths: bool = False,
    durable: bool = True,
    if_match: Version | Absent | None = None,
) -> WrittenFile:
    """Write the state file of a directory, in one step.

    Args:
        save_dir: The directory.
        model_checkpoint_path: The latest checkpoint.
        all_model_checkpoint_paths: Those that are kept, oldest first; the latest is appended if it is not the last.
        latest_filename: Name of the state file, ``checkpoint`` by default.
        all_model_checkpoint_timestamps: Seconds since 1970 for each of the paths.
        last_preserved_timestamp: Seconds since 1970 of the last one that is kept for ever.
        save_relative_paths: Write absolute paths relative to the directory, so that it can be moved.
        durable: Sync.
        if_match: The version of the state file that is to be replaced; None for whatever is there.

    Returns:
        The state file; TensorFlow's function returns nothing.

    Raises:
        InvalidArgumentError: Paths and timestamps differ in number, or a checkpoint has the state file's own name.
        AbortedError: Another version of the state file is there.
        CheckpointError: The disk refuses.
    """
    directory = place_of(save_dir)
    state = build_state(
        directory,
        model_checkpoint_path,
        all_model_checkpoint_paths or (),
        all_model_checkpoint_timestamps or (),
        last_preserved_timestamp,
        save_relative_paths=save_relative_paths,
    )
    place = state_place(directory, latest_filename)
    if place.name == state.model_checkpoint_path:
        raise InvalidArgumentError(
            f"Save path '{visible(place_of(model_checkpoint_path).name)}' conflicts with path used for checkpoint "
            "state.  Please use a different save path."
        )
    check_place_of_state(place)
    data = format_state(state).encode()
    try:
        place.put(data, if_match=if_match, durable=durable)
    except CheckpointError as error:
        raise error.locate(file=place.name) from None
    return WrittenFile(place.name, "state", len(data))
