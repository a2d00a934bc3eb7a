"""Name scopes of a graph as a tree of items, with the edges between its ops as flat arrays.

Built once per graph in time linear in names and inputs; every view is a cut through it (see ``cut``).
Words: an *item* is anything that can be drawn; a *leaf* is an item for one node; a *scope* is a metanode.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from ckpt_magics.notebook.pictures.model.aside import assign_groups
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.kinds import kind_of_op
from ckpt_magics.notebook.pictures.model.old_shapes import with_told_shapes
from ckpt_magics.notebook.pictures.model.scopes import Scopes, scopes_of
from ckpt_magics.notebook.pictures.model.series import SERIES_MINIMUM, fold_series
from ckpt_magics.phrasing import amount
from ckpt_magics.proto import messages

ROOT: Final = 0
CONTROL_SLOT: Final = -1
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
    _by_name: dict[str, list[int]] = field(default_factory=dict)

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

    def counted(self, count: int) -> str:
        """Return ``1 op``, ``12 ops``."""
        return amount(count, self.noun)


@dataclass(frozen=True, slots=True)
class NamedTensor:
    """A variable known by name only, as a checkpoint lists it: ``detail`` says dtype and shape."""

    name: str
    detail: str = ""


class _Builder:
    """Collects items and edges; the three lists of edges stay parallel."""

    def __init__(self) -> None:
        self.items = [Item(id=ROOT, name="", label="", kind="scope", parent=ROOT, children=[])]
        self.sources: list[int] = []
        self.targets: list[int] = []
        self.slots: list[int] = []
        self.missing_inputs = 0
        self.duplicate_names = 0

    def add(self, item: Item) -> Item:
        """Append an item below its parent; sets its id."""
        item.id = len(self.items)
        self.items.append(item)
        cast("list[int]", self.items[item.parent].children).append(item.id)
        return item

    def add_scopes(self, names: Sequence[str], root: int, prefix: str) -> Scopes:
        """Add every scope that the names lie in, outer before inner."""
        found, depth = scopes_of(names)
        ids = {"": root}
        for scope in found:
            outer, _, label = scope.rpartition("/")
            ids[scope] = self.add(Item(0, prefix + scope, label, "scope", ids[outer], children=[])).id
        return Scopes(ids, depth)

    def add_nodes(
        self, nodes: Sequence[messages.NodeDef], functions: frozenset[str], root: int = ROOT, prefix: str = ""
    ) -> None:
        """Add the nodes of one graph or function body, and the edges between them."""
        names = [node.name for node in nodes]
        scopes = self.add_scopes(names, root, prefix)
        ids: dict[str, int] = {}
        leaves = []
        for name, node in zip(names, nodes, strict=True):
            parent, label = scopes.place(name)
            op = node.op
            leaf = self.add(Item(0, prefix + name, label, kind_of_op(op, functions), parent, op=op, node=node))
            leaves.append(leaf.id)
            if ids.setdefault(name, leaf.id) != leaf.id:
                self.duplicate_names += 1
        for leaf_id, node in zip(leaves, nodes, strict=True):
            self.add_edges(leaf_id, node.input, ids)

    def add_edges(self, target: int, inputs: Iterable[str], ids: dict[str, int]) -> None:
        """Add the edges that end at one leaf: ``name``, ``name:2``, ``^name`` or, in a function, ``name:arg:2``."""
        for text in inputs:
            if text[:1] == "^":
                source, slot = ids.get(text[1:]), CONTROL_SLOT
            else:
                name, _, output = text.partition(":")
                digits = output.rpartition(":")[2]
                source = ids.get(name)
                slot = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 9 else 0
            if source is None:
                self.missing_inputs += 1
                continue
            self.sources.append(source)
            self.targets.append(target)
            self.slots.append(slot)

    def finish(self, series_minimum: int) -> Hierarchy:
        """Fold series, sum up scopes, and turn lists into arrays."""
        _mark_variable_scopes(self.items)
        assign_groups(self.items)
        _sum_up(self.items)
        _mark_op_scopes(self.items)
        if series_minimum:
            fold_series(self.items, series_minimum)
        parents = np.fromiter((item.parent for item in self.items), np.int32, len(self.items))
        return Hierarchy(
            self.items,
            parents,
            _levels(self.items),
            np.array(self.sources, np.int32),
            np.array(self.targets, np.int32),
            np.array(self.slots, np.int32),
            self.missing_inputs,
            self.duplicate_names,
        )


def build_hierarchy(graph_def: messages.GraphDef, *, series_minimum: int = SERIES_MINIMUM) -> Hierarchy:
    """Return the scopes and edges of a graph, its library functions included.

    Args:
        graph_def: Any GraphDef; duplicate names, inputs that name nothing, loops and cycles are accepted.
        series_minimum: Fold at least this many numbered siblings into one item; 0 folds none.
    """
    builder = _Builder()
    functions = graph_def.library.function
    names = frozenset(function.signature.name for function in functions)
    builder.add_nodes(with_told_shapes(graph_def), names)
    if len(functions):
        library = builder.add(Item(0, "functions", "functions", "library", ROOT, children=[], group="functions"))
        for function in functions:
            name = function.signature.name
            item = builder.add(Item(0, f"functions/{name}", name, "function", library.id, children=[]))
            builder.add_nodes(_function_nodes(function), names, item.id, f"{item.name}/")
    return builder.finish(series_minimum)


def build_scope_tree(tensors: Iterable[NamedTensor], *, series_minimum: int = SERIES_MINIMUM) -> Hierarchy:
    """Return the scopes of a checkpoint's names: variables, and no edges."""
    tensors = list(tensors)
    builder = _Builder()
    scopes = builder.add_scopes([tensor.name for tensor in tensors], ROOT, "")
    for tensor in tensors:
        parent, label = scopes.place(tensor.name)
        builder.add(Item(0, tensor.name, label, "variable", parent, detail=tensor.detail))
    hierarchy = builder.finish(series_minimum)
    hierarchy.noun = "variable"
    return hierarchy


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
    """Count ops and add up structure hashes, from the leaves upward (children have higher ids than parents)."""
    for item in reversed(items[1:]):
        if not item.is_compound:
            item.op_count = 1
            item.structure = hash((item.kind, item.op))
        parent = items[item.parent]
        parent.op_count += item.op_count
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
