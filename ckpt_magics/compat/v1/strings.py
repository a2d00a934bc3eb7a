"""``tf.strings``: texts."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "join": "graphs.nodes.string_values:string_join",
    "length": "graphs.nodes.string_values:string_length",
    "lower": "graphs.nodes.string_values:string_lower",
    "strip": "graphs.nodes.string_values:string_strip",
    "substr": "graphs.nodes.string_values",
    "to_number": "graphs.nodes.string_values:string_to_number",
    "upper": "graphs.nodes.string_values:string_upper",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
