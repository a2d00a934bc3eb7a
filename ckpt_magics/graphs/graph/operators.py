"""Python's operators on tensors and variables: each adds a node, named as TensorFlow names it.

Format: tensorflow/python/ops/math_ops.py and array_ops.py, the overridden operators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

__all__ = ["OperatorNodes", "Operators"]

T = TypeVar("T")


class OperatorNodes(NamedTuple):
    """The functions that add an operator's nodes and return the tensor that comes out.

    Attributes:
        binary: Called with the operator's name, the operand that Python asked, the other one, and ``swap=True`` where
            the asked one stands on the right.
        unary: Called with the kind of op and the operand.
        subscript: Called with the operand and the key in the brackets.
    """

    binary: Callable[..., Any]
    unary: Callable[..., Any]
    subscript: Callable[..., Any]


class Operators(Generic[T]):
    """The operators that a tensor and a variable share; ``T`` is the class of tensors that they give.

    ``==`` compares identity, as in TensorFlow 1.

    Attributes:
        nodes: What the operators call. Those functions take and return tensors, so they are defined above the classes
            that have the operators; the package puts them here when it is imported.
    """

    __slots__ = ()

    nodes: ClassVar[OperatorNodes]

    def as_tensor(self) -> T:
        """Return the tensor that the object stands for, reading it first if it is a variable."""
        raise NotImplementedError

    def _binary(self, name: str, other: object, *, swap: bool = False) -> T:
        made: T = self.nodes.binary(name, self, other, swap=swap)
        return made

    def _unary(self, op_type: str) -> T:
        made: T = self.nodes.unary(op_type, self)
        return made

    def __add__(self, other: object) -> T:
        return self._binary("add", other)

    def __radd__(self, other: object) -> T:
        return self._binary("add", other, swap=True)

    def __sub__(self, other: object) -> T:
        return self._binary("sub", other)

    def __rsub__(self, other: object) -> T:
        return self._binary("sub", other, swap=True)

    def __mul__(self, other: object) -> T:
        return self._binary("mul", other)

    def __rmul__(self, other: object) -> T:
        return self._binary("mul", other, swap=True)

    def __truediv__(self, other: object) -> T:
        return self._binary("truediv", other)

    def __rtruediv__(self, other: object) -> T:
        return self._binary("truediv", other, swap=True)

    def __floordiv__(self, other: object) -> T:
        return self._binary("floordiv", other)

    def __rfloordiv__(self, other: object) -> T:
        return self._binary("floordiv", other, swap=True)

    def __mod__(self, other: object) -> T:
        return self._binary("mod", other)

    def __rmod__(self, other: object) -> T:
        return self._binary("mod", other, swap=True)

    def __pow__(self, other: object) -> T:
        return self._binary("pow", other)

    def __rpow__(self, other: object) -> T:
        return self._binary("pow", other, swap=True)

    def __matmul__(self, other: object) -> T:
        return self._binary("matmul", other)

    def __rmatmul__(self, other: object) -> T:
        return self._binary("matmul", other, swap=True)

    def __and__(self, other: object) -> T:
        return self._binary("and", other)

    def __rand__(self, other: object) -> T:
        return self._binary("and", other, swap=True)

    def __or__(self, other: object) -> T:
        return self._binary("or", other)

    def __ror__(self, other: object) -> T:
        return self._binary("or", other, swap=True)

    def __xor__(self, other: object) -> T:
        return self._binary("xor", other)

    def __rxor__(self, other: object) -> T:
        return self._binary("xor", other, swap=True)

    def __lt__(self, other: object) -> T:
        return self._binary("Less", other)

    def __le__(self, other: object) -> T:
        return self._binary("LessEqual", other)

    def __gt__(self, other: object) -> T:
        return self._binary("Greater", other)

    def __ge__(self, other: object) -> T:
        return self._binary("GreaterEqual", other)

    def __neg__(self) -> T:
        return self._unary("Neg")

    def __abs__(self) -> T:
        return self._unary("Abs")

    def __invert__(self) -> T:
        return self._unary("LogicalNot")

    def __getitem__(self, key: Any) -> T:  # noqa: ANN401 -- whatever Python's subscript takes
        made: T = self.nodes.subscript(self, key)
        return made

    def __iter__(self) -> Iterator[Any]:
        # Without this method Python would ask for element after element, each of them a new node, until one fails.
        raise TypeError(
            "Iterating over a symbolic `tf.Tensor` is not allowed. It has elements when a session runs the graph; "
            "`unstack` takes it apart inside the graph."
        )

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Any:  # noqa: ANN401 -- never returns
        raise NotImplementedError(
            f"Cannot convert a symbolic tf.Tensor ({getattr(self, 'name', '')}) to a numpy array. This error may "
            "indicate that you're trying to pass a Tensor to a NumPy call, which is not supported. A session's `run` "
            "gives its value as an array."
        )

    def _truth_refused(self) -> TypeError:
        return TypeError(
            "Using a symbolic `tf.Tensor` as a Python `bool` is not allowed. It has a value when a session runs the "
            "graph; `is not None` tells whether there is a tensor."
        )

    # NumPy would otherwise take an array's operator for itself and apply it element by element.
    __array_priority__ = 100
