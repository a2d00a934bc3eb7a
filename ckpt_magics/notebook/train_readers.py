"""The functions of ``tf.train`` that read checkpoints and their state, with TensorFlow's arguments and messages.

Format: tensorflow/python/training/py_checkpoint_reader.py, checkpoint_utils.py and checkpoint_management.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ckpt_magics.errors import CheckpointError, CheckpointNotFoundError, DataLossError, visible
from ckpt_magics.files.directory import retention, state
from ckpt_magics.files.directory.state import build_state, checkpoint_exists
from ckpt_magics.files.directory.state import update_checkpoint_state as update_state
from ckpt_magics.files.directory.state_text import CheckpointState
from ckpt_magics.files.storage.naming import META_GRAPH_SUFFIX
from ckpt_magics.files.storage.place import AnyPath, name_of, place_of, spelled_as
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.graph_files import write_message
from ckpt_magics.graphs.session import Session
from ckpt_magics.notebook import listing, reader
from ckpt_magics.proto.messages import GraphDef


def new_checkpoint_reader(filepattern: str | bytes) -> reader.CheckpointReader:
    """Open a checkpoint by its prefix, or the pattern of a V1 checkpoint; nothing else is looked for.

    Raises:
        CheckpointNotFoundError: There is none.
        DataLossError: It is another file, or damaged so that no tensor can be found.
        TypeError: The prefix is neither str nor bytes.
    """
    if not isinstance(filepattern, (str, bytes)):
        raise TypeError(f"Expected binary or unicode string, got {filepattern!r}")
    path = name_of(filepattern)
    if not checkpoint_exists(path):
        message = f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {visible(path)}"
        raise CheckpointNotFoundError(message, hint=_what_is_there(path))
    found = reader.load_checkpoint(path)
    if place_of(found.prefix).identity == place_of(path).identity:
        return found
    found.close()
    # TensorFlow takes what is no prefix for a file of version 1.
    raise DataLossError(
        f"Unable to open table file {visible(path)}: Data loss: not an sstable (bad magic number): perhaps your file "
        "is in a different file format and you need to use a different restore operator?",
        hint=_prefix_hint(found),
    )


def _what_is_there(path: str) -> str | None:
    """What else the path may have meant, as a sentence."""
    try:
        with reader.load_checkpoint(path) as found:
            return _prefix_hint(found)
    except CheckpointError as error:
        return error.hint


def _prefix_hint(found: reader.CheckpointReader) -> str:
    return f"The prefix of the checkpoint there is {visible(found.prefix)}."


class EmptyDirectoryError(CheckpointNotFoundError, ValueError):
    """There is no checkpoint in a directory, which TensorFlow says with a ValueError."""


@contextmanager
def _directories_as_values(path: reader.CheckpointPath) -> Iterator[None]:
    try:
        yield
    except CheckpointNotFoundError as error:
        if not place_of(path).is_directory:
            raise
        raise EmptyDirectoryError(error.message, file=error.file, hint=error.hint) from error


def load_checkpoint(ckpt_dir_or_file: reader.CheckpointPath) -> reader.CheckpointReader:
    """Open a checkpoint by its prefix, any of its files, or the directory whose latest one is meant.

    Raises:
        EmptyDirectoryError: The directory has none.
        CheckpointNotFoundError: There is none of that prefix.
    """
    with _directories_as_values(ckpt_dir_or_file):
        return reader.load_checkpoint(ckpt_dir_or_file)


def load_variable(ckpt_dir_or_file: reader.CheckpointPath, name: str) -> reader.TensorValue:
    """Return the value of one variable of a checkpoint; for the errors see `load_checkpoint`."""
    with _directories_as_values(ckpt_dir_or_file):
        return listing.load_variable(ckpt_dir_or_file, name)


def list_variables(ckpt_dir_or_file: reader.CheckpointPath) -> list[tuple[str, list[int]]]:
    """Return (name, shape) of every variable of a checkpoint, sorted; for the errors see `load_checkpoint`."""
    with _directories_as_values(ckpt_dir_or_file):
        return listing.list_variables(ckpt_dir_or_file)


def latest_checkpoint(checkpoint_dir: AnyPath, latest_filename: str | None = None) -> str | None:
    """Return the prefix of the latest checkpoint of a directory that has a state file; None if it has none."""
    if not state.state_place(checkpoint_dir, latest_filename).is_file:
        return None
    found = state.latest_checkpoint(checkpoint_dir, latest_filename)
    return None if found is None else spelled_as(checkpoint_dir, found)


def remove_checkpoint(
    checkpoint_prefix: AnyPath, checkpoint_format_version: int = 2, meta_graph_suffix: str = META_GRAPH_SUFFIX
) -> None:
    """Delete the files of one checkpoint; missing ones are fine."""
    retention.remove_checkpoint(checkpoint_prefix, checkpoint_format_version, meta_graph_suffix)


def generate_checkpoint_state_proto(
    save_dir: AnyPath,
    model_checkpoint_path: AnyPath,
    all_model_checkpoint_paths: Sequence[AnyPath] | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> CheckpointState:
    """Return what the state file of ``save_dir`` would say; see `update_checkpoint_state`."""
    return build_state(
        save_dir,
        model_checkpoint_path,
        all_model_checkpoint_paths or (),
        all_model_checkpoint_timestamps or (),
        last_preserved_timestamp,
    )


def update_checkpoint_state(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    save_dir: AnyPath,
    model_checkpoint_path: AnyPath,
    all_model_checkpoint_paths: Sequence[AnyPath] | None = None,
    latest_filename: str | None = None,
    all_model_checkpoint_timestamps: Sequence[float] | None = None,
    last_preserved_timestamp: float | None = None,
) -> None:
    """Write the state file of a directory: the latest checkpoint, and those that are kept, oldest first."""
    update_state(
        save_dir,
        model_checkpoint_path,
        all_model_checkpoint_paths,
        latest_filename,
        all_model_checkpoint_timestamps,
        last_preserved_timestamp,
    )


def global_step(sess: Session, global_step_tensor: Any) -> int:  # noqa: ANN401 -- a tensor or variable
    """Return the value of the global step in a session."""
    return int(sess.run(global_step_tensor))


def write_graph(graph_or_graph_def: Graph | GraphDef, logdir: AnyPath, name: str, as_text: bool = True) -> str:
    """Write a graph to a file, as text by default; missing directories are made.

    Returns:
        The path of the file.
    """
    graph_def = graph_or_graph_def.as_graph_def() if isinstance(graph_or_graph_def, Graph) else graph_or_graph_def
    path = place_of(logdir) / name
    write_message(graph_def, path, as_text=as_text)
    return spelled_as(logdir, path.name)
