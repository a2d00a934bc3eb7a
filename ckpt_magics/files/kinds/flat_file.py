"""What kinds of files share whose tensors each lie in one piece: listing, regions, pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box, elements_of, shape_pieces
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.lost_names import LostNames
from ckpt_magics.files.tensors.source import Array, Columns, TensorSpec, columns_of, file_order, iter_whole, store_into
from ckpt_magics.files.tensors.spec import native
from ckpt_magics.files.tensors.stored_pieces import StoredPieces, ValueRange
from ckpt_magics.files.tensors.text_values import TEXT_KINDS, encoded

__all__ = ["FlatFile", "Member", "as_tensor", "flat_parts"]

_CHUNK = 1 << 20
"""Bytes read at a time where more would only be held."""


class Member(Protocol):
    """One tensor in a file."""

    @property
    def spec(self) -> TensorSpec:
        """What is known of it."""
        ...

    def read(self, region: TensorSlice | None) -> Array:
        """Return it, or a region of it, as a new array."""
        ...

    def parts(self, size: int) -> Iterator[Array]:
        """Yield all elements of numbers in C order, in flat arrays of at most so many bytes (one element at least)."""
        ...


@runtime_checkable
class CopyableMember(Member, Protocol):
    """One tensor whose bytes lie in a file as every other has them, without a checksum that reading compares."""

    @property
    def value_range(self) -> ValueRange:
        """Where."""
        ...


class FlatFile:
    """Open files whose tensors each lie in one piece.

    Args:
        files: The files, which are given back with this object, the one that was asked for first. The spec of a member
            has the number of its file.
        members: The tensors by key.
        identity: What tells these contents from any others.
        unread: What is listed in the files and cannot be read, by key.
        replaced: Tells whether they were swapped since they were opened; None to look at each.
        order: Keys in the order that the file itself lists; those left out, and all by default, come by their places.
    """

    version = 0

    def __init__(
        self,
        files: Sequence[StoredFile],
        members: Mapping[bytes, Member],
        identity: bytes,
        unread: Mapping[bytes, CheckpointError] | None = None,
        *,
        replaced: Callable[[], bool] | None = None,
        order: Sequence[bytes] = (),
    ) -> None:
        self._files = files
        self._members = members
        # Its digest alone is kept: it may be a header of many megabytes.
        self._identity = hashlib.sha256(identity).digest()
        self._unread = dict(unread or {})
        self._replaced = replaced
        self._listed_order = order

    @property
    def damage(self) -> Sequence[CheckpointError]:
        """What is listed in the file and cannot be read."""
        return tuple(self._unread.values())

    @property
    def lost(self) -> LostNames:
        """The names of that."""
        return LostNames(keys=frozenset(self._unread))

    def keys(self) -> list[bytes]:
        """Return the keys of all tensors, sorted."""
        return sorted(self._members)

    def columns(self) -> Columns:
        """Return what is known of all tensors."""
        return columns_of([self._members[key].spec for key in self.keys()])

    def in_file_order(self) -> list[bytes]:
        """Return the keys of all tensors as the file lists them, those that it does not list by their places."""
        listed = (key for key in self._listed_order if key in self._members)
        return list(dict.fromkeys([*listed, *file_order(self.columns())]))

    def spec(self, key: bytes) -> TensorSpec:
        """Return what is known of one tensor."""
        return self._member(key).spec

    def _member(self, key: bytes) -> Member:
        if key in self._unread:
            raise self._unread[key]
        return self._members[key]

    def has_key(self, key: bytes) -> bool:
        """Tell whether there is a tensor of that name."""
        return key in self._members

    def read(self, key: bytes, region: TensorSlice | None = None, out: Array | None = None) -> Array:
        """Return a tensor or a region of it."""
        with self._located(key):
            return store_into(self._member(key).read(region), out)

    def read_many(self, keys: Sequence[bytes]) -> dict[bytes, Array]:
        """Return several tensors by key."""
        return {key: self.read(key) for key in dict.fromkeys(keys)}

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over a tensor's pieces in C order."""
        member = self._member(key)
        spec = member.spec
        if not spec.dtype.itemsize:
            return iter_whole(spec.shape, lambda: self.read(key))
        numbers = self._numbers(key, member, at_most)
        return StoredPieces(member.value_range, numbers) if isinstance(member, CopyableMember) else numbers

    def _numbers(self, key: bytes, member: Member, at_most: int) -> Iterator[tuple[Box, Array]]:
        spec = member.spec
        most = elements_of(at_most, spec.dtype.itemsize)
        with self._located(key):
            yield from shape_pieces(spec.shape, most, spec.dtype.numpy, member.parts(most * spec.dtype.itemsize))

    def verify(self, key: bytes, advance: Callable[[int], object]) -> None:
        """Check that a tensor can be read; ``advance`` is called with the bytes of each part."""
        for _, piece in self.pieces(key, _CHUNK):
            advance(piece.nbytes)

    def slice_pieces(self, name: bytes) -> Iterator[tuple[bytes, Iterator[tuple[Box, Array]]]]:  # noqa: ARG002 - as stores
        """Yield nothing: no tensor has slices."""
        return iter(())

    def debug_string(self) -> bytes:
        """Return ``name (DT_FLOAT) [2,3]`` for each tensor, sorted by name."""
        specs = map(self.spec, self.keys())
        return b"".join(spec.key + f" ({spec.dtype.enum_name}) {format_shape(spec.shape)}\n".encode() for spec in specs)

    def missing(self, name: str) -> str:
        """Return the words for a name, printable, that is not there."""
        return f"Key {name} not found in the file"

    def file_names(self) -> list[str]:
        """Return the paths of the files."""
        return [file.name for file in self._files]

    def replaced(self) -> bool:
        """Tell whether a file was swapped since it was opened."""
        return self._replaced() if self._replaced else any(file.replaced() for file in self._files)

    def identity(self) -> bytes:
        """Return what tells this version of the files from any other."""
        return self._identity

    def release(self) -> None:
        """Close the files until something is read again."""
        for file in self._files:
            file.release()

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()

    def _located(self, key: bytes) -> _Located:
        member = self._members.get(key)
        return _Located(self._files[0 if member is None else member.spec.shard_id].name, key)


class _Located:
    """Says in errors of our tree in which file and tensor they were."""

    def __init__(self, file: str, key: bytes) -> None:
        self._file, self._key = file, key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, CheckpointError):
            error.locate(file=self._file, tensor=self._key)


def flat_parts(read: Callable[[int], Any], dtype: np.dtype[Any], elements: int, size: int) -> Iterator[Array]:
    """Yield numbers that lie one behind the other, as flat arrays.

    Args:
        read: Returns the next so many bytes.
        dtype: Of the numbers, in the file's order of bytes.
        elements: How many there are.
        size: Bytes of an array at most, one element at least.
    """
    step = max(size // dtype.itemsize, 1)
    native = dtype.newbyteorder("=")
    for start in range(0, elements, step):
        count = min(step, elements - start)
        yield np.frombuffer(read(count * dtype.itemsize), dtype).astype(native, copy=False)


def as_tensor(array: Array) -> Array:
    """Return an array that NumPy saved as a new one in C order and native byte order; text as bytes objects."""
    return encoded(array) if array.dtype.kind in TEXT_KINDS else np.array(array, native(array.dtype), order="C")
