"""Dilated windows as TensorFlow 1 computes them: on images taken apart into those of every n-th pixel.

Format: tensorflow/python/ops/nn_ops.py, _WithSpaceToBatch, and array_ops.py, required_space_to_batch_paddings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.arrays import concat, shape, stack
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output

__all__ = ["with_space_to_batch"]


def with_space_to_batch(
    images: Tensor,
    rates: Sequence[int],
    padding: Any,  # noqa: ANN401 -- a word, or pairs of sizes
    filter_shape: TensorShape,
    operation: Callable[[Tensor, Any], Tensor],
    *,
    channels_first: bool,
) -> Tensor:
    """Add an operation on windows that take every n-th pixel.

    Args:
        images: The images.
        rates: The n of each dimension of space.
        padding: What is added around, as TensorFlow's functions take it.
        filter_shape: Shape of the filters, those of space first.
        operation: Adds the operation; called with the images to take and the padding.
        channels_first: Whether the channels come before the dimensions of space.

    Raises:
        UnimplementedError: The padding depends on a shape that is not known.
    """
    rate = convert_to_tensor(np.array(rates, np.int32), INT32, name="dilation_rate")
    if all(item == 1 for item in rates):
        return operation(images, padding)
    base = _base_paddings(padding, filter_shape, rates, channels_first=channels_first)
    start = 2 if channels_first else 1
    paddings, crops = _paddings(images, range(start, start + len(rates)), base, rate)
    blocks: Any = np.array(rates, np.int32)
    if channels_first:
        blocks = np.concatenate([[1], blocks]).astype(np.int32)
        paddings, crops = _with_channels(paddings), _with_channels(crops)
    else:
        paddings, crops = _known(paddings), _known(crops)
    parts = output("SpaceToBatchND", images, blocks, paddings)
    return output("BatchToSpaceND", operation(parts, "VALID"), blocks, crops)


def _base_paddings(
    padding: Any,  # noqa: ANN401
    filter_shape: TensorShape,
    rates: Sequence[int],
    *,
    channels_first: bool,
) -> npt.NDArray[Any]:
    if isinstance(padding, (list, tuple)):
        pairs = np.array(padding, np.int32)
        return pairs[2:] if channels_first else pairs[1:-1]
    if padding == "VALID":
        return np.zeros((len(rates), 2), np.int32)
    sizes = filter_shape.as_list()[: len(rates)]
    if None in sizes:
        raise UnimplementedError("dilated windows with padding SAME need filters of a known shape")
    extra = (np.array(sizes, np.int64) - 1) * np.array(rates)
    return np.stack([extra // 2, extra - extra // 2], axis=1).astype(np.int32)


def _paddings(images: Tensor, spatial: range, base: npt.NDArray[Any], rate: Tensor) -> tuple[Tensor, Tensor]:
    """Add what goes around images so that each n-th pixel comes out even, and what is cut off afterwards."""
    sizes: Any = None if images.shape.ndims is None else [images.shape.as_list()[index] for index in spatial]
    if sizes is None or None in sizes:
        own = shape(images)
        sizes = stack([own[index] for index in spatial])
    with name_scope(None, "required_space_to_batch_paddings"):
        space = convert_to_tensor(sizes, INT32, name="input_shape")
        around = convert_to_tensor(base, INT32, name="base_paddings")
        known = constant_value(space)
        blocks: Any = rate if known is None else constant_value(rate)
        first: Any = around[:, 0] if known is None else base[:, 0]
        last: Any = around[:, 1] if known is None else base[:, 1]
        full = (space if known is None else known) + first + last
        missing = (blocks - full % blocks) % blocks
        end = last + missing
        count = len(spatial)
        return (
            stack([[first[index], end[index]] for index in range(count)], name="paddings"),
            stack([[0, missing[index]] for index in range(count)], name="crops"),
        )


def _known(tensor: Tensor) -> Any:  # noqa: ANN401 -- an array or a tensor
    value = constant_value(tensor)
    return tensor if value is None else value


def _with_channels(tensor: Tensor) -> Any:  # noqa: ANN401 -- an array or a tensor
    known = constant_value(tensor)
    nothing = np.zeros((1, 2), np.int32)
    return concat([nothing, tensor], 0) if known is None else np.concatenate([nothing, known])
