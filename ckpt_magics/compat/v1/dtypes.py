"""``tf.dtypes``: the types of elements."""

from __future__ import annotations

from ckpt_magics.compat.namespace import lazy_names

_HOMES = {
    "DType": "formats.dtypes",
    "as_dtype": "formats.dtypes",
    "bfloat16": "formats.dtypes:BFLOAT16",
    "bool": "formats.dtypes:BOOL",
    "cast": "compat.mathematics",
    "complex128": "formats.dtypes:COMPLEX128",
    "complex64": "formats.dtypes:COMPLEX64",
    "double": "formats.dtypes:DOUBLE",
    "float16": "formats.dtypes:HALF",
    "float32": "formats.dtypes:FLOAT",
    "float64": "formats.dtypes:DOUBLE",
    "half": "formats.dtypes:HALF",
    "int16": "formats.dtypes:INT16",
    "int32": "formats.dtypes:INT32",
    "int64": "formats.dtypes:INT64",
    "int8": "formats.dtypes:INT8",
    "qint16": "formats.dtypes:QINT16",
    "qint32": "formats.dtypes:QINT32",
    "qint8": "formats.dtypes:QINT8",
    "quint16": "formats.dtypes:QUINT16",
    "quint8": "formats.dtypes:QUINT8",
    "resource": "formats.dtypes:RESOURCE",
    "string": "formats.dtypes:STRING",
    "uint16": "formats.dtypes:UINT16",
    "uint32": "formats.dtypes:UINT32",
    "uint64": "formats.dtypes:UINT64",
    "uint8": "formats.dtypes:UINT8",
    "variant": "formats.dtypes:VARIANT",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
