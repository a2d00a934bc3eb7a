"""The names that nodes get when they are imported, and how the inputs of nodes are written.

Format: tensorflow/core/common_runtime/graph_constructor.cc, UniquifyNames and AddPrefixToNodeDef.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import COLOCATION_PREFIX
from ckpt_magics.proto.messages import GraphDef, NodeDef

__all__ = ["ImportedNames", "inputs_of", "parse_input", "unknown_input"]

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


def inputs_of(node: NodeDef) -> list[tuple[str, str, int]]:
    """Return the parts of each of a node's inputs.

    Raises:
        InvalidArgumentError: One of them is no input.
    """
    parts = []
    for text in node.input:
        try:
            parts.append(parse_input(text))
        except InvalidArgumentError as error:
            raise unknown_input(node, text, f": {error.message}") from error
    return parts


def unknown_input(node: NodeDef, text: str, why: str = "") -> InvalidArgumentError:
    """Return the error for an input that leads nowhere."""
    return InvalidArgumentError(f"Node '{visible(node.name)}': Unknown input node '{visible(text)}'{why}")


class _Taken:
    """Names of nodes, and of the scopes around them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._sorted = sorted(names)
        self._names = frozenset(self._sorted)

    def __bool__(self) -> bool:
        return bool(self._sorted)

    def __contains__(self, name: str) -> bool:
        if name in self._names:
            return True
        scope = f"{name}/"
        position = bisect_left(self._sorted, scope)
        return position < len(self._sorted) and self._sorted[position].startswith(scope)


class ImportedNames:
    """New names for the nodes of one GraphDef; one that the graph has already gets a numeric suffix.

    Args:
        graph: Where the nodes go.
        graph_def: Where they come from.
        prefix: Scope that the names get, without a slash at its end.

    Raises:
        InvalidArgumentError: A name occurs twice, or no node can have it.
    """

    def __init__(self, graph: Graph, graph_def: GraphDef, prefix: str) -> None:
        self._prefix = f"{prefix}/" if prefix else ""
        self._existing = _Taken(op.name for op in graph.get_operations())
        self._names: dict[str, str] = {}
        for node in graph_def.node:
            if node.name in self._names:
                raise InvalidArgumentError(f"Node '{visible(node.name)}' is not unique")
            if not node.name or node.name.startswith("^") or ":" in node.name:
                raise InvalidArgumentError(f"Node name '{visible(node.name)}' is invalid")
            self._names[node.name] = self._prefix + node.name
        if self._existing:
            imported = _Taken(self._names.values())
            self._names = {name: self._unique(full, imported) for name, full in self._names.items()}

    def _unique(self, name: str, imported: _Taken) -> str:
        # Under a prefix, TensorFlow looks a new name up among the imported names without it, and so can give one twice.
        count, found = 0, name
        while found in self._existing or (count and found in imported):
            count += 1
            found = f"{name}_{count}"
        return found

    def of(self, name: str) -> str:
        """Return the new name of a node, of this GraphDef or not."""
        return self._names.get(name, self._prefix + name)

    def group(self, group: bytes) -> bytes:
        """Return a colocation group as it is called after the import; other classes stay as they are."""
        if not group.startswith(COLOCATION_PREFIX):
            return group
        name = group.removeprefix(COLOCATION_PREFIX).decode("utf-8", "surrogateescape")
        return COLOCATION_PREFIX + self.of(name).encode("utf-8", "surrogateescape")
