"""Which objects a model reaches, and what only its optimizer does.

What Keras trains is held twice: by the layers, and by the optimizer in lists of its own, where a shorter path may lead.
An optimizer is known by the slots that it has, by the names of what it holds, or by the name that it is held under:

=============================================================  ====================================================
slots                                                          TensorFlow 1, Keras 2 up to 2.10
``beta1_power``, ``beta2_power`` and nothing else              Adam of TensorFlow 1 before it has slots
``iter`` and hyperparameters alone                             Keras 2 up to 2.10 without slots, as SGD
``_iterations`` with ``_learning_rate`` or ``_variables``      Keras 2.11 and later, tf_keras, Keras 3
``optimizer``, ``_optimizer``, ``opt`` (held under that name)  of whatever kind
=============================================================  ====================================================
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from ckpt_magics.files.object_graph.graph_columns import GraphColumns

__all__ = ["TRAINED", "ObjectReach", "optimizers", "reach"]

TRAINED = "_trainable_variables"
"""Where an optimizer of Keras 3 holds the weights that it trains."""

MAX_PATH = 500
"""Characters of the longest path that is a name. In a file that is not TensorFlow's they may grow with its square."""

_HELD_AS = frozenset({"optimizer", "_optimizer", "opt"})
_MARKS = frozenset({"_iterations", "iter", "beta1_power"})
"""Of these, every optimizer without slots holds one."""

_BETA_POWERS = frozenset({"beta1_power", "beta2_power"})
_HYPERPARAMETERS = frozenset(
    {
        *("iter", "learning_rate", "decay", "momentum", "rho", "beta", "beta_1", "beta_2", "momentum_cache"),
        *("learning_rate_power", "l1_regularization_strength", "l2_regularization_strength", "weight_decay"),
        *("loss_scale", "base_optimizer"),
    }
)
"""What optimizers of Keras 2 up to 2.10 may hold besides slots."""


def optimizers(columns: GraphColumns) -> frozenset[int]:
    """Return the nodes that are optimizers."""
    found = set(columns.slots)
    for edge, name in enumerate(columns.edge_names):
        if name in _HELD_AS:
            found.add(columns.edge_ids[edge])
        elif name in _MARKS and _holds_as_optimizer(columns.children(columns.edge_nodes[edge]).keys()):
            found.add(columns.edge_nodes[edge])
    return frozenset(found)


def _holds_as_optimizer(names: AbstractSet[str]) -> bool:
    if "_iterations" in names:
        return "_learning_rate" in names or "_variables" in names
    return names <= _BETA_POWERS or (len(names) > 1 and names <= _HYPERPARAMETERS)


@dataclass(frozen=True, slots=True)
class ObjectReach:
    """The shortest way from the root to each node, the first among equals.

    Attributes:
        columns: The graph.
        edges: The last edge of the way, node by node; -1 of the root and of what is not reached.
        sizes: Characters of the way as text, with a slash at the end.
    """

    columns: GraphColumns
    edges: list[int]
    sizes: list[int]
    _stems: dict[int, str] = field(default_factory=dict)

    def __contains__(self, node_id: object) -> bool:
        return node_id == 0 or (isinstance(node_id, int) and self.edges[node_id] >= 0)

    def names(self, node_id: int) -> list[str] | None:
        """Return the names on the way to a node; None if it is not reached."""
        if node_id not in self:
            return None
        names = []
        while node_id:
            edge = self.edges[node_id]
            names.append(self.columns.edge_names[edge])
            node_id = self.columns.edge_nodes[edge]
        return names[::-1]

    def path(self, node_id: int) -> str | None:
        """Return the way as text, ``model/dense/kernel``; None if there is none or it is too long for a name."""
        edge = self.edges[node_id]
        if edge < 0:
            return None if node_id else ""
        if self.sizes[node_id] > MAX_PATH + 1:
            return None
        # What lies side by side has one way up to there.
        holder = self.columns.edge_nodes[edge]
        if holder not in self._stems:
            self._stems[holder] = "".join(f"{name}/" for name in self.names(holder) or ())
        return self._stems[holder] + self.columns.edge_names[edge]


def reach(columns: GraphColumns, closed: AbstractSet[int] = frozenset()) -> ObjectReach:
    """Return how nodes are reached from the root.

    Args:
        columns: The graph.
        closed: Nodes that no way leads to or passes.
    """
    edges, sizes = [-1] * columns.count, [0] * columns.count
    waiting = [0] if columns.count and 0 not in closed else []
    ids, names, starts = columns.edge_ids, columns.edge_names, columns.edge_starts
    # The list grows while it is walked.
    for node_id in waiting:
        for edge in range(starts[node_id], starts[node_id + 1]):
            child = ids[edge]
            if edges[child] < 0 and child and child not in closed:
                edges[child] = edge
                sizes[child] = sizes[node_id] + len(names[edge]) + 1
                waiting.append(child)
    return ObjectReach(columns, edges, sizes)
