"""Arithmetic, comparisons and casts of ``tf`` and ``tf.math``.

Format: tensorflow/python/ops/math_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.formats.dtypes import BFLOAT16, COMPLEX64, COMPLEX128, DOUBLE, FLOAT, INT32, INT64, as_dtype
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.nodes import arithmetic
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.described import described

Unary = Callable[..., Tensor]


def _unary(op_type: str) -> Unary:
    """Return a function of one tensor that is one op."""

    def function(x: object, name: str | None = None) -> Tensor:
        return output(op_type, x, name=name)

    return described(function, op_type, f"Add a {op_type} op: it works on each element.")


def _binary(op_type: str) -> Callable[..., Tensor]:
    """Return a function of two tensors that is one op."""

    def function(x: object, y: object, name: str | None = None) -> Tensor:
        return output(op_type, x, y, name=name)

    return described(function, op_type, f"Add a {op_type} op: it works on each pair of elements, broadcasting.")


absolute = _unary("Abs")
acos = _unary("Acos")
acosh = _unary("Acosh")
asin = _unary("Asin")
asinh = _unary("Asinh")
atan = _unary("Atan")
atanh = _unary("Atanh")
ceil = _unary("Ceil")
cos = _unary("Cos")
cosh = _unary("Cosh")
digamma = _unary("Digamma")
erf = _unary("Erf")
erfc = _unary("Erfc")
exp = _unary("Exp")
expm1 = _unary("Expm1")
floor = _unary("Floor")
is_finite = _unary("IsFinite")
is_inf = _unary("IsInf")
is_nan = _unary("IsNan")
lgamma = _unary("Lgamma")
log = _unary("Log")
log1p = _unary("Log1p")
logical_not = _unary("LogicalNot")
negative = _unary("Neg")
reciprocal = _unary("Reciprocal")
rint = _unary("Rint")
rsqrt = _unary("Rsqrt")
sigmoid = _unary("Sigmoid")
sign = _unary("Sign")
sin = _unary("Sin")
sinh = _unary("Sinh")
sqrt = _unary("Sqrt")
square = _unary("Square")
tan = _unary("Tan")
tanh = _unary("Tanh")

equal = _binary("Equal")
floormod = _binary("FloorMod")
greater = _binary("Greater")
greater_equal = _binary("GreaterEqual")
less = _binary("Less")
less_equal = _binary("LessEqual")
logical_and = _binary("LogicalAnd")
logical_or = _binary("LogicalOr")
maximum = _binary("Maximum")
minimum = _binary("Minimum")
multiply = _binary("Mul")
not_equal = _binary("NotEqual")
realdiv = _binary("RealDiv")
squared_difference = _binary("SquaredDifference")
subtract = _binary("Sub")
truncatediv = _binary("TruncateDiv")
truncatemod = _binary("TruncateMod")


def polygamma(a: object, x: object, name: str | None = None) -> Tensor:
    """Add the derivatives of digamma of orders ``a`` at ``x``."""
    return output("Polygamma", a, x, name=name)


def zeta(x: object, q: object, name: str | None = None) -> Tensor:
    """Add Hurwitz' zeta function: the sum of ``(q + n) ** -x`` over all n from 0 on."""
    return output("Zeta", x, q, name=name)


def conj(x: object, name: str | None = None) -> Tensor:
    """Add the complex conjugate; real tensors are returned as they are."""
    tensor = convert_to_tensor(x, name="x")
    return output("Conj", tensor, name=name) if tensor.dtype.is_complex else tensor


def rounded(x: object, name: str | None = None) -> Tensor:
    """Add a rounding to the nearest integer, halves to the even one; integers are returned as they are."""
    tensor = convert_to_tensor(x, name="x")
    return tensor if tensor.dtype.is_integer else output("Round", tensor, name=name)


