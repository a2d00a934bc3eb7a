"""What tensors are called for people, and what they are for: by the graph of objects where there is one.

Every table, report, comparison, completion and pattern has the names and groups from here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ckpt_magics.files.object_graph.graph_keys import values_of_keys
from ckpt_magics.files.object_graph.groups import variable_group
from ckpt_magics.files.object_graph.object_graph import ObjectGraph
from ckpt_magics.files.tensors.source import Columns
from ckpt_magics.files.tensors.tensor_names import key_to_name

__all__ = ["ShownNames", "TensorListing", "shown_names"]


@dataclass(frozen=True, slots=True)
class ShownNames:
    """The names of tensors, those that are stored and those that are shown.

    Attributes:
        graph: The graph of objects, or None.
        names: What a tensor is called, by its key; only of those that are called otherwise.
        keys: The same, the other way round.
        values: Which value of the graph each is, or is a part of, by keys.
    """

    graph: ObjectGraph | None
    names: Mapping[str, str]
    keys: Mapping[str, str]
    values: Mapping[str, str]

    def name(self, key: str) -> str:
        """Return what the tensor under a key is called."""
        return self.names.get(key, key)

    def group(self, key: str) -> str:
        """Return what the tensor under a key is for, one of `GROUPS`."""
        value = self.values.get(key)
        return variable_group(key) if self.graph is None or value is None else self.graph.groups[value]


def shown_names(keys: Iterable[str], graph: ObjectGraph | None) -> ShownNames:
    """Return what tensors are called.

    Args:
        keys: All that are stored.
        graph: What a checkpoint of objects says of them.
    """
    if graph is None:
        return ShownNames(None, {}, {}, {})
    stored = set(keys)
    values = values_of_keys(stored, graph.names)
    # What lies beside a value, as the keys of a table, adds to its name what it adds to its key.
    known = graph.names
    names = {key: known[key] if value is key else known[value] + key[len(value) :] for key, value in values.items()}
    called = set(names.values())
    if len(called) < len(names) or not called.isdisjoint(stored):
        count = Counter(names.values())
        names = {key: name for key, name in names.items() if count[name] == 1 and name not in stored}
    return ShownNames(graph, names, {name: key for key, name in names.items()}, values)


@dataclass(frozen=True)
class TensorListing:
    """Every tensor by what it is called, sorted by that.

    Attributes:
        names: What they are called.
        columns: What is known of them, in the same order.
        shown: Where the names are from.
    """

    names: list[str]
    columns: Columns
    shown: ShownNames

    @classmethod
    def of(cls, columns: Columns, shown: ShownNames) -> TensorListing:
        """Return the listing of tensors.

        Args:
            columns: What is known of them, sorted by key.
            shown: What they are called.
        """
        names = [shown.name(key_to_name(key)) for key in columns.keys]
        if not shown.names:
            return cls(names, columns, shown)
        order = sorted(range(len(names)), key=names.__getitem__)
        return cls([names[at] for at in order], columns.taken(order), shown)

    @cached_property
    def groups(self) -> list[str]:
        """What each is for, one of `GROUPS`."""
        return [self.shown.group(key_to_name(key)) for key in self.columns.keys]
