"""The graph of objects of what is converted: it follows the tensors, so that the result has objects again.

A tensor that is left out leaves the graph, one that is called otherwise goes elsewhere, a new one gets an object. An
edited graph is what TensorFlow would write of objects that are so: numbers, keys, and the order of the tensors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import STRING
from ckpt_magics.files.object_graph.graph_draft import SAVE_COUNTER, Path
from ckpt_magics.files.object_graph.graph_edits import NewValue, PlacedValue, ValueId, beside, edited
from ckpt_magics.files.object_graph.graph_keys import (
    ATTRIBUTES,
    OBJECT_GRAPH_KEY,
    PYTHON_STATE,
    SLOT_MARK,
    VARIABLE_VALUE,
)
from ckpt_magics.files.object_graph.graph_nodes import GraphNode, nodes_of_record, record_of_nodes
from ckpt_magics.files.object_graph.object_graph import SavedAttribute
from ckpt_magics.files.object_graph.stored_values import StoredValue, path_of_name, stored_values
from ckpt_magics.files.object_graph.value_places import PathFinder, keys_of_values, with_keys
from ckpt_magics.files.steps.lazy_tensor import ArrayTensor, SourceTensor
from ckpt_magics.files.steps.stepped_tensors import SteppedTensor, SteppedTensors, collision
from ckpt_magics.files.tensors.tensor_names import key_to_name

__all__ = ["KeptObjects", "ScopedSide"]

_GONE = "no object leads to it any more"


class ScopedSide(NamedTuple):
    """A source before the first step.

    Attributes:
        tensors: What it has.
        scope: What their names got in front.
    """

    tensors: SteppedTensors
    scope: str


class _Known(NamedTuple):
    """A tensor of a source that is a value of its graph.

    Attributes:
        stored: Which value, by the number of its object among those of all sources.
        path: By which it is named, from the root of its own graph; None of what is nobody's child.
        root: That root.
        place: The path with what its name got in front.
        key: Under which it is stored.
    """

    stored: StoredValue
    path: Path | None
    root: int
    place: Path
    key: str


class _Claim(NamedTuple):
    """What a tensor of the result is.

    Attributes:
        origin: Its name in a source, or that of the tensor that it replaces.
        target: Path of its object.
    """

    origin: str
    target: Path


class KeptObjects:
    """The objects of all sources, to be told what became of their tensors.

    Args:
        sides: The sources.

    Attributes:
        lost: Why a graph cannot be read; empty if there is none or all can be.
    """

    def __init__(self, sides: Iterable[ScopedSide]) -> None:
        self.lost = ""
        self._known: dict[str, _Known] = {}
        self._others: set[str] = set()
        self._left_out: list[PlacedValue] = []
        found = [(side, graph) for side in sides if (graph := self._graph_of(side))]
        self._graphs = len(found)
        self._nodes, roots = beside([graph for _, graph in found])
        for (side, graph), root in zip(found, roots, strict=True):
            self._know(side, graph, root)

    def __bool__(self) -> bool:
        return bool(self._nodes)

    def is_bookkeeping(self, one: SteppedTensor) -> bool:
        """Whether a tensor is what TensorFlow notes for itself: the objects, the number of saves, Python's state."""
        known = [self._known[origin] for origin in one.origins if origin in self._known]
        return _is_graph(one) or any(
            each.stored.value.attribute == PYTHON_STATE or each.path == (SAVE_COUNTER,) for each in known
        )

    def _graph_of(self, side: ScopedSide) -> tuple[GraphNode, ...]:
        stored = side.tensors.get(f"{side.scope}{OBJECT_GRAPH_KEY}")
        if stored is None:
            return ()
        try:
            return nodes_of_record(stored.values.read(stored.values.whole))
        except CheckpointError as error:
            self.lost = f"it cannot be read: {error}"
            return ()

    def _know(self, side: ScopedSide, graph: Sequence[GraphNode], root: int) -> None:
        keys = {
            key_to_name(one.values.key): name
            for name, one in side.tensors.items()
            if isinstance(one.values, SourceTensor)
        }
        values, finder = stored_values(graph, keys), PathFinder(graph)
        scope = tuple(filter(None, side.scope.split("/")))
        for key, name in keys.items():
            if key in values:
                value, suffix = values[key]
                path = _path_of(finder, name.removeprefix(side.scope), values[key])
                stored = StoredValue(ValueId(value.node_id + root, value.attribute), suffix)
                if name in self._known:
                    # Of two sources that have a number of saves, the first keeps its.
                    self._left_out.append(PlacedValue(stored.value, path, None, root))
                    continue
                self._known[name] = _Known(stored, path, root, (*scope, *(path or ())), key)
            elif key != OBJECT_GRAPH_KEY:
                self._others.add(name)

    def followed(self, tensors: SteppedTensors) -> SteppedTensors:
        """Return the result of all steps with the graph of its objects, under the keys and in the order of that graph.

        Args:
            tensors: Each under its name. What is called as before and was all that there is keeps its graph as it is.

        Raises:
            InvalidArgumentError: Two values would be of one object, or what is no value has the key of one.
        """
        plain = _without_graphs(tensors)
        claims = self._claims(plain)
        new = [name for name, one in plain.items() if name not in claims and self._others.isdisjoint(one.origins)]
        if not new and self._is_as_before(claims):
            places = {name: _KeyedValue(self._known[name].stored.value, self._known[name].key) for name in claims}
            return _in_order(plain, self._nodes, places)
        graph = edited(self._nodes, self._placed(claims.values()), [_new_value(name, plain[name]) for name in new])
        keys = keys_of_values(graph.nodes)
        places = {name: _KeyedValue(value, keys[value]) for name, value in zip(new, graph.added, strict=True)}
        for name, claim in claims.items():
            value, suffix = self._known[claim.origin].stored
            if value in graph.values:
                places[name] = _KeyedValue(graph.values[value], keys[graph.values[value]] + suffix)
        gone = claims.keys() - places.keys()
        kept = plain.kept((name for name in plain if name not in gone), _GONE)
        return _in_order(kept, with_keys(graph.nodes, keys), places)

    def _is_as_before(self, claims: Mapping[str, _Claim]) -> bool:
        """Whether all values are what and where they were: then the graph stays, whatever wrote it."""
        return self._graphs == 1 and all(
            name in claims and claims[name] == (name, known.path or ()) for name, known in self._known.items()
        )

    def _claims(self, tensors: SteppedTensors) -> Mapping[str, _Claim]:
        """Return what tensors of the result are, by their names; nothing of new ones."""
        claims: dict[str, _Claim] = {}
        free = set(self._known)
        # What is called as before comes first, then what is called otherwise, then what replaces another value.
        for find in (_unchanged, _origin, _replaced):
            for name, one in tensors.items():
                origin = find(name, one) if name not in claims else None
                target = self._target(name, origin) if origin in free else None
                if origin is not None and target is not None:
                    claims[name] = _Claim(origin, target)
                    free.remove(origin)
        return claims

    def _target(self, name: str, origin: str | None) -> Path | None:
        """The path of the object that a name gives to a value of a source; None if the value cannot be called so."""
        known = self._known[origin or ""]
        if name == origin:
            return known.place
        if known.path is None:
            return () if SLOT_MARK in name else None
        of_object = _name_of_object(name, known.stored)
        return None if of_object is None else path_of_name(of_object, known.place)

    def _placed(self, claims: Iterable[_Claim]) -> list[PlacedValue]:
        targets = {claim.origin: claim.target for claim in claims}
        origins: dict[ValueId, list[str]] = {}
        for origin, known in self._known.items():
            origins.setdefault(known.stored.value, []).append(origin)
        placed = list(self._left_out)
        for value, parts in origins.items():
            known = self._known[parts[0]]
            found = {targets.get(part) for part in parts}
            # A table without its keys is none.
            placed.append(PlacedValue(value, known.path, found.pop() if len(found) == 1 else None, known.root))
        return placed


