"""Ops of values that may be missing, in which a branch hands on what its gradient needs.

Format: tensorflow/core/kernels/optional_ops.cc, core/ops/optional_ops.cc.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, shape_from_proto
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext
from ckpt_magics.graphs.ops.shape_rules import scalar
from ckpt_magics.proto.messages import TFT_FOR_EACH, TFT_OPTIONAL, TFT_PRODUCT, TFT_TENSOR, TFT_VAR, FullTypeDef

__all__ = ["ROWS"]


@dataclass(frozen=True, slots=True)
class OptionalValue:
    """Some tensors, or None."""

    components: tuple[Any, ...] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the tensor that holds it: it is one value."""
        return ()

    def __add__(self, other: OptionalValue) -> OptionalValue:
        """Return the sums of the tensors; both must have some, or neither."""
        if self.components is None and other.components is None:
            return self
        if self.components is None or other.components is None or len(self.components) != len(other.components):
            raise InvalidArgumentError("Cannot add optionals because one has both values and the other does not.")
        return OptionalValue(tuple(one + two for one, two in zip(self.components, other.components, strict=True)))

    def zeros_like(self) -> OptionalValue:
        """Return zeros for the tensors."""
        if self.components is None:
            return self
        return OptionalValue(tuple(map(_zeros, self.components)))


def _zeros(component: Any) -> Any:  # noqa: ANN401 -- an array, a list of tensors, or an optional value
    return component.zeros_like() if hasattr(component, "zeros_like") else np.zeros_like(component)


def _optional(value: object) -> OptionalValue:
    if not isinstance(value, OptionalValue):
        raise InvalidArgumentError("the input is none of an optional value")
    return value


def _none(_ctx: KernelContext) -> OptionalValue:
    return OptionalValue()


def _from_value(_ctx: KernelContext, *components: Array) -> OptionalValue:
    return OptionalValue(components)


def _has_value(_ctx: KernelContext, value: object) -> Array:
    return np.bool_(_optional(value).components is not None)


def _get_value(ctx: KernelContext, value: object) -> tuple[Array, ...]:
    components = _optional(value).components
    if components is None or len(components) != len(ctx.output_dtypes):
        raise InvalidArgumentError("The given optional does not have a value.")
    return components


def _value_shapes(ctx: ShapeContext) -> list[Shape]:
    return [shape_from_proto(shape) for shape in ctx.attr("output_shapes")]


HELD = FullTypeDef(type_id=TFT_VAR, s="Toutput_types")
OPTIONAL = FullTypeDef(
    type_id=TFT_OPTIONAL,
    args=[
        FullTypeDef(
            type_id=TFT_FOR_EACH,
            args=[FullTypeDef(type_id=TFT_PRODUCT), FullTypeDef(type_id=TFT_TENSOR, args=[HELD]), HELD],
        )
    ],
)

ROWS: tuple[Op, ...] = (
    Op("OptionalNone", "-> optional: variant", (), scalar, _none),
    Op(
        "OptionalFromValue",
        "components: list(Toutput_types) -> optional: variant",
        (Attr("Toutput_types", "list(type)", minimum=1),),
        scalar,
        _from_value,
        full_type=OPTIONAL,
    ),
    Op("OptionalHasValue", "optional: variant -> has_value: bool", (), scalar, _has_value),
    Op(
        "OptionalGetValue",
        "optional: variant -> components: list(output_types)",
        (Attr("output_types", "list(type)", minimum=1), Attr("output_shapes", "list(shape)", minimum=1)),
        _value_shapes,
        _get_value,
    ),
)
