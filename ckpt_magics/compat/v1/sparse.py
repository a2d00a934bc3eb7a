"""``tf.sparse``: tensors of which only some elements are told."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "SparseTensor": "graphs.nodes.sparse_tensors",
    "add": "graphs.nodes.sparse_arrays:sparse_add",
    "concat": "graphs.nodes.sparse_arrays:sparse_concat",
    "fill_empty_rows": "graphs.nodes.sparse_arrays:sparse_fill_empty_rows",
    "from_dense": "graphs.nodes.sparse_arrays",
    "placeholder": "graphs.nodes.sparse_tensors:sparse_placeholder",
    "reduce_max": "graphs.nodes.sparse_arrays:sparse_reduce_max",
    "reduce_sum": "graphs.nodes.sparse_arrays:sparse_reduce_sum",
    "reorder": "graphs.nodes.sparse_arrays:sparse_reorder",
    "reshape": "graphs.nodes.sparse_arrays:sparse_reshape",
    "retain": "graphs.nodes.sparse_arrays:sparse_retain",
    "softmax": "graphs.nodes.sparse_arrays:sparse_softmax",
    "sparse_dense_matmul": "graphs.nodes.sparse_arrays:sparse_tensor_dense_matmul",
    "to_dense": "graphs.nodes.sparse_arrays:sparse_tensor_to_dense",
    "to_indicator": "graphs.nodes.sparse_arrays:sparse_to_indicator",
    "transpose": "graphs.nodes.sparse_arrays:sparse_transpose",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
