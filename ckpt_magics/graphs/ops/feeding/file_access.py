"""Ops that read, write and find files.

Format: tensorflow/core/kernels/whole_file_read_ops.cc, matching_files_op.cc; core/ops/io_ops.cc.
"""

from __future__ import annotations

import os

import numpy as np

from ckpt_magics.files.storage.file_system import make_directories, matching_files
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.graphs.ops.feeding.file_records import whole_file
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape
from ckpt_magics.graphs.ops.row import KernelContext, Op, ShapeContext
from ckpt_magics.graphs.ops.shape_rules import no_outputs, scalar
from ckpt_magics.graphs.ops.values.strings import text_scalar

__all__ = ["ROWS"]


def _name(value: Array) -> bytes:
    name: bytes = np.asarray(value, object).item()
    return name


def _read(_ctx: KernelContext, name: Array) -> Array:
    return text_scalar(whole_file(_name(name)))


def _write(_ctx: KernelContext, name: Array, contents: Array) -> None:
    place = place_of(_name(name))
    make_directories(place.directory)
    place.put(_name(contents), durable=False)


def _match(_ctx: KernelContext, pattern: Array) -> Array:
    patterns = np.asarray(pattern, object).reshape(-1).tolist()
    found = sorted(set(map(os.fsencode, matching_files(patterns))))
    names = np.empty(len(found), object)
    names[:] = found
    return names


def _names_shape(_ctx: ShapeContext) -> list[Shape]:
    return [(None,)]


ROWS: tuple[Op, ...] = (
    Op("ReadFile", "filename: string -> contents: string", (), scalar, _read),
    Op("WriteFile", "filename: string, contents: string ->", (), no_outputs, _write, is_stateful=True),
    Op("MatchingFiles", "pattern: string -> filenames: string", (), _names_shape, _match),
)
