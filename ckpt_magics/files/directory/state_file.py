"""The ``checkpoint`` state file of a directory as a file: where it is, and what it says.

It is a hint, not the truth, and untrusted: anybody may have written it.
"""

from __future__ import annotations

import os

from ckpt_magics.errors import CheckpointError, DataLossError, NotFoundError, visible
from ckpt_magics.files.directory.state_text import CheckpointState, parse_state
from ckpt_magics.files.storage.files import is_directory, open_file
from ckpt_magics.files.storage.naming import STATE_FILENAME
from ckpt_magics.files.storage.place import AnyPath, local_path

__all__ = ["MAX_STATE_SIZE", "StateTooLargeError", "places_of", "read_state", "read_state_text", "state_filename"]

MAX_STATE_SIZE = 32 << 20
"""Bytes of a state file beyond which it is not one: paths of a quarter of a million checkpoints."""

# A Windows path as this system reads it; "\r" and the like are what a path that nobody escaped has turned into.
_SEPARATED = str.maketrans({"\\": "/", **{chr(7 + at): f"/{sign}" for at, sign in enumerate("abtnvfr")}})


class StateTooLargeError(DataLossError):
    """A state file is larger than any that somebody needs."""


def state_filename(directory: AnyPath, latest_filename: str | None = None) -> str:
    """Return the path of a directory's state file; its name is ``checkpoint`` unless another is given."""
    return os.path.join(local_path(directory), latest_filename or STATE_FILENAME)


def read_state_text(directory: AnyPath, latest_filename: str | None = None) -> bytes | None:
    """Return the contents of a directory's state file; None if it has none: a directory of that name is none.

    Raises:
        StateTooLargeError: The file is too large to be one.
        CheckpointError: It cannot be read.
    """
    path = state_filename(directory, latest_filename)
    try:
        with open_file(path) as file:
            if file.size > MAX_STATE_SIZE:
                raise StateTooLargeError(
                    f"state file of {file.size:,} bytes: more than {MAX_STATE_SIZE:,} are not read",
                    file=path,
                    hint="%ckpt_ls DIRECTORY --repair writes it anew from the checkpoints that are there.",
                )
            return file.read_at(0, file.size, "state file")
    except NotFoundError:
        return None
    except CheckpointError:
        if is_directory(path):
            return None
        raise


def read_state(directory: AnyPath, latest_filename: str | None = None) -> CheckpointState | None:
    """Return what the state file says, its paths as they stand there; None if there is no such file.

    Raises:
        DataLossError: It is damaged, too large, or names no latest checkpoint.
        CheckpointError: It cannot be read.
    """
    text = read_state_text(directory, latest_filename)
    if text is None:
        return None
    path = state_filename(directory, latest_filename)
    try:
        state = parse_state(text, lenient=True)
    except DataLossError as error:
        raise error.locate(file=path) from None
    if not state.model_checkpoint_path:
        raise DataLossError(f"Invalid checkpoint state loaded from {visible(local_path(directory))}", file=path)
    return state


def places_of(directory: str, path: str) -> tuple[str, ...]:
    r"""Return where a path of a state file may lead, the likeliest first.

    That is the place it names; for a path that was written on Windows, the same with this system's separators; and the
    place of the same name beside the state file, for the directory may have been moved or copied.

    >>> places_of("runs", "m-1"), places_of("runs", r"C:\old\m-1")
    (('runs/m-1',), ('runs/C:\\old\\m-1', 'runs/C:/old/m-1', 'runs/m-1'))
    """
    spelled = path.translate(_SEPARATED)
    names = (path, spelled, spelled.rpartition("/")[2])
    return tuple(dict.fromkeys(os.path.join(directory, name) for name in names if name))
