"""The nodes behind Python's operators: scopes, conversions and casts as TensorFlow makes them.

Format: tensorflow/python/ops/math_ops.py and array_ops.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import DOUBLE, FLOAT, INT32, DType
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output

__all__ = ["assign_slice", "binary_operator", "cast", "strided_slice", "true_division", "unary_operator"]

_OPS = {
    "add": "AddV2",
    "sub": "Sub",
    "mul": "Mul",
    "floordiv": "FloorDiv",
    "mod": "FloorMod",
    "pow": "Pow",
    "and": "LogicalAnd",
    "or": "LogicalOr",
}
_COMPARISONS = frozenset({"Less", "LessEqual", "Greater", "GreaterEqual"})


def binary_operator(name: str, left: Operators[Tensor], right: object, *, swap: bool = False) -> Tensor:
    """Add the nodes of ``left <operator> right``, or of ``right <operator> left`` with ``swap``.

    Args:
        name: The operator's name, which is also that of its scope and node.
        left: The tensor or variable that Python asked; a variable is read before the scope begins.
        right: The other operand; what is no tensor takes the dtype of ``left`` if it can.
        swap: Whether ``left`` stands on the right.

    Raises:
        TypeError: The dtypes differ.
    """
    tensor = left.as_tensor()
    if name in _COMPARISONS:
        return output(name, tensor, right)
    with name_scope(None, name, [tensor]) as scope:
        if swap:
            x, y = convert_to_tensor(right, tensor.dtype, name="x"), tensor
        else:
            x, y = tensor, convert_to_tensor(right, name="y", dtype_hint=tensor.dtype)
        return _combine(name, x, y, scope)


def unary_operator(op_type: str, operand: Operators[Tensor]) -> Tensor:
    """Add the node of an operator that has one operand; a variable is read first."""
    return output(op_type, operand.as_tensor())


def _combine(name: str, x: Tensor, y: Tensor, scope: str) -> Tensor:
    if name == "truediv":
        return true_division(x, y, scope)
    if name == "matmul":
        batched = max(x.shape.ndims or 2, y.shape.ndims or 2) > 2
        return output("BatchMatMulV2" if batched else "MatMul", x, y, name=scope)
    if name == "xor":
        either, both = output("LogicalOr", x, y), output("LogicalAnd", x, y)
        return output("LogicalAnd", either, output("LogicalNot", both), name=scope)
    return output(_OPS[name], x, y, name=scope)


def true_division(x: Tensor, y: Tensor, scope: str) -> Tensor:
    """Add Python's division of two tensors in an open scope; integers become floats first.

    Raises:
        TypeError: The dtypes differ.
    """
    if x.dtype != y.dtype:
        raise TypeError(f"`x` and `y` must have the same dtype, got {x.dtype!r} != {y.dtype!r}.")
    if x.dtype.is_integer:
        quotient = FLOAT if x.dtype.itemsize <= 2 else DOUBLE
        x, y = cast(x, quotient), cast(y, quotient)
    return output("RealDiv", x, y, name=scope)


def cast(value: Operators[Tensor], dtype: DType, name: str | None = None) -> Tensor:
    """Add a conversion to another dtype; a tensor that has it already is returned as it is."""
    with name_scope(name, "Cast", [value]) as scope:
        tensor = value.as_tensor()
        return tensor if tensor.dtype == dtype else output("Cast", tensor, name=scope, DstT=dtype)


def strided_slice(value: Operators[Tensor], key: Any) -> Tensor:  # noqa: ANN401 -- whatever Python's subscript takes
    """Add the nodes of ``value[key]``.

    Args:
        value: What to take a part of; a variable is read first.
        key: An index, slice, ``...``, None for a new axis, or a tuple of these.

    Raises:
        TypeError: A part of ``key`` is none of these.
    """
    tensor = value.as_tensor()
    spec = _SliceSpec(key if isinstance(key, (list, tuple)) else [key])
    with name_scope(None, "strided_slice", [tensor]) as scope:
        return output("StridedSlice", tensor, *spec.bounds(), name=scope, **spec.masks)


def assign_slice(target: object, op_type: str, part: Tensor, value: object, name: str | None = None) -> Any:  # noqa: ANN401 -- a reference or an operation
    """Add an assignment to a part of a variable.

    Args:
        target: The reference or the handle.
        op_type: ``StridedSliceAssign`` or the op for a resource.
        part: The part, as `strided_slice` has made it.
        value: What it is to hold.
        name: Of the node.
    """
    masks = {mask: part.op.get_attr(mask) for mask in MASKS}
    tensor = convert_to_tensor(value, part.dtype)
    return apply(op_type, target, *part.op.inputs[1:], tensor, name=name or f"{part.op.name}/_assign", **masks)


def _bound(values: Sequence[object], name: str) -> Tensor:
    holds_tensors = any(isinstance(value, Operators) for value in values)
    return convert_to_tensor(list(values), None if holds_tensors else INT32, name=name)


MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")


class _SliceSpec:
    """A subscript in the form of the StridedSlice op: three vectors, and masks with one bit per entry."""

    def __init__(self, keys: Sequence[object]) -> None:
        self.begin: list[object] = []
        self.end: list[object] = []
        self.strides: list[object] = []
        self.masks = dict.fromkeys(MASKS, 0)
        for position, key in enumerate(keys):
            self._add(key, 1 << position)

    def bounds(self) -> list[Tensor]:
        """Add the three vectors."""
        named = (self.begin, "stack"), (self.end, "stack_1"), (self.strides, "stack_2")
        return [_bound(values, name) for values, name in named]

    def _add(self, key: object, bit: int) -> None:
        if isinstance(key, slice):
            self._extend(
                0 if key.start is None else key.start,
                0 if key.stop is None else key.stop,
                1 if key.step is None else key.step,
            )
            self.masks["begin_mask"] |= bit if key.start is None else 0
            self.masks["end_mask"] |= bit if key.stop is None else 0
        elif key is Ellipsis:
            self._extend(0, 0, 1)
            self.masks["ellipsis_mask"] |= bit
        elif key is None:
            self._extend(0, 0, 1)
            self.masks["new_axis_mask"] |= bit
        elif isinstance(key, Operators) or hasattr(key, "__index__"):
            self._extend(key, key + 1, 1)  # type: ignore[operator]  # tensors and integers both add
            self.masks["shrink_axis_mask"] |= bit
        else:
            raise TypeError(
                "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tf.int32/tf.int64 "
                f"tensors are valid indices, got {key!r}"
            )

    def _extend(self, begin: object, end: object, stride: object) -> None:
        self.begin.append(begin)
        self.end.append(end)
        self.strides.append(stride)
