"""Errors of other libraries, whose objects refuse in their own ways, as errors of this package."""

from __future__ import annotations

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, ResourceExhaustedError, visible

__all__ = ["as_ours", "first_line"]


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says; the name of its class if it says nothing."""
    return visible(str(error).strip().partition("\n")[0]) or type(error).__name__


def as_ours(error: Exception, text: str, *, tensor: str | None = None, hint: str | None = None) -> CheckpointError:
    """Return an error of another library as one of this package, to be raised ``from`` it.

    Args:
        error: What was raised, none of this package's own.
        text: What could not be done, and with which object; the first line of the original follows.
        tensor: Name of the tensor concerned, if the text does not say it.
        hint: What to do next.
    """
    if isinstance(error, MemoryError):
        message = f"{text}: there is not enough memory: {first_line(error)}"
        return ResourceExhaustedError(message, tensor=tensor, hint=hint)
    return InvalidArgumentError(f"{text}: {first_line(error)}", tensor=tensor, hint=hint)
