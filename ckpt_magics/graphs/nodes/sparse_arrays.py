"""Functions of sparse tensors.

Format: tensorflow/python/ops/sparse_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import BOOL, INT64, STRING
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import gather, gather_nd, reshape, shape, where, zeros_like
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, fill, name_scope, output
from ckpt_magics.graphs.nodes.described import described
from ckpt_magics.graphs.nodes.mathematics import cast, equal, not_equal, number_range
from ckpt_magics.graphs.nodes.old_names import either
from ckpt_magics.graphs.nodes.sparse_tensors import SparseTensor, as_sparse

# ruff: noqa: PLR0917 -- TensorFlow's own order of arguments

__all__ = [
    "from_dense",
    "sparse_add",
    "sparse_concat",
    "sparse_fill_empty_rows",
    "sparse_reduce_max",
    "sparse_reduce_sum",
    "sparse_reorder",
    "sparse_reshape",
    "sparse_retain",
    "sparse_softmax",
    "sparse_tensor_dense_matmul",
    "sparse_tensor_to_dense",
    "sparse_to_dense",
    "sparse_to_indicator",
    "sparse_transpose",
]


def sparse_to_dense(
    sparse_indices: object,
    output_shape: object,
    sparse_values: object,
    default_value: object = 0,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """Add a tensor that has given values at given places.

    Args:
        sparse_indices: The places, [n, rank]; [n] for a vector.
        output_shape: Shape of the whole.
        sparse_values: The values, [n], or one for all places.
        default_value: The others.
        validate_indices: Whether places have to be in order, each once.
        name: Of the node.
    """
    checks = {"validate_indices": validate_indices}
    return output("SparseToDense", sparse_indices, output_shape, sparse_values, default_value, name=name, **checks)


def sparse_tensor_to_dense(
    sp_input: Any,  # noqa: ANN401 -- a sparse tensor or its three arrays
    default_value: object = None,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """Add the whole tensor.

    Args:
        sp_input: Its elements that are told.
        default_value: The others; zeros or empty strings if not told.
        validate_indices: Whether places have to be in order, each once.
        name: Of the node.
    """
    given = as_sparse(sp_input)
    if default_value is None:
        default_value = "" if given.dtype == STRING else 0
    return sparse_to_dense(given.indices, given.dense_shape, given.values, default_value, validate_indices, name)


def from_dense(tensor: object, name: str | None = None) -> SparseTensor:
    """Return the elements of a tensor that are not zero, or not empty."""
    with name_scope(name, "dense_to_sparse"):
        whole = convert_to_tensor(tensor)
        indices = where(not_equal(whole, zeros_like(whole)))
        return SparseTensor(indices, gather_nd(whole, indices), shape(whole, out_type=INT64))


def sparse_reorder(sp_input: Any, name: str | None = None) -> SparseTensor:  # noqa: ANN401 -- as above
    """Return a sparse tensor with its elements in the order of their places."""
    given = as_sparse(sp_input)
    indices, values = apply("SparseReorder", *given.component_tensors, name=name)
    return SparseTensor(indices, values, given.dense_shape)


def sparse_tensor_dense_matmul(
    sp_a: Any,  # noqa: ANN401 -- as above
    b: object,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    name: str | None = None,
) -> Tensor:
    """Add the product of a sparse matrix and another one."""
    given = as_sparse(sp_a)
    with name_scope(name, "SparseTensorDenseMatMul", [*given.component_tensors, b]) as scope:
        other = convert_to_tensor(b, name="b")
        adjoint = {"adjoint_a": adjoint_a, "adjoint_b": adjoint_b}
        return output("SparseTensorDenseMatMul", *given.component_tensors, other, name=scope, **adjoint)


def _reduction(op_type: str, what: str) -> Callable[..., Tensor]:
    def function(
        sp_input: Any,  # noqa: ANN401 -- as above
        axis: object = None,
        keepdims: bool | None = None,
        reduction_axes: object = None,
        keep_dims: bool | None = None,
    ) -> Tensor:
        given, axes = as_sparse(sp_input), either("axis", axis, "reduction_axes", reduction_axes)
        keeps = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
        if axes is None:
            axes = number_range(shape(given.dense_shape)[0])
        return output(op_type, *given.component_tensors, axes, keep_dims=keeps)

    return described(function, op_type, f"Add the {what} of a sparse tensor's elements along axes, by default all.")


sparse_reduce_sum = _reduction("SparseReduceSum", "sums")
sparse_reduce_max = _reduction("SparseReduceMax", "maxima")


def sparse_reshape(sp_input: Any, shape: object, name: str | None = None) -> SparseTensor:  # noqa: ANN401 -- as above
    """Return a sparse tensor with other dimensions and the same elements."""
    given = as_sparse(sp_input)
    with name_scope(name, "SparseReshape", [*given.component_tensors]) as scope:
        wanted = cast(convert_to_tensor(shape), INT64)
        indices, sizes = apply("SparseReshape", given.indices, given.dense_shape, wanted, name=scope)
        return SparseTensor(indices, given.values, sizes)


def sparse_concat(
    axis: int | None = None,
    sp_inputs: Sequence[Any] | None = None,
    name: str | None = None,
    expand_nonconcat_dim: bool = False,
    concat_dim: int | None = None,
    expand_nonconcat_dims: bool | None = None,
) -> SparseTensor:
    """Return sparse tensors one after the other along an axis.

    Raises:
        TypeError: They are no list of sparse tensors.
    """
    if not isinstance(sp_inputs, (list, tuple)):
        raise TypeError("Inputs must be a list")
    parts = [as_sparse(each) for each in sp_inputs]
    if len(parts) == 1:
        return parts[0]
    along = either("axis", axis, "concat_dim", concat_dim)
    shapes = [each.dense_shape for each in parts]
    if expand_nonconcat_dim or expand_nonconcat_dims:
        largest = output("Max", convert_to_tensor(shapes), 0)
        is_axis = equal(number_range(shape(largest)[0]), along)
        shapes = [where(is_axis, own, largest) for own in shapes]
    indices, values = ([getattr(each, field) for each in parts] for field in ("indices", "values"))
    return SparseTensor(*apply("SparseConcat", indices, values, shapes, concat_dim=along, name=name))


def sparse_add(a: Any, b: Any, threshold: object = None, thresh: object = None) -> Any:  # noqa: ANN401 -- sparse or not
    """Return the sum of two tensors of which one is sparse at least: sparse if both are.

    Args:
        a: One.
        b: The other one.
        threshold: Of two sparse ones: sums that are less, regardless of their sign, are left out.
        thresh: Older name of it.
    """
    least = either("threshold", threshold, "thresh", thresh)
    if not all(hasattr(each, "dense_shape") for each in (a, b)):
        sparse, dense = (a, b) if hasattr(a, "dense_shape") else (b, a)
        return output("SparseTensorDenseAdd", *as_sparse(sparse).component_tensors, dense)
    first, second = as_sparse(a), as_sparse(b)
    limit = convert_to_tensor(0 if least is None else least, first.dtype.real_dtype)
    return SparseTensor(*apply("SparseAdd", *first.component_tensors, *second.component_tensors, limit))


def sparse_retain(sp_input: Any, to_retain: object) -> SparseTensor:  # noqa: ANN401 -- as above
    """Return those elements of a sparse tensor for which a vector of bools says so."""
    given = as_sparse(sp_input)
    places = reshape(where(convert_to_tensor(to_retain, BOOL)), [-1])
    return SparseTensor(gather(given.indices, places), gather(given.values, places), given.dense_shape)


def sparse_transpose(sp_input: Any, perm: object = None, name: str | None = None) -> SparseTensor:  # noqa: ANN401 -- as above
    """Return a sparse tensor with its dimensions in another order, by default the reverse one."""
    given = as_sparse(sp_input)
    with name_scope(name, "SparseTranspose", [*given.component_tensors]):
        if perm is None:
            count = shape(given.dense_shape)[0]
            perm = count - 1 - number_range(0, count, 1)
        indices = gather(given.indices, perm, axis=1)
        return sparse_reorder(SparseTensor(indices, given.values, gather(given.dense_shape, perm)))


def sparse_softmax(sp_input: Any, name: str | None = None) -> SparseTensor:  # noqa: ANN401 -- as above
    """Return the softmax of the elements that a sparse tensor has, along the last dimension."""
    given = as_sparse(sp_input)
    with name_scope(name, "SparseSoftmax", [*given.component_tensors]) as scope:
        return given.with_values(output("SparseSoftmax", *given.component_tensors, name=scope))


def sparse_fill_empty_rows(
    sp_input: Any,  # noqa: ANN401 -- as above
    default_value: object,
    name: str | None = None,
) -> tuple[SparseTensor, Tensor]:
    """Return a sparse matrix with an element in the first column of every row that has none, and which these are."""
    given = as_sparse(sp_input)
    with name_scope(name, "SparseFillEmptyRows", [*given.component_tensors]):
        filled = convert_to_tensor(default_value, given.dtype)
        indices, values, is_empty, _ = apply("SparseFillEmptyRows", *given.component_tensors, filled)
        return SparseTensor(indices, values, given.dense_shape), is_empty


def sparse_to_indicator(sp_input: Any, vocab_size: int, name: str | None = None) -> Tensor:  # noqa: ANN401 -- as above
    """Add a tensor of bools that tells for each row which of ``vocab_size`` numbers it holds."""
    given = as_sparse(sp_input)
    with name_scope(name, "SparseToIndicator", [*given.component_tensors]):
        numbers = cast(given.values, INT64)
        places = output("ConcatV2", [given.indices[:, :-1], reshape(numbers, [-1, 1])], 1)
        sizes = output("ConcatV2", [given.dense_shape[:-1], convert_to_tensor([vocab_size], INT64)], 0)
        seen = SparseTensor(places, fill(shape(numbers), True), sizes)
        return sparse_tensor_to_dense(sparse_reorder(seen), default_value=False, validate_indices=False)
