"""The element types that checkpoints and graphs can name, with their spellings and their NumPy forms.

One row per type: its number in files, its name in Python, its name in TensorFlow's C++ messages, and the NumPy dtype
that stores one element as it stands on disk (little-endian). Types of less than a byte take a byte each. A quantized
type is stored as its plain integer.

Format: tensorflow/core/framework/types.proto, tensorflow/python/framework/dtypes.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import ml_dtypes
import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import DataLossError

REF_OFFSET = 100
"""What a type's number grows by for a reference to a tensor of that type, as the output of a TF 1 variable op."""

_FLOATING, _INTEGER, _COMPLEX, _BOOL, _QUANTIZED, _OPAQUE = "floating", "integer", "complex", "bool", "quantized", ""


class VariantBytes(bytes):
    """One element of a variant tensor: a VariantTensorDataProto as it stands in the file, not decoded."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DType:
    """One element type.

    Equal to itself, to its names, its number and to the NumPy types that it stands for, as TensorFlow's are.

    Attributes:
        number: Value of the DataType enum.
        enum_name: Its name there, as ``DT_FLOAT``.
        name: Name in Python, as ``float32``.
        c_name: Name in TensorFlow's own messages, as ``float``.
        numpy: Storage of one element; object for strings (bytes) and variants.
        itemsize: Bytes of one element on disk, 0 where elements differ in size.
        kind: ``floating``, ``integer``, ``complex``, ``bool``, ``quantized``, or empty.
    """

    number: int
    enum_name: str
    name: str
    c_name: str
    numpy: np.dtype[Any]
    itemsize: int
    kind: str

    def __repr__(self) -> str:
        return f"tf.{self.name}"

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self.number == other.number
        if other is None:
            return False
        try:
            return self.number == as_dtype(other).number
        except TypeError:
            return False

    def __reduce__(self) -> tuple[Any, ...]:
        return dtype_by_number, (self.number,)

    @property
    def is_floating(self) -> bool:
        """Whether the elements are real floating-point numbers."""
        return self.kind == _FLOATING

    @property
    def is_integer(self) -> bool:
        """Whether the elements are integers, the quantized ones not counted."""
        return self.kind == _INTEGER

    @property
    def is_complex(self) -> bool:
        """Whether the elements are complex numbers."""
        return self.kind == _COMPLEX

    @property
    def is_bool(self) -> bool:
        """Whether the elements are true or false."""
        return self.kind == _BOOL

    @property
    def is_quantized(self) -> bool:
        """Whether the elements are integers that stand for real numbers on a scale kept elsewhere."""
        return self.kind == _QUANTIZED

    @property
    def is_unsigned(self) -> bool:
        """Whether the elements are integers that cannot be negative."""
        return self.is_integer and self.name.startswith("u")

    @property
    def is_numpy_compatible(self) -> bool:
        """Whether TensorFlow hands such tensors out as NumPy arrays."""
        return self.name not in {"resource", "variant"}

    @property
    def as_numpy_dtype(self) -> type[object] | np.dtype[Any]:
        """The NumPy scalar type, ``object`` for strings, or a dtype of one named field for a quantized type."""
        if self.is_quantized:
            return np.dtype([(self.name, self.numpy)])
        return self.numpy.type if self.itemsize else object

    @property
    def as_datatype_enum(self) -> int:
        """The number of the type in files."""
        return self.number

    @property
    def base_dtype(self) -> DType:
        """The type itself; references to variables have it too."""
        return self

    @property
    def real_dtype(self) -> DType:
        """The type of the real part: float32 for complex64, the type itself where it is not complex."""
        return {"complex64": FLOAT, "complex128": DOUBLE}.get(self.name, self)

    @property
    def size(self) -> int:
        """Bytes of one element, 0 where elements differ in size."""
        return self.itemsize

    @property
    def min(self) -> int | np.floating[Any]:
        """The least value of a real number type.

        Raises:
            TypeError: The type has none.
        """
        return self._limit("min", "minimum")

    @property
    def max(self) -> int | np.floating[Any]:
        """The greatest value of a real number type.

        Raises:
            TypeError: The type has none.
        """
        return self._limit("max", "maximum")

    def _limit(self, attribute: str, word: str) -> int | np.floating[Any]:
        limits: Any = ml_dtypes
        if self.is_floating:
            return cast("np.floating[Any]", getattr(limits.finfo(self.numpy), attribute))
        if self.is_integer:
            return int(getattr(limits.iinfo(self.numpy), attribute))
        raise TypeError(f"Cannot find {word} value of {self}.")

    def is_compatible_with(self, other: object) -> bool:
        """Whether a tensor of type ``other`` can be used where this one is wanted.

        Raises:
            TypeError: ``other`` names no type.
        """
        return self.number == as_dtype(other).number


def _row(number: int, enum: str, kind: str, numpy: npt.DTypeLike, *names: str) -> DType:
    """Make one row; names in Python and C++ that are left out are the enum's, in small letters."""
    name, c_name = names or (enum.lower(), enum.lower())
    stored = np.dtype(numpy)
    return DType(number, f"DT_{enum}", name, c_name, stored, 0 if stored.hasobject else stored.itemsize, kind)


