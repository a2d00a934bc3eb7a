"""Name scopes of a graph as a tree of items, with the edges between its ops as flat arrays.

Built once per graph in time linear in names and inputs; every view is a cut through it (see ``cut``).
Words: an *item* is anything that can be drawn; a *leaf* is an item for one node; a *scope* is a metanode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from ckpt_magics.notebook.pictures.model.aside import assign_groups
from ckpt_magics.notebook.pictures.model.call_bodies import CallBodies
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.item_building import CONTROL_SLOT, ROOT, ItemBuilder, output_in
from ckpt_magics.notebook.pictures.model.old_shapes import with_told_shapes
from ckpt_magics.notebook.pictures.model.series import SERIES_MINIMUM, fold_series
from ckpt_magics.phrasing import amount
from ckpt_magics.proto import messages

__all__ = ["CONTROL_SLOT", "ROOT", "Hierarchy", "NamedTensor", "build_hierarchy", "build_scope_tree"]

# An op and its constants (StridedSlice has three) are one thing to look at; more is a scope.
MAX_OP_SCOPE: Final = 6


@dataclass(slots=True)
class Hierarchy:
    """The scopes of a graph and its edges.

    Attributes:
        items: Every item; its position is its id. ``items[0]`` is the whole graph.
        parents: int32 [items], id of the item around each; the root is its own parent.
        levels: Ids by depth: ``levels[0]`` holds the root, each array is int32.
        sources: int32 [edges], id of the leaf an edge comes from.
        targets: int32 [edges], id of the leaf it goes to.
        slots: int32 [edges], output index at the source; -1 is a control edge.
        missing_inputs: Inputs that name no node.
        duplicate_names: Nodes whose name an earlier node has.
        noun: What a leaf is called: an op of a graph, or a variable of a checkpoint.
        first_inside: Id of the first item that lies in a call; those before are the graph's own and the library's.
        calling: Source and target of the graph's edges that begin or end at a call with a body inside. In the
            arrays, these begin or end in the body.
    """

    items: list[Item]
    parents: npt.NDArray[np.int32]
    levels: list[npt.NDArray[np.int32]]
    sources: npt.NDArray[np.int32]
    targets: npt.NDArray[np.int32]
    slots: npt.NDArray[np.int32]
    missing_inputs: int = 0
    duplicate_names: int = 0
    noun: str = "op"
    first_inside: int = 0
    calling: Sequence[tuple[int, int]] = ()
    _by_name: dict[str, list[int]] = field(default_factory=dict)
    _ops: dict[int, Counter[str]] = field(default_factory=dict)

    def find(self, name: str) -> list[int]:
        """Return the ids of the items with a full name, or with a library function's own name; a slash may end it."""
        if not self._by_name:
            for item in self.items:
                self._by_name.setdefault(item.name, []).append(item.id)
                if item.kind == "function" and item.node is None:
                    self._by_name.setdefault(item.label, []).append(item.id)
        names = (name, name.removesuffix("/"), name.rstrip("/"))
        return next((self._by_name[each] for each in names if each in self._by_name), [])

    def leaves(self, item_id: int) -> Iterator[Item]:
        """Every leaf inside an item, itself when it is one."""
        waiting = [item_id]
        while waiting:
            item = self.items[waiting.pop()]
            if item.is_compound:
                waiting.extend(reversed(item.children))
            else:
                yield item

    def nodes(self) -> list[Item]:
        """Every op of the graph and of its functions once, whatever calls them."""
        return [item for item in self.items[: self.first_inside] if item.node is not None or not item.is_compound]

    def ops_inside(self, item_id: int) -> Counter[str]:
        """Return the ops of the leaves inside an item, each with its number; those of scopes are counted once."""
        waiting = [item_id]
        while waiting:
            item = self.items[waiting[-1]]
            unknown = [child for child in item.children if self.items[child].is_compound and child not in self._ops]
            if unknown and item.id not in self._ops:
                waiting.extend(unknown)
                continue
            waiting.pop()
            if item.id not in self._ops:
                self._ops[item.id] = self._count(item)
        return self._ops[item_id]

    def _count(self, item: Item) -> Counter[str]:
        """The ops of an item whose scopes are counted."""
        counts: Counter[str] = Counter() if item.is_compound else Counter([item.op])
        for child in item.children:
            inside = self.items[child]
            if inside.is_compound:
                counts.update(self._ops[child])
            else:
                counts[inside.op] += 1
        return counts

    def counted(self, count: int) -> str:
        """Return ``1 op``, ``12 ops``."""
        return amount(count, self.noun)


@dataclass(frozen=True, slots=True)
class NamedTensor:
    """A variable known by name only, as a checkpoint lists it: ``detail`` says dtype and shape."""

    name: str
    detail: str = ""


