"""A graph for arrays that never had one: what TensorFlow needs to import a meta graph and restore the checkpoint.

Every array becomes a resource variable of its dtype and shape whose first value is zero, and a Saver maps the
variables to the names in the checkpoint. The values themselves stay in the checkpoint's files.

The graph of one variable is made as every other graph; its nodes are then copied for each array. A graph of thousands
of variables would otherwise take longer than the save that it goes with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.formats.dtypes import (
    FLOAT8_E4M3B11FNUZ,
    FLOAT8_E4M3FNUZ,
    FLOAT8_E5M2FNUZ,
    STRING,
    DType,
    dtype_of,
)
from ckpt_magics.files.formats.tensor_proto import array_to_tensor_proto
from ckpt_magics.files.tensors.source import TensorSpec
from ckpt_magics.files.tensors.tensor_names import encode_name
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.saver.saver import Saver
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.proto.messages import AttrValue, MetaGraphDef, NodeDef, TensorProto, TensorShapeProto, VariableDef

__all__ = ["MAX_VARIABLES", "array_meta_graph"]

MAX_VARIABLES = 10_000
"""Arrays from which on no graph is made: nobody could look at it, and TensorFlow needs a minute to import it."""

NOT_VARIABLES = frozenset({FLOAT8_E4M3FNUZ, FLOAT8_E4M3B11FNUZ, FLOAT8_E5M2FNUZ})
"""Types that TensorFlow 2.21 reads and writes but has no variables of: one of them would fail the whole restore."""

_BAD = re.compile(r"[^A-Za-z0-9_.\\/>-]")
_BAD_START = re.compile(r"^[^A-Za-z0-9.]+")

_MODEL = "v"
"""Name of the variable whose nodes are copied."""


class _Entry(NamedTuple):
    """One array: its name in the checkpoint, that of its variable, and what the variable holds."""

    key: str
    name: str
    dtype: DType
    shape: TensorShapeProto


def array_meta_graph(arrays: Mapping[str, npt.NDArray[Any] | TensorSpec], *, write_version: int) -> bytes | None:
    """Return a MetaGraphDef, serialized, whose saver restores these arrays.

    Args:
        arrays: By their names in the checkpoint, or what they are like. Those of types that TensorFlow has no
            variables of are left out.
        write_version: 1 or 2, the format that the saver writes.

    Returns:
        The bytes of the ``.meta`` file; None if there are more than `MAX_VARIABLES` arrays, or none for variables.
    """
    entries = list(_entries(arrays))
    if not entries or len(arrays) > MAX_VARIABLES:
        return None
    model = _model(_free_scope(entries), write_version)
    result = MetaGraphDef(meta_info_def=model.meta_info_def, saver_def=model.saver_def)
    result.graph_def.versions.CopyFrom(model.graph_def.versions)
    nodes = list(model.graph_def.node)
    own = [node for node in nodes if node.name.partition("/")[0] == _MODEL]
    for entry in entries:
        for node in own:
            _copy_for(entry, node, result.graph_def.node.add())
    *before, identity, assign, restore_all = nodes[len(own) :]
    result.graph_def.node.extend(_for_all(entries, node) for node in before)
    for i, entry in enumerate(entries):
        result.graph_def.node.extend(_one_of_many(i, entry, node) for node in (identity, assign))
    result.graph_def.node.append(_for_all(entries, restore_all))
    collected = model.collection_def[GraphKeys.GLOBAL_VARIABLES].bytes_list.value[0]
    definitions = [_definition(entry, VariableDef.FromString(collected)) for entry in entries]
    for key in model.collection_def:
        result.collection_def[key].bytes_list.value.extend(definitions)
    return result.SerializeToString(deterministic=True)


def _model(scope: str, write_version: int) -> MetaGraphDef:
    """The meta graph of one float variable, without the shapes of outputs, which readers infer."""
    with Graph().as_default():
        variable = Variable(np.zeros((), np.float32), name=_MODEL, use_resource=True)
        saver = Saver({_MODEL: variable}, name=scope, write_version=write_version)
        result = saver.export_meta_graph()
    for node in result.graph_def.node:
        node.attr.pop("_output_shapes", None)
    return result


# Names


def _entries(arrays: Mapping[str, npt.NDArray[Any] | TensorSpec]) -> Iterator[_Entry]:
    used: set[str] = set()
    for key, array in sorted(arrays.items()):
        dtype = array.dtype if isinstance(array, TensorSpec) else dtype_of(array)
        if dtype not in NOT_VARIABLES:
            shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in array.shape])
            yield _Entry(key, _unique(_node_name(key), used), dtype, shape)


def _node_name(name: str) -> str:
    """A name as TensorFlow allows it for nodes; the saver keeps the name in the checkpoint.

    >>> _node_name("layer 1/größe"), _node_name("__x"), _node_name("a//b/")
    ('layer_1/gr__e', 'x', 'a/b')
    """
    parts = (_BAD_START.sub("", _BAD.sub("_", part)) for part in name.split("/"))
    return "/".join(part for part in parts if part) or "variable"


def _unique(name: str, used: set[str]) -> str:
    """The name, or with a number behind it, so that no node of its variable has a name that is used already."""
    count, candidate = 0, name
    while not used.isdisjoint(nodes := _node_names(candidate.lower())):
        count += 1
        candidate = f"{name}_{count}"
    used.update(nodes)
    return candidate


def _node_names(name: str) -> list[str]:
    nodes = ("initializer/initial_value", "isinitialized/varisinitializedop", "assign", "read/readvariableop")
    return [name, *(f"{name}/{node}" for node in nodes)]


def _free_scope(entries: Sequence[_Entry]) -> str:
    """A scope for the saver in which there is no variable."""
    taken = {entry.name.partition("/")[0].lower() for entry in entries} | {_MODEL}
    count, scope = 0, "save"
    while scope in taken:
        count += 1
        scope = f"save_{count}"
    return scope


# Nodes


def _renamed(text: str, name: str) -> str:
    """A name in the model's scope as it is for another variable; other names stay."""
    return name + text[len(_MODEL) :] if text.partition("/")[0] == _MODEL else text


