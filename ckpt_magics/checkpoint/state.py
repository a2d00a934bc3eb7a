"""The ``checkpoint`` state file of a directory: which checkpoint is the latest, which others are kept.

Paths in it are relative to the directory or absolute, as TensorFlow's rules have it. It is a hint, not the truth: when
it is damaged, or names what is no longer there, the directory itself is looked at, with a warning. TensorFlow says that
there is no checkpoint then, and a training run starts again from nothing.

Format: tensorflow/python/checkpoint/checkpoint_management.py.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence

from ckpt_magics.checkpoint.atomic import WrittenFile, write_file
from ckpt_magics.checkpoint.directory import (
    checkpoint_files,
    has_all_files,
    iter_checkpoints,
    newest_whole_checkpoint,
)
from ckpt_magics.checkpoint.files import modified_time, open_file
from ckpt_magics.checkpoint.naming import STATE_FILENAME
from ckpt_magics.checkpoint.place import AnyPath, local_path
from ckpt_magics.checkpoint.state_text import CheckpointState, format_state, parse_state
from ckpt_magics.errors import CheckpointError, DataLossError, InvalidArgumentError, NotFoundError, visible

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
    "state_filename",
    "update_checkpoint_state",
]

MAX_STATE_SIZE = 64 << 20
"""Bytes of a state file beyond which it is not one: paths of half a million checkpoints."""


def state_filename(directory: AnyPath, latest_filename: str | None = None) -> str:
    """Return the path of a directory's state file; its name is ``checkpoint`` unless another is given."""
    return os.path.join(local_path(directory), latest_filename or STATE_FILENAME)


def read_state(directory: AnyPath, latest_filename: str | None = None) -> CheckpointState | None:
    """Return what the state file says, its paths as they stand there; None if there is no such file.

    Raises:
        DataLossError: It is damaged, or names no latest checkpoint.
        CheckpointError: It cannot be read.
    """
    path = state_filename(directory, latest_filename)
    try:
        with open_file(path) as file:
            # One byte more than the limit is enough to know.
            text = file.read_at(0, min(file.size, MAX_STATE_SIZE + 1), "state file")
        state = CheckpointState() if len(text) > MAX_STATE_SIZE else parse_state(text)
    except NotFoundError:
        return None
    except DataLossError as error:
        raise error.locate(file=path) from None
    if not state.model_checkpoint_path:
        raise DataLossError(f"Invalid checkpoint state loaded from {visible(local_path(directory))}", file=path)
    return state


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
    directory = local_path(checkpoint_dir)
    try:
        state = read_state(directory, latest_filename)
    except DataLossError as error:
        return _state_of_directory(directory, error)
    if state is None:
        return None
    return CheckpointState(
        os.path.join(directory, state.model_checkpoint_path),
        [os.path.join(directory, path) for path in state.all_model_checkpoint_paths],
        state.all_model_checkpoint_timestamps,
        state.last_preserved_timestamp,
    )


def _state_of_directory(directory: str, error: DataLossError) -> CheckpointState | None:
    """What a state file would say that has been lost."""
    newest = newest_whole_checkpoint(directory)
    if newest is None:
        if error.message.startswith("Invalid checkpoint state"):
            raise InvalidArgumentError(error.message, file=error.file) from error
        _warn(f"{error}; there is no whole checkpoint in the directory either")
        return None
    _warn(f"{error}; the newest whole checkpoint in the directory is used instead: {visible(newest)}")
    others = [found.prefix for found in iter_checkpoints(directory) if found.prefix != newest]
    return CheckpointState(newest, [*others, newest])


