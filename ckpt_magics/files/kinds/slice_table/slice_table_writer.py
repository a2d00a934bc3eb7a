"""Write V1 checkpoints, byte for byte as TensorFlow writes them: one table in one file, in place by one rename.

Format: tensorflow/core/util/tensor_slice_writer.cc.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.files.formats.block import LatePiece, Piece
from ckpt_magics.files.formats.dtypes import UINT32, UINT64
from ckpt_magics.files.formats.slice_records import META_KEY, V1_DTYPES, SliceMeta, encode_meta, encode_saved_slice
from ckpt_magics.files.formats.table import TableWriter
from ckpt_magics.files.kinds.data_files import v1_shards
from ckpt_magics.files.kinds.former_files import remove_former_files
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.atomic import StagedFiles, WrittenFile
from ckpt_magics.files.storage.locking import directory_lock
from ckpt_magics.files.storage.naming import v1_shard_filename, v1_shard_pattern
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.storage.progress import Progress, ProgressMeter
from ckpt_magics.files.tensors.tensors_to_save import (
    Part,
    TensorToSave,
    check_parts,
    parse_part,
    path_text,
    split_into_shards,
)
from ckpt_magics.phrasing import names_text

__all__ = ["check_v1_dtypes", "publish_tables", "write_slice_shards", "write_slice_table"]

_COPY_STEP = 1 << 20
"""Bytes of a value that are copied, checksummed and written at once."""


def check_v1_dtypes(tensors: Sequence[TensorToSave]) -> None:
    """Refuse types that V1 files cannot hold, all of them at once.

    Raises:
        InvalidArgumentError: TensorFlow's class and words for uint32 and uint64.
        UnimplementedError: TensorFlow's for all others.
    """
    refused = [tensor for tensor in tensors if tensor.dtype not in V1_DTYPES]
    if not refused:
        return
    dtype = refused[0].dtype
    names = names_text([f"{visible(tensor.name)} ({tensor.dtype.name})" for tensor in refused], 10)
    hint = f"V1 files cannot hold {names}; save as V2, or convert them first."
    if dtype in {UINT32, UINT64}:
        raise InvalidArgumentError(
            f"Tensor slice serialization not implemented for dtype {dtype.number}", tensor=refused[0].name, hint=hint
        )
    raise UnimplementedError(f"Saving data type {dtype.c_name} not yet supported", tensor=refused[0].name, hint=hint)


def write_slice_table(
    path: AnyPath,
    tensors: Sequence[TensorToSave],
    *,
    durable: bool = True,
    progress: Progress | None = None,
    companions: Mapping[str, bytes] | None = None,
) -> tuple[WrittenFile, ...]:
    """Write tensors as one V1 file.

    A V2 checkpoint of the same prefix, which would hide it from every reader, is removed in the end.

    Args:
        path: The file; one missing directory is created.
        tensors: What to write; slices of a partitioned tensor are separate items.
        durable: Sync file and directory.
        progress: Called with (bytes done, bytes in all).
        companions: Contents of other files by path, in the same directory, that appear with the checkpoint.

    Raises:
        InvalidArgumentError: A name is empty or given twice, a shape_and_slice does not fit its tensor, or a tensor
            is larger than a V1 record can be.
        InternalError: Slices of one tensor do not fit together.
        UnimplementedError: V1 files cannot hold a tensor's type; nothing was written.
        CheckpointError: The disk refuses; see :func:`disk.writing_to`. The old version is as it was.
    """
    return _write_tables(path_text(path), [_checked_parts(tensors)], durable, progress, companions)


def write_slice_shards(
    prefix: AnyPath,
    tensors: Sequence[TensorToSave],
    num_shards: int,
    *,
    durable: bool = True,
    progress: Progress | None = None,
    companions: Mapping[str, bytes] | None = None,
) -> tuple[str, tuple[WrittenFile, ...]]:
    """Write tensors as a V1 checkpoint in several files; else as :func:`write_slice_table`.

    Over as many files of the same prefix there will be one more, without tensors: names of files must not be reused
    before they go, or a reader would find half of each.

    Returns:
        The pattern that stands for the files, and the files.
    """
    name = path_text(prefix)
    shards = split_into_shards(_checked_parts(tensors), num_shards)
    written = _write_tables(name, shards, durable, progress, companions, in_shards=True)
    return v1_shard_pattern(name, sum(file.role == "V1" for file in written)), written


def _checked_parts(tensors: Sequence[TensorToSave]) -> list[Part]:
    check_v1_dtypes(tensors)
    parts = [parse_part(tensor) for tensor in tensors]
    check_parts(parts)
    return parts


def _write_tables(
    prefix: str,
    shards: Sequence[Sequence[Part]],
    durable: bool,
    progress: Progress | None,
    companions: Mapping[str, bytes] | None,
    *,
    in_shards: bool = False,
) -> tuple[WrittenFile, ...]:
    """Write one V1 file for each list of parts; they appear in order, after their companions."""
    meter = ProgressMeter(sum(part.size for shard in shards for part in shard), progress)
    with StagedFiles(os.path.dirname(prefix), durable=durable) as stage:
        files = [_stage_table(stage, prefix, shard, meter) for shard in shards]
        publish_tables(stage, prefix, files, companions=companions, in_shards=in_shards, durable=durable)
        meter.finish()
    return tuple(stage.written)


def publish_tables(
    stage: StagedFiles,
    prefix: str,
    files: Sequence[disk.OutputFile],
    *,
    companions: Mapping[str, bytes] | None = None,
    in_shards: bool = False,
    durable: bool = True,
) -> None:
    """Make V1 files visible as the checkpoint ``prefix``, after their companions, in place of the one that is there.

    Args:
        stage: Where the files were staged.
        prefix: Of the checkpoint.
        files: The tables.
        companions: Contents of other files by path.
        in_shards: Give them the names of one of several files each.
        durable: Sync the directory.
    """
    with directory_lock(os.path.dirname(prefix)):
        paths = _free_shard_names(prefix, len(files)) if in_shards else [prefix]
        nothing = ProgressMeter(0, None)
        tables = [*files, *(_stage_table(stage, path, [], nothing) for path in paths[len(files) :])]
        others = [(stage.add(*other), other[0]) for other in (companions or {}).items()]
        for other, other_path in others:
            stage.publish(other, other_path, "meta graph")
        for file, path in zip(tables[:-1], paths[:-1], strict=True):
            stage.publish(file, path, "V1")
        stage.commit(tables[-1], paths[-1], "V1")
        remove_former_files(prefix, set(paths), durable=durable)


def _free_shard_names(prefix: str, wanted: int) -> list[str]:
    """Names of at least so many V1 files, none of which is there: the old set stays whole until it goes."""
    taken = set(v1_shards(prefix).values())
    while wanted in taken:
        wanted += 1
    return [v1_shard_filename(prefix, shard_id, wanted) for shard_id in range(wanted)]


def _stage_table(stage: StagedFiles, path: str, parts: Sequence[Part], meter: ProgressMeter) -> disk.OutputFile:
    file = stage.create(path, sum(part.size for part in parts))
    _write_table(file, parts, meter)
    stage.finish(file)
    return file


def _write_table(file: disk.OutputFile, parts: Sequence[Part], meter: ProgressMeter) -> None:
    table = TableWriter(file.write)
    table.add(META_KEY, encode_meta(_list_tensors(parts)))
    keyed = ((part.slice_or_full().encode_key(part.tensor.name), part) for part in parts)
    for key, part in sorted(keyed, key=lambda item: item[0]):
        tensor = part.tensor
        try:
            record = encode_saved_slice(tensor.name, part.slice_or_full(), tensor.array, tensor.dtype)
            table.add(key, list(map(_unchanging, record)))
        except CheckpointError as error:
            raise error.locate(tensor=tensor.name) from None
        meter.advance(part.size)
    table.finish()


def _unchanging(piece: Piece) -> Piece:
    """Return a piece that is copied when it is written, if it is a view of an array: that may change meanwhile.

    The table computes the checksum first and writes then, and both must be done with the same bytes.
    """
    return piece if isinstance(piece, bytes) else LatePiece(len(piece), partial(_copies, piece))


def _copies(piece: Piece) -> Iterator[bytes]:
    for view in piece if isinstance(piece, LatePiece) else (piece,):
        yield from (bytes(view[start : start + _COPY_STEP]) for start in range(0, len(view), _COPY_STEP))


def _list_tensors(parts: Sequence[Part]) -> list[SliceMeta]:
    """The list of tensors that the file begins with, by name; slices of one in the order given."""
    slices: dict[bytes, list[Part]] = {}
    for part in parts:
        slices.setdefault(part.tensor.name, []).append(part)
    return [
        SliceMeta(name, found[0].shape, found[0].tensor.dtype, tuple(part.slice_or_full() for part in found))
        for name, found in sorted(slices.items())
    ]
