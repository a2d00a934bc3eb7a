"""Gradients of changes of the colours of images.

Format: tensorflow/python/ops/image_grad.py, _RGBToHSVGrad.
"""

from __future__ import annotations

from dataclasses import dataclass

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import stack
from ckpt_magics.graphs.nodes.mathematics import add, cast, div_no_nan, square
from ckpt_magics.graphs.training.rule import Gradients, Rule

__all__ = ["NO_GRADIENT", "RULES"]

CIRCLE = 360
SECTOR = 60
"""Degrees of a sixth of the circle of hues."""


def _inverse(x: Tensor) -> Tensor:
    return div_no_nan(cast(1.0, x.dtype), x)


@dataclass(frozen=True)
class _Color:
    """One of three colours of all pixels.

    Attributes:
        values: How much of it there is.
        is_most: 1 where there is more of it than of the others, else 0.
        is_least: 1 where there is less of it.
    """

    values: Tensor
    is_most: Tensor
    is_least: Tensor

    def most_and_there(self) -> Tensor:
        return cast(self.values > 0, self.values.dtype) * self.is_most


def _colors(images: Tensor) -> list[_Color]:
    """Return red, green and blue; of several that are equal the first is the most, the last the least."""
    red, green, blue = (images[..., index] for index in range(3))
    most = (red >= blue) & (red >= green), (green > red) & (green >= blue), (blue > red) & (blue > green)
    least = (red < blue) & (red < green), (green <= red) & (green < blue), (blue <= red) & (blue <= green)
    marks = [[cast(mask, images.dtype) for mask in masks] for masks in (most, least)]
    return [_Color(*parts) for parts in zip((red, green, blue), *marks, strict=True)]


def _by_value(color: _Color, _others: tuple[_Color, _Color], _hsv: Tensor) -> Tensor:
    return color.is_most


def _by_saturation(color: _Color, others: tuple[_Color, _Color], _hsv: Tensor) -> Tensor:
    """What is least counts as much as what is most, over which it is."""
    least = add(others[0].is_least * others[0].values, others[1].is_least * others[1].values)
    most = others[0].is_most * others[0].values + others[1].is_most * others[1].values
    as_most = color.is_most * least * _inverse(square(color.values))
    is_there = cast(color.values > 0, color.values.dtype)
    return is_there * add(as_most, color.is_least * -1 * _inverse(most))


def _by_hue(color: _Color, others: tuple[_Color, _Color], hsv: Tensor) -> Tensor:
    """A sum of cases: the colour is most, or one of the others is and it is least or between."""
    after, before = others
    spread = _inverse(square(hsv[..., 1])) * _inverse(square(hsv[..., 2]))
    total = SECTOR * (color.most_and_there() * -1 * (after.values - before.values) * spread)
    for most, third, sign in ((after, before, -1), (before, after, 1)):
        is_most, turn = most.most_and_there(), before.values - after.values
        total += SECTOR * (is_most * color.is_least * turn * _inverse(square(most.values - color.values)))
        total += SECTOR * (is_most * third.is_least * sign * _inverse(most.values - third.values))
    return total / CIRCLE


def _to_hsv(op: Operation, grad: Tensor) -> Gradients:
    colors, hsv = _colors(op.inputs[0]), op.outputs[0]
    parts = [
        stack([grad[..., index] * derivative(*_turned(colors, place), hsv) for place in range(3)], axis=-1)
        for index, derivative in ((2, _by_value), (1, _by_saturation), (0, _by_hue))
    ]
    return [add(add(parts[0], parts[1]), parts[2])]


def _turned(colors: list[_Color], place: int) -> tuple[_Color, tuple[_Color, _Color]]:
    """Return a colour, and the two that come after it on the circle."""
    return colors[place], (colors[(place + 1) % 3], colors[(place + 2) % 3])


RULES: dict[str, Rule] = {"RGBToHSV": _to_hsv}

NO_GRADIENT = frozenset({"HSVToRGB"})