DTYPES: tuple[DType, ...] = (
    _row(1, "FLOAT", _FLOATING, np.float32, "float32", "float"),
    _row(2, "DOUBLE", _FLOATING, np.float64, "float64", "double"),
    _row(3, "INT32", _INTEGER, np.int32),
    _row(4, "UINT8", _INTEGER, np.uint8),
    _row(5, "INT16", _INTEGER, np.int16),
    _row(6, "INT8", _INTEGER, np.int8),
    _row(7, "STRING", _OPAQUE, object),
    _row(8, "COMPLEX64", _COMPLEX, np.complex64),
    _row(9, "INT64", _INTEGER, np.int64),
    _row(10, "BOOL", _BOOL, np.bool_),
    _row(11, "QINT8", _QUANTIZED, np.int8),
    _row(12, "QUINT8", _QUANTIZED, np.uint8),
    _row(13, "QINT32", _QUANTIZED, np.int32),
    _row(14, "BFLOAT16", _FLOATING, ml_dtypes.bfloat16),
    _row(15, "QINT16", _QUANTIZED, np.int16),
    _row(16, "QUINT16", _QUANTIZED, np.uint16),
    _row(17, "UINT16", _INTEGER, np.uint16),
    _row(18, "COMPLEX128", _COMPLEX, np.complex128),
    _row(19, "HALF", _FLOATING, np.float16, "float16", "half"),
    _row(20, "RESOURCE", _OPAQUE, object),
    _row(21, "VARIANT", _OPAQUE, object),
    _row(22, "UINT32", _INTEGER, np.uint32),
    _row(23, "UINT64", _INTEGER, np.uint64),
    _row(24, "FLOAT8_E5M2", _FLOATING, ml_dtypes.float8_e5m2),
    _row(25, "FLOAT8_E4M3FN", _FLOATING, ml_dtypes.float8_e4m3fn),
    _row(26, "FLOAT8_E4M3FNUZ", _FLOATING, ml_dtypes.float8_e4m3fnuz),
    _row(27, "FLOAT8_E4M3B11FNUZ", _FLOATING, ml_dtypes.float8_e4m3b11fnuz),
    _row(28, "FLOAT8_E5M2FNUZ", _FLOATING, ml_dtypes.float8_e5m2fnuz),
    _row(29, "INT4", _INTEGER, ml_dtypes.int4),
    _row(30, "UINT4", _INTEGER, ml_dtypes.uint4),
    _row(31, "INT2", _INTEGER, ml_dtypes.int2),
    _row(32, "UINT2", _INTEGER, ml_dtypes.uint2),
    _row(33, "FLOAT4_E2M1FN", _FLOATING, ml_dtypes.float4_e2m1fn),
)
"""All types, by number."""

