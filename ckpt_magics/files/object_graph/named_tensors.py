"""The tensors of a source by the names that people use for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np

from ckpt_magics.errors import CheckpointError, DataLossError, TensorNotFoundError, visible
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.object_graph.graph_nodes import data_of_record
from ckpt_magics.files.object_graph.object_graph import ObjectGraph, parse_object_graph
from ckpt_magics.files.object_graph.shown_names import ShownNames, TensorListing, shown_names
from ckpt_magics.files.storage.damage_warning import warn_each_time
from ckpt_magics.files.tensors.mismatches import check_out
from ckpt_magics.files.tensors.regions import Region, as_part
from ckpt_magics.files.tensors.source import MAX_ATTEMPTS, Array, Columns, TensorSource, TensorSpec
from ckpt_magics.files.tensors.suggestions import nearest_stored, suggestion_hint
from ckpt_magics.files.tensors.tensor_names import key_to_name, name_to_key

__all__ = ["NamedTensors", "TensorReader", "tensors_behind"]

Source_co = TypeVar("Source_co", bound=TensorSource, covariant=True)
Result = TypeVar("Result")


class NamedTensors(Generic[Source_co]):
    """Tensors by name.

    They go by what they are called: in a checkpoint of objects by the path on which a model reaches them. Its keys,
    other paths and the names that variables have in graphs are understood too. Bytes of names that are not UTF-8 are
    lone surrogates, as :func:`os.fsdecode` gives them.

    Args:
        source: What has the tensors; whoever closes this closes it.

    Attributes:
        source: As given.
    """

    def __init__(self, source: Source_co) -> None:
        self.source = source
        self._object_graph: tuple[object, ObjectGraph] | None = None
        self._shown: tuple[object, ShownNames] | None = None
        self._warned = False

    @property
    def named_tensors(self) -> Self:
        """These, as a reader has it of those that it is the face of."""
        return self

    @property
    def origin(self) -> str:
        """What the source is called for people."""
        return self.source.origin

    # What is known without reading values.

    def __iter__(self) -> Iterator[str]:
        keys = map(key_to_name, self.keys_bytes())
        return iter(sorted(map(self.shown.name, keys)) if self.shown.names else keys)

    def __len__(self) -> int:
        # Python asks for it after it has begun to iterate, and a second warning would say nothing new.
        return len(self.listed(self.source.keys, warn=not self._warned))

    def __bool__(self) -> bool:
        return True

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str | bytes) and (self.spec_or_none(name) or self._key_at(name)) is not None

    def keys_bytes(self) -> list[bytes]:
        """Return the names of all tensors as they are stored, sorted."""
        return self.listed(self.source.keys)

    def columns(self, *, warn: bool = True) -> Columns:
        """Return names, types, shapes and places of all tensors, as columns sorted by name.

        Args:
            warn: Warn if the listing is damaged; not if the caller says so in another way.
        """
        return self.listed(self.source.columns, warn=warn)

    @property
    def shown(self) -> ShownNames:
        """What the tensors are called, and what they are for; by their keys where the graph of objects is damaged."""
        token = self.source.version_token()
        if self._shown is None or self._shown[0] is not token:
            try:
                graph = self.object_graph
            except DataLossError:
                graph = None
            keys = () if graph is None else self.source.keys()
            self._shown = token, shown_names(map(key_to_name, keys), graph)
        return self._shown[1]

    def listing(self, *, warn: bool = True) -> TensorListing:
        """Return every tensor by what it is called, sorted by that.

        Args:
            warn: As of :meth:`columns`.
        """
        return TensorListing.of(self.columns(warn=warn), self.shown)

    def name_or_none(self, name: str) -> str | None:
        """Return what a tensor is called, of which another name or the key is given; None if there is none."""
        key = name if self.spec_or_none(name) is not None else self._other_key(name, self.shown.graph)
        return None if key is None else self.shown.name(key)

    def group(self, name: str) -> str:
        """Return what a tensor is for, one of `GROUPS`, by a name or the key."""
        key = name if self.spec_or_none(name) is not None else self._other_key(name, self.shown.graph)
        return self.shown.group(name if key is None else key)

    def spec(self, name: str | bytes) -> TensorSpec:
        """Return dtype, shape, slices and place of one tensor.

        Raises:
            TensorNotFoundError: There is no such tensor.
        """
        return self._find(name, self.source.spec)

    def spec_or_none(self, name: str | bytes) -> TensorSpec | None:
        """Return the same, or None if no tensor is stored under just this name."""
        key = name_to_key(name)
        try:
            return None if key is None else self.source.spec(key)
        except KeyError:
            return None

    @property
    def lost_names(self) -> str:
        """Which names may be missing in the listing because a part of it is damaged, as a sentence; else empty."""
        lost = self.source.lost
        return lost.sentence(self.source.keys()) if lost else ""

    def may_have_lost(self, name: str | bytes) -> bool:
        """Tell whether the listing is damaged where a tensor of this name would stand, so that it may have been there.

        What is not listed for that reason is not absent: asking for it is a DataLossError.
        """
        key = name_to_key(name)
        return key is not None and key in self.source.lost

    @property
    def object_graph(self) -> ObjectGraph | None:
        """The objects that were saved and the names of their variables; None if the checkpoint is name-based.

        Raises:
            DataLossError: The record of the objects is damaged; the tensors can be read all the same.
        """
        token = self.source.version_token()
        if self._object_graph is None or self._object_graph[0] is not token:
            if self.spec_or_none(OBJECT_GRAPH_KEY) is None:
                return None
            graph = parse_object_graph(data_of_record(self.read(OBJECT_GRAPH_KEY)))
            self._object_graph = token, graph
        return self._object_graph[1]

    # Values.

    def read(self, name: str | bytes, region: Region | None = None, out: Array | None = None) -> Array:
        """Return a tensor, or a part of it at the cost of that part.

        Args:
            name: Of the tensor.
            region: What :func:`as_part` takes; None for all of it.
            out: Array of the region's shape to fill in place of a new one.

        Returns:
            An array, also if the rank is 0. Integers in a region drop their dimensions.

        Raises:
            TensorNotFoundError: There is no such tensor.
            DataLossError: The value, or what the source says about it, is damaged.
            InvalidArgumentError: The region does not fit the tensor; OutOfRangeError: one of its integers.
            TensorMismatchError: ``out`` has another shape or dtype.
        """
        if region is None and out is None:
            return self._find(name, self.source.read)
        self.source.check_current()
        for _ in range(MAX_ATTEMPTS):
            # What a region means depends on the shape, which has to be of the version that is read.
            token = self.source.version_token()
            value = self._read_part(self.spec(name), region, out)
            if self.source.version_token() is token:
                break
        return value

    def _read_part(self, spec: TensorSpec, region: Region | None, out: Array | None) -> Array:
        part = None if region is None else as_part(region, spec.shape)
        if out is not None:
            check_out(out, spec, spec.shape if part is None else part.shape(spec.shape))
        if part is None or not part.dropped:
            return self.source.read(spec.key, part and part.box, out)
        if out is None:
            return self.source.read(spec.key, part.box).squeeze(part.dropped)
        self.source.read(spec.key, part.box, np.expand_dims(out, part.dropped))
        return out

    def read_many(self, names: Iterable[str | bytes] | None = None) -> dict[str, Array]:
        """Return several tensors by name, all of them if ``names`` is None; small ones are read many at a time.

        Raises:
            TensorNotFoundError: There is no tensor of one of the names.
            DataLossError: A value is damaged.
        """
        wanted = list(self) if names is None else [_as_name(name) for name in names]
        keys = [key for name in wanted if (key := name_to_key(name)) is not None]
        if len(keys) < len(wanted):
            raise self.not_found(next(name for name in wanted if name_to_key(name) is None))
        try:
            values = self.source.read_many(keys)
        except KeyError:
            keys = [self.spec(name).key for name in wanted]
            values = self.source.read_many(keys)
        return {name: values[key] for name, key in zip(wanted, keys, strict=True)}

    def pieces(self, name: str | bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over a tensor's pieces; see `TensorSource.pieces`.

        Raises:
            TensorNotFoundError: There is no such tensor.
            DataLossError: From the iterator: the value is damaged.
        """
        return self._find(name, lambda key: self.source.pieces(key, at_most))

    # Its life.

    def check_current(self) -> None:
        """Refuse to go on, where this reads on demand and the tensors were replaced or deleted meanwhile.

        Every read of values does so by itself; this is for those who keep what they have read.
        """
        self.source.check_current()

    def on_demand(self) -> Self:
        """Return the same tensors by name, from files that are open only while something is read."""
        source = self.source.on_demand()
        return self if source is self.source else type(self)(source)  # type: ignore[arg-type] # it is of one kind

    def close(self) -> None:
        """Close the files. Closing twice is fine."""
        self.source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy has files of its own, whose closing is not that of these.
        return type(self), (copy(self.source),)

    def listed(self, read: Callable[[], Result], *, warn: bool = True) -> Result:
        """Read what needs every entry; what is damaged is told each time."""
        result = read()
        damage = self.source.damage if warn else ()
        if damage:
            self._warned = True
            warn_each_time(
                f"{visible(self.origin)}: not all tensors can be listed: {'; '.join(map(str, damage[:3]))}. "
                f"{self.lost_names}".rstrip()
            )
        return result

    def not_found(self, name: str | bytes, *, exact: bool = False) -> TensorNotFoundError:
        """Return the error for a name that no tensor has, with the nearest names.

        Args:
            name: What was asked for.
            exact: Short names are not understood where it was asked for.
        """
        try:
            columns = self.columns(warn=False)
            shapes = dict(zip(map(key_to_name, columns.keys), columns.shapes, strict=True))
            short = self.shown.keys
        except CheckpointError:
            shapes, short = {}, {}
        found = nearest_stored(_as_name(name), shapes, short, exact=exact)
        hint = suggestion_hint(found, self.origin)
        return TensorNotFoundError(self.source.missing(visible(name)), name=name, suggestions=found, hint=hint)

    def _find(self, name: str | bytes, find: Callable[[bytes], Result]) -> Result:
        """Find by the key, else by another name."""
        for to_key in (name_to_key, self._key_at):
            key = to_key(name)
            try:
                if key is not None:
                    return find(key)
            except KeyError:
                pass
        raise self.not_found(name)

    def _key_at(self, name: str | bytes) -> bytes | None:
        """Return the key of the tensor that is called so, or may be.

        Raises:
            DataLossError: The record that would say so is damaged.
        """
        try:
            graph = self.object_graph
        except CheckpointError as error:
            error.hint = f"Nothing is stored as {visible(name)}, and whether that is a short name cannot be told."
            raise
        key = self._other_key(_as_name(name), graph)
        return None if key is None else name_to_key(key)

    def _other_key(self, name: str, graph: ObjectGraph | None) -> str | None:
        """Return the key for a name that is not stored; None if no tensor is called so either."""
        key = self.shown.keys.get(name) or (None if graph is None else graph.key_at(name))
        return None if key is None or self.spec_or_none(key) is None else key


class TensorReader(Protocol[Source_co]):
    """What has tensors by name behind it: these themselves, or a reader that is their face."""

    @property
    def named_tensors(self) -> NamedTensors[Source_co]:
        """The tensors."""
        ...

    def on_demand(self) -> Self:
        """Return one of the same tensors that holds no files between reads."""
        ...


def tensors_behind(value: object) -> NamedTensors[TensorSource] | None:
    """Return the tensors that a value has behind it; None of what is no `TensorReader`."""
    named = getattr(value, "named_tensors", None)
    return named if isinstance(named, NamedTensors) else None


def _as_name(name: str | bytes) -> str:
    return name if isinstance(name, str) else key_to_name(name)
