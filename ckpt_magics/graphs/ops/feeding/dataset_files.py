"""Ops of datasets of what stands in files: lines, records, and parts of one length.

Format: tensorflow/core/kernels/data/text_line_dataset_op.cc, tf_record_dataset_op.cc,
fixed_length_record_dataset_op.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ckpt_magics.files.storage.packed_files import check_packing
from ckpt_magics.graphs.ops.feeding.dataset_values import METADATA, STRINGS, DatasetValue, Element
from ckpt_magics.graphs.ops.feeding.file_records import PartLayout, file_lines, file_parts, file_records
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Kernel, KernelContext, Op
from ckpt_magics.graphs.ops.shape_rules import scalar
from ckpt_magics.graphs.ops.values.strings import text_scalar

__all__ = ["ROWS"]


def _dataset(filenames: Array, read: Callable[[bytes], Iterator[bytes]]) -> DatasetValue:
    names = np.asarray(filenames, object).reshape(-1).tolist()

    def start() -> Iterator[Element]:
        return ((text_scalar(item),) for name in names for item in read(name))

    return DatasetValue(start)


def _text(value: Array) -> str:
    text: bytes = np.asarray(value, object).item()
    return text.decode("utf-8", "replace")


def _lines(_ctx: KernelContext, filenames: Array, packing: Array, _buffer: Array) -> DatasetValue:
    kind = check_packing(_text(packing))
    return _dataset(filenames, lambda name: file_lines(name, kind))


def _records(_ctx: KernelContext, filenames: Array, packing: Array, *_settings: Array) -> DatasetValue:
    kind = check_packing(_text(packing))
    return _dataset(filenames, lambda name: file_records(name, kind))


def _parts(
    _ctx: KernelContext,
    filenames: Array,
    header: Array,
    size: Array,
    footer: Array,
    _buffer: Array,
    packing: Array = b"",
) -> DatasetValue:
    layout = PartLayout(int(header), int(size), int(footer))
    kind = check_packing(_text(packing))
    return _dataset(filenames, lambda name: file_parts(name, layout, kind))


FILES = "filenames: string"
LENGTHS = "header_bytes: int64, record_bytes: int64, footer_bytes: int64, buffer_size: int64"


def _of(name: str, inputs: str, kernel: Kernel) -> Op:
    signature = f"{FILES}, {inputs} -> handle: variant"
    return Op(name, signature, (METADATA,), scalar, kernel, is_stateful=True, full_type=STRINGS)


ROWS: tuple[Op, ...] = (
    _of("TextLineDataset", "compression_type: string, buffer_size: int64", _lines),
    _of("TFRecordDataset", "compression_type: string, buffer_size: int64", _records),
    _of("TFRecordDatasetV2", "compression_type: string, buffer_size: int64, byte_offsets: int64", _records),
    _of("FixedLengthRecordDataset", LENGTHS, _parts),
    _of("FixedLengthRecordDatasetV2", f"{LENGTHS}, compression_type: string", _parts),
)