(
    FLOAT, DOUBLE, INT32, UINT8, INT16, INT8, STRING, COMPLEX64, INT64, BOOL, QINT8, QUINT8, QINT32, BFLOAT16, QINT16,
    QUINT16, UINT16, COMPLEX128, HALF, RESOURCE, VARIANT, UINT32, UINT64, FLOAT8_E5M2, FLOAT8_E4M3FN, FLOAT8_E4M3FNUZ,
    FLOAT8_E4M3B11FNUZ, FLOAT8_E5M2FNUZ, INT4, UINT4, INT2, UINT2, FLOAT4_E2M1FN,
) = DTYPES  # fmt: skip

_BY_NUMBER = {row.number: row for row in DTYPES}
_BY_NAME = {
    **{row.enum_name: row for row in DTYPES},
    **{row.c_name: row for row in DTYPES},
    **{row.name: row for row in DTYPES},
}
# Python's float is TensorFlow's float32, as in TensorFlow; int means no one type there.
_BY_PYTHON_TYPE = {float: FLOAT, bool: BOOL, object: STRING}
_BY_NUMPY = {row.numpy: row for row in DTYPES if row.kind not in {_QUANTIZED, _OPAQUE}}


def dtype_by_number(number: int, *, allow_ref: bool = False) -> DType:
    """Return the type with a number found in a file.

    Args:
        number: Value of the DataType enum.
        allow_ref: Take a reference type for the type it refers to.

    Raises:
        DataLossError: No type has the number.
    """
    row = _BY_NUMBER.get(number)
    if row is None and allow_ref:
        row = _BY_NUMBER.get(number - REF_OFFSET)
    if row is None:
        raise DataLossError(f"{number} does not correspond to a valid tensorflow::DataType")
    return row


def as_dtype(value: object) -> DType:
    """Return the type that a number, a name, a NumPy dtype, a Python type or another package's dtype stands for.

    Raises:
        TypeError: It stands for none.
    """
    if isinstance(value, DType):
        return value
    row: DType | None = None
    if isinstance(value, str):
        row = _BY_NAME.get(value) or _BY_NAME.get(value.removesuffix("_ref"))
    elif isinstance(value, type) and value in _BY_PYTHON_TYPE:
        row = _BY_PYTHON_TYPE[value]
    elif isinstance(value, int) and not isinstance(value, bool):
        row = _BY_NUMBER.get(value) or _BY_NUMBER.get(value - REF_OFFSET)
    else:
        row = _by_numpy(value)
    if row is None:
        raise TypeError(f"Cannot convert the argument `type_value`: {value!r} to a TensorFlow DType.")
    return row


def _by_numpy(value: object) -> DType | None:
    """Find the type of a NumPy dtype or scalar type, or of an object that says its own, as tf.DType does."""
    enum = getattr(value, "as_datatype_enum", None)
    if isinstance(enum, int):
        return _BY_NUMBER.get(enum) or _BY_NUMBER.get(enum - REF_OFFSET)
    if not (isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic))):
        return None
    dtype: np.dtype[Any] = np.dtype(cast("npt.DTypeLike", value))
    if dtype.kind in "SUO":
        return STRING
    if dtype.names is not None and len(dtype.names) == 1:
        row = _BY_NAME.get(dtype.names[0])
        return row if row is not None and row.is_quantized and row.numpy == dtype[0] else None
    return _BY_NUMPY.get(dtype.newbyteorder("="))


def dtype_of(array: npt.NDArray[Any]) -> DType:
    """Return the type under which an array is saved; arrays of VariantBytes are variants, of other objects strings.

    Raises:
        TypeError: TensorFlow has no such type, as datetime64.
    """
    if array.dtype == np.object_ and array.size and isinstance(array.flat[0], VariantBytes):
        return VARIANT
    return as_dtype(array.dtype)
