"""Ops of readers: what stands in files whose names come from a queue.

A reader lives as long as its session, under its shared name or its node's.

Format: tensorflow/core/framework/reader_base.cc, core/kernels/text_line_reader_op.cc, tf_record_reader_op.cc,
whole_file_read_ops.cc, fixed_length_record_reader_op.cc, identity_reader_op.cc; core/ops/io_ops.cc.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.storage.packed_files import check_packing
from ckpt_magics.graphs.ops.feeding.file_records import PartLayout, file_lines, file_parts, file_records, whole_file
from ckpt_magics.graphs.ops.feeding.queue_states import QueueState
from ckpt_magics.graphs.ops.feeding.queues import as_queue
from ckpt_magics.graphs.ops.holders import HOLDER_ATTRS, held
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, ShapeRule
from ckpt_magics.graphs.ops.shape_rules import no_outputs, reference, scalar
from ckpt_magics.graphs.ops.values.strings import text_scalar

__all__ = ["ROWS"]

Item = tuple[bytes, bytes]
"""Where something stands, and what."""

Read = Callable[[bytes], Iterator[Item]]


class ReaderState:
    """One reader.

    Args:
        read: Returns what stands in a file.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._present: Iterator[Item] | None = None
        self._lock = threading.Lock()
        self.produced = 0
        self.finished = 0

    def advance(self, names: QueueState) -> Item:
        """Return the next item, where a file ends the first of the next one.

        Raises:
            OutOfRangeError: There is no other file: the queue is closed and empty.
        """
        with self._lock:
            while True:
                item = next(self._opened(names), None)
                if item is not None:
                    self.produced += 1
                    return item
                self._end_file()

    def advance_many(self, names: QueueState, count: int) -> list[Item]:
        """Return several items, fewer where a file ends."""
        found: list[Item] = []
        with self._lock:
            while len(found) < count:
                item = next(self._opened(names), None)
                if item is not None:
                    found.append(item)
                    continue
                self._end_file()
                if found:
                    break
            self.produced += len(found)
        return found

    def _opened(self, names: QueueState) -> Iterator[Item]:
        if self._present is None:
            [name] = names.take()
            self._present = self._read(np.asarray(name, object).item())
        return self._present

    def _end_file(self) -> None:
        self._present = None
        self.finished += 1

    def reset(self) -> None:
        """Begin anew, with the next file."""
        with self._lock:
            self._present, self.produced, self.finished = None, 0, 0


def _reader(handle: object) -> ReaderState:
    if not isinstance(handle, ReaderState):
        raise InvalidArgumentError("the handle is none of a reader")
    return handle


def _maker(reading: Callable[[KernelContext], Read]) -> Kernel:
    def kernel(ctx: KernelContext) -> ReaderState:
        return _reader(held(ctx, "reader", lambda _name: ReaderState(reading(ctx))))

    return kernel


def _lines(ctx: KernelContext) -> Read:
    skipped = ctx.attr("skip_header_lines")

    def read(name: bytes) -> Iterator[Item]:
        numbered = enumerate(file_lines(name), 1)
        return ((b"%s:%d" % (name, number), line) for number, line in numbered if number > skipped)

    return read


def _records(ctx: KernelContext) -> Read:
    packing = check_packing(ctx.attr("compression_type").decode())

    def read(name: bytes) -> Iterator[Item]:
        offset = 0
        for record in file_records(name, packing):
            yield b"%s:%d" % (name, offset), record
            offset += len(record) + BESIDE_A_RECORD

    return read


BESIDE_A_RECORD = 16
"""Bytes of a record's size and checksums."""


def _whole(_ctx: KernelContext) -> Read:
    return lambda name: iter([(name, whole_file(name))])


def _parts(ctx: KernelContext) -> Read:
    return _parts_read(ctx, check_packing(ctx.attr("encoding").decode()))


def _plain_parts(ctx: KernelContext) -> Read:
    return _parts_read(ctx, "")


