"""``tf.linalg``: products and transposes of matrices."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "band_part": "graphs.nodes.rearrangements:matrix_band_part",
    "diag": "graphs.nodes.rearrangements:matrix_diag",
    "diag_part": "graphs.nodes.rearrangements:matrix_diag_part",
    "einsum": "graphs.nodes.products",
    "eye": "graphs.nodes.rearrangements",
    "global_norm": "graphs.training.clipping",
    "l2_normalize": "graphs.nodes.normalization",
    "matmul": "graphs.nodes.mathematics",
    "matrix_transpose": "graphs.nodes.rearrangements",
    "norm": "graphs.nodes.products",
    "set_diag": "graphs.nodes.rearrangements:matrix_set_diag",
    "tensor_diag": "graphs.nodes.rearrangements:diag",
    "tensor_diag_part": "graphs.nodes.rearrangements:diag_part",
    "tensordot": "graphs.nodes.products",
    "transpose": "graphs.nodes.rearrangements:matrix_transpose",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
