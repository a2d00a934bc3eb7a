"""Sizes of dimensions, which may be unknown.

Follows tensorflow/python/framework/tensor_shape.py of the 1.x API, Dimension.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import SupportsIndex

__all__ = ["Dimension", "as_dimension"]


class Dimension:
    """The size of one dimension, or the fact that it is unknown.

    Args:
        value: Size in elements, another dimension, or None for unknown.

    Raises:
        ValueError: The size is negative.
    """

    __slots__ = ("value",)

    def __init__(self, value: Dimension | SupportsIndex | None) -> None:
        if isinstance(value, Dimension):
            value = value.value
        self.value: int | None = None if value is None else value.__index__()
        if self.value is not None and self.value < 0:
            raise ValueError(f"Dimension {self.value} must be >= 0")

    def __repr__(self) -> str:
        return f"Dimension({self.value})"

    def __str__(self) -> str:
        return "?" if self.value is None else str(self.value)

    def __hash__(self) -> int:
        return hash(self.value)

    def __bool__(self) -> bool:
        return self.value != 0

    def __index__(self) -> int:
        if self.value is None:
            raise TypeError("an unknown dimension has no size")
        return self.value

    __int__ = __index__

    def __eq__(self, other: object) -> bool | None:  # type: ignore[override]  # what is not known is neither
        try:
            return self._compare(other, lambda a, b: a == b)
        except (TypeError, ValueError):
            return NotImplemented

    def __ne__(self, other: object) -> bool | None:  # type: ignore[override]
        try:
            return self._compare(other, lambda a, b: a != b)
        except (TypeError, ValueError):
            return NotImplemented

    def is_compatible_with(self, other: object) -> bool:
        """Return whether the two sizes can be the same."""
        value = as_dimension(other).value
        return self.value is None or value is None or self.value == value

    def assert_is_compatible_with(self, other: object) -> None:
        """Raise ValueError unless the two sizes can be the same."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible")

    def merge_with(self, other: object) -> Dimension:
        """Return what both dimensions together know.

        Raises:
            ValueError: The sizes differ.
        """
        other = as_dimension(other)
        if not self.is_compatible_with(other):
            raise ValueError(f"Dimensions {self} and {other} are not compatible")
        return other if self.value is None else self

    def __add__(self, other: object) -> Dimension:
        return self._combine(other, lambda a, b: a + b)

    __radd__ = __add__

    def __sub__(self, other: object) -> Dimension:
        return self._combine(other, lambda a, b: a - b)

    def __rsub__(self, other: object) -> Dimension:
        return as_dimension(other) - self

    def __mul__(self, other: object) -> Dimension:
        return self._combine(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __floordiv__(self, other: object) -> Dimension:
        return self._combine(other, lambda a, b: a // b)

    def __rfloordiv__(self, other: object) -> Dimension:
        return as_dimension(other) // self

    def __truediv__(self, other: object) -> Dimension:
        raise TypeError(
            f"unsupported operand type(s) for /: 'Dimension' and '{type(other).__name__}', please use // instead"
        )

    def __rtruediv__(self, other: object) -> Dimension:
        raise TypeError(
            f"unsupported operand type(s) for /: '{type(other).__name__}' and 'Dimension', please use // instead"
        )

    def __mod__(self, other: object) -> Dimension:
        return self._combine(other, lambda a, b: a % b)

    def __rmod__(self, other: object) -> Dimension:
        return as_dimension(other) % self

    # What is not known compares as None, which is neither true nor false.

    def __lt__(self, other: object) -> bool | None:
        return self._compare(other, lambda a, b: a < b)

    def __le__(self, other: object) -> bool | None:
        return self._compare(other, lambda a, b: a <= b)

    def __gt__(self, other: object) -> bool | None:
        return self._compare(other, lambda a, b: a > b)

    def __ge__(self, other: object) -> bool | None:
        return self._compare(other, lambda a, b: a >= b)

    def _compare(self, other: object, rule: Callable[[int, int], bool]) -> bool | None:
        value = as_dimension(other).value
        return None if self.value is None or value is None else rule(self.value, value)

    def _combine(self, other: object, rule: Callable[[int, int], int]) -> Dimension:
        value = as_dimension(other).value
        return Dimension(None if self.value is None or value is None else rule(self.value, value))


def as_dimension(value: object) -> Dimension:
    """Return ``value`` (a size, a dimension or None) as a dimension.

    Raises:
        TypeError: It is none of these.
    """
    if isinstance(value, Dimension):
        return value
    if value is None or hasattr(value, "__index__"):
        return Dimension(value)
    raise TypeError(f"Dimension value must be integer or None or have an __index__ method, got value '{value!r}'")
