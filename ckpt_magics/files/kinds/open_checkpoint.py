"""A checkpoint as a source of tensors for as long as somebody reads it: what is saved over it takes its place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from ckpt_magics.errors import CheckpointError, DataLossError, FailedPreconditionError
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.prefix_source import FoundCheckpoint
from ckpt_magics.files.kinds.settled import open_remains, open_settled
from ckpt_magics.files.storage.system_errors import out_of_memory
from ckpt_magics.files.tensors.lost_names import LostNames
from ckpt_magics.files.tensors.source import MAX_ATTEMPTS, Array, Columns, TensorFile, TensorSpec
from ckpt_magics.files.tensors.stored_pieces import StoredPieces

__all__ = ["OpenCheckpoint"]

Result = TypeVar("Result")


class OpenCheckpoint:
    """The tensors of what lies under a prefix; threads and forked processes may share it.

    It stays usable after ``os.chdir``. A copy, and one unpickled (also elsewhere), opens the files when it is first
    asked for something; if another checkpoint was saved under the prefix meanwhile, it says so.

    Args:
        found: The checkpoint.
        mmap: Map data files in place of reading them.
        identity: The one version that will do; it is opened when it is first needed. None for what is there, which is
            opened now, and for what takes its place.
        damaged: Open what is left of an index whose first block is lost.
        hold: Keep the files open between reads. If not, what is deleted meanwhile is gone, and frees its space.

    Attributes:
        found: As given.

    Raises:
        CheckpointError: The checkpoint cannot be opened.
    """

    def __init__(
        self,
        found: FoundCheckpoint,
        *,
        mmap: bool = False,
        identity: bytes | None = None,
        damaged: bool = False,
        hold: bool = True,
    ) -> None:
        self.found = found
        self._mmap = mmap
        self._damaged = damaged
        self._hold = hold
        # One item per read that is going on. Not a number under a lock, which a fork could copy as it is.
        self._reads: list[None] = []
        self._identity = identity
        self._closed = False
        self._file = None if identity is not None else self._open_now()

    # What a source has.

    @property
    def origin(self) -> str:
        """The prefix: as it was given, or absolute if the working directory has changed since."""
        return self.found.here().prefix

    @property
    def note(self) -> str:
        """What was used in place of what was given, as a sentence; empty if they are the same."""
        return self.found.note

    @property
    def damage(self) -> tuple[CheckpointError, ...]:
        """What was found broken while listing."""
        return tuple(self._read(lambda file: file.damage))

    @property
    def lost(self) -> LostNames:
        """Which names may be missing among the listed ones."""
        return self._read(lambda file: file.lost)

    def keys(self) -> list[bytes]:
        """Return the keys of all tensors, sorted."""
        return self._read(lambda file: file.keys())

    def columns(self) -> Columns:
        """Return what is known of all tensors."""
        return self._read(lambda file: file.columns())

    def spec(self, key: bytes) -> TensorSpec:
        """Return what is known of one tensor."""
        return self._read(lambda file: file.spec(key))

    def read(self, key: bytes, region: TensorSlice | None = None, out: Array | None = None) -> Array:
        """Return a tensor or a part of it."""
        self.check_current()
        return self._read(lambda file: file.read(key, region, out))

    def read_many(self, keys: Sequence[bytes]) -> dict[bytes, Array]:
        """Return several tensors by key."""
        self.check_current()
        return self._read(lambda file: file.read_many(keys))

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over a tensor's pieces, all of the version that was there at the first."""
        self.check_current()
        file, pieces = self._read(lambda file: (file, file.pieces(key, at_most)))
        held = partial(self._held, file)
        # Where files are let go between reads, nobody but a read may open them.
        return pieces.cut(held) if isinstance(pieces, StoredPieces) and self._hold else held(pieces)

    def in_file_order(self) -> list[bytes]:
        """Return the keys of all tensors by file and place in it, or as the file lists them."""
        return self._read(lambda file: file.in_file_order())

    def missing(self, name: str) -> str:
        """Return TensorFlow's words for a name, printable, that is not there."""
        return self.file.missing(name)

    def version_token(self) -> object:
        """Return what is open now."""
        return self.file

    def check_current(self) -> None:
        """Look whether files that were let go are still the same, before values are read.

        Some are known by heart: without this, one could be given of the former version and the next one refused.

        Raises:
            FailedPreconditionError: Another version was saved over the one that is wanted.
        """
        if not self._hold and self.file.replaced():
            self._open()

    def on_demand(self) -> OpenCheckpoint:
        """Return a source of the same version whose files are open only while it reads.

        It keeps no space of deleted files, and no descriptors, however long it is kept itself. Once another checkpoint
        was saved under the prefix, it says so with a FailedPreconditionError rather than give values of two.
        """
        if not self._hold:
            return self
        return _reopened(self.found, {"damaged": self._damaged, "identity": self.identity(), "hold": False})

    def close(self) -> None:
        """Close the files. Closing twice is fine."""
        self._closed = True
        if self._file is not None:
            self._file.close()

    # What a checkpoint has besides.

    @property
    def file(self) -> TensorFile:
        """The version of now, or after `close` the last one.

        Raises:
            FailedPreconditionError: Another version was saved over the one that is wanted.
            CheckpointError: It cannot be opened.
        """
        file = self._file
        return self._open() if file is None else file

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that hold the tensors."""
        return tuple(map(self.found.path_here, self.file.file_names()))

    def has_key(self, key: bytes) -> bool:
        """Tell whether there is a record under ``key``, as TensorFlow's ``has_tensor`` does."""
        return self._read(lambda file: file.has_key(key))

    def debug_string(self) -> bytes:
        """Return one line per record, as TensorFlow's reader does."""
        return self._read(lambda file: file.debug_string())

    def identity(self) -> bytes:
        """Return what tells the version that is read from any other."""
        self.check_open()
        return self.file.identity() if self._identity is None else self._identity

    def check_open(self) -> None:
        """Refuse to go on after `close`."""
        if self._closed:
            raise FailedPreconditionError("the reader was closed", file=self.found.prefix)

    def __reduce__(self) -> tuple[Any, ...]:
        # Place and identity: whoever unpickles it reads this version or is told that it is gone.
        options = {"mmap": self._mmap, "damaged": self._damaged, "hold": self._hold}
        return _reopened, (self.found, {**options, "identity": self.identity()})

    def _open(self) -> TensorFile:
        """Open what is there, if it is what is wanted."""
        self.check_open()
        file = self._open_now()
        if self._identity is not None and file.identity() != self._identity:
            file.close()
            raise self._was_replaced()
        # What another thread still reads stays open until that is over.
        former, self._file = self._file, file
        if former is not None and not self._hold:
            former.release()
        if self._closed:
            file.close()
        self._rest()
        return file

    def _open_now(self) -> TensorFile:
        found = self.found.here()
        try:
            return open_settled(found, mmap=self._mmap)
        except DataLossError:
            if not self._damaged or not found.version:
                raise
            return open_remains(found, mmap=self._mmap)

    def _was_replaced(self) -> FailedPreconditionError:
        words = "the checkpoint was replaced meanwhile"
        hint = "Open it again: load_checkpoint(reader.prefix) reads what is there now."
        if not self._hold:
            # It is a view's.
            words, hint = f"{words}: run the cell again", "It shows what is there now."
        return FailedPreconditionError(words, file=self.origin, hint=hint)

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
        if not self._hold and not self._reads and self._file is not None:
            self._file.release()

    def _read(self, read: Callable[[TensorFile], Result]) -> Result:
        """Read; if that fails because another checkpoint was saved under this prefix, open that one and try again.

        Raises:
            FailedPreconditionError: It was closed; or another version was saved over the one that is wanted.
        """
        with self._in_use():
            for _ in range(MAX_ATTEMPTS):
                self.check_open()
                file = self.file
                try:
                    return read(file)
                except MemoryError as error:
                    raise out_of_memory(self.found.prefix, error) from error
                except CheckpointError:
                    if self._closed or not file.replaced() or not self._follow(file):
                        raise
            self.check_open()
            return read(self.file)

    def _held(self, file: TensorFile, results: Iterator[Result]) -> Iterator[Result]:
        """Yield what an iterator reads from a file; the files stay open as long.

        Raises:
            FailedPreconditionError: Another version was saved over the one that is wanted.
        """
        with self._in_use():
            try:
                yield from results
            except MemoryError as error:
                raise out_of_memory(self.found.prefix, error) from error
            except CheckpointError as error:
                if self._hold or not file.replaced():
                    raise
                raise self._was_replaced() from error

    def _follow(self, file: TensorFile) -> bool:
        """Open what took the place of a file, unless another thread has; tells whether that could be done."""
        if self._file is not file:
            return True
        try:
            self._open()
        except FailedPreconditionError:
            raise
        except CheckpointError:
            return False
        return True


def _reopened(found: FoundCheckpoint, options: dict[str, Any]) -> OpenCheckpoint:
    """Return the version that another one read, which may be gone."""
    return OpenCheckpoint(found, **options)
