"""Choices of elements by truth values, and truth values from lengths.

Format: tensorflow/python/ops/array_ops.py.
"""

from __future__ import annotations

from ckpt_magics.files.formats.dtypes import BOOL, as_dtype
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.arrays import concat, expand_dims, gather, reshape, shape, squeeze, where_v2
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import cast, maximum
from ckpt_magics.graphs.nodes.reductions import reduce_max

__all__ = ["boolean_mask", "sequence_mask"]


def boolean_mask(tensor: object, mask: object, name: str | None = "boolean_mask", axis: int | None = None) -> Tensor:
    """Add the parts of a tensor where a mask is True.

    Args:
        tensor: The tensor.
        mask: Truth values, of the shape of some of the tensor's dimensions.
        name: Name of the scope.
        axis: The first of these dimensions, 0 by default.

    Raises:
        ValueError: The mask has no dimensions or their number is not known, or its shape is none of the tensor's.
    """
    with name_scope(name, values=[tensor, mask]):
        whole, chosen = convert_to_tensor(tensor, name="tensor"), convert_to_tensor(mask, name="mask")
        ndims, first = chosen.shape.ndims, axis or 0
        if not ndims:
            raise ValueError(
                "mask cannot be scalar."
                if ndims == 0
                else "Number of mask dimensions must be specified, even if some "
                "dimensions are None.  E.g. shape=[None] is ok, but shape=None is not."
            )
        masked = whole.shape[first : first + ndims]
        masked.assert_is_compatible_with(chosen.shape)
        count = output("Prod", shape(whole)[first : first + ndims], [0])
        sizes = [shape(whole)[:first], [count], shape(whole)[first + ndims :]]
        rows = reshape(whole, concat(sizes, 0))
        if whole.shape.ndims is not None:
            known = TensorShape([masked.num_elements()])
            rows.set_shape(whole.shape[:first].concatenate(known).concatenate(whole.shape[first + ndims :]))
        places = squeeze(where_v2(reshape(chosen, [-1])), [1])
        return gather(rows, places, axis=first)


def sequence_mask(lengths: object, maxlen: object = None, dtype: object = BOOL, name: str | None = None) -> Tensor:
    """Add for each length as many True as it says, then False, up to ``maxlen`` or the greatest length.

    Raises:
        ValueError: ``maxlen`` is no scalar.
    """
    with name_scope(name, "SequenceMask", [lengths, maxlen]):
        given = convert_to_tensor(lengths)
        if maxlen is None:
            longest = reduce_max(given)
            limit = maximum(constant(0, longest.dtype), longest)
        else:
            limit = convert_to_tensor(maxlen)
        if limit.shape.ndims not in {None, 0}:
            raise ValueError(f"Argument `maxlen` must be scalar for sequence_mask, received `maxlen` = {limit}")
        row = output("Range", constant(0, limit.dtype), limit, constant(1, limit.dtype))
        matrix = output("Cast", expand_dims(given, -1), DstT=limit.dtype)
        return cast(output("Less", row, matrix), as_dtype(dtype))