def add(x: object, y: object, name: str | None = None) -> Tensor:
    """Add a sum of two tensors, strings joined."""
    with name_scope(name, "Add", [x]) as scope:
        left, right = _operands(x, y)
        return output("Add" if left.dtype.name == "string" else "AddV2", left, right, name=scope)


def power(x: object, y: object, name: str | None = None) -> Tensor:
    """Add ``x`` to the power of ``y``."""
    with name_scope(name, "Pow", [x]) as scope:
        return output("Pow", x, y, name=scope)


def _operands(x: object, y: object) -> tuple[Tensor, Tensor]:
    left = convert_to_tensor(x, name="x")
    return left, convert_to_tensor(y, name="y", dtype_hint=left.dtype)


def divide(x: object, y: object, name: str | None = None) -> Tensor:
    """Add Python's division; integers become floats."""
    if name is not None:
        return truediv(x, y, name)
    left = (
        x
        if isinstance(x, Operators)
        else convert_to_tensor(x, y.as_tensor().dtype if isinstance(y, Operators) else None)
    )
    return arithmetic.binary_operator("truediv", left, y)


def truediv(x: object, y: object, name: str | None = None) -> Tensor:
    """Add Python's division; integers become floats."""
    with name_scope(name, "truediv", [x, y]) as scope:
        left = convert_to_tensor(x, name="x")
        return arithmetic.true_division(left, convert_to_tensor(y, name="y", dtype_hint=left.dtype), scope)


def div(x: object, y: object, name: str | None = None) -> Tensor:
    """Add Python 2's division: of integers the quotient rounded down."""
    with name_scope(name, "div", [x, y]) as scope:
        left = convert_to_tensor(x, name="x")
        right = convert_to_tensor(y, left.dtype, name="y")
        fractional = left.dtype.is_floating or left.dtype.is_complex
        return output("RealDiv" if fractional else "FloorDiv", left, right, name=scope)


def floordiv(x: object, y: object, name: str | None = None) -> Tensor:
    """Add a division rounded down."""
    with name_scope(name, "floordiv", [x, y]) as scope:
        return output("FloorDiv", x, y, name=scope)


def div_no_nan(x: object, y: object, name: str | None = None) -> Tensor:
    """Add a division that gives 0 where the divisor is 0."""
    with name_scope(name, "div_no_nan", [x, y]) as scope:
        left = convert_to_tensor(x, name="x")
        return output("DivNoNan", left, convert_to_tensor(y, name="y", dtype_hint=left.dtype), name=scope)


def add_n(inputs: Sequence[object], name: str | None = None) -> Tensor:
    """Add the sum of several tensors of one shape.

    Raises:
        ValueError: ``inputs`` is no list, or is empty.
    """
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ValueError(
            "Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape."
        )
    if len(inputs) == 1:
        value = convert_to_tensor(inputs[0])
        return output("Identity", value, name=name) if name else value
    return output("AddN", [convert_to_tensor(item) for item in inputs], name=name)


def cast(x: object, dtype: object, name: str | None = None) -> Tensor:
    """Add a conversion to another dtype; a tensor or a resource that has it already is returned as it is."""
    wanted = as_dtype(dtype)
    if isinstance(x, Tensor) and x.dtype == wanted:
        return x
    variable: Any = x
    if getattr(variable, "is_resource", False) and variable.dtype == wanted:
        unread: Tensor = variable
        return unread
    with name_scope(name, "Cast", [x]) as scope:
        tensor = convert_to_tensor(x, name="x")
        return tensor if tensor.dtype == wanted else output("Cast", tensor, name=scope, DstT=wanted)


def _converter(wanted: object, default_name: str) -> Unary:
    def function(x: object, name: str = default_name) -> Tensor:
        return cast(x, wanted, name)

    return described(function, default_name, f"Add a conversion, as `cast`, with the name {default_name}.")


