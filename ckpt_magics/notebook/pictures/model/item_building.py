"""Makes items of nodes and flat lists of the edges between them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Final, cast

from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.kinds import kind_of_op
from ckpt_magics.notebook.pictures.model.scopes import Scopes, scopes_of
from ckpt_magics.proto import messages

ROOT: Final = 0
CONTROL_SLOT: Final = -1

Output = tuple[int, int]
"""Where an edge begins: an item, or a port (a number below zero), and the output's index."""


class ItemBuilder:
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
        self,
        nodes: Sequence[messages.NodeDef],
        functions: Container[str],
        root: int = ROOT,
        prefix: str = "",
    ) -> list[Item]:
        """Add the nodes of one graph or function body without their edges.

        Args:
            nodes: The nodes.
            functions: Names of the library's functions.
            root: Id of the item that they lie in.
            prefix: What stands before their names.

        Returns:
            An item for each.
        """
        names = [node.name for node in nodes]
        scopes = self.add_scopes(names, root, prefix)
        leaves = []
        for name, node in zip(names, nodes, strict=True):
            parent, label = scopes.place(name)
            op = node.op
            leaves.append(self.add(Item(0, prefix + name, label, kind_of_op(op, functions), parent, op=op, node=node)))
        return leaves

    def ids_of(self, nodes: Iterable[messages.NodeDef], leaves: Iterable[Item]) -> dict[str, int]:
        """Return the ids of nodes by name; of several with one name, that of the first."""
        ids: dict[str, int] = {}
        for node, leaf in zip(nodes, leaves, strict=True):
            if ids.setdefault(node.name, leaf.id) != leaf.id:
                self.duplicate_names += 1
        return ids

    def add_inputs(self, target: int, inputs: Iterable[str], find: Callable[[str], Output | None]) -> None:
        """Add the edges that end at one item."""
        for text in inputs:
            source = find(text)
            if source is None:
                self.missing_inputs += 1
            else:
                self.add_edge(source, target)

    def add_edge(self, source: Output, target: int) -> None:
        """Add one edge."""
        self.sources.append(source[0])
        self.targets.append(target)
        self.slots.append(source[1])


def parse_input(text: str) -> tuple[str, str, int]:
    """Return the node, the name of the output if it has one, and its index that an input tells.

    >>> [parse_input(text) for text in ("a", "a:3", "^a", "a:out:2")]
    [('a', '', 0), ('a', '', 3), ('a', '', -1), ('a', 'out', 2)]
    """
    if text[:1] == "^":
        return text[1:], "", CONTROL_SLOT
    name, _, output = text.partition(":")
    output, _, digits = output.rpartition(":")
    return name, output, int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 9 else 0


def output_in(ids: Mapping[str, int], text: str) -> Output | None:
    """Return where an input comes from, among nodes by name."""
    name, _, slot = parse_input(text)
    source = ids.get(name)
    return None if source is None else (source, slot)
