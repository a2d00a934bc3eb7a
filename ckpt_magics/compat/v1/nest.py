"""``tf.nest``: nestings of lists, tuples and dicts."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "assert_same_structure": "graphs.nodes.structures",
    "flatten": "graphs.nodes.structures",
    "is_nested": "graphs.nodes.structures",
    "map_structure": "graphs.nodes.structures",
    "pack_sequence_as": "graphs.nodes.structures:pack_like",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
