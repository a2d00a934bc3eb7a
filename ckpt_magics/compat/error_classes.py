"""The errors of ``tf.errors`` that nothing here raises, for the ``except`` clauses of programs that name them.

Format: tensorflow/python/framework/errors_impl.py and tsl/protobuf/error_codes.proto.
"""

from __future__ import annotations

from ckpt_magics.errors import CheckpointError

__all__ = [
    "AlreadyExistsError",
    "CancelledError",
    "DeadlineExceededError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnknownError",
]


class AlreadyExistsError(CheckpointError):
    """Something that was to be made is there already."""


class CancelledError(CheckpointError):
    """Another thread ended the operation."""


class DeadlineExceededError(CheckpointError):
    """The operation took longer than it was given."""


class UnauthenticatedError(CheckpointError):
    """Nobody knows who asks."""


class UnavailableError(CheckpointError):
    """A service does not answer for the moment."""


class UnknownError(CheckpointError):
    """An error of no other class."""
