"""``tf.random``: random tensors and their seeds."""

from __future__ import annotations

from ckpt_magics.compat.namespace import lazy_names

_HOMES = {
    "get_seed": "compat.runtime",
    "normal": "graph.random_values:random_normal",
    "set_random_seed": "compat.runtime",
    "shuffle": "compat.arrays:random_shuffle",
    "truncated_normal": "graph.random_values",
    "uniform": "graph.random_values:random_uniform",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
