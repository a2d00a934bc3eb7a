"""``tf.errors``: the errors, under TensorFlow's names."""

from __future__ import annotations

from ckpt_magics.compat.namespace import lazy_names

_HOMES = {
    "AbortedError": "errors",
    "AlreadyExistsError": "compat.error_classes",
    "CancelledError": "compat.error_classes",
    "DataLossError": "errors",
    "DeadlineExceededError": "compat.error_classes",
    "FailedPreconditionError": "errors",
    "InternalError": "errors",
    "InvalidArgumentError": "errors",
    "NotFoundError": "errors",
    "OpError": "errors:CheckpointError",
    "OutOfRangeError": "errors",
    "PermissionDeniedError": "errors",
    "ResourceExhaustedError": "errors",
    "UnauthenticatedError": "compat.error_classes",
    "UnavailableError": "compat.error_classes",
    "UnimplementedError": "errors",
    "UnknownError": "compat.error_classes",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
