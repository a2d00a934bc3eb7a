"""The store of a checkpoint for as long as a reader is open: what is saved over it meanwhile takes its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ckpt_magics.checkpoint.opening import MAX_ATTEMPTS, open_settled
from ckpt_magics.checkpoint.prefix_source import CheckpointSource
from ckpt_magics.checkpoint.store import TensorStore
from ckpt_magics.errors import CheckpointError, FailedPreconditionError

__all__ = ["CurrentStore"]

Result = TypeVar("Result")


class CurrentStore:
    """The store of what lies under a prefix.

    Args:
        source: The checkpoint.
        mmap: Map data files in place of reading them.

    Attributes:
        store: That of now.

    Raises:
        CheckpointError: The checkpoint cannot be opened.
    """

    def __init__(self, source: CheckpointSource, *, mmap: bool) -> None:
        self._source = source
        self._mmap = mmap
        self._closed = False
        self.store: TensorStore = open_settled(source, mmap=mmap)

    def read(self, read: Callable[[TensorStore], Result]) -> Result:
        """Read; if that fails because another checkpoint was saved under this prefix, open that one and try again.

        Raises:
            FailedPreconditionError: The store was closed.
        """
        self.check_open()
        for _ in range(MAX_ATTEMPTS):
            try:
                return read(self.store)
            except CheckpointError:
                if not self.store.replaced():
                    raise
                try:
                    store = open_settled(self._source, mmap=self._mmap)
                except CheckpointError:
                    store = None
                if store is None:
                    raise
            self.store.close()
            self.store = store
        return read(self.store)

    def check_open(self) -> None:
        """Refuse to go on after `close`."""
        if self._closed:
            raise FailedPreconditionError("the reader was closed", file=self._source.prefix)

    def close(self) -> None:
        """Close the files. Closing twice is fine."""
        self._closed = True
        self.store.close()
