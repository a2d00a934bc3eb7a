"""References to values, as a store that the zarr library reads: small texts, and ranges of files of our stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from zarr.abc.store import ByteRequest, OffsetByteRequest, RangeByteRequest, Store
from zarr.core.buffer import Buffer, BufferPrototype

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.store import Range, Version

__all__ = ["ReferenceStore", "ReferredFile"]

Reference = str | list[Any]
"""A text, or name, start and bytes of a range."""


@dataclass(frozen=True)
class ReferredFile:
    """One version of a file that ranges are read of.

    Attributes:
        place: Where it is.
        version: Which version.
    """

    place: Place
    version: Version

    @classmethod
    def found(cls, place: Place) -> Self:
        """Return what is there now.

        Raises:
            NotFoundError: Nothing is.
        """
        with place.open() as file:
            return cls(place, file.info.version)

    def read(self, start: int, length: int) -> bytes:
        """Return bytes of it; it is another version by now: a FailedPreconditionError."""
        return self.place.store.read(self.place.name, [Range(start, length)], self.version).parts[0]


class ReferenceStore(Store):  # type: ignore[misc]  # its library is an extra
    """A Zarr that is put together of references; nothing can be written.

    Args:
        references: A text or a range by key.
        files: What the ranges are of, by name.
    """

    supports_writes = False
    supports_deletes = False
    supports_listing = True

    def __init__(self, references: Mapping[str, Reference], files: Mapping[str, ReferredFile]) -> None:
        super().__init__(read_only=True)
        self._references = dict(references)
        self._files = dict(files)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ReferenceStore) and self._references == other._references and self._files == other._files
        )

    __hash__ = None  # type: ignore[assignment]  # it holds dicts

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        """Return what a key has, or a part of it; None for nothing."""
        reference = self._references.get(key)
        if reference is None:
            return None
        if isinstance(reference, str):
            data = reference.encode()
            start, length = _part(byte_range, len(data))
            return prototype.buffer.from_bytes(data[start : start + length])
        name, offset, size = reference
        start, length = _part(byte_range, size)
        # A store may wait for a network.
        data = await asyncio.to_thread(self._files[name].read, offset + start, length)
        return prototype.buffer.from_bytes(data)

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        """Return parts of what keys have."""
        return list(await asyncio.gather(*(self.get(key, prototype, part) for key, part in key_ranges)))

    async def exists(self, key: str) -> bool:
        """Tell whether there is a key."""
        return key in self._references

    async def set(self, key: str, value: Buffer) -> None:  # noqa: ARG002 - none is written
        """Refuse to write."""
        raise UnimplementedError("a checkpoint cannot be written as a Zarr")

    async def delete(self, key: str) -> None:  # noqa: ARG002 - none goes
        """Refuse to delete."""
        raise UnimplementedError("a checkpoint cannot be written as a Zarr")

    async def list(self) -> AsyncIterator[str]:
        """Yield all keys."""
        for key in self._references:
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys that begin with a prefix."""
        for key in self._references:
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Yield what stands right below a prefix."""
        head = f"{prefix.rstrip('/')}/" if prefix else ""
        found = (key.removeprefix(head).partition("/")[0] for key in self._references if key.startswith(head))
        for name in dict.fromkeys(found):
            yield name


def _part(wanted: ByteRequest | None, size: int) -> tuple[int, int]:
    """Return start and bytes of what is wanted of so many bytes."""
    if wanted is None:
        return 0, size
    if isinstance(wanted, RangeByteRequest):
        return wanted.start, max(min(wanted.end, size) - wanted.start, 0)
    if isinstance(wanted, OffsetByteRequest):
        return wanted.offset, max(size - wanted.offset, 0)
    length = min(wanted.suffix, size)
    return size - length, length
