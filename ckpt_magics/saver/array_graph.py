"""A graph for arrays that never had one: what TensorFlow needs to import a meta graph and restore the checkpoint.

Every array becomes a resource variable of its dtype and shape whose initializer fills it with zeros, and a Saver maps
the variables to the names in the checkpoint. The values themselves stay in the checkpoint's files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.formats.dtypes import STRING, DType, dtype_of
from ckpt_magics.graph.build import output
from ckpt_magics.graph.graph import Graph
from ckpt_magics.graph.node import Tensor
from ckpt_magics.graph.variable import Variable
from ckpt_magics.saver.saver import Saver

__all__ = ["MAX_VARIABLES", "array_meta_graph"]

MAX_VARIABLES = 5_000
"""Arrays from which on no graph is made: it would take longer than the save, and nobody could look at it."""

_BAD = re.compile(r"[^A-Za-z0-9_.\\/>-]")
_BAD_START = re.compile(r"^[^A-Za-z0-9.]+")


def array_meta_graph(arrays: Mapping[str, npt.NDArray[Any]], *, write_version: int) -> bytes | None:
    """Return a MetaGraphDef, serialized, whose saver restores these arrays.

    Args:
        arrays: By their names in the checkpoint.
        write_version: 1 or 2, the format that the saver writes.

    Returns:
        The bytes of the ``.meta`` file; None if there are more than `MAX_VARIABLES` arrays.
    """
    if len(arrays) > MAX_VARIABLES:
        return None
    with Graph().as_default():
        variables = {name: _variable(name, dtype_of(array), array.shape) for name, array in arrays.items()}
        saver = Saver(variables, write_version=write_version)
        return saver.export_meta_graph().SerializeToString(deterministic=True)


def _variable(name: str, dtype: DType, shape: tuple[int, ...]) -> Variable:
    def zeros() -> Tensor:
        # A Fill, not a constant: the graph must not grow with the arrays.
        return output("Fill", list(shape), b"" if dtype == STRING else np.zeros((), dtype.numpy), name="zeros")

    return Variable(zeros, name=_node_name(name), dtype=dtype, use_resource=True)


def _node_name(name: str) -> str:
    """A name as TensorFlow allows it for nodes; the saver keeps the name in the checkpoint.

    >>> _node_name("layer 1/größe"), _node_name("__x"), _node_name("a//b/")
    ('layer_1/gr__e', 'x', 'a/b')
    """
    parts = (_BAD_START.sub("", _BAD.sub("_", part)) for part in name.split("/"))
    return "/".join(part for part in parts if part) or "variable"
