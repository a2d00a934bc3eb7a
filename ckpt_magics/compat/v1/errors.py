"""``tf.errors``: the errors and their codes, under TensorFlow's names."""

from __future__ import annotations

from ckpt_magics.compat.namespace import lazy_names

_HOMES = {
    "ABORTED": "compat.error_classes",
    "ALREADY_EXISTS": "compat.error_classes",
    "AbortedError": "errors",
    "AlreadyExistsError": "compat.error_classes",
    "CANCELLED": "compat.error_classes",
    "CancelledError": "compat.error_classes",
    "DATA_LOSS": "compat.error_classes",
    "DEADLINE_EXCEEDED": "compat.error_classes",
    "DataLossError": "errors",
    "DeadlineExceededError": "compat.error_classes",
    "FAILED_PRECONDITION": "compat.error_classes",
    "FailedPreconditionError": "errors",
    "INTERNAL": "compat.error_classes",
    "INVALID_ARGUMENT": "compat.error_classes",
    "InternalError": "errors",
    "InvalidArgumentError": "errors",
    "NOT_FOUND": "compat.error_classes",
    "NotFoundError": "errors",
    "OK": "compat.error_classes",
    "OUT_OF_RANGE": "compat.error_classes",
    "OpError": "errors:CheckpointError",
    "OutOfRangeError": "errors",
    "PERMISSION_DENIED": "compat.error_classes",
    "PermissionDeniedError": "errors",
    "RESOURCE_EXHAUSTED": "compat.error_classes",
    "ResourceExhaustedError": "errors",
    "UNAUTHENTICATED": "compat.error_classes",
    "UNAVAILABLE": "compat.error_classes",
    "UNIMPLEMENTED": "compat.error_classes",
    "UNKNOWN": "compat.error_classes",
    "UnauthenticatedError": "compat.error_classes",
    "UnavailableError": "compat.error_classes",
    "UnimplementedError": "errors",
    "UnknownError": "compat.error_classes",
    "error_code_from_exception_type": "compat.error_classes",
    "exception_type_from_error_code": "compat.error_classes",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
