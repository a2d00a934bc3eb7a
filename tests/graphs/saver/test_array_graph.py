"""The graph beside a checkpoint of plain arrays."""

import ml_dtypes
import numpy as np
import pytest

import ckpt_magics
import ckpt_magics.compat.v1 as tf
from ckpt_magics.graphs.saver import array_graph
from ckpt_magics.graphs.saver.array_graph import array_meta_graph
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.proto.messages import MetaGraphDef
from tests.graphs.saver.programs import fresh_session

ARRAYS = {
    "dense/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "dense/bias": np.array([True, False]),
    "Scale": np.array(2.5, ml_dtypes.bfloat16),
    "step": np.array(7),
    "empty": np.zeros((0, 4), np.complex64),
    "text": np.array([b"a", b"\x00"], object),
    **{f"x{i}": np.full(2, i, np.int16) for i in range(12)},
}


def slow_meta_graph(arrays, write_version):
    """Make the same graph in the ordinary way."""
    with tf.Graph().as_default():
        variables = {name: Variable(value, name=name, use_resource=True) for name, value in sorted(arrays.items())}
        return tf.train.Saver(variables, write_version=write_version).export_meta_graph()


def without_values(meta_graph):
    for node in meta_graph.graph_def.node:
        node.attr.pop("_output_shapes", None)
        if node.name.endswith("initial_value"):
            shape, tensor = node.attr["value"].tensor.tensor_shape, node.attr["value"].tensor
            tensor.CopyFrom(type(tensor)(dtype=tensor.dtype, tensor_shape=shape))
            tensor.tensor_shape.SetInParent()
    return meta_graph


@pytest.mark.parametrize("write_version", [1, 2])
def test_graph_is_the_one_of_variables_and_a_saver(write_version):
    expected = without_values(slow_meta_graph(ARRAYS, write_version))
    found = MetaGraphDef.FromString(array_meta_graph(ARRAYS, write_version=write_version))
    assert [node.name for node in found.graph_def.node] == [node.name for node in expected.graph_def.node]
    for ours, theirs in zip(without_values(found).graph_def.node, expected.graph_def.node, strict=True):
        assert ours == theirs
    assert found == expected


@pytest.mark.parametrize("write_version", [1, 2])
def test_graph_restores_what_it_was_saved_with(tmp_path, write_version):
    arrays = {name: value for name, value in ARRAYS.items() if write_version == 2 or name != "Scale"}
    path = ckpt_magics.save_checkpoint(tmp_path / "m", arrays, write_version=write_version)
    with fresh_session() as session:
        saver = tf.train.import_meta_graph(f"{path}.meta")
        session.run(tf.global_variables_initializer())
        assert not any(np.any(value) for name, value in session.variable_values().items() if name != "text")
        saver.restore(session, path)
        values = session.variable_values()
    assert values.keys() == arrays.keys()
    for name, value in arrays.items():
        np.testing.assert_array_equal(values[name], value)
        assert values[name].dtype == value.dtype


def test_names_that_nodes_cannot_have_stay_in_the_checkpoint(tmp_path):
    arrays = {name: np.array([i]) for i, name in enumerate(ODD_NAMES)}
    path = ckpt_magics.save_checkpoint(tmp_path / "m", arrays)
    with fresh_session() as session:
        saver = tf.train.import_meta_graph(f"{path}.meta")
        saver.restore(session, path)
        names = [variable.op.name for variable in tf.global_variables()]
        assert len({name.lower() for name in names}) == len(names)
        assert sorted(value.item() for value in session.variable_values().values()) == list(range(len(arrays)))
        again = saver.save(session, str(tmp_path / "n"))
        assert [name for name, _ in tf.train.list_variables(again)] == sorted(ODD_NAMES)


ODD_NAMES = [
    "with blank",
    "größe",
    "_hidden",
    "a//b/",
    "/rooted",
    "a:0",
    "^a",
    "w",
    "W",
    "w/Assign",
    "w/Read",
    "w/Read/ReadVariableOp",
    "save",
    "save/Const",
    "save_1/x",
    "v",
    "v/v",
    "\u00fc",
    "\u00e9",
    "layers.0.weight",
    "a\nb",
]


def test_types_without_variables_are_left_out(tmp_path):
    arrays = {"a": np.zeros(2, np.float32), "b": np.zeros(2, ml_dtypes.float8_e4m3fnuz)}
    found = MetaGraphDef.FromString(array_meta_graph(arrays, write_version=2))
    assert [node.name for node in found.graph_def.node if node.op == "VarHandleOp"] == ["a"]
    assert array_meta_graph({"b": arrays["b"]}, write_version=2) is None
    assert not (tmp_path / (ckpt_magics.save_checkpoint(tmp_path / "m", {"b": arrays["b"]}) + ".meta")).exists()


def test_too_many_arrays_get_no_graph(monkeypatch):
    monkeypatch.setattr(array_graph, "MAX_VARIABLES", 2)
    assert array_meta_graph(ARRAYS, write_version=2) is None


def test_graph_does_not_grow_with_the_arrays():
    small, large = (array_meta_graph({"a": np.zeros(n)}, write_version=2) for n in (10, 1_000_000))
    assert len(large) - len(small) < 20
