"""Ops that save tensors into checkpoints and restore them, in the V1 and the V2 format."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.directory.companions import take_companions
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.tensor_slice import parse_shape_and_slice
from ckpt_magics.files.kinds.bundle.bundle_merge import merge_bundles
from ckpt_magics.files.kinds.restored_slice import restore_slice
from ckpt_magics.files.kinds.sinks import write_tensors
from ckpt_magics.files.storage.place import name_of
from ckpt_magics.files.tensors.arrays_to_save import ArraysToSave, PartToSave, arrays_in_parts
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import no_outputs, unknown

__all__ = ["ROWS"]


def _path(value: Array) -> str:
    """Return the one path of a string tensor, as the system takes it."""
    if np.size(value) != 1:
        raise InvalidArgumentError(f"expected one file name, got {np.size(value)}")
    return name_of(np.asarray(value, object).item())


def _strings(value: Array) -> list[bytes]:
    return list(np.asarray(value, object).reshape(-1))


def _tensors(
    names: Array, shape_and_slices: Array | None, arrays: Sequence[Array], kinds: Sequence[DType]
) -> ArraysToSave:
    keys = _strings(names)
    specs = [b""] * len(keys) if shape_and_slices is None else _strings(shape_and_slices)
    if not len(keys) == len(specs) == len(arrays):
        raise InvalidArgumentError(
            f"Got {len(keys)} tensor names, {len(specs)} shapes and slices, and {len(arrays)} tensors"
        )
    return arrays_in_parts(
        PartToSave(key, np.asarray(array), kind, spec.decode())
        for key, array, kind, spec in zip(keys, arrays, kinds, specs, strict=True)
    )


def _write(version: int, path: str, tensors: ArraysToSave) -> None:
    options = SaveOptions(write_version=version)
    write_tensors(path, tensors.specs, tensors, options, companions=take_companions(path))


def _save_v2(ctx: KernelContext, prefix: Array, names: Array, specs: Array, *arrays: Array) -> None:
    _write(2, _path(prefix), _tensors(names, specs, arrays, ctx.attr("dtypes")))


def _save_slices(ctx: KernelContext, filename: Array, names: Array, specs: Array, *arrays: Array) -> None:
    _write(1, _path(filename), _tensors(names, specs, arrays, ctx.attr("T")))


def _save(ctx: KernelContext, filename: Array, names: Array, *arrays: Array) -> None:
    _write(1, _path(filename), _tensors(names, None, arrays, ctx.attr("T")))


def _restore_v2(ctx: KernelContext, prefix: Array, names: Array, specs: Array) -> tuple[Array, ...]:
    wanted = ctx.attr("dtypes")
    keys, slices = _strings(names), _strings(specs)
    if not len(keys) == len(slices) == len(wanted):
        raise InvalidArgumentError(
            f"Got {len(keys)} tensor names, {len(slices)} shapes and slices, and {len(wanted)} expected dtypes"
        )
    with open_tensors(_path(prefix)) as tensors:
        return tuple(
            restore_slice(tensors, key, spec.decode(), dtype)
            for key, spec, dtype in zip(keys, slices, wanted, strict=True)
        )


def _restore_v2_shape(ctx: ShapeContext) -> list[Shape]:
    count, specs = len(ctx.attr("dtypes")), ctx.constant(2)
    if specs is None or len(specs) != count:
        return [None] * count
    return [parse_shape_and_slice(spec.decode())[2] if spec else None for spec in specs]


def _restore_slice(ctx: KernelContext, pattern: Array, name: Array, spec: Array | None = None) -> Array:
    with open_tensors(_path(pattern)) as tensors:
        text = "" if spec is None else np.asarray(spec, object).item().decode()
        return restore_slice(tensors, np.asarray(name, object).item(), text, ctx.output_dtypes[0])


def _restore_slice_shape(ctx: ShapeContext) -> list[Shape]:
    spec = ctx.constant(2)
    text = b"" if spec is None else spec.item()
    return [parse_shape_and_slice(text.decode())[2] if text else None]


def _merge(ctx: KernelContext, prefixes: Array, destination: Array) -> None:
    merge_bundles(
        _strings(prefixes),
        _path(destination),
        delete_old_dirs=ctx.attr("delete_old_dirs"),
        allow_missing_files=ctx.attr("allow_missing_files"),
        companions=take_companions(_path(destination)),
    )


V2_DTYPES = (Attr("dtypes", "list(type)", minimum=1),)
V1_DTYPES = (Attr("T", "list(type)", minimum=1),)
RESTORE_ATTRS = (types("dt"), Attr("preferred_shard", "int", -1))

ROWS: tuple[Op, ...] = (
    Op(
        "SaveV2",
        "prefix: string, tensor_names: string, shape_and_slices: string, tensors: list(dtypes) ->",
        V2_DTYPES,
        no_outputs,
        _save_v2,
        is_stateful=True,
    ),
    Op(
        "RestoreV2",
        "prefix: string, tensor_names: string, shape_and_slices: string -> tensors: list(dtypes)",
        V2_DTYPES,
        _restore_v2_shape,
        _restore_v2,
        is_stateful=True,
    ),
    Op(
        "MergeV2Checkpoints",
        "checkpoint_prefixes: string, destination_prefix: string ->",
        (flag("delete_old_dirs", True), flag("allow_missing_files")),
        no_outputs,
        _merge,
        is_stateful=True,
    ),
    Op(
        "SaveSlices",
        "filename: string, tensor_names: string, shapes_and_slices: string, data: list(T) ->",
        V1_DTYPES,
        no_outputs,
        _save_slices,
        is_stateful=True,
    ),
    Op(
        "Save",
        "filename: string, tensor_names: string, data: list(T) ->",
        V1_DTYPES,
        no_outputs,
        _save,
        is_stateful=True,
    ),
    Op(
        "Restore",
        "file_pattern: string, tensor_name: string -> tensor: dt",
        RESTORE_ATTRS,
        unknown,
        _restore_slice,
        is_stateful=True,
    ),
    Op(
        "RestoreSlice",
        "file_pattern: string, tensor_name: string, shape_and_slice: string -> tensor: dt",
        RESTORE_ATTRS,
        _restore_slice_shape,
        _restore_slice,
        is_stateful=True,
    ),
)
