"""``tf.errors``: the errors and their codes, under TensorFlow's names."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "ABORTED": "graphs.programs.error_classes",
    "ALREADY_EXISTS": "graphs.programs.error_classes",
    "AbortedError": "errors",
    "AlreadyExistsError": "graphs.programs.error_classes",
    "CANCELLED": "graphs.programs.error_classes",
    "CancelledError": "errors",
    "DATA_LOSS": "graphs.programs.error_classes",
    "DEADLINE_EXCEEDED": "graphs.programs.error_classes",
    "DataLossError": "errors",
    "DeadlineExceededError": "graphs.programs.error_classes",
    "FAILED_PRECONDITION": "graphs.programs.error_classes",
    "FailedPreconditionError": "errors",
    "INTERNAL": "graphs.programs.error_classes",
    "INVALID_ARGUMENT": "graphs.programs.error_classes",
    "InternalError": "errors",
    "InvalidArgumentError": "errors",
    "NOT_FOUND": "graphs.programs.error_classes",
    "NotFoundError": "errors",
    "OK": "graphs.programs.error_classes",
    "OUT_OF_RANGE": "graphs.programs.error_classes",
    "OpError": "errors:CheckpointError",
    "OutOfRangeError": "errors",
    "PERMISSION_DENIED": "graphs.programs.error_classes",
    "PermissionDeniedError": "errors",
    "RESOURCE_EXHAUSTED": "graphs.programs.error_classes",
    "ResourceExhaustedError": "errors",
    "UNAUTHENTICATED": "graphs.programs.error_classes",
    "UNAVAILABLE": "graphs.programs.error_classes",
    "UNIMPLEMENTED": "graphs.programs.error_classes",
    "UNKNOWN": "graphs.programs.error_classes",
    "UnauthenticatedError": "graphs.programs.error_classes",
    "UnavailableError": "errors",
    "UnimplementedError": "errors",
    "UnknownError": "errors",
    "error_code_from_exception_type": "graphs.programs.error_classes",
    "exception_type_from_error_code": "graphs.programs.error_classes",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
