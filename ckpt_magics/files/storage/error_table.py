"""Which error of our tree each error number of the system becomes: one table for reading and for writing.

Source: tensorflow/core/platform/errors (``IOError`` maps errno to a status the same way).
"""

from __future__ import annotations

import errno

from ckpt_magics.errors import (
    CheckpointError,
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
)

__all__ = ["NO_SPACE", "REFUSED", "class_for", "class_for_writing"]

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The disk, the quota or the largest size of a file is reached."""

REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
"""Somebody else may, or nobody."""

_CLASSES: dict[int | None, type[CheckpointError]] = {
    **dict.fromkeys(NO_SPACE, ResourceExhaustedError),
    **dict.fromkeys(REFUSED, PermissionDeniedError),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE, errno.ENOMEM), ResourceExhaustedError),
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR), NotFoundError),
    **dict.fromkeys((errno.ENAMETOOLONG, errno.ELOOP), InvalidArgumentError),
    **dict.fromkeys((errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST, errno.EBUSY, errno.ETXTBSY), FailedPreconditionError),
    errno.EIO: DataLossError,
}

_WHEN_WRITING: dict[int | None, type[CheckpointError]] = {
    # A file in the way of a directory is in the way of a save; who reads only finds nothing there.
    errno.ENOTDIR: FailedPreconditionError,
    # Nothing that was saved is lost: the old version is still there.
    errno.EIO: CheckpointError,
}


def class_for(number: int | None) -> type[CheckpointError]:
    """Return the class of the error for what the system said while something was read.

    >>> class_for(errno.ENOENT).__name__, class_for(None).__name__
    ('NotFoundError', 'CheckpointError')
    """
    return _CLASSES.get(number, CheckpointError)


def class_for_writing(number: int | None) -> type[CheckpointError]:
    """Return the class of the error for what the system said while something was changed."""
    return _WHEN_WRITING.get(number) or class_for(number)
