"""CheckpointReader: the tensors of a checkpoint by name, each read when it is asked for."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from concurrent.futures import Executor
from copy import copy
from typing import TYPE_CHECKING, Any, Self

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.open_tensors import open_on_demand, open_tensors
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box
from ckpt_magics.files.kinds.open_checkpoint import OpenCheckpoint
from ckpt_magics.files.kinds.prefix_source import FoundCheckpoint
from ckpt_magics.files.kinds.restored_slice import restore_slice
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.object_graph.object_graph import ObjectGraph
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.storage.remote.storage_options import use_storage_options
from ckpt_magics.files.tensors.batched_views import BatchedItems, BatchedValues
from ckpt_magics.files.tensors.regions import Region, row_range
from ckpt_magics.files.tensors.source import Array, Columns, TensorSpec
from ckpt_magics.files.tensors.tensor_names import key_to_name, name_to_key
from ckpt_magics.notebook.frames.value_frame import tensor_frame
from ckpt_magics.notebook.frames.variable_frame import variables_frame
from ckpt_magics.notebook.reports.verification_report import verify_found

if TYPE_CHECKING:
    import dask.array
    import pandas as pd
    import xarray

    from ckpt_magics.notebook.reports.verification_report import VerificationReport
    from ckpt_magics.notebook.widgets.tensors.variables_view import VariablesView

TensorValue = Any
"""An array, a NumPy scalar or bytes; whoever asks for a tensor by name knows which."""

CheckpointPath = AnyPath

DEFAULT_CHUNKS = "64MiB"


def load_checkpoint(
    path: CheckpointPath,
    *,
    mmap: bool = False,
    damaged: bool = False,
    storage_options: Mapping[str, Any] | None = None,
) -> CheckpointReader:
    """Open a checkpoint for reading.

    Of a directory it is always the latest that is opened: where a save lets older ones go meanwhile, the one that is
    the latest by then. Of a prefix it is that one or none: if it has been let go, the error names the latest.

    Args:
        path: Its prefix, any of its files, a directory (its latest checkpoint is meant), or a SavedModel; or a
            safetensors, npz, HDF5 or PyTorch file.
        mmap: Give numbers of V2 checkpoints as read-only views of the mapped files, verified but not copied. The
            process dies if somebody truncates a file meanwhile.
        damaged: Open what is left of a checkpoint whose index has lost its first block.
        storage_options: Of a path that is a URL, by the names that fsspec has for them; see `use_storage_options`.

    Returns:
        A reader; nothing but the index is read yet.

    Raises:
        CheckpointNotFoundError: There is no checkpoint at ``path``.
        DataLossError: It is something else, or damaged so that no tensor can be found.
        InvalidArgumentError: It says that this version must not read it.
    """
    with use_storage_options(storage_options):
        return CheckpointReader(open_tensors(path, mmap=mmap, damaged=damaged))


def opened_on_demand(path: CheckpointPath) -> CheckpointReader:
    """Open a checkpoint as :func:`load_checkpoint` does, with files that are open only while something is read."""
    return CheckpointReader(open_on_demand(path))


class CheckpointReader(Mapping[str, Any]):
    """The tensors of one checkpoint, by name.

    ``reader["dense/kernel"]`` reads one; ``dict(reader)`` reads all. A name that no tensor has is taken for a short one
    of the object graph, such as ``model/dense/kernel``, or for the one that the variable has in a graph; those are not
    listed. Bytes of names that are not UTF-8 are lone surrogates, as :func:`os.fsdecode` gives them. Close a reader, or
    use it in a ``with`` statement.

    Threads and forked processes may share a reader, and it stays usable after ``os.chdir``. A copy, and one unpickled
    (also elsewhere), opens the files when it is first asked for something; if another checkpoint was saved under the
    prefix meanwhile, it says so with a FailedPreconditionError rather than give values of two.

    Args:
        tensors: The tensors of an open checkpoint.

    Attributes:
        named_tensors: As given.
    """

    def __init__(self, tensors: NamedTensors[OpenCheckpoint]) -> None:
        self.named_tensors = tensors

    @property
    def _checkpoint(self) -> OpenCheckpoint:
        return self.named_tensors.source

    @property
    def source(self) -> FoundCheckpoint:
        """What was given to find the checkpoint, and what was used."""
        return self._checkpoint.found

    @property
    def prefix(self) -> str:
        """Prefix of the checkpoint; of a V1 checkpoint in several files, their pattern.

        As it was given, or absolute if the working directory has changed since.
        """
        return self._checkpoint.origin

    @property
    def version(self) -> int:
        """Format: 1 (one table) or 2 (index and data files); 0 of another kind of file."""
        return self.source.version

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that hold the tensors."""
        return self._checkpoint.files

    @property
    def damage(self) -> tuple[CheckpointError, ...]:
        """What was found broken while listing the tensors; those that it hides are not listed."""
        return self._checkpoint.damage

    def may_have_lost(self, name: str | bytes) -> bool:
        """Tell whether the listing is damaged where a tensor of this name would stand, so that it may have been there.

        What is not listed for that reason is not absent: asking for it is a DataLossError.
        """
        return self.named_tensors.may_have_lost(name)

    @property
    def lost_names(self) -> str:
        """Which names may be missing in the listing because a part of it is damaged, as a sentence; else empty."""
        return self.named_tensors.lost_names

    # What TensorFlow's reader has, with its results.

    def get_tensor(self, tensor_str: str | bytes, *, out: Array | None = None) -> TensorValue:
        """Return a tensor.

        Args:
            tensor_str: Its name, or its short name.
            out: Array of the same shape and dtype to fill in place of a new one.

        Returns:
            An array, or a NumPy scalar if the rank is 0; strings are ``bytes``, in object arrays; quantized numbers
            are the plain integers.

        Raises:
            TensorNotFoundError: There is no such tensor; the nearest names are in the message.
            DataLossError: The value, or what the checkpoint says about it, is damaged.
            TensorMismatchError: ``out`` has another shape or dtype.
        """
        value = self.named_tensors.read(tensor_str, None, out)
        # Item () of an array of rank 0: a NumPy scalar, or the bytes of a string.
        return out if out is not None else value[()]

    def get_tensors(self, names: Iterable[str | bytes] | None = None) -> dict[str, TensorValue]:
        """Return several tensors by name, all of them if ``names`` is None.

        Much quicker than one by one where they are small. Arrays of up to 64 KiB may share memory of 1 MiB with their
        neighbours, which one of them that is kept keeps alive.

        Raises:
            TensorNotFoundError: There is no tensor of one of the names.
            DataLossError: A value is damaged.
        """
        values = self.named_tensors.read_many(self if names is None else names)
        return {name: value[()] for name, value in values.items()}

    def get_slice(self, name: str | bytes, region: Region, *, out: Array | None = None) -> Array:
        """Return a part of a tensor, at the cost of that part.

        Values above 1 MiB are not read whole for it and so cannot be verified: one checksum covers the whole value.

        Args:
            name: Of the tensor.
            region: Text as ``"0,2:-"`` (start, length per dimension), a TensorSlice, or an index as NumPy has them of
                integers, slices of step 1 and ``...``.
            out: Array of the region's shape to fill in place of a new one.

        Returns:
            An array of the region's shape, also if that is (). Integers drop their dimensions.

        Raises:
            TensorNotFoundError: There is no such tensor.
            InvalidArgumentError: The region does not fit the tensor; OutOfRangeError: one of its integers.
        """
        return self.named_tensors.read(name, region, out)

    def pieces(self, name: str | bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over a tensor's pieces, for work in little memory whatever its size.

        Args:
            name: Of the tensor.
            at_most: Bytes of a piece, one element at least; strings come in one piece.

        Returns:
            Pairs of region (a slice per dimension) and array, in C order, each piece in one run of it. All are of the
            version that was there at the first. Checksums are verified on the way: an error at a later piece says that
            the earlier ones are not to be used either.

        Raises:
            TensorNotFoundError: There is no such tensor.
            DataLossError: From the iterator: the value is damaged.
        """
        return self.named_tensors.pieces(name, at_most)

    def has_tensor(self, tensor_str: str | bytes) -> bool:
        """Tell whether the checkpoint has a record of that name."""
        key = name_to_key(tensor_str)
        return key is not None and self._checkpoint.has_key(key)

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Return the full shape of every tensor by name."""
        columns = self.columns()
        return dict(zip(map(key_to_name, columns.keys), map(list, columns.shapes), strict=True))

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """Return the type of every tensor by name."""
        columns = self.columns()
        return dict(zip(map(key_to_name, columns.keys), columns.dtypes, strict=True))

    def debug_string(self) -> bytes:
        """Return a line per tensor, as ``weight (DT_FLOAT) [2,3]``.

        TensorFlow lists V1 checkpoints in the order of a hash table; here they are sorted.
        """
        return self.named_tensors.listed(self._checkpoint.debug_string)

    # What a mapping has.

    def __getitem__(self, name: str) -> TensorValue:
        return self.get_tensor(name)

    def __iter__(self) -> Iterator[str]:
        return map(key_to_name, self.keys_bytes())

    def items(self) -> ItemsView[str, TensorValue]:
        """Return a view of (name, value) that reads small tensors many at a time."""
        return BatchedItems(self, self)

    def values(self) -> ValuesView[TensorValue]:
        """Return a view of the values that reads small tensors many at a time."""
        return BatchedValues(self, self)

    def __len__(self) -> int:
        return len(self.named_tensors)

    def __contains__(self, name: object) -> bool:
        return name in self.named_tensors

    def __bool__(self) -> bool:
        return True

    # What is known without reading values.

    def keys_bytes(self) -> list[bytes]:
        """Return the names of all tensors as they are stored, sorted."""
        return self.named_tensors.keys_bytes()

    def columns(self, *, warn: bool = True) -> Columns:
        """Return names, types, shapes and places of all tensors, as columns sorted by name.

        Args:
            warn: Warn if the listing is damaged; not if the caller says so in another way.
        """
        return self.named_tensors.columns(warn=warn)

    def entry(self, name: str | bytes) -> TensorSpec:
        """Return dtype, shape, slices and place of one tensor.

        Raises:
            TensorNotFoundError: There is no such tensor.
        """
        return self.named_tensors.spec(name)

    def entry_or_none(self, name: str | bytes) -> TensorSpec | None:
        """Return the same, or None if no tensor is stored under just this name."""
        return self.named_tensors.spec_or_none(name)

    @property
    def variables(self) -> pd.DataFrame:
        """One row per tensor: name, dtype, shape, elements, bytes, shard, offset, slices, group.

        In a checkpoint of objects, the name is the path on which a model reaches the tensor, which a reader takes too.
        """
        return variables_frame(self.named_tensors.listing())

    def statistics(self, *, progress: Progress | None = None, executor: Executor | None = None) -> pd.DataFrame:
        """Read every tensor and return what the values are like, one row each; which has a NaN?

        Args:
            progress: Called with bytes read and bytes in all.
            executor: Who reads, many tensors at a time: threads, processes, or ``client.get_executor()`` of a dask
                cluster. None for this thread.

        Returns:
            Columns name, dtype, shape, elements, min, max, mean, std (of the finite values), zeros, nans, infs, and
            problem: why a tensor cannot be read, or "".
        """
        from ckpt_magics.files.jobs.checkpoint_statistics import checkpoint_statistics
        from ckpt_magics.notebook.frames.statistics_frame import statistics_frame

        return statistics_frame(checkpoint_statistics(self.named_tensors, progress, executor=executor))

    def frame(self, name: str | bytes, *, rows: int | slice | None = None) -> pd.DataFrame:
        """Return a tensor, or one or some of its rows, as a table: the last dimension across, the others down."""
        part = None if rows is None else row_range(rows, self.entry(name).shape)
        value = self.named_tensors.read(name, part)
        return tensor_frame(value, first_row=0 if part is None else part.start)

    def on_demand(self) -> CheckpointReader:
        """Return a reader of the same version whose files are open only while it reads.

        It keeps no space of deleted files, and no descriptors, however long it is kept itself. Once another checkpoint
        was saved under the prefix, it says so with a FailedPreconditionError rather than give values of two.
        """
        tensors = self.named_tensors.on_demand()
        return self if tensors is self.named_tensors else type(self)(tensors)

    def show(self) -> VariablesView:
        """Return an interactive view of the tensors, to be displayed in a notebook. It outlives this reader."""
        from ckpt_magics.notebook.widgets.tensors.variables_view import VariablesView

        return VariablesView(self)

    def verify(self, *, progress: Progress | None = None, executor: Executor | None = None) -> VerificationReport:
        """Check every block and every tensor against its checksums.

        What lies under the prefix now, also if that was saved after this reader was opened.

        Args:
            progress: Called with bytes done and bytes in all.
            executor: Who checks, as of `statistics`.

        Returns:
            A report that names file, tensor and byte of everything damaged. Damage itself is no error.
        """
        self._checkpoint.check_open()
        return verify_found(self.source.here(), progress=progress, executor=executor)

    @property
    def object_graph(self) -> ObjectGraph | None:
        """The objects that were saved and the names of their variables; None if the checkpoint is name-based.

        Raises:
            DataLossError: The record of the objects is damaged; the tensors can be read all the same.
        """
        return self.named_tensors.object_graph

    def dask_arrays(
        self, names: Iterable[str | bytes] | None = None, *, chunks: int | str = DEFAULT_CHUNKS
    ) -> dict[str, dask.array.Array]:
        """Return tensors as lazy arrays of dask, whose tasks open the files where they run.

        What a task carries is place, version and name of a tensor and which part of it. Once another checkpoint was
        saved under the prefix, a task says so with a FailedPreconditionError. Options of a store that may be secret do
        not travel; where a task runs, they come from the environment.

        Args:
            names: Which tensors; None for all.
            chunks: Bytes of a chunk at most, as a number or as ``"64MiB"``; or ``"slices"``, for one chunk per slice
                that a partitioned tensor is stored in. Chunks end where slices end, and lie in one run of the file
                where the shape allows it. Strings are one chunk.

        Raises:
            UnimplementedError: dask is not installed.
            TensorNotFoundError: There is no tensor of one of the names.
        """
        from ckpt_magics.files.parallel.lazy_arrays import lazy_arrays

        return lazy_arrays(self.named_tensors, None if names is None else list(names), chunks)

    def to_xarray(self, rows: int | None = None) -> xarray.DataTree:
        """Return the values of a V2 checkpoint as a tree of lazy, labelled arrays of xarray, without a copy.

        Scopes are groups: ``tree["dense/kernel"]``. Values are read where they lie when they are asked for, of the
        version that is there now; once another was saved under the prefix, that is a FailedPreconditionError. **Zarr
        does not verify checksums**, as the attribute ``checksums`` of the tree says; `verify` does. What cannot be
        referred to is named in its attribute ``left_out``; see `zarr_references`.

        Args:
            rows: Rows of a chunk, for arrays whose rows can be divided by it; None for one chunk each.

        Raises:
            UnimplementedError: xarray or zarr is not installed.
            InvalidArgumentError: It is no V2 checkpoint.
            FailedPreconditionError: Another checkpoint was saved under the prefix since it was opened.
        """
        from ckpt_magics.notebook.frames.array_tree import array_tree

        return array_tree(self._checkpoint, rows)

    # For restoring.

    def restore_slice(self, name: str | bytes, shape_and_slice: str, dtype: object) -> Array:
        """Return a tensor or the part of it that a spec like ``4 3 0,2:-`` says, as TensorFlow's RestoreV2 does.

        Args:
            name: Of the tensor.
            shape_and_slice: Full shape and slice; empty for the whole tensor.
            dtype: Type that the caller expects.

        Raises:
            TensorNotFoundError: There is no such tensor.
            TensorMismatchError: It has another type or shape.
            InvalidArgumentError: The spec is malformed.
        """
        return restore_slice(self.named_tensors, name, shape_and_slice, dtype)

    def check_current(self) -> None:
        """Refuse to go on, where this reader reads on demand and the checkpoint was replaced or deleted meanwhile.

        Every read of values does so by itself; this is for those who keep what they have read.
        """
        self.named_tensors.check_current()

    def close(self) -> None:
        """Close the files. Closing twice is fine."""
        self.named_tensors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (copy(self.named_tensors),)

    def __repr__(self) -> str:
        return f"CheckpointReader({self.source.prefix!r}, version={self.version})"