def latest_checkpoint(checkpoint_dir: AnyPath, latest_filename: str | None = None) -> str | None:
    """Return the prefix of the latest checkpoint in a directory, None if there is none.

    That is the one which the state file names. If it is gone or half there, it is the one of the same name in the
    directory as it stands now (a directory may have been moved), or else the newest whole one, with a warning.

    Args:
        checkpoint_dir: The directory.
        latest_filename: Name of the state file, ``checkpoint`` by default.

    Raises:
        InvalidArgumentError: As :func:`get_checkpoint_state`.
    """
    directory = local_path(checkpoint_dir)
    path = ""
    while True:
        state = get_checkpoint_state(directory, latest_filename)
        if state is None:
            return None
        if state.model_checkpoint_path == path:
            break
        path = state.model_checkpoint_path
        moved = os.path.join(directory, os.path.basename(path))
        for candidate in dict.fromkeys((path, moved)):
            if has_all_files(candidate):
                _warn_if_doubtful(candidate, state)
                return candidate
        # Another process may have saved and let this one go since the state file was read: look there once more.
    newest = newest_whole_checkpoint(directory)
    name = visible(state_filename(directory, latest_filename))
    if newest is not None:
        _warn(f"{name} names {visible(path)}, which is not whole; the newest whole one is used: {visible(newest)}")
        return newest
    if checkpoint_exists(path):
        # Damaged, and all there is: what reads it will say in what way.
        return path
    _warn(f"{name} names {visible(path)}, which is not there, and there is no other whole checkpoint beside it")
    return None


def _warn_if_doubtful(path: str, state: CheckpointState) -> None:
    """Writers put the latest path last in the list; if it is not, someone edited the file, or a bit has flipped."""
    listed = state.all_model_checkpoint_paths
    if listed and os.path.basename(listed[-1]) != os.path.basename(path):
        _warn(f"the state file names {visible(path)} as the latest but lists {visible(listed[-1])} last")


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=4)


def checkpoint_exists(checkpoint_prefix: AnyPath) -> bool:
    """Tell whether there is a checkpoint: an index, or a V1 file, or a file that a V1 pattern stands for.

    Unlike TensorFlow's, no other part of the name is a pattern.
    """
    return bool(checkpoint_files(local_path(checkpoint_prefix)))


def get_checkpoint_mtimes(checkpoint_prefixes: Sequence[AnyPath]) -> list[float]:
    """Return when each checkpoint was written, in whole seconds since 1970; those that are gone are left out."""
    files = (checkpoint_files(local_path(prefix))[:1] for prefix in checkpoint_prefixes)
    return [float(int(modified_time(name))) for found in files for name in found]


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
    directory, latest = local_path(save_dir), local_path(model_checkpoint_path)
    paths = list(map(local_path, all_model_checkpoint_paths))
    if not paths or paths[-1] != latest:
        paths.append(latest)
    if all_model_checkpoint_timestamps and len(all_model_checkpoint_timestamps) != len(paths):
        raise InvalidArgumentError(
            "Checkpoint timestamps, if provided, must match checkpoint paths "
            f"(got paths {paths} and timestamps {list(all_model_checkpoint_timestamps)})"
        )

    def spelled(path: str) -> str:
        # TensorFlow makes an absolute path under a relative directory relative twice, which leads elsewhere.
        if save_relative_paths if os.path.isabs(path) else not os.path.isabs(directory):
            return os.path.relpath(path, directory or os.curdir)
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

    Returns:
        The state file; TensorFlow's function returns nothing.

    Raises:
        InvalidArgumentError: Paths and timestamps differ in number, or a checkpoint has the state file's own name.
        CheckpointError: The disk refuses.
    """
    directory = local_path(save_dir)
    state = build_state(
        directory,
        model_checkpoint_path,
        all_model_checkpoint_paths or (),
        all_model_checkpoint_timestamps or (),
        last_preserved_timestamp,
        save_relative_paths=save_relative_paths,
    )
    path = state_filename(directory, latest_filename)
    if path == state.model_checkpoint_path:
        raise InvalidArgumentError(
            f"Save path '{visible(local_path(model_checkpoint_path))}' conflicts with path used for checkpoint state.  "
            "Please use a different save path."
        )
    try:
        return write_file(path, format_state(state).encode(), "state", durable=durable)
    except CheckpointError as error:
        raise error.locate(file=path) from None
