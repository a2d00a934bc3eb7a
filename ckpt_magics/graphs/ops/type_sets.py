"""The sets of dtypes that op definitions allow, in the order in which TensorFlow writes them.

Format: tensorflow/core/framework/op_def_builder.cc (``numbertype``, ``realnumbertype``); the others as each op lists
them.
"""

from __future__ import annotations

from ckpt_magics.files.formats.dtypes import DType, as_dtype


def dtypes(names: str) -> tuple[DType, ...]:
    """Return the dtypes of a list of names as TensorFlow's messages spell them.

    >>> dtypes("half float")
    (tf.float16, tf.float32)
    """
    return tuple(as_dtype(name) for name in names.split())


INDEX = dtypes("int32 int64")
SMALL_INDEX = dtypes("int16 int32 int64")
FLOATS = dtypes("half bfloat16 float double")
REAL_NUMBERS = dtypes("float double int32 uint8 int16 int8 int64 bfloat16 uint16 half uint32 uint64")
ORDERED = (*REAL_NUMBERS, *dtypes("qint8 quint8 qint32 qint16 quint16"))
NUMBERS = dtypes(
    "float double int32 uint8 int16 int8 complex64 int64 qint8 quint8 qint32 bfloat16 qint16 quint16 uint16 complex128 "
    "half uint32 uint64"
)
