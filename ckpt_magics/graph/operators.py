"""Python's operators on tensors and variables: each adds a node, named as TensorFlow names it.

Format: tensorflow/python/ops/math_ops.py and array_ops.py, the overridden operators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ckpt_magics.graph.node import Tensor

__all__ = ["Operators"]


class Operators:
    """The operators that a tensor and a variable share. ``==`` compares identity, as in TensorFlow 1."""

    __slots__ = ()

    def as_tensor(self) -> Tensor:
        """Return the tensor that the object stands for, reading it first if it is a variable."""
        raise NotImplementedError

    def _binary(self, name: str, other: object, *, swap: bool = False) -> Tensor:
        # The functions that add nodes take tensors, so their module is above this one and comes when it is needed.
        from ckpt_magics.graph.arithmetic import binary_operator

        return binary_operator(name, self, other, swap=swap)

    def _unary(self, op_type: str) -> Tensor:
        from ckpt_magics.graph.build import output

        return output(op_type, self.as_tensor())

    def __add__(self, other: object) -> Tensor:
        return self._binary("add", other)

    def __radd__(self, other: object) -> Tensor:
        return self._binary("add", other, swap=True)

    def __sub__(self, other: object) -> Tensor:
        return self._binary("sub", other)

    def __rsub__(self, other: object) -> Tensor:
        return self._binary("sub", other, swap=True)

    def __mul__(self, other: object) -> Tensor:
        return self._binary("mul", other)

    def __rmul__(self, other: object) -> Tensor:
        return self._binary("mul", other, swap=True)

    def __truediv__(self, other: object) -> Tensor:
        return self._binary("truediv", other)

    def __rtruediv__(self, other: object) -> Tensor:
        return self._binary("truediv", other, swap=True)

    def __floordiv__(self, other: object) -> Tensor:
        return self._binary("floordiv", other)

    def __rfloordiv__(self, other: object) -> Tensor:
        return self._binary("floordiv", other, swap=True)

    def __mod__(self, other: object) -> Tensor:
        return self._binary("mod", other)

    def __rmod__(self, other: object) -> Tensor:
        return self._binary("mod", other, swap=True)

    def __pow__(self, other: object) -> Tensor:
        return self._binary("pow", other)

    def __rpow__(self, other: object) -> Tensor:
        return self._binary("pow", other, swap=True)

    def __matmul__(self, other: object) -> Tensor:
        return self._binary("matmul", other)

    def __rmatmul__(self, other: object) -> Tensor:
        return self._binary("matmul", other, swap=True)

    def __and__(self, other: object) -> Tensor:
        return self._binary("and", other)

    def __rand__(self, other: object) -> Tensor:
        return self._binary("and", other, swap=True)

    def __or__(self, other: object) -> Tensor:
        return self._binary("or", other)

    def __ror__(self, other: object) -> Tensor:
        return self._binary("or", other, swap=True)

    def __xor__(self, other: object) -> Tensor:
        return self._binary("xor", other)

    def __rxor__(self, other: object) -> Tensor:
        return self._binary("xor", other, swap=True)

    def __lt__(self, other: object) -> Tensor:
        return self._binary("Less", other)

    def __le__(self, other: object) -> Tensor:
        return self._binary("LessEqual", other)

    def __gt__(self, other: object) -> Tensor:
        return self._binary("Greater", other)

    def __ge__(self, other: object) -> Tensor:
        return self._binary("GreaterEqual", other)

    def __neg__(self) -> Tensor:
        return self._unary("Neg")

    def __abs__(self) -> Tensor:
        return self._unary("Abs")

    def __invert__(self) -> Tensor:
        return self._unary("LogicalNot")

    def __getitem__(self, key: Any) -> Tensor:  # noqa: ANN401 -- whatever Python's subscript takes
        from ckpt_magics.graph.arithmetic import strided_slice

        return strided_slice(self.as_tensor(), key)

    # NumPy would otherwise take an array's operator for itself and apply it element by element.
    __array_priority__ = 100
