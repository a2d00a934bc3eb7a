"""Pools as layers, which have no variables but names like those that have.

Format: tensorflow/python/layers/pooling.py of TensorFlow 1.15.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.layers.layer import Layer
from ckpt_magics.graphs.layers.window_sizes import Sizes, as_sizes
from ckpt_magics.graphs.nodes import windows
from ckpt_magics.graphs.nodes.arrays import expand_dims, squeeze
from ckpt_magics.graphs.nodes.described import described

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "average_pooling1d",
    "average_pooling2d",
    "average_pooling3d",
    "max_pooling1d",
    "max_pooling2d",
    "max_pooling3d",
]

LAYOUTS = {1: ("NHWC", "NCHW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}
"""The layouts of what is pooled, sequences as images of width 1, by the number of the dimensions of space."""


class _Pooling(Layer):
    """A layer that makes one number of each window.

    Args:
        pool_size: Size of a window.
        strides: Steps between its places.
        padding: ``valid`` or ``same``.
        data_format: ``channels_last`` or ``channels_first``.
        name: Name of the layer's scope.
        options: See `Layer`.
    """

    spatial: ClassVar[int]
    pool: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        pool_size: Sizes,
        strides: Sizes,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        name: str | None = None,
        **options: Any,  # noqa: ANN401 -- Layer's
    ) -> None:
        super().__init__(name=name, **options)
        self.pool_size = as_sizes(pool_size, self.spatial, "pool_size")
        self.strides = as_sizes(strides, self.spatial, "strides")
        self.padding = padding.upper()
        self.channels_first = data_format == "channels_first"

    def call(self, inputs: Tensor) -> Tensor:
        """Make the pool."""
        layout = LAYOUTS[self.spatial][self.channels_first]
        sizes, steps = self.pool_size, self.strides
        if self.spatial > 1:
            return type(self).pool(inputs, self._each(sizes), self._each(steps), self.padding, layout)
        place = 3 if self.channels_first else 2
        images = expand_dims(inputs, place)
        return squeeze(
            type(self).pool(images, self._each((*sizes, 1)), self._each((*steps, 1)), self.padding, layout), place
        )

    def _each(self, sizes: tuple[int, ...]) -> list[int]:
        return [1, 1, *sizes] if self.channels_first else [1, *sizes, 1]


class MaxPooling1D(_Pooling):
    """The greatest element of each window of sequences."""

    spatial, pool = 1, staticmethod(windows.max_pool)


class MaxPooling2D(_Pooling):
    """The greatest element of each window of images."""

    spatial, pool = 2, staticmethod(windows.max_pool)


class MaxPooling3D(_Pooling):
    """The greatest element of each window of volumes."""

    spatial, pool = 3, staticmethod(windows.max_pool3d)


class AveragePooling1D(_Pooling):
    """The mean of each window of sequences."""

    spatial, pool = 1, staticmethod(windows.avg_pool)


class AveragePooling2D(_Pooling):
    """The mean of each window of images."""

    spatial, pool = 2, staticmethod(windows.avg_pool)


class AveragePooling3D(_Pooling):
    """The mean of each window of volumes."""

    spatial, pool = 3, staticmethod(windows.avg_pool3d)


def _function(layer_class: type[_Pooling]) -> Callable[..., Tensor]:
    def function(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        inputs: object,
        pool_size: Sizes,
        strides: Sizes,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        name: str | None = None,
    ) -> Tensor:
        made: Tensor = layer_class(pool_size, strides, padding, data_format, name)(inputs)
        return made

    return described(function, layer_class.__name__, f"Add a pool; see `{layer_class.__name__}`.")


max_pooling1d, max_pooling2d, max_pooling3d = map(_function, (MaxPooling1D, MaxPooling2D, MaxPooling3D))
average_pooling1d, average_pooling2d, average_pooling3d = map(
    _function, (AveragePooling1D, AveragePooling2D, AveragePooling3D)
)
