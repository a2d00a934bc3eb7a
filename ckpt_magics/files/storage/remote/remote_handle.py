"""An object of a service, open for reading: what is asked for first is fetched without a look at its size before."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ckpt_magics.errors import FailedPreconditionError, NotFoundError, TruncatedError, UnavailableError, visible
from ckpt_magics.files.storage.remote.object_client import ObjectClient, ShortReplyError
from ckpt_magics.files.storage.store import FileInfo, Version

__all__ = ["LOOK_SIZE", "RemoteHandle"]

LOOK_SIZE = 4 << 20
"""Bytes from the start of an object that come with its size: all of an index of a hundred thousand tensors."""

AHEAD = 64 << 10
"""Bytes that come with a small read of what was looked at: its parts are small, and each would cost a request."""

PART_SIZE = 8 << 20
"""Bytes of one request; more are fetched by several at a time."""

_ATTEMPTS = 4
"""How often a range is asked for of which too little came; what else goes wrong, the library tries again itself."""

_AT_ONCE = 8


class RemoteHandle:
    """An object, opened for reading; nothing is asked before it must be.

    Args:
        client: Whom to ask.
        key: Of the object.
        name: As it was given.
        version: The one that will do; None for the first that is seen, and no other from then on.
    """

    def __init__(self, client: Callable[[], ObjectClient], key: str, name: str, version: Version | None = None) -> None:
        self._client = client
        self._key = key
        self._name = name
        self._version = version
        self._info: FileInfo | None = None
        self._looked = False
        # Start and bytes of what was fetched along, in order; a few at most.
        self._chunks: list[tuple[int, memoryview]] = []
        self._reached = -1

    @property
    def info(self) -> FileInfo:
        """What is known of the object, with the first bytes of it."""
        if self._info is None:
            self._looked = True
            self._keep(0, self._fetch(0, LOOK_SIZE, may_end=True))
        assert self._info is not None  # noqa: S101 - what was fetched says it
        return self._info

    def expect(self, offset: int, size: int) -> None:
        """Fetch what is about to be read, if nothing is known of the object yet."""
        if self._info is None and offset >= 0 and size > 0:
            self._chunks = [(offset, self._fetch(offset, min(size, PART_SIZE), may_end=True))]

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset`` on; none at the end."""
        size = max(min(size, self.info.size - offset), 0)
        if size > PART_SIZE:
            whole = bytearray(size)
            self.read_into(offset, memoryview(whole))
            return bytes(whole)
        return bytes(self._part(offset, size)) if size else b""

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill the start of ``buffer`` from ``offset`` on; returns the bytes."""
        size = max(min(len(buffer), self.info.size - offset), 0)
        starts = range(0, size, PART_SIZE)

        def fill(start: int) -> None:
            end = min(start + PART_SIZE, size)
            buffer[start:end] = self._part(offset + start, end - start)

        if len(starts) == 1:
            fill(0)
        elif starts:
            with ThreadPoolExecutor(min(_AT_ONCE, len(starts))) as workers:
                try:
                    for _ in workers.map(fill, starts):
                        pass
                except BaseException:
                    workers.shutdown(wait=False, cancel_futures=True)
                    raise
        return size

    def map(self) -> memoryview:
        """Return the whole object, bytes [size], in memory."""
        return memoryview(self.read(0, self.info.size))

    def _part(self, offset: int, size: int) -> memoryview:
        """Return bytes that are in the object, from what was fetched before if they are there."""
        # Another thread may put others in their place meanwhile.
        chunks = self._chunks
        at = bisect_right(chunks, offset, key=lambda chunk: chunk[0]) - 1
        follows, self._reached = offset == self._reached, offset + size
        if at >= 0:
            start, data = chunks[at]
            if offset + size <= start + len(data):
                if not self._looked and offset + size == start + len(data):
                    # It was fetched for this read, or for those up to here.
                    self._chunks = []
                return data[offset - start : offset - start + size]
        if follows and size < PART_SIZE:
            # Somebody reads on and on; what comes next comes along.
            return self._with_more(offset, size, offset, PART_SIZE)
        if self._looked and size < AHEAD:
            return self._with_more(offset, size, max(min(offset, self.info.size - AHEAD), 0), AHEAD)
        return self._fetch(offset, size)

    def _with_more(self, offset: int, size: int, first: int, length: int) -> memoryview:
        """Return bytes of a larger range that is fetched and kept."""
        data = self._fetch(first, min(length, self.info.size - first))
        self._keep(first, data)
        return data[offset - first : offset - first + size]

    def _keep(self, start: int, data: memoryview) -> None:
        others = [chunk for chunk in self._chunks if chunk[0] != start]
        # The first one, which has the header, and the last one.
        kept = others[:1] if others and others[0][0] < start else others[-1:]
        self._chunks = sorted([*kept, (start, data)], key=lambda chunk: chunk[0])

    def _fetch(self, offset: int, size: int, *, may_end: bool = False) -> memoryview:
        """Return bytes of the object, all that were asked for.

        Args:
            offset: Where.
            size: How many.
            may_end: Take fewer if the object ends there.
        """
        parts: list[memoryview] = []
        got = 0
        for _ in range(_ATTEMPTS):
            try:
                reply = self._client().get(self._key, offset + got, size - got)
            except ShortReplyError:
                continue
            self._check(reply.info)
            parts.append(reply.data[: size - got])
            got += len(parts[-1])
            wanted = min(size, max(reply.info.size - offset, 0)) if may_end else size
            if got >= wanted:
                return parts[0] if len(parts) == 1 else memoryview(b"".join(parts))
            if offset + size > reply.info.size:
                break
        words = f"{visible(self._name)}; {got:,} of {size:,} bytes came from byte {offset:,} on"
        if self._info is not None and offset + size > self._info.size:
            raise TruncatedError(words, file=self._name)
        raise UnavailableError(words, file=self._name, hint="The connection breaks off. Try again.")

    def _check(self, info: FileInfo) -> None:
        wanted = self._version if self._info is None else self._info.version
        if wanted is not None and info.version != wanted:
            raise FailedPreconditionError("the file was replaced meanwhile", file=self._name, hint="Open it again.")
        self._info = info


def missing(name: str) -> NotFoundError:
    """Return the error for an object that is not there."""
    return NotFoundError(f"{visible(name)}; No such file or directory", file=name)
