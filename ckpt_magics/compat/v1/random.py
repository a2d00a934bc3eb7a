"""``tf.random``: random tensors and their seeds."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "get_seed": "graphs.programs.runtime",
    "normal": "graphs.nodes.random_values:random_normal",
    "set_random_seed": "graphs.programs.runtime",
    "shuffle": "graphs.nodes.arrays:random_shuffle",
    "truncated_normal": "graphs.nodes.random_values",
    "uniform": "graphs.nodes.random_values:random_uniform",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
