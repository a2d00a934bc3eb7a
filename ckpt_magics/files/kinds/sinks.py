"""Open the sink for a checkpoint, in either format, and write a whole one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from ckpt_magics.files.kinds.bundle.bundle_sink import open_bundle_sink
from ckpt_magics.files.kinds.slice_table.slice_table_sink import open_slice_table_sink
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.storage.save_path import path_text
from ckpt_magics.files.tensors.records import Specs
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.sink import TensorSink, Values, write_values

__all__ = ["open_sink", "write_tensors"]


def open_sink(
    prefix: AnyPath, specs: Specs, options: SaveOptions, *, companions: Mapping[str, bytes] | None = None
) -> AbstractContextManager[TensorSink]:
    """Open what takes the tensors of a new checkpoint; at the end of the block the checkpoint appears.

    Args:
        prefix: Of the checkpoint, with the step if it has one; one missing directory is created.
        specs: All that will be written. The data files hold it in this order.
        options: How; those about the directory's list of checkpoints have no say here.
        companions: Contents of other files by path, in the same directory, that appear with the checkpoint.

    Raises:
        InvalidArgumentError: A name is empty or given twice, or a value is larger than a V1 record can be.
        InternalError: Slices of one tensor do not fit together.
        UnimplementedError: The format cannot hold a tensor's type.
        ResourceExhaustedError: The disk has not the space.
        CheckpointError: From the block too: the disk refuses; see :func:`disk.writing_to`. What was there before is as
            it was.
    """
    if options.write_version == 1:
        return open_slice_table_sink(path_text(prefix), specs, options, companions)
    return open_bundle_sink(path_text(prefix, may_be_bare=True), specs, options, companions)


def write_tensors(
    prefix: AnyPath,
    specs: Specs,
    values: Values,
    options: SaveOptions,
    *,
    companions: Mapping[str, bytes] | None = None,
) -> TensorSink:
    """Write values as a checkpoint and return the sink that took them; else as :func:`open_sink`."""
    with open_sink(prefix, specs, options, companions=companions) as sink:
        write_values(sink, values)
    return sink
