"""The codes of ``tf.errors``, and those of its errors that nothing here raises but programs name in ``except``.

Format: tensorflow/python/framework/errors_impl.py and tsl/protobuf/error_codes.proto.
"""

from __future__ import annotations

from ckpt_magics import errors
from ckpt_magics.errors import CheckpointError

__all__ = [
    "AlreadyExistsError",
    "DeadlineExceededError",
    "UnauthenticatedError",
    "error_code_from_exception_type",
    "exception_type_from_error_code",
]


OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED = range(8)
RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL = range(8, 14)
UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED = range(14, 17)


class AlreadyExistsError(CheckpointError):
    """Something that was to be made is there already."""

    error_code = ALREADY_EXISTS


class DeadlineExceededError(CheckpointError):
    """The operation took longer than it was given."""

    error_code = DEADLINE_EXCEEDED


class UnauthenticatedError(CheckpointError):
    """Nobody knows who asks."""

    error_code = UNAUTHENTICATED


def exception_type_from_error_code(error_code: int) -> type[CheckpointError]:
    """Return the class of the errors that have a code.

    Raises:
        KeyError: The code is none of an error.
    """
    return _KINDS[error_code]


def error_code_from_exception_type(cls: type[CheckpointError]) -> int:
    """Return the code of the errors of a class."""
    return cls.error_code


_KINDS: dict[int, type[CheckpointError]] = {
    kind.error_code: kind
    for kind in (
        errors.CancelledError, errors.UnknownError, errors.InvalidArgumentError, DeadlineExceededError,
        errors.NotFoundError, AlreadyExistsError, errors.PermissionDeniedError, errors.ResourceExhaustedError,
        errors.FailedPreconditionError, errors.AbortedError, errors.OutOfRangeError, errors.UnimplementedError,
        errors.InternalError, errors.UnavailableError, errors.DataLossError, UnauthenticatedError,
    )
}  # fmt: skip
