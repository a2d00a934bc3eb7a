"""``tf.random``: random tensors and their seeds."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "categorical": "graphs.nodes.random_values",
    "get_seed": "graphs.programs.runtime",
    "multinomial": "graphs.nodes.random_values",
    "normal": "graphs.nodes.random_values:random_normal",
    "set_random_seed": "graphs.programs.runtime",
    "shuffle": "graphs.nodes.arrays:random_shuffle",
    "stateless_normal": "graphs.nodes.random_values:stateless_random_normal",
    "stateless_truncated_normal": "graphs.nodes.random_values",
    "stateless_uniform": "graphs.nodes.random_values:stateless_random_uniform",
    "truncated_normal": "graphs.nodes.random_values",
    "uniform": "graphs.nodes.random_values:random_uniform",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
