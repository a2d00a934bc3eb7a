"""``tf.linalg``: products and transposes of matrices."""

from __future__ import annotations

from ckpt_magics.compat.namespace import lazy_names

_HOMES = {
    "l2_normalize": "compat.networks",
    "matmul": "compat.mathematics",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
