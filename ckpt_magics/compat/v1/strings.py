"""``tf.strings``: texts."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "as_string": "graphs.nodes.string_forms",
    "join": "graphs.nodes.string_values:string_join",
    "length": "graphs.nodes.string_values:string_length",
    "lower": "graphs.nodes.string_values:string_lower",
    "reduce_join": "graphs.nodes.string_forms",
    "regex_full_match": "graphs.nodes.string_forms",
    "regex_replace": "graphs.nodes.string_forms",
    "split": "graphs.nodes.string_forms:split_strings",
    "strip": "graphs.nodes.string_values:string_strip",
    "substr": "graphs.nodes.string_values",
    "to_hash_bucket": "graphs.nodes.string_forms:string_to_hash_bucket",
    "to_hash_bucket_fast": "graphs.nodes.string_forms:string_to_hash_bucket_fast",
    "to_hash_bucket_strong": "graphs.nodes.string_forms:string_to_hash_bucket_strong",
    "to_number": "graphs.nodes.string_values:string_to_number",
    "upper": "graphs.nodes.string_values:string_upper",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
