"""The names of ``tensorflow.compat.v2`` that this package has: files, checkpoints, variables, types and errors."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "DType": "files.formats.dtypes",
    "Graph": "graphs.graph.graph",
    "Module": "graphs.trackable.module",
    "Operation": "graphs.graph.node",
    "Tensor": "graphs.graph.node",
    "TensorShape": "graphs.graph.shape",
    "Variable": "graphs.trackable.eager_variable:EagerVariable",
    "__version__": "graphs.graph.graph_versions:TENSORFLOW_VERSION",
    "as_dtype": "files.formats.dtypes",
    "bfloat16": "files.formats.dtypes:BFLOAT16",
    "bool": "files.formats.dtypes:BOOL",
    "compat": "compat:",
    "complex128": "files.formats.dtypes:COMPLEX128",
    "complex64": "files.formats.dtypes:COMPLEX64",
    "double": "files.formats.dtypes:DOUBLE",
    "dtypes": "compat.v1.dtypes:",
    "errors": "compat.v1.errors:",
    "float16": "files.formats.dtypes:HALF",
    "float32": "files.formats.dtypes:FLOAT",
    "float64": "files.formats.dtypes:DOUBLE",
    "half": "files.formats.dtypes:HALF",
    "int16": "files.formats.dtypes:INT16",
    "int32": "files.formats.dtypes:INT32",
    "int64": "files.formats.dtypes:INT64",
    "int8": "files.formats.dtypes:INT8",
    "io": "compat.v2.io:",
    "name_scope": "graphs.trackable.eager_names:EagerNameScope",
    "qint16": "files.formats.dtypes:QINT16",
    "qint32": "files.formats.dtypes:QINT32",
    "qint8": "files.formats.dtypes:QINT8",
    "quint16": "files.formats.dtypes:QUINT16",
    "quint8": "files.formats.dtypes:QUINT8",
    "resource": "files.formats.dtypes:RESOURCE",
    "string": "files.formats.dtypes:STRING",
    "train": "compat.v2.train:",
    "uint16": "files.formats.dtypes:UINT16",
    "uint32": "files.formats.dtypes:UINT32",
    "uint64": "files.formats.dtypes:UINT64",
    "uint8": "files.formats.dtypes:UINT8",
    "variant": "files.formats.dtypes:VARIANT",
    "version": "compat.v1.version:",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
