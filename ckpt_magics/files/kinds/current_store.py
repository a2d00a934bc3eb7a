"""The store of a checkpoint for as long as a reader is open: what is saved over it meanwhile takes its place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

from ckpt_magics.errors import CheckpointError, DataLossError, FailedPreconditionError
from ckpt_magics.files.kinds.opening import MAX_ATTEMPTS, open_remains, open_settled
from ckpt_magics.files.kinds.prefix_source import CheckpointSource
from ckpt_magics.files.storage.files import out_of_memory
from ckpt_magics.files.tensors.store import TensorStore

__all__ = ["CurrentStore"]

Result = TypeVar("Result")


class CurrentStore:
    """The store of what lies under a prefix; threads and forked processes may share it.

    Args:
        source: The checkpoint.
        mmap: Map data files in place of reading them.
        identity: The one version that will do; it is opened when it is first needed. None for what is there, which is
            opened now, and for what takes its place.
        damaged: Open what is left of an index whose first block is lost.
        hold: Keep the files open between reads. If not, what is deleted meanwhile is gone, and frees its space.

    Attributes:
        mmap: As given.
        damaged: As given.
        hold: As given.

    Raises:
        CheckpointError: The checkpoint cannot be opened.
    """

    def __init__(
        self,
        source: CheckpointSource,
        *,
        mmap: bool,
        identity: bytes | None = None,
        damaged: bool = False,
        hold: bool = True,
    ) -> None:
        self._source = source
        self.mmap = mmap
        self.damaged = damaged
        self.hold = hold
        # One item per read that is going on. Not a number under a lock, which a fork could copy as it is.
        self._reads: list[None] = []
        self._identity = identity
        self._closed = False
        self._store = None if identity is not None else self._open_now()

    @property
    def store(self) -> TensorStore:
        """The store of now, or after `close` the last one.

        Raises:
            FailedPreconditionError: Another version was saved over the one that is wanted.
            CheckpointError: It cannot be opened.
        """
        store = self._store
        return self._open() if store is None else store

    def _open(self) -> TensorStore:
        """Open what is there, if it is what is wanted."""
        self.check_open()
        store = self._open_now()
        if self._identity is not None and store.identity() != self._identity:
            store.close()
            raise self._was_replaced()
        # A store that another thread still reads stays open until that is over.
        former, self._store = self._store, store
        if former is not None and not self.hold:
            former.release()
        if self._closed:
            store.close()
        self._rest()
        return store

    def _open_now(self) -> TensorStore:
        source = self._source.here()
        try:
            return open_settled(source, mmap=self.mmap)
        except DataLossError:
            if not self.damaged:
                raise
            return open_remains(source, mmap=self.mmap)

    def _was_replaced(self) -> FailedPreconditionError:
        words = "the checkpoint was replaced meanwhile"
        hint = "Open it again: load_checkpoint(reader.prefix) reads what is there now."
        if not self.hold:
            # It is a view's.
            words, hint = f"{words}: run the cell again", "It shows what is there now."
        return FailedPreconditionError(words, file=self._source.here().prefix, hint=hint)

    @contextlib.contextmanager
    def _in_use(self) -> Iterator[None]:
        """Keep the files open; at the end of the last read they may be let go."""
        self._reads.append(None)
        try:
            yield
        finally:
            self._reads.pop()
            self._rest()

    def _rest(self) -> None:
        """Let go of the files between reads. A read that begins just now opens them again, and lets go at its end."""
        if not self.hold and not self._reads and self._store is not None:
            self._store.release()

    def read(self, read: Callable[[TensorStore], Result]) -> Result:
        """Read; if that fails because another checkpoint was saved under this prefix, open that one and try again.

        Raises:
            FailedPreconditionError: The store was closed; or another version was saved over the one that is wanted.
        """
        with self._in_use():
            for _ in range(MAX_ATTEMPTS):
                self.check_open()
                store = self.store
                try:
                    return read(store)
                except MemoryError as error:
                    raise out_of_memory(self._source.prefix, error) from error
                except CheckpointError:
                    if self._closed or not store.replaced() or not self._follow(store):
                        raise
            self.check_open()
            return read(self.store)

    def check_current(self) -> None:
        """Look whether files that were let go are still the same, before values are read.

        Some are known by heart: without this, one could be given of the former version and the next one refused.

        Raises:
            FailedPreconditionError: Another version was saved over the one that is wanted.
        """
        if not self.hold and self.store.replaced():
            self._open()

    def held(self, store: TensorStore, results: Iterator[Result]) -> Iterator[Result]:
        """Yield what an iterator reads from a store; the files stay open as long.

        Raises:
            FailedPreconditionError: Another version was saved over the one that is wanted.
        """
        with self._in_use():
            try:
                yield from results
            except MemoryError as error:
                raise out_of_memory(self._source.prefix, error) from error
            except CheckpointError as error:
                if self.hold or not store.replaced():
                    raise
                raise self._was_replaced() from error

    def _follow(self, store: TensorStore) -> bool:
        """Open what took the place of a store, unless another thread has; tells whether that could be done."""
        if self._store is not store:
            return True
        try:
            self._open()
        except FailedPreconditionError:
            raise
        except CheckpointError:
            return False
        return True

    def identity(self) -> bytes:
        """Return what tells the version that is read from any other."""
        self.check_open()
        return self.store.identity() if self._identity is None else self._identity

    def check_open(self) -> None:
        """Refuse to go on after `close`."""
        if self._closed:
            raise FailedPreconditionError("the reader was closed", file=self._source.prefix)

    def close(self) -> None:
        """Close the files. Closing twice is fine."""
        self._closed = True
        if self._store is not None:
            self._store.close()
