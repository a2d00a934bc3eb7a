"""Tensors on their way from sources to a sink, by the names that they have after the steps so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import NamedTuple

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, visible
from ckpt_magics.files.formats.pieces import PIECE_SIZE, STREAM_SIZE, Box
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.object_graph.graph_keys import short_form
from ckpt_magics.files.object_graph.groups import variable_group
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.object_graph.shown_names import ShownNames
from ckpt_magics.files.steps.lazy_tensor import LazyTensor, SourceTensor
from ckpt_magics.files.steps.patterns import Names, Pattern
from ckpt_magics.files.tensors.lost_names import LostNames
from ckpt_magics.files.tensors.source import Array, Columns, TensorSource, TensorSpec, columns_of, store_into
from ckpt_magics.files.tensors.suggestions import Suggester, nearest_sentence
from ckpt_magics.files.tensors.tensor_names import encode_name, key_to_name
from ckpt_magics.phrasing import names_text

__all__ = ["Dropped", "KnownName", "SteppedTensor", "SteppedTensors", "collision", "merged", "stepped"]


class SteppedTensor(NamedTuple):
    """One tensor on its way.

    Attributes:
        values: Its elements.
        origins: Names in the sources of what it is made of; none of what is new.
        changes: What steps did to it besides renaming, in words.
    """

    values: LazyTensor
    origins: tuple[str, ...]
    changes: tuple[str, ...] = ()

    def changed(self, values: LazyTensor, change: str) -> SteppedTensor:
        """Return it with other elements, and the word for what was done."""
        return SteppedTensor(values, self.origins, (*self.changes, change))


class Dropped(NamedTuple):
    """A tensor of a source that the result has not.

    Attributes:
        name: What it was called when it was dropped.
        reason: Why, as the step that did it.
    """

    name: str
    reason: str


class KnownName(NamedTuple):
    """What a source says of a tensor that it calls otherwise than its key.

    Attributes:
        key: What else it may be called in patterns: its key, if that has the path by which the tensor is called. A
            weight of Keras 3 has the key of an optimizer that holds it too, and does not go where the optimizer goes.
        group: What it is for, one of `GROUPS`.
    """

    key: str | None
    group: str


class SteppedTensors:
    """What steps take and return. A source of tensors, and nothing is read before values are asked for.

    Args:
        tensors: By name, in the order of the files.
        origin: What they are called for people.
        dropped: What earlier steps left out.
        known: What sources say of their tensors, by name, whatever steps have made of those.

    Attributes:
        origin: As given.
        dropped: As given.
        known: As given.
        note: Nothing.
        damage: Nothing: what is damaged has been refused.
        lost: Nothing.
    """

    note = ""
    damage: Sequence[CheckpointError] = ()
    lost = LostNames()

    def __init__(
        self,
        tensors: Mapping[str, SteppedTensor],
        origin: str = "the tensors",
        dropped: Sequence[Dropped] = (),
        known: Mapping[str, KnownName] | None = None,
    ) -> None:
        self._tensors = tensors
        self.origin = origin
        self.dropped = tuple(dropped)
        self.known = known or {}

    def part(self, keys: Iterable[bytes]) -> SteppedTensors:
        """Return some of the tensors, for somebody to read elsewhere."""
        names = [self._names_by_key[key] for key in keys]
        known = {name: self.known[name] for name in names if name in self.known}
        return SteppedTensors({name: self._tensors[name] for name in names}, self.origin, known=known)

    # What steps use.

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __contains__(self, name: object) -> bool:
        return name in self._tensors

    def __getitem__(self, name: str) -> SteppedTensor:
        return self._tensors[name]

    def get(self, name: str) -> SteppedTensor | None:
        """Return the tensor of a name, None if there is none."""
        return self._tensors.get(name)

    def items(self) -> Iterable[tuple[str, SteppedTensor]]:
        """Return names and tensors."""
        return self._tensors.items()

    @cached_property
    def names(self) -> Names:
        """The names, to be matched with patterns; the keys of what is called as in its source stand for it too."""
        return Names(self._tensors, self.stored_keys)

    @cached_property
    def stored_keys(self) -> Mapping[str, str]:
        """The keys in the files of sources, by name, where a tensor is called as it is shown there."""
        known = (
            (name, self.known[name].key) for name in self._tensors if name in self.known and self._is_as_read(name)
        )
        return {name: key for name, key in known if key is not None}

    def _is_as_read(self, name: str) -> bool:
        return self._tensors[name].origins == (name,)

    def group(self, name: str) -> str:
        """Return what a tensor is for, one of `GROUPS`: as its source says, or by its name if steps gave that."""
        is_known = name in self.known and name in self._tensors and self._is_as_read(name)
        return self.known[name].group if is_known else variable_group(name)

    def matching(self, pattern: str, *, may_miss: bool = False) -> list[str]:
        """Return the names that a pattern stands for.

        Args:
            pattern: See :class:`Pattern`.
            may_miss: Whether it may match nothing.

        Raises:
            InvalidArgumentError: It matches nothing, or does not parse.
        """
        found = self.names.matching(Pattern(pattern))
        if not found and not may_miss:
            raise self.no_match([pattern])
        return found

    def no_match(self, patterns: Sequence[str]) -> InvalidArgumentError:
        """Return the error for patterns that match none of the tensors as they are called by now."""
        shapes = {name: tensor.values.shape for name, tensor in self.items()}
        nearest = nearest_sentence(Suggester(shapes).nearest(patterns[0]))
        verb = "matches" if len(patterns) == 1 else "match"
        return InvalidArgumentError(
            f"{names_text(patterns)} {verb} no tensor of {visible(self.origin)}",
            hint=nearest or "Each step sees the names that the steps before it have given.",
        )

    def with_tensors(self, tensors: Mapping[str, SteppedTensor], dropped: Iterable[Dropped] = ()) -> SteppedTensors:
        """Return other tensors in place of these, with what has been dropped from them."""
        return SteppedTensors(tensors, self.origin, (*self.dropped, *dropped), self.known)

    def kept(self, names: Iterable[str], reason: str) -> SteppedTensors:
        """Return some of the tensors; the others are dropped for a reason."""
        wanted = set(names)
        dropped = (Dropped(name, reason) for name in self._tensors if name not in wanted)
        return self.with_tensors({name: one for name, one in self.items() if name in wanted}, dropped)

    def changed(self, change: Mapping[str, SteppedTensor]) -> SteppedTensors:
        """Return the tensors with others in place of some, under the same names."""
        return self.with_tensors({**self._tensors, **change})

    def renamed(self, new_names: Callable[[str], Iterable[str]]) -> SteppedTensors:
        """Return the tensors under other names.

        Args:
            new_names: Returns the names that a tensor gets; several make copies.

        Raises:
            InvalidArgumentError: Two tensors get one name.
        """
        renamed: dict[str, SteppedTensor] = {}
        taken: dict[str, str] = {}
        for name, tensor in self.items():
            for new in new_names(name):
                if new in taken:
                    raise collision(new, taken[new], name)
                taken[new] = name
                renamed[new] = tensor
        return self.with_tensors(renamed)

    def joined_by(self, added: Mapping[str, SteppedTensor]) -> SteppedTensors:
        """Return the tensors and further ones.

        Raises:
            InvalidArgumentError: One of those has a name that is taken.
        """
        twice = next((name for name in added if name in self._tensors), None)
        if twice is not None:
            raise InvalidArgumentError(
                f"{visible(twice)} is there already", hint="Rename or leave out that one in a step before."
            )
        return self.with_tensors({**self._tensors, **added})

    # What a source has.

    def keys(self) -> list[bytes]:
        """Return the keys of all tensors, sorted."""
        return sorted(self._names_by_key)

    @cached_property
    def _names_by_key(self) -> dict[bytes, str]:
        return {encode_name(name): name for name in self._tensors}

    def columns(self) -> Columns:
        """Return dtype and shape of all tensors; they lie in no file."""
        return columns_of([self.spec(key) for key in self.keys()])

    def spec(self, key: bytes) -> TensorSpec:
        """Return dtype and shape of a tensor."""
        values = self._values(key)
        return TensorSpec(key, values.dtype, values.shape, size=values.size)

    def _values(self, key: bytes) -> LazyTensor:
        return self._tensors[self._names_by_key[key]].values

    def read(self, key: bytes, region: TensorSlice | None = None, out: Array | None = None) -> Array:
        """Return a tensor or a part of it."""
        values = self._values(key)
        with_copy = values.read(values.whole if region is None else region.resolve(values.shape))
        return store_into(with_copy.copy() if out is None else with_copy, out)

    def read_many(self, keys: Sequence[bytes]) -> dict[bytes, Array]:
        """Return several tensors; those that no step has touched, many at a time."""
        values = {key: self._values(key) for key in keys}
        untouched = [(key, one) for key, one in values.items() if isinstance(one, SourceTensor)]
        found: dict[bytes, Array] = {}
        for source in {id(one.source): one.source for _, one in untouched}.values():
            own = [(key, one.key) for key, one in untouched if one.source is source]
            read = source.read_many([stored for _, stored in own])
            found.update((key, read[stored]) for key, stored in own)
        return {key: found[key] if key in found else one.read(one.whole) for key, one in values.items()}

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over a tensor's pieces in C order."""
        return self._values(key).pieces(at_most)

    def piece_size(self, key: bytes) -> int:
        """Return the bytes of pieces in which a tensor is read in the least time."""
        return STREAM_SIZE if self._values(key).streams else PIECE_SIZE

    def in_file_order(self) -> list[bytes]:
        """Return the keys in the order in which the tensors are there."""
        return list(self._names_by_key)

    def missing(self, name: str) -> str:
        """Return the words for a name that is not there."""
        return f"Key {name} not found in {self.origin}"

    def version_token(self) -> object:
        """Return the same object always."""
        return self

    def check_current(self) -> None:
        """Do nothing: every read looks by itself."""

    def on_demand(self) -> SteppedTensors:
        """Return these; how their sources are open is theirs."""
        return self

    def close(self) -> None:
        """Do nothing: sources are closed by whoever opened them."""