def _parts_read(ctx: KernelContext, packing: str) -> Read:
    layout = PartLayout(*(ctx.attr(f"{part}_bytes") for part in ("header", "record", "footer", "hop")))

    def read(name: bytes) -> Iterator[Item]:
        return ((b"%s:%d" % (name, index), part) for index, part in enumerate(file_parts(name, layout, packing)))

    return read


def _names(_ctx: KernelContext) -> Read:
    return lambda name: iter([(name, name)])


def _read(_ctx: KernelContext, reader: object, queue: object) -> tuple[Array, Array]:
    key, value = _reader(reader).advance(as_queue(queue))
    return text_scalar(key), text_scalar(value)


def _read_up_to(_ctx: KernelContext, reader: object, queue: object, count: Array) -> tuple[Array, Array]:
    items = _reader(reader).advance_many(as_queue(queue), int(count))
    keys, values = np.empty(len(items), object), np.empty(len(items), object)
    for index, (key, value) in enumerate(items):
        keys[index], values[index] = key, value
    return keys, values


def _produced(_ctx: KernelContext, reader: object) -> Array:
    return np.int64(_reader(reader).produced)


def _finished(_ctx: KernelContext, reader: object) -> Array:
    return np.int64(_reader(reader).finished)


def _reset(_ctx: KernelContext, reader: object) -> None:
    _reader(reader).reset()


def _pair(_ctx: ShapeContext) -> list[Shape]:
    return [(), ()]


def _pairs(_ctx: ShapeContext) -> list[Shape]:
    return [(None,), (None,)]


HEADER, RECORD = Attr("header_bytes", "int", 0), Attr("record_bytes", "int")
FOOTER, HOP = Attr("footer_bytes", "int", 0), Attr("hop_bytes", "int", 0)


def _rows(version: str, kind: str, handle_shape: ShapeRule, *, is_stateful: bool) -> tuple[Op, ...]:
    """Return the rows for one kind of handle."""
    handle, queue = f"reader_handle: {kind}", f"queue_handle: {kind}"

    def made(name: str, attrs: tuple[Attr, ...], reading: Callable[[KernelContext], Read]) -> Op:
        # Version 1 of a whole file's reader alone was never deprecated.
        old = None if version or name == "WholeFile" else (26, f"Use {name}ReaderV2")
        signature = f"-> {handle}"
        kernel = _maker(reading)
        return Op(f"{name}Reader{version}", signature, attrs, handle_shape, kernel, is_stateful=True, deprecation=old)

    def using(name: str, signature: str, rule: ShapeRule, kernel: Kernel) -> Op:
        return Op(f"Reader{name}{version}", f"{handle}{signature}", (), rule, kernel, is_stateful=is_stateful)

    encoded = (Attr("encoding", "string", b""),) if version else ()
    return (
        made("TextLine", (Attr("skip_header_lines", "int", 0), *HOLDER_ATTRS), _lines),
        made("TFRecord", (*HOLDER_ATTRS, Attr("compression_type", "string", b"")), _records),
        made("WholeFile", HOLDER_ATTRS, _whole),
        made(
            "FixedLengthRecord",
            (HEADER, RECORD, FOOTER, HOP, *HOLDER_ATTRS, *encoded),
            _parts if version else _plain_parts,
        ),
        made("Identity", HOLDER_ATTRS, _names),
        using("Read", f", {queue} -> key: string, value: string", _pair, _read),
        using("ReadUpTo", f", {queue}, num_records: int64 -> keys: string, values: string", _pairs, _read_up_to),
        using("NumRecordsProduced", " -> records_produced: int64", scalar, _produced),
        using("NumWorkUnitsCompleted", " -> units_completed: int64", scalar, _finished),
        using("Reset", " ->", no_outputs, _reset),
    )


ROWS: tuple[Op, ...] = (
    *_rows("", "Ref(string)", reference, is_stateful=False),
    *_rows("V2", "resource", scalar, is_stateful=True),
)
