"""Sizes of windows, and how many places they have in an image.

Format: tensorflow/python/keras/utils/conv_utils.py of TensorFlow 1.15.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["Sizes", "as_sizes", "output_length", "transposed_length"]

Sizes = int | Sequence[int]
"""One size for all dimensions of space, or one for each."""


def as_sizes(value: Sizes, spatial: int, name: str) -> tuple[int, ...]:
    """Return a size for each dimension of space.

    Raises:
        ValueError: There are more or fewer, or they are no integers.
    """
    given = (value,) * spatial if isinstance(value, int) else value
    try:
        sizes = tuple(int(item) for item in given)
    except (TypeError, ValueError):
        sizes = ()
    if len(sizes) != spatial:
        raise ValueError(f"The `{name}` argument must be a tuple of {spatial} integers. Received: {value}")
    return sizes


def output_length(size: int | None, kernel: int, stride: int, rate: int = 1, *, same: bool) -> int | None:
    """Return how many places a window has along a dimension, None if the size is not known."""
    if size is None:
        return None
    wide = kernel + (kernel - 1) * (rate - 1)
    return ((size if same else size - wide + 1) + stride - 1) // stride


def transposed_length(size: Any, kernel: int, stride: int, *, same: bool) -> Any:  # noqa: ANN401 -- see Returns
    """Return the size of which a window has so many places.

    Args:
        size: How many places, as a number or a tensor, or None.
        kernel: Size of the window.
        stride: Step between its places.
        same: Whether the places are counted with padding.
    """
    if size is None:
        return None
    length = size * stride
    return length if same else length + max(kernel - stride, 0)
