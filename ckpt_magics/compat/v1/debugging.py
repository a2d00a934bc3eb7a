"""``tf.debugging``: checks of values, ranks and types."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

HOMES = {
    "Assert": "graphs.nodes.assertions:assertion",
    "assert_equal": "graphs.nodes.assertions",
    "assert_greater": "graphs.nodes.assertions",
    "assert_greater_equal": "graphs.nodes.assertions",
    "assert_integer": "graphs.nodes.type_assertions",
    "assert_less": "graphs.nodes.assertions",
    "assert_less_equal": "graphs.nodes.assertions",
    "assert_near": "graphs.nodes.assertions",
    "assert_negative": "graphs.nodes.assertions",
    "assert_non_negative": "graphs.nodes.assertions",
    "assert_non_positive": "graphs.nodes.assertions",
    "assert_none_equal": "graphs.nodes.assertions",
    "assert_positive": "graphs.nodes.assertions",
    "assert_proper_iterable": "graphs.nodes.type_assertions",
    "assert_rank": "graphs.nodes.rank_assertions",
    "assert_rank_at_least": "graphs.nodes.rank_assertions",
    "assert_rank_in": "graphs.nodes.rank_assertions",
    "assert_same_float_dtype": "graphs.nodes.type_assertions",
    "assert_scalar": "graphs.nodes.rank_assertions",
    "assert_type": "graphs.nodes.type_assertions",
    "is_finite": "graphs.nodes.mathematics",
    "is_inf": "graphs.nodes.mathematics",
    "is_nan": "graphs.nodes.mathematics",
    "is_non_decreasing": "graphs.nodes.orders",
    "is_numeric_tensor": "graphs.nodes.type_assertions",
    "is_strictly_increasing": "graphs.nodes.orders",
}

_HOMES = dict(sorted((HOMES | {"assert_shapes": "graphs.nodes.shape_assertions"}).items()))

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