to_bfloat16 = _converter(BFLOAT16, "ToBFloat16")
to_complex64 = _converter(COMPLEX64, "ToComplex64")
to_complex128 = _converter(COMPLEX128, "ToComplex128")
to_double = _converter(DOUBLE, "ToDouble")
to_float = _converter(FLOAT, "ToFloat")
to_int32 = _converter(INT32, "ToInt32")
to_int64 = _converter(INT64, "ToInt64")


def matmul(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    a: object,
    b: object,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,  # noqa: ARG001 -- a hint about speed
    b_is_sparse: bool = False,  # noqa: ARG001
    output_type: object = None,
    name: str | None = None,
) -> Tensor:
    """Add a product of matrices, or of stacks of them.

    Raises:
        ValueError: A matrix is to be both transposed and adjoint, or another ``output_type`` is asked for.
    """
    if (transpose_a and adjoint_a) or (transpose_b and adjoint_b):
        raise ValueError("Only one of `transpose` and `adjoint` can be True for each matrix.")
    with name_scope(name, "MatMul", [a, b]) as scope:
        left = convert_to_tensor(a, name="a")
        right = convert_to_tensor(b, name="b", dtype_hint=left.dtype)
        if output_type is not None and as_dtype(output_type) != left.dtype:
            raise ValueError(f"the product has the matrices' dtype, {left.dtype.name}; cast it")
        stacks = any(tensor.shape.ndims is None or tensor.shape.ndims > 2 for tensor in (left, right))
        # BatchMatMul flips with, MatMul without the conjugate; for real matrices that is the same.
        if left.dtype.is_complex and (transpose_a or transpose_b if stacks else adjoint_a or adjoint_b):
            raise UnimplementedError("no op here conjugates complex numbers")
        flip_a, flip_b = transpose_a or adjoint_a, transpose_b or adjoint_b
        if stacks:
            return output("BatchMatMulV2", left, right, name=scope, adj_x=flip_a, adj_y=flip_b)
        return output("MatMul", left, right, name=scope, transpose_a=flip_a, transpose_b=flip_b)


def clip_by_value(t: object, clip_value_min: object, clip_value_max: object, name: str | None = None) -> Tensor:
    """Add limits: nothing in the result is below or above them."""
    with name_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as scope:
        below = minimum(convert_to_tensor(t, name="t"), clip_value_max)
        return maximum(below, clip_value_min, name=scope)


def logical_xor(x: object, y: object, name: str = "LogicalXor") -> Tensor:
    """Add the exclusive or of two tensors of truth values."""
    return logical_and(logical_or(x, y), logical_not(logical_and(x, y)), name=name)


def scalar_mul(scalar: object, x: object, name: str | None = None) -> Tensor:
    """Add a product with one number.

    Raises:
        ValueError: ``scalar`` is not of rank 0.
    """
    tensor = convert_to_tensor(x)
    factor = convert_to_tensor(scalar, tensor.dtype, name="scalar")
    if factor.shape.ndims != 0:
        raise ValueError(f"The input scalar must be a 0-D value. Received shape {factor.shape}.")
    return multiply(factor, tensor, name=name)


def linspace(start: object, stop: object, num: object, name: str | None = None) -> Tensor:
    """Add ``num`` numbers from ``start`` to ``stop``, as far from each other."""
    return output("LinSpace", start, stop, num, name=name)


def number_range(
    start: object, limit: object = None, delta: object = 1, dtype: object = None, name: str = "range"
) -> Tensor:
    """Add a sequence of numbers, from ``start`` up to but without ``limit``; one number alone is the limit."""
    if limit is None:
        start, limit = 0, start
    with name_scope(name, "Range", [start, limit, delta]) as scope:
        ends = {"start": start, "limit": limit, "delta": delta}
        parts = [convert_to_tensor(value, dtype, name=label) for label, value in ends.items()]
        widest = max((part.dtype for part in parts), key=_BY_WIDTH.index)
        return output("Range", *(cast(part, widest) for part in parts), name=scope)


_BY_WIDTH = (INT32, INT64, FLOAT, DOUBLE)
"""Dtypes of a range, each wider than those before it."""
