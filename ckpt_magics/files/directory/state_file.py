"""The ``checkpoint`` state file of a directory as a file: where it is, and what it says.

It is a hint, not the truth, and untrusted: anybody may have written it.
"""

from __future__ import annotations

from ckpt_magics.errors import CheckpointError, DataLossError, NotFoundError, visible
from ckpt_magics.files.directory.state_text import CheckpointState, parse_state
from ckpt_magics.files.storage.naming import STATE_FILENAME
from ckpt_magics.files.storage.place import AnyPath, Place, place_of

__all__ = [
    "MAX_STATE_SIZE",
    "StateTooLargeError",
    "places_of",
    "read_state",
    "read_state_text",
    "state_place",
    "stem_of",
]

MAX_STATE_SIZE = 32 << 20
"""Bytes of a state file beyond which it is not one: paths of a quarter of a million checkpoints."""

# A Windows path as this system reads it; "\r" and the like are what a path that nobody escaped has turned into.
_SEPARATED = str.maketrans({"\\": "/", **{chr(7 + at): f"/{sign}" for at, sign in enumerate("abtnvfr")}})


class StateTooLargeError(DataLossError):
    """A state file is larger than any that somebody needs."""


def state_place(directory: AnyPath, latest_filename: str | None = None) -> Place:
    """Return the place of a directory's state file; its name is ``checkpoint`` unless another is given."""
    return place_of(directory) / (latest_filename or STATE_FILENAME)


def read_state_text(directory: AnyPath, latest_filename: str | None = None) -> bytes | None:
    """Return the contents of a directory's state file; None if it has none: a directory of that name is none.

    Raises:
        StateTooLargeError: The file is too large to be one.
        CheckpointError: It cannot be read.
    """
    place = state_place(directory, latest_filename)
    try:
        with place.open() as file:
            if file.size > MAX_STATE_SIZE:
                raise StateTooLargeError(
                    f"state file of {file.size:,} bytes: more than {MAX_STATE_SIZE:,} are not read",
                    file=place.name,
                    hint="%ckpt_ls DIRECTORY --repair writes it anew from the checkpoints that are there.",
                )
            return file.read_at(0, file.size, "state file")
    except NotFoundError:
        return None
    except CheckpointError:
        if place.is_directory:
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
    name = state_place(directory, latest_filename).name
    try:
        state = parse_state(text, lenient=True)
    except DataLossError as error:
        raise error.locate(file=name) from None
    if not state.model_checkpoint_path:
        raise DataLossError(f"Invalid checkpoint state loaded from {visible(place_of(directory).name)}", file=name)
    return state


def places_of(directory: Place, path: str) -> tuple[Place, ...]:
    r"""Return where a path of a state file may lead, the likeliest first.

    That is the place it names; for a path that was written on Windows, the same with this system's separators; and the
    place of the same name beside the state file, for the directory may have been moved or copied.

    >>> list(map(str, places_of(place_of("runs"), r"C:\old\m-1")))
    ['runs/C:\\old\\m-1', 'runs/C:/old/m-1', 'runs/m-1']
    """
    names = (path, path.translate(_SEPARATED), stem_of(path))
    places = dict.fromkeys(directory / name for name in names if name)
    return tuple(place for place in places if directory.store.is_local or _is_in(place, directory))


def _is_in(place: Place, directory: Place) -> bool:
    """Tell whether a place is in a directory or below it: at a URL, what anybody wrote there leads nowhere else."""
    return place.plain.name.startswith((directory.plain / "").name)


def stem_of(path: str) -> str:
    r"""Return the last part of a path of a state file, on whichever system it was written.

    >>> stem_of("runs/m-1"), stem_of(r"C:\old\m-1")
    ('m-1', 'm-1')
    """
    return path.translate(_SEPARATED).rpartition("/")[2]
