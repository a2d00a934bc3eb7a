"""The places of a tree by name, and new ones for stored tensors that have none, where the tree is open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ckpt_magics.errors import visible
from ckpt_magics.files.objects.containers import container_kind
from ckpt_magics.files.objects.leaves import NEW_VALUE
from ckpt_magics.files.objects.tree import Node
from ckpt_magics.phrasing import an

__all__ = ["Places"]


class Places:
    """The places of a tree, which gains a node for every tensor that has no place yet and may get one.

    Args:
        root: The tree.
        names: The names that stored tensors are restored to.
        add_new: Whether all of them are wanted, not only those that belong to what is there.

    Attributes:
        leaves: The places by name, new ones too.
        given: The names that the tree had before.
        homeless: Why other names have no place, by name.
    """

    def __init__(self, root: Node, names: Iterable[str], *, add_new: bool) -> None:
        self._root = root
        self._add_new = add_new
        self._nodes = {node.name: node for node in root.nodes()}
        self.given = frozenset(self._nodes)
        self.leaves = {name: node for name, node in self._nodes.items() if node.leaf and node.leaf is not NEW_VALUE}
        self.homeless: dict[str, str] = {}
        self._place_new([name for name in names if name not in self.leaves])

    def _place_new(self, new: list[str]) -> None:
        taken = {*self.leaves, *new}
        # An empty place that a tensor fits by name is a leaf; one above tensors becomes a dict of them.
        self.leaves |= {name: self._nodes[name] for name in new if name in self._nodes and self._nodes[name].leaf}
        for name in new:
            if name in self.leaves:
                continue
            holder = self._holder(name)
            if self._takes_new(holder):
                self.leaves[name] = self._add_leaf(holder, name, taken)
            elif self._add_new or holder is not self._root:
                word = holder.container.word if holder.container is not None else "value"
                self.homeless[name] = f"{visible(holder.name) or 'the target'}, {an(word)}, has no place for it"
        self.leaves |= {name: node for name, node in self._nodes.items() if node.leaf is NEW_VALUE}

    def _holder(self, name: str) -> Node:
        """The innermost holder on the way to a name; an empty place on the way becomes a dict."""
        end = name.rfind("/")
        while end > 0:
            node = self._nodes.get(name[:end])
            if node is not None and (node.leaf is None or (node.leaf is NEW_VALUE and node.name not in self.leaves)):
                if node.leaf is NEW_VALUE:
                    node.leaf, node.value, node.container = None, {}, container_kind({})
                return node
            end = name.rfind("/", 0, end)
        return self._root

    def _takes_new(self, holder: Node) -> bool:
        if not holder.is_open or self._add_new or holder.in_state:
            return holder.is_open
        is_dict = isinstance(holder.value, Mapping)
        return not is_dict or (holder is not self._root and not holder.value)

    def _add_leaf(self, holder: Node, name: str, taken: set[str]) -> Node:
        """Add a place under a holder, in nested dicts; a tensor and those below its name stay side by side."""
        start = len(holder.name) + 1 if holder.name else 0
        end = name.find("/", start + 1)
        while end > 0 and name[:end] not in taken:
            between = Node(name[:end], name[start:end], {}, container=container_kind({}), in_state=holder.in_state)
            holder.children[between.key] = self._nodes[between.name] = between
            holder, start = between, end + 1
            end = name.find("/", start + 1)
        leaf = Node(name, name[start:], None, NEW_VALUE, in_state=holder.in_state)
        holder.children[leaf.key] = leaf
        return leaf