def _unchanged(name: str, one: SteppedTensor) -> str | None:
    return name if one.origins == (name,) else None


def _origin(_: str, one: SteppedTensor) -> str | None:
    return one.origins[0] if len(one.origins) == 1 else None


def _replaced(name: str, _: SteppedTensor) -> str | None:
    return name


class _KeyedValue(NamedTuple):
    """Where a tensor is in the result.

    Attributes:
        value: Which value of the graph it is, or is a part of.
        key: Its key.
    """

    value: ValueId
    key: str


def _path_of(finder: PathFinder, name: str, stored: StoredValue) -> Path | None:
    """The path by which a value is named, the shortest if its name is none; None of what is nobody's child."""
    node_id = stored.value.node_id
    if node_id in finder.slots:
        return None
    of_object = _name_of_object(name, stored)
    named = None if of_object is None else finder.path("/".join(path_of_name(of_object)), node_id)
    return finder.shortest(node_id) if named is None else named


def _name_of_object(name: str, stored: StoredValue) -> str | None:
    """The part of a name that stands for the object of a value; None if the rest stands for another value."""
    (_, attribute), suffix = stored
    if ATTRIBUTES in name or (attribute == VARIABLE_VALUE and not suffix):
        return name
    of_object, _, last = f"/{name}".rpartition("/")
    return of_object[1:] if last == attribute + suffix else None


def _new_value(name: str, one: SteppedTensor) -> NewValue:
    path = path_of_name(name)
    full_name = one.origins[0] if len(one.origins) == 1 else "/".join(path)
    return NewValue(path, SavedAttribute(VARIABLE_VALUE, full_name, name))


def _without_graphs(tensors: SteppedTensors) -> SteppedTensors:
    """Return tensors without the record of objects, of which the result has its own, and without a word about it."""
    kept = {name: one for name, one in tensors.items() if not _is_graph(one)}
    dropped = [one for one in tensors.dropped if not one.name.endswith(OBJECT_GRAPH_KEY)]
    return SteppedTensors(kept, tensors.origin, dropped, tensors.known)


def _is_graph(one: SteppedTensor) -> bool:
    return any(origin.rpartition("/")[2] == OBJECT_GRAPH_KEY for origin in one.origins)


def _in_order(tensors: SteppedTensors, nodes: Sequence[GraphNode], places: Mapping[str, _KeyedValue]) -> SteppedTensors:
    """Return tensors under their keys and in the order in which TensorFlow writes them, the graph last.

    What somebody's own saver wrote comes first.
    """
    position = {ValueId(at, saved.name): number for number, (at, saved) in enumerate(_values(nodes))}

    def place(name: str) -> tuple[bool, int]:
        value = places[name].value if name in places else None
        return value is not None and value.attribute == PYTHON_STATE, -1 if value is None else position[value]

    found: dict[str, SteppedTensor] = {}
    taken: dict[str, str] = {}
    for name in sorted(tensors, key=place):
        key = places[name].key if name in places else name
        if key in taken:
            raise collision(key, taken[key], name)
        taken[key] = name
        found[key] = tensors[name]
    record = ArrayTensor(STRING, record_of_nodes(nodes))
    found[OBJECT_GRAPH_KEY] = SteppedTensor(record, (), ("follows the tensors",))
    return tensors.with_tensors(found)


def _values(nodes: Sequence[GraphNode]) -> Iterator[tuple[int, SavedAttribute]]:
    return ((at, saved) for at, node in enumerate(nodes) for saved in node.attributes)
