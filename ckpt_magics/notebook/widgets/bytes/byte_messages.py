"""Answers to what the view of bytes asks: ranges, bytes, where a tensor is."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from ckpt_magics.errors import InvalidArgumentError, TensorNotFoundError, visible
from ckpt_magics.files.directory.byte_maps import RangePath, find_tensor_ranges
from ckpt_magics.files.formats.maps.byte_range import ByteRange
from ckpt_magics.files.tensors.tensor_names import name_to_key
from ckpt_magics.notebook.reports.byte_report import CheckpointBytes, range_words
from ckpt_magics.notebook.widgets.conversation import Handler, Reply, Request

__all__ = ["MAX_BYTES", "ByteMessages"]

MAX_BYTES = 1 << 16
"""Bytes that a page gets at a time."""
_MOST_RANGES = 1000
_MOST_KEPT = 8
"""Ranges of which is kept what is inside."""


class ByteMessages:
    """What a view can ask.

    Args:
        found: The maps.
    """

    def __init__(self, found: CheckpointBytes) -> None:
        self.found = found
        self._known: OrderedDict[RangePath, Sequence[ByteRange]] = OrderedDict()

    def handlers(self) -> dict[str, Handler]:
        """Kinds of requests and their answers."""
        return {
            "open": Handler(lambda _: Reply(self.opening())),
            "ranges": Handler(self._send_ranges, background=True),
            "bytes": Handler(self._send_bytes),
            "tensor": Handler(self._send_places, background=True),
        }

    def opening(self) -> dict[str, Any]:
        """What the page needs to paint at once."""
        found = self.found
        problems = len(found.problems)
        return {
            "title": visible(found.source),
            "note": f"{found.size:,} bytes, each accounted for",
            "lines": [f"{problems} ranges are not as they should be."] if problems else [],
            "files": [
                {"name": visible(os.path.basename(file.name)), "size": file.size, "ranges": len(file.ranges)}
                for file in found.files
            ],
        }

    def ranges(self, path: RangePath, start: int, count: int) -> dict[str, Any]:
        """Return some of the ranges in a file, or inside of a range, and how many there are.

        Raises:
            InvalidArgumentError: The path leads to nothing.
            CheckpointError: The file cannot be read.
        """
        inside = self._inside(path)
        return {"total": len(inside), "rows": [_row(one) for one in inside[start : start + count]]}

    def read(self, file: int, offset: int, size: int) -> bytes:
        """Return bytes of a file, fewer at its end.

        Raises:
            CheckpointError: The file cannot be read.
        """
        return self.found.files[file].read(offset, min(size, MAX_BYTES))

    def places(self, name: str) -> list[RangePath]:
        """Return where the bytes of a tensor are, its values in front of its records.

        Raises:
            TensorNotFoundError: No bytes are those of such a tensor.
        """
        key = name_to_key(name)
        paths = [] if key is None else sorted(find_tensor_ranges(self.found.files, key), key=len)
        if not paths:
            raise TensorNotFoundError(f"no bytes are those of a tensor {visible(name)!r}", name=name)
        return paths

    def _inside(self, path: RangePath) -> Sequence[ByteRange]:
        """What is inside of a range; that of those around it, which is asked for again and again, is kept."""
        if path in self._known:
            self._known.move_to_end(path)
            return self._known[path]
        try:
            file = self.found.files[path[0]]
            inside = file.ranges if len(path) == 1 else file.inside(self._inside(path[:-1])[path[-1]])
        except IndexError:
            raise InvalidArgumentError(f"nothing is at {list(path)}; the file has changed") from None
        self._known[path] = inside
        if len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)
        return inside

    def _send_ranges(self, request: Request) -> Reply:
        start, count = request.integer("start", 0, 1 << 53), request.integer("count", 1, _MOST_RANGES + 1)
        return Reply(self.ranges(_path(request), start, count))

    def _send_bytes(self, request: Request) -> Reply:
        file = request.integer("file", 0, len(self.found.files))
        offset = request.integer("offset", 0, self.found.files[file].size + 1)
        size = request.integer("size", 0, MAX_BYTES + 1)
        return Reply(buffers=[self.read(file, offset, size)])

    def _send_places(self, request: Request) -> Reply:
        return Reply({"paths": self.places(str(request.payload.get("name", "")))})


def _path(request: Request) -> RangePath:
    path = request.payload.get("path")
    if not isinstance(path, list) or not path or not all(type(step) is int and step >= 0 for step in path):
        raise InvalidArgumentError("path must be a list of integers")
    return tuple(path)


def _row(one: ByteRange) -> list[object]:
    """Offset, bytes, what, what it says, whether something is wrong, whether there is more inside."""
    return [one.offset, one.size, one.what, visible(range_words(one)), bool(one.problem), one.inside is not None]
