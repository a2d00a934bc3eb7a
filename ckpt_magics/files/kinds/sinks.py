"""Open the sink for a checkpoint or a file of another kind, and write a whole one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.kinds.known import kind_named
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.tensors.records import Specs
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.sink import TensorSink, Values, write_values

__all__ = ["open_sink", "write_tensors"]


def open_sink(
    path: AnyPath,
    specs: Specs,
    options: SaveOptions,
    *,
    kind: Kind | None = None,
    companions: Mapping[str, bytes] | None = None,
) -> AbstractContextManager[TensorSink]:
    """Open what takes tensors; at the end of the block what they are written to appears.

    Args:
        path: Prefix of the checkpoint, with the step if it has one, or path of the file; one missing directory is
            created.
        specs: All that will be written. Checkpoints hold it in this order.
        options: How; those about the directory's list of checkpoints have no say here.
        kind: As what; None for a checkpoint of the options' version. See :func:`known.kind_to_write`.
        companions: Contents of other files by path, in the same directory, that appear with it.

    Raises:
        InvalidArgumentError: A name is empty or given twice, or a value is larger than a V1 record can be.
        InternalError: Slices of one tensor do not fit together.
        UnimplementedError: The kind cannot hold some tensors.
        ResourceExhaustedError: The disk has not the space.
        CheckpointError: From the block too: the disk refuses; see :func:`disk.writing_to`. What was there before is as
            it was.
    """
    row = kind_named(f"v{options.write_version}") if kind is None else kind
    assert row.sink is not None  # noqa: S101 - whoever chooses a kind to write chooses among those that are written
    return row.sink(path, specs, options, companions)


def write_tensors(
    path: AnyPath,
    specs: Specs,
    values: Values,
    options: SaveOptions,
    *,
    kind: Kind | None = None,
    companions: Mapping[str, bytes] | None = None,
) -> TensorSink:
    """Write values as a checkpoint or a file of another kind and return the sink; else as :func:`open_sink`."""
    with open_sink(path, specs, options, kind=kind, companions=companions) as sink:
        write_values(sink, values)
    return sink