def build_hierarchy(graph_def: messages.GraphDef, *, series_minimum: int = SERIES_MINIMUM) -> Hierarchy:
    """Return the scopes and edges of a graph, its library functions included; calls hold the bodies of theirs.

    Args:
        graph_def: Any GraphDef; duplicate names, inputs that name nothing, loops and cycles are accepted.
        series_minimum: Fold at least this many numbered siblings into one item; 0 folds none.
    """
    builder = ItemBuilder()
    nodes = with_told_shapes(graph_def)
    functions = {function.signature.name: function for function in graph_def.library.function}
    bodies = CallBodies(builder, functions, len(nodes) + sum(len(each.node_def) for each in functions.values()))
    bodies.add_graph(nodes)
    _add_library(builder, graph_def.library.function, functions)
    bodies.fill()
    return _finish(builder, series_minimum, bodies)


def build_scope_tree(tensors: Iterable[NamedTensor], *, series_minimum: int = SERIES_MINIMUM) -> Hierarchy:
    """Return the scopes of a checkpoint's names: variables, and no edges."""
    tensors = list(tensors)
    builder = ItemBuilder()
    scopes = builder.add_scopes([tensor.name for tensor in tensors], ROOT, "")
    for tensor in tensors:
        parent, label = scopes.place(tensor.name)
        builder.add(Item(0, tensor.name, label, "variable", parent, detail=tensor.detail))
    hierarchy = _finish(builder, series_minimum)
    hierarchy.noun = "variable"
    return hierarchy


def _finish(builder: ItemBuilder, series_minimum: int, bodies: CallBodies | None = None) -> Hierarchy:
    """Fold series, sum up scopes, and turn lists into arrays."""
    items = builder.items
    first_inside = len(items) if bodies is None else bodies.first_inside
    _mark_variable_scopes(items)
    assign_groups(items)
    _sum_up(items)
    _mark_op_scopes(items)
    if series_minimum:
        fold_series(items, series_minimum)
    return Hierarchy(
        items,
        np.fromiter((item.parent for item in items), np.int32, len(items)),
        _levels(items),
        np.array(builder.sources, np.int32),
        np.array(builder.targets, np.int32),
        np.array(builder.slots, np.int32),
        builder.missing_inputs,
        builder.duplicate_names,
        first_inside=first_inside,
        calling=() if bodies is None else bodies.calling,
    )


def _add_library(builder: ItemBuilder, functions: Sequence[messages.FunctionDef], names: Container[str]) -> None:
    """Add the functions, each as a scope; calls in them stay closed."""
    if functions:
        library = builder.add(Item(0, "functions", "functions", "library", ROOT, children=[], group="functions"))
    for function in functions:
        name = function.signature.name
        item = builder.add(Item(0, f"functions/{name}", name, "function", library.id, children=[]))
        nodes = _function_nodes(function)
        leaves = builder.add_nodes(nodes, names, item.id, f"{item.name}/")
        find = partial(output_in, builder.ids_of(nodes, leaves))
        for node, leaf in zip(nodes, leaves, strict=True):
            builder.add_inputs(leaf.id, node.input, find)


def _function_nodes(function: messages.FunctionDef) -> list[messages.NodeDef]:
    """The body of a function with its arguments and results as nodes of their own, as TensorFlow instantiates it."""
    nodes = []
    for argument in function.signature.input_arg:
        node = messages.NodeDef(name=argument.name, op="_Arg")
        node.attr["T"].type = argument.type
        nodes.append(node)
    nodes.extend(function.node_def)
    for result in function.signature.output_arg:
        node = messages.NodeDef(name=f"return {result.name}", op="_Retval", input=[function.ret.get(result.name, "")])
        node.attr["T"].type = result.type
        nodes.append(node)
    return nodes


def _mark_variable_scopes(items: list[Item]) -> None:
    """A scope around a variable of its own name looks like the variable; ``w/read`` and slots are its helpers."""
    for item in items:
        scope = items[item.parent]
        if item.kind == "variable" and not item.is_compound and scope.kind == "scope" and scope.name == item.name:
            scope.kind, scope.own = "variable", item.id


def _mark_op_scopes(items: list[Item]) -> None:
    """A scope of one op and its constants looks like the op: ``Reshape`` with ``Reshape/shape``."""
    for scope in items[1:]:
        if scope.kind == "scope" and scope.op_count <= MAX_OP_SCOPE:
            inside = [items[child] for child in scope.children]
            rest = [item for item in inside if item.kind != "constant"]
            if len(rest) == 1 and rest[0].name == scope.name and not rest[0].is_compound:
                scope.kind, scope.own, scope.op = rest[0].kind, rest[0].id, rest[0].op


def _sum_up(items: list[Item]) -> None:
    """Count ops and add up structure hashes, from the leaves upward (children have higher ids than parents).

    A call is one op of what it lies in, whatever lies in the call.
    """
    for item in reversed(items[1:]):
        if not item.is_compound:
            item.op_count = 1
            item.structure = hash((item.kind, item.op))
        parent = items[item.parent]
        parent.op_count += item.op_share
        # A sum does not see the order of children; 64 bits keep it an int that is cheap to add.
        parent.structure = (parent.structure + item.structure * 0x9E3779B1) & 0xFFFFFFFFFFFFFFFF


def _levels(items: list[Item]) -> list[npt.NDArray[np.int32]]:
    """Ids by depth."""
    level = [ROOT]
    levels = []
    while level:
        levels.append(np.array(level, np.int32))
        level = [child for parent in level for child in items[parent].children]
    return levels
