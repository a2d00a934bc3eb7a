"""TensorFlow's checkpoint Saver and Reader for Jupyter, without TensorFlow.

In a notebook, ``%load_ext ckpt_magics`` brings the magics. From Python, every public name is an attribute of this
package; the module behind a name is imported when the name is first used, so that ``import ckpt_magics`` costs next
to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ckpt_magics.errors import AbortedError as AbortedError
    from ckpt_magics.errors import CheckpointError as CheckpointError
    from ckpt_magics.errors import CheckpointNotFoundError as CheckpointNotFoundError
    from ckpt_magics.errors import ChecksumError as ChecksumError
    from ckpt_magics.errors import DataLossError as DataLossError
    from ckpt_magics.errors import FailedPreconditionError as FailedPreconditionError
    from ckpt_magics.errors import InternalError as InternalError
    from ckpt_magics.errors import InvalidArgumentError as InvalidArgumentError
    from ckpt_magics.errors import NotFoundError as NotFoundError
    from ckpt_magics.errors import OutOfRangeError as OutOfRangeError
    from ckpt_magics.errors import PermissionDeniedError as PermissionDeniedError
    from ckpt_magics.errors import ResourceExhaustedError as ResourceExhaustedError
    from ckpt_magics.errors import TensorMismatchError as TensorMismatchError
    from ckpt_magics.errors import TensorNotFoundError as TensorNotFoundError
    from ckpt_magics.errors import TruncatedError as TruncatedError
    from ckpt_magics.errors import UnimplementedError as UnimplementedError

# Public name -> the module of this package that defines it. Type checkers read the imports above instead.
_HOMES = {
    "AbortedError": "errors",
    "CheckpointError": "errors",
    "CheckpointNotFoundError": "errors",
    "ChecksumError": "errors",
    "DataLossError": "errors",
    "FailedPreconditionError": "errors",
    "InternalError": "errors",
    "InvalidArgumentError": "errors",
    "NotFoundError": "errors",
    "OutOfRangeError": "errors",
    "PermissionDeniedError": "errors",
    "ResourceExhaustedError": "errors",
    "TensorMismatchError": "errors",
    "TensorNotFoundError": "errors",
    "TruncatedError": "errors",
    "UnimplementedError": "errors",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(globals().keys() | _HOMES.keys())