def stepped(tensors: NamedTensors[TensorSource], scope: str = "") -> SteppedTensors:
    """Return the tensors of a source before the first step.

    Args:
        tensors: What is to be read.
        scope: What their names get in front, as ``a/``.

    Raises:
        CheckpointError: The source is damaged, so that not all of its tensors are listed.
    """
    source = tensors.source
    keys = source.in_file_order()
    if source.damage:
        raise source.damage[0]
    names = {key: f"{scope}{tensors.shown.name(key_to_name(key))}" for key in keys}
    known = {
        names[key]: _known(text, scope, tensors.shown)
        for key in keys
        if (text := key_to_name(key)) in tensors.shown.names
    }
    keys, dtypes, shapes, *_ = source.columns()
    tensors_by_key = dict(zip(keys, map(partial(SourceTensor, source), keys, dtypes, shapes), strict=True))
    return SteppedTensors(
        {name: SteppedTensor(tensors_by_key[key], (name,)) for key, name in names.items()},
        source.origin,
        known=known,
    )


def _known(key: str, scope: str, shown: ShownNames) -> KnownName:
    return KnownName(f"{scope}{key}" if short_form(key) == shown.name(key) else None, shown.group(key))


def merged(sides: Sequence[SteppedTensors]) -> SteppedTensors:
    """Return the tensors of several sources as one.

    Raises:
        InvalidArgumentError: Two of them have a tensor of one name.
    """
    first, *others = sides
    for other in others:
        twice = next((name for name in other if name in first), None)
        if twice is not None:
            raise InvalidArgumentError(
                f"{visible(twice)} is in {visible(first.origin)} and in {visible(other.origin)}",
                hint="Put the tensors of each under a name of its own: a:ONE b:OTHER, or --under ONE OTHER.",
            )
        origin, dropped = f"{first.origin}, {other.origin}", (*first.dropped, *other.dropped)
        known = {**first.known, **other.known}
        first = SteppedTensors({**dict(first.items()), **dict(other.items())}, origin, dropped, known)
    return first


def collision(new: str, first: str, second: str) -> InvalidArgumentError:
    """Return the error for two tensors that would get one name."""
    return InvalidArgumentError(
        f"{visible(first)} and {visible(second)} would both be called {visible(new)}",
        hint="Leave one of them out, or give it another name.",
    )
