"""What the system says while something is read, as errors of our tree.

Worded as TensorFlow words it: ``PATH; No such file or directory``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, ResourceExhaustedError, visible
from ckpt_magics.files.storage.error_table import class_for

__all__ = ["out_of_memory", "system_errors"]


@contextmanager
def system_errors(name: str) -> Iterator[None]:
    """Turn what the operating system says about file ``name`` into our errors.

    Raises:
        CheckpointError: Of the class that fits the system's error number.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, CheckpointError):
            raise
        kind = class_for(error.errno)
        raise kind(f"{visible(name)}; {error.strerror or error}", file=name) from error
    except MemoryError as error:
        raise out_of_memory(name, error) from error
    except ValueError as error:
        if isinstance(error, CheckpointError):
            raise
        # A NUL in a path, and nothing else, is a ValueError of the os module.
        raise InvalidArgumentError(f"{visible(name)}; Invalid argument: {error}", file=name) from error


def out_of_memory(name: str, error: MemoryError) -> ResourceExhaustedError:
    """Return the error of our tree for a lack of memory while file ``name`` was read."""
    size = f": {error}" if str(error) else ""
    return ResourceExhaustedError(
        f"{visible(name)}; there is not enough memory to read it{size}",
        file=name,
        hint="Free some, or take parts: reader.get_slice(name, region), or reader.pieces(name) one by one.",
    )
