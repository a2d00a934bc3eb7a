"""CheckpointReader: the tensors of a checkpoint by name, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, ValuesView
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from ckpt_magics.errors import CheckpointError, TensorNotFoundError, visible
from ckpt_magics.files.directory.source import find_checkpoint
from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box
from ckpt_magics.files.formats.tensor_slice import parse_shape_and_slice
from ckpt_magics.files.kinds.current_store import CurrentStore
from ckpt_magics.files.kinds.opening import MAX_ATTEMPTS
from ckpt_magics.files.kinds.prefix_source import CheckpointSource
from ckpt_magics.files.object_graph.object_graph import OBJECT_GRAPH_KEY, ObjectGraph, parse_object_graph
from ckpt_magics.files.storage.damage_warning import warn_each_time
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.batched_views import BatchedItems, BatchedValues
from ckpt_magics.files.tensors.mismatches import check_dtype, check_out, check_shape
from ckpt_magics.files.tensors.regions import Region, as_part, row_range
from ckpt_magics.files.tensors.store import Array, Columns, TensorEntry, TensorStore
from ckpt_magics.files.tensors.suggestions import nearest_stored, suggestion_hint
from ckpt_magics.files.tensors.tensor_names import key_to_name, name_to_key

if TYPE_CHECKING:
    import pandas as pd

    from ckpt_magics.notebook.reports.verification_report import VerificationReport
    from ckpt_magics.notebook.widgets.tensors.variables_view import VariablesView

Result = TypeVar("Result")
TensorValue = Any
"""An array, a NumPy scalar or bytes; whoever asks for a tensor by name knows which."""

CheckpointPath = AnyPath


def load_checkpoint(path: CheckpointPath, *, mmap: bool = False, damaged: bool = False) -> CheckpointReader:
    """Open a checkpoint for reading.

    Of a directory it is always the latest that is opened: where a save lets older ones go meanwhile, the one that is
    the latest by then. Of a prefix it is that one or none: if it has been let go, the error names the latest.

    Args:
        path: Its prefix, any of its files, a directory (its latest checkpoint is meant), or a SavedModel.
        mmap: Give numbers of V2 checkpoints as read-only views of the mapped files, verified but not copied. The
            process dies if somebody truncates a file meanwhile.
        damaged: Open what is left of a checkpoint whose index has lost its first block.

    Returns:
        A reader; nothing but the index is read yet.

    Raises:
        CheckpointNotFoundError: There is no checkpoint at ``path``.
        DataLossError: It is something else, or damaged so that no tensor can be found.
        InvalidArgumentError: It says that this version must not read it.
    """
    source = find_checkpoint(path)
    for _ in range(MAX_ATTEMPTS):
        try:
            return CheckpointReader(source, mmap=mmap, damaged=damaged)
        except CheckpointError:
            # What was the latest may have been let go since.
            former, source = source, find_checkpoint(path)
            if former.prefix == source.prefix:
                raise
    return CheckpointReader(source, mmap=mmap, damaged=damaged)


def opened_on_demand(path: CheckpointPath) -> CheckpointReader:
    """Open a checkpoint as :func:`load_checkpoint` does, with files that are open only while something is read."""
    with load_checkpoint(path) as reader:
        return reader.on_demand()


class CheckpointReader(Mapping[str, Any]):
    """The tensors of one checkpoint, by name.

    ``reader["dense/kernel"]`` reads one; ``dict(reader)`` reads all. A name that no tensor has is taken for a short one
    of the object graph, such as ``model/dense/kernel``; those are not listed. Bytes of names that are not UTF-8 are
    lone surrogates, as :func:`os.fsdecode` gives them. Close a reader, or use it in a ``with`` statement.

    Threads and forked processes may share a reader, and it stays usable after ``os.chdir``. A copy, and one unpickled
    (also elsewhere), opens the files when it is first asked for something; if another checkpoint was saved under the
    prefix meanwhile, it says so with a FailedPreconditionError rather than give values of two.

    Args:
        source: The checkpoint.
        mmap: Give numbers as views of the mapped files.
        identity: The one version to read, opened when it is needed; None for the one that is there.
        damaged: Open what is left of an index that has lost its first block.
        hold: Keep the files open between reads; see :meth:`on_demand`.

    Attributes:
        source: What was given to find the checkpoint, and what was used.
    """

    def __init__(
        self,
        source: CheckpointSource,
        *,
        mmap: bool = False,
        identity: bytes | None = None,
        damaged: bool = False,
        hold: bool = True,
    ) -> None:
        self.source = source
        self._current = CurrentStore(source, mmap=mmap, identity=identity, damaged=damaged, hold=hold)
        self._object_graph: tuple[TensorStore, ObjectGraph] | None = None
        self._warned = False

    @property
    def prefix(self) -> str:
        """Prefix of the checkpoint; of a V1 checkpoint in several files, their pattern.

        As it was given, or absolute if the working directory has changed since.
        """
        return self.source.here().prefix

    @property
    def version(self) -> int:
        """Format: 1 (one table) or 2 (index and data files)."""
        return self.source.version

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that hold the tensors."""
        return tuple(map(self.source.path_here, self._current.store.file_names()))

    @property
    def damage(self) -> tuple[CheckpointError, ...]:
        """What was found broken while listing the tensors; those that it hides are not listed."""
        return tuple(self._current.read(lambda store: store.damage))

    def may_have_lost(self, name: str | bytes) -> bool:
        """Tell whether the listing is damaged where a tensor of this name would stand, so that it may have been there.

        What is not listed for that reason is not absent: asking for it is a DataLossError.
        """
        key = name_to_key(name)
        return key is not None and self._current.read(lambda store: key in store.lost)

    @property
    def lost_names(self) -> str:
        """Which names may be missing in the listing because a part of it is damaged, as a sentence; else empty."""
        return self._current.read(lambda store: store.lost.sentence(store.names()) if store.lost else "")

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
        value = self._read(tensor_str, None, out)
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
        if names is None:
            keys = self.keys_bytes()
            wanted = list(map(key_to_name, keys))
        else:
            wanted = [key_to_name(name) if isinstance(name, bytes) else name for name in names]
            keys = [key for name in wanted if (key := name_to_key(name)) is not None]
            if len(keys) < len(wanted):
                raise self._not_found(next(name for name in wanted if name_to_key(name) is None))
        self._current.check_current()
        try:
            values = self._current.read(lambda store: store.read_many(keys))
        except KeyError:
            keys = [entry.name for entry in map(self.entry, wanted)]
            values = self._current.read(lambda store: store.read_many(keys))
        return {name: values[key][()] for name, key in zip(wanted, keys, strict=True)}

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
        return self._read(name, region, out)

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
        self._current.check_current()
        return self._current.held(*self._find(name, lambda key, store: (store, store.pieces(key, at_most))))

    def has_tensor(self, tensor_str: str | bytes) -> bool:
        """Tell whether the checkpoint has a record of that name."""
        key = name_to_key(tensor_str)
        return key is not None and self._current.read(lambda store: store.has_key(key))

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Return the full shape of every tensor by name."""
        columns = self.columns()
        return dict(zip(map(key_to_name, columns.names), map(list, columns.shapes), strict=True))

    def get_variable_to_dtype_map(self) -> dict[str, DType]:
        """Return the type of every tensor by name."""
        columns = self.columns()
        return dict(zip(map(key_to_name, columns.names), columns.dtypes, strict=True))

    def debug_string(self) -> bytes:
        """Return a line per tensor, as ``weight (DT_FLOAT) [2,3]``.

        TensorFlow lists V1 checkpoints in the order of a hash table; here they are sorted.
        """
        return self._list(lambda store: store.debug_string())

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
        # Python asks for it after it has begun to iterate, and a second warning would say nothing new.
        return len(self._list(lambda store: store.names(), warn=not self._warned))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str | bytes) and (self.entry_or_none(name) or self._key_at(name)) is not None

    def __bool__(self) -> bool:
        return True

    # What is known without reading values.

    def keys_bytes(self) -> list[bytes]:
        """Return the names of all tensors as they are stored, sorted."""
        return self._list(lambda store: store.names())

    def columns(self, *, warn: bool = True) -> Columns:
        """Return names, types, shapes and places of all tensors, as columns sorted by name.

        Args:
            warn: Warn if the listing is damaged; not if the caller says so in another way.
        """
        return self._list(lambda store: store.columns(), warn=warn)

    def entry(self, name: str | bytes) -> TensorEntry:
        """Return dtype, shape, slices and place of one tensor.

        Raises:
            TensorNotFoundError: There is no such tensor.
        """
        return self._find(name, lambda key, store: store.entry(key))

    def entry_or_none(self, name: str | bytes) -> TensorEntry | None:
        """Return the same, or None if no tensor is stored under just this name."""
        key = name_to_key(name)
        try:
            return None if key is None else self._current.read(lambda store: store.entry(key))
        except KeyError:
            return None

    @property
    def variables(self) -> pd.DataFrame:
        """One row per tensor: name, dtype, shape, elements, bytes, shard, offset, slices, group."""
        from ckpt_magics.notebook.frames.variable_frame import variables_frame

        return variables_frame(self.columns())

    def frame(self, name: str | bytes, *, rows: int | slice | None = None) -> pd.DataFrame:
        """Return a tensor, or one or some of its rows, as a table: the last dimension across, the others down."""
        from ckpt_magics.notebook.frames.value_frame import tensor_frame

        part = None if rows is None else row_range(rows, self.entry(name).shape)
        return tensor_frame(self._read(name, part, None), first_row=0 if part is None else part.start)

    def on_demand(self) -> CheckpointReader:
        """Return a reader of the same version whose files are open only while it reads.

        It keeps no space of deleted files, and no descriptors, however long it is kept itself. Once another checkpoint
        was saved under the prefix, it says so with a FailedPreconditionError rather than give values of two.
        """
        if not self._current.hold:
            return self
        options = {"damaged": self._current.damaged, "identity": self._current.identity()}
        return _reopened(type(self), self.source, {**options, "hold": False})

    def show(self) -> VariablesView:
        """Return an interactive view of the tensors, to be displayed in a notebook. It outlives this reader."""
        from ckpt_magics.notebook.widgets.tensors.variables_view import VariablesView

        return VariablesView(self)

    def verify(self, *, progress: Progress | None = None) -> VerificationReport:
        """Check every block and every tensor against its checksums; ``progress`` is told bytes done and bytes in all.

        What lies under the prefix now, also if that was saved after this reader was opened.

        Returns:
            A report that names file, tensor and byte of everything damaged. Damage itself is no error.
        """
        from ckpt_magics.notebook.reports.verification_report import verify_source

        self._current.check_open()
        return verify_source(self.source.here(), progress=progress)

    @property
    def object_graph(self) -> ObjectGraph | None:
        """The objects that were saved and the names of their variables; None if the checkpoint is name-based.

        Raises:
            DataLossError: The record of the objects is damaged; the tensors can be read all the same.
        """
        if self._object_graph is None or self._object_graph[0] is not self._current.store:
            if self.entry_or_none(OBJECT_GRAPH_KEY) is None:
                return None
            graph = parse_object_graph(self.get_tensor(OBJECT_GRAPH_KEY))
            self._object_graph = self._current.store, graph
        return self._object_graph[1]

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
        entry = self.entry_or_none(name)
        if entry is None:
            error = self._not_found(name, exact=True)
            if self.version == 1:
                error.message = f'Tensor name "{visible(name)}" not found in checkpoint files {visible(self.prefix)}'
            raise error
        check_dtype(entry, as_dtype(dtype), version=self.version)
        if not shape_and_slice:
            return self._read(name, None, None)
        shape, part, _ = parse_shape_and_slice(shape_and_slice)
        check_shape(entry, shape)
        return self._read(name, part, None)

    def check_current(self) -> None:
        """Refuse to go on, where this reader reads on demand and the checkpoint was replaced or deleted meanwhile.

        Every read of values does so by itself; this is for those who keep what they have read.
        """
        self._current.check_current()

    def close(self) -> None:
        """Close the files. Closing twice is fine."""
        self._current.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        # Place and identity: whoever unpickles it reads this version or is told that it is gone.
        current = self._current
        options = {"mmap": current.mmap, "damaged": current.damaged, "hold": current.hold}
        return _reopened, (type(self), self.source, {**options, "identity": current.identity()})

    def __repr__(self) -> str:
        return f"CheckpointReader({self.source.prefix!r}, version={self.version})"

    def _list(self, read: Callable[[TensorStore], Result], *, warn: bool = True) -> Result:
        """Read what needs every entry; what is damaged is told each time."""
        result = self._current.read(read)
        damage = self.damage if warn else ()
        if damage:
            self._warned = True
            warn_each_time(
                f"{visible(self.prefix)}: not all tensors can be listed: {'; '.join(map(str, damage[:3]))}. "
                f"{self.lost_names}".rstrip()
            )
        return result

    def _find(self, name: str | bytes, find: Callable[[bytes, TensorStore], Result]) -> Result:
        """Find by the name that is stored, else by the short name."""
        for to_key in (name_to_key, self._key_at):
            key = to_key(name)
            try:
                if key is not None:
                    return self._current.read(partial(find, key))
            except KeyError:
                pass
        raise self._not_found(name)

    def _key_at(self, name: str | bytes) -> bytes | None:
        """Return the key of the tensor that has this short name.

        Raises:
            DataLossError: The record that would say so is damaged.
        """
        try:
            graph = self.object_graph
        except CheckpointError as error:
            error.hint = f"Nothing is stored as {visible(name)}, and whether that is a short name cannot be told."
            raise
        key = None if graph is None else graph.key_at(name if isinstance(name, str) else key_to_name(name))
        return None if key is None or self.entry_or_none(key) is None else name_to_key(key)

    def _not_found(self, name: str | bytes, *, exact: bool = False) -> TensorNotFoundError:
        try:
            columns = self.columns(warn=False)
            shapes = dict(zip(map(key_to_name, columns.names), columns.shapes, strict=True))
            short = self.object_graph.short_names if self.object_graph is not None else {}
        except CheckpointError:
            shapes, short = {}, {}
        found = nearest_stored(name if isinstance(name, str) else key_to_name(name), shapes, short, exact=exact)
        hint = suggestion_hint(found, self.prefix)
        return TensorNotFoundError(self._current.store.missing(visible(name)), name=name, suggestions=found, hint=hint)

    def _read(self, name: str | bytes, region: Region | None, out: Array | None) -> Array:
        def read(key: bytes, store: TensorStore) -> Array:
            if region is None and out is None:
                return store.read(key, None, None)
            entry = store.entry(key)
            part = None if region is None else as_part(region, entry.shape)
            if out is not None:
                check_out(out, entry, entry.shape if part is None else part.shape(entry.shape))
            if part is None or not part.dropped:
                return store.read(key, part and part.box, out)
            if out is None:
                return store.read(key, part.box, None).squeeze(part.dropped)
            store.read(key, part.box, np.expand_dims(out, part.dropped))
            return out

        self._current.check_current()
        return self._find(name, read)


def _reopened(kind: type[CheckpointReader], source: CheckpointSource, options: Mapping[str, Any]) -> CheckpointReader:
    """Return a reader of the version that another one read, which may be gone."""
    return kind(source, **options)