def _copy_for(entry: _Entry, model: NodeDef, node: NodeDef) -> None:
    """Make a node of the model into the same node of an array's variable."""
    node.CopyFrom(model)
    node.name = _renamed(model.name, entry.name)
    for i, text in enumerate(model.input):
        node.input[i] = _renamed(text, entry.name)
    attrs = node.attr
    for key in attrs:
        value = attrs[key]
        if key == "dtype":
            value.type = entry.dtype.number
        elif key == "shape":
            value.shape.CopyFrom(entry.shape)
        elif key == "value":
            # No values at all stand for zeros, of every type; a Fill has not all of them.
            value.tensor.Clear()
            value.tensor.dtype = entry.dtype.number
            value.tensor.tensor_shape.CopyFrom(entry.shape)
        elif key == "_class":
            value.list.s[0] = b"loc:@" + entry.name.encode()
        elif key == "shared_name":
            value.s = entry.name.encode()
        elif key == "debug_name":
            value.s = entry.name.encode() + b"/"


def _definition(entry: _Entry, definition: VariableDef) -> bytes:
    for field in ("variable_name", "initial_value_name", "initializer_name", "snapshot_name"):
        text = getattr(definition, field)
        setattr(definition, field, entry.name + text[len(_MODEL) :])
    return definition.SerializeToString(deterministic=True)


def _for_all(entries: Sequence[_Entry], model: NodeDef) -> NodeDef:
    """A node of the saver as it is for all arrays."""
    kind = model.name.rpartition("/")[2]
    node = NodeDef()
    node.CopyFrom(model)
    if kind == "tensor_names":
        keys = [encode_name(entry.key) for entry in entries]
        node.attr["value"].tensor.CopyFrom(_strings(keys))
    elif kind in {"shape_and_slices", "shapes_and_slices"}:
        node.attr["value"].tensor.CopyFrom(_strings([b""] * len(entries)))
    elif model.op in {"SaveV2", "SaveSlices", "RestoreV2"}:
        types = AttrValue(list=AttrValue.ListValue(type=[entry.dtype.number for entry in entries]))
        node.attr["T" if model.op == "SaveSlices" else "dtypes"].CopyFrom(types)
        if len(model.input) > 3:
            node.input[3:] = [_renamed(model.input[3], entry.name) for entry in entries]
    elif kind == "restore_all":
        node.input[:] = sorted(f"{model.input[0]}{_suffix(i)}" for i in range(len(entries)))
    return node


def _one_of_many(i: int, entry: _Entry, model: NodeDef) -> NodeDef:
    """Node ``i`` of those that put a restored value into a variable."""
    node = NodeDef()
    node.CopyFrom(model)
    node.name = model.name + _suffix(i)
    if model.op == "Identity":
        node.attr["T"].type = entry.dtype.number
        node.input[0] = model.input[0] + (f":{i}" if i else "")
    else:
        node.attr["dtype"].type = entry.dtype.number
        node.input[:] = [entry.name, model.input[1] + _suffix(i)]
    return node


def _suffix(i: int) -> str:
    return f"_{i}" if i else ""


def _strings(values: Sequence[bytes]) -> TensorProto:
    array = np.empty(len(values), object)
    array[:] = values
    return array_to_tensor_proto(array, STRING)
