"""``tf.linalg``: products and transposes of matrices."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "l2_normalize": "graphs.nodes.normalization",
    "matmul": "graphs.nodes.mathematics",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
