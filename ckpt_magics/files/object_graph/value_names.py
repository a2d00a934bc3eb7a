"""What the values of a graph of objects are called, and what they are for.

A value is called by the shortest path on which a model reaches its object without passing an optimizer, by the shortest
path of all where a model does not reach it, and by its key where no path of a name's length leads to it. A slot is
called by its variable and its optimizer.

What a model reaches are its weights, or what else their names tell (steps, metrics, moving averages). What only an
optimizer reaches are its slots, but for its step, and for the weights in the list of those that it trains: these have
been saved of layers that the model does not hold.
"""

from __future__ import annotations

from functools import cached_property

from ckpt_magics.files.object_graph.graph_columns import GraphColumns, SlotVariable
from ckpt_magics.files.object_graph.graph_keys import VARIABLE_VALUE, attribute_name, short_form, slot_path
from ckpt_magics.files.object_graph.groups import OPTIMIZER_SLOT, STEP, WEIGHTS, variable_group
from ckpt_magics.files.object_graph.object_reach import TRAINED, ObjectReach, optimizers, reach

__all__ = ["ValueNames"]


class ValueNames:
    """What the values of a graph are called.

    Args:
        columns: The graph.

    Attributes:
        everything: What is reached on whatever path.
    """

    def __init__(self, columns: GraphColumns) -> None:
        self._columns = columns
        self.everything = reach(columns)

    @cached_property
    def optimizers(self) -> frozenset[int]:
        """The nodes that are optimizers."""
        return optimizers(self._columns)

    @cached_property
    def model(self) -> ObjectReach:
        """What is reached without passing an optimizer."""
        return reach(self._columns, self.optimizers) if self.optimizers else self.everything

    @cached_property
    def slots(self) -> dict[int, tuple[int, SlotVariable]]:
        """The optimizer that has a slot, and what it is to it, by node of the slot."""
        slots = self._columns.slots.items()
        return {slot.slot_variable_node_id: (node_id, slot) for node_id, held in slots for slot in held}

    def names(self) -> list[str]:
        """Return the name of each value."""
        columns = self._columns
        values = zip(columns.value_nodes, columns.value_names, columns.keys, strict=True)
        model = self.model
        # Most are variables that the model reaches, and have no more to their name than the path.
        return [
            (attribute == VARIABLE_VALUE and model.path(node_id)) or self._name(node_id, attribute, key)
            for node_id, attribute, key in values
        ]

    def _name(self, node_id: int, attribute: str, key: str) -> str:
        path = self._path(node_id) or (self._slot_path(node_id) if node_id in self.slots else None)
        # What the root itself saved has no path but in its key.
        return attribute_name(path, attribute) if path else short_form(key)

    def _path(self, node_id: int) -> str | None:
        return self.model.path(node_id) or self.everything.path(node_id)

    def _slot_path(self, node_id: int) -> str | None:
        optimizer, slot = self.slots[node_id]
        variable, held_by = self._path(slot.original_variable_node_id), self.everything.path(optimizer)
        return None if variable is None or held_by is None else slot_path(variable, held_by, slot.slot_name)

    def group(self, node_id: int, name: str) -> str:
        """Return what a value is for, one of `GROUPS`.

        Args:
            node_id: Node of what saved it.
            name: What it is called.
        """
        by_name = variable_group(name)
        if not node_id or (node_id not in self.model and node_id not in self.everything and node_id not in self.slots):
            return by_name
        if node_id in self.model:
            return by_name if by_name != OPTIMIZER_SLOT or self._is_whole_name(node_id) else WEIGHTS
        if by_name == STEP:
            return STEP
        return WEIGHTS if self._is_trained(node_id) else OPTIMIZER_SLOT

    def _is_whole_name(self, node_id: int) -> bool:
        """Whether an object is held under a name with slashes: the name of a program's variable in a dict."""
        return "/" in self._columns.edge_names[self.model.edges[node_id]]

    def _is_trained(self, node_id: int) -> bool:
        edges, columns = self.everything.edges, self._columns
        above = edges[columns.edge_nodes[edges[node_id]]] if edges[node_id] >= 0 else -1
        return above >= 0 and columns.edge_names[above] == TRAINED and columns.edge_nodes[above] in self.optimizers
