"""The names that nodes get when they are imported, and how the inputs of nodes are written.

Format: tensorflow/core/common_runtime/graph_constructor.cc, UniquifyNames and AddPrefixToNodeDef.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.graph.graph import Graph
from ckpt_magics.graph.node import COLOCATION_PREFIX
from ckpt_magics.proto.messages import GraphDef

__all__ = ["ImportedNames", "parse_input"]

_INPUT = re.compile(r"(\^?)([^:^][^:]*)(?::([0-9]{1,9}))?", re.DOTALL)


def parse_input(text: str) -> tuple[str, str, int]:
    """Return the parts of an input: ``^`` if it is a control input, the node's name, and the output's index.

    Raises:
        InvalidArgumentError: The text is no input.

    >>> parse_input("^a/b"), parse_input("c:2")
    (('^', 'a/b', 0), ('', 'c', 2))
    """
    match = _INPUT.fullmatch(text)
    if match is None or (match[1] and match[3]):
        raise InvalidArgumentError(f"'{visible(text)}' is not the name of a node's input")
    return match[1], match[2], int(match[3] or 0)


class ImportedNames:
    """New names for the nodes of one GraphDef.

    Args:
        graph: Where the nodes go.
        graph_def: Where they come from.
        prefix: Scope that the names get, without a slash at its end. Without one, a name that the graph has already
            gets a numeric suffix.

    Raises:
        InvalidArgumentError: A name occurs twice, or no node can have it.
    """

    def __init__(self, graph: Graph, graph_def: GraphDef, prefix: str) -> None:
        self._prefix = f"{prefix}/" if prefix else ""
        self._graph = graph
        # Names in the graph matter only where no new scope keeps the imported ones apart from them.
        self._existing = [] if prefix else sorted(op.name for op in graph.get_operations())
        self._names: dict[str, str] = {}
        for node in graph_def.node:
            if node.name in self._names:
                raise InvalidArgumentError(f"Node '{visible(node.name)}' is not unique")
            if not node.name or node.name.startswith("^") or ":" in node.name:
                raise InvalidArgumentError(f"Node name '{visible(node.name)}' is invalid")
            self._names[node.name] = node.name
        for name in self._names:
            self._names[name] = self._prefix + self._unique(name)

    def _unique(self, name: str) -> str:
        if not self._is_taken(name):
            return name
        count = 1
        while self._is_taken(found := f"{name}_{count}") or found in self._names:
            count += 1
        return found

    def _is_taken(self, name: str) -> bool:
        """Return whether a node of the graph has the name, or lies in a scope of that name."""
        if name in self._graph and self._existing:
            return True
        scope = f"{name}/"
        position = bisect_left(self._existing, scope)
        return position < len(self._existing) and self._existing[position].startswith(scope)

    def of(self, name: str) -> str:
        """Return the new name of a node, of this GraphDef or not."""
        return self._names.get(name, self._prefix + name)

    def group(self, group: bytes) -> bytes:
        """Return a colocation group as it is called after the import; other classes stay as they are."""
        if not group.startswith(COLOCATION_PREFIX):
            return group
        name = group.removeprefix(COLOCATION_PREFIX).decode("utf-8", "surrogateescape")
        return COLOCATION_PREFIX + self.of(name).encode("utf-8", "surrogateescape")
