"""Which tensor of a checkpoint is which value of its graph of objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ckpt_magics.files.object_graph.graph_draft import SAVE_COUNTER, Path
from ckpt_magics.files.object_graph.graph_edits import ValueId
from ckpt_magics.files.object_graph.graph_keys import ATTRIBUTES, values_of_keys
from ckpt_magics.files.object_graph.graph_nodes import GraphNode

__all__ = ["StoredValue", "is_save_counter", "path_of_name", "stored_values"]

_ESCAPED = re.compile(r"\.[.S]")


class StoredValue(NamedTuple):
    """A tensor, or one of several, that a value is stored as.

    Attributes:
        value: The value.
        suffix: What stands in the tensor's key behind that of the value, as ``-keys`` of a table.
    """

    value: ValueId
    suffix: str


def stored_values(nodes: Sequence[GraphNode], keys: Iterable[str]) -> Mapping[str, StoredValue]:
    """Return what tensors are, by their keys; nothing of those that no object saved itself."""
    known = {
        saved.checkpoint_key: ValueId(node_id, saved.name)
        for node_id, node in enumerate(nodes)
        for saved in node.attributes
    }
    return {key: StoredValue(known[value], key[len(value) :]) for key, value in values_of_keys(keys, known).items()}


def path_of_name(name: str, like: Path = ()) -> Path:
    """Return the path that a name stands for, whether it is a key or what is shown of one.

    Args:
        name: Of a variable; the attribute in a key does not matter.
        like: A path whose names may have slashes: those that the name begins and ends with are kept whole.

    >>> path_of_name("net/a.Sb/.ATTRIBUTES/VARIABLE_VALUE"), path_of_name("x/a/b", ("net", "a/b"))
    (('net', 'a/b'), ('x', 'a/b'))
    """
    path, mark, _ = name.rpartition(ATTRIBUTES)
    if mark:
        unescaped = (_ESCAPED.sub(lambda found: "/" if found[0] == ".S" else ".", part) for part in path.split("/"))
        return tuple(unescaped) if path else ()
    parts, edges = name.split("/"), [edge.split("/") for edge in like]
    first, start = 0, 0
    while first < len(edges) and parts[start : start + len(edges[first])] == edges[first]:
        start += len(edges[first])
        first += 1
    last, end = len(edges), len(parts)
    while last > first and parts[max(end - len(edges[last - 1]), start) : end] == edges[last - 1]:
        end -= len(edges[last - 1])
        last -= 1
    return (*like[:first], *parts[start:end], *like[last:])


def is_save_counter(name: str) -> bool:
    """Tell whether a tensor is the number of saves that a checkpoint of objects keeps by itself."""
    return SAVE_COUNTER in name and path_of_name(name) == (SAVE_COUNTER,)
