"""Graphs and checkpoints go from here to TensorFlow and back, with the same values on both sides."""

import ml_dtypes
import numpy as np
import pytest

import ckpt_magics
import ckpt_magics.compat.v1 as compat

pytestmark = pytest.mark.tensorflow

INPUT = np.array([[0.5, -1.0, 2.0]], np.float32)


def network(tf, *, use_resource):
    """A net of two layers, with a step, partitioned weights and variables of other types."""
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    with tf.variable_scope("hidden", use_resource=use_resource):
        kernel = tf.get_variable("kernel", [3, 4], initializer=tf.truncated_normal_initializer(seed=1))
        bias = tf.get_variable("bias", initializer=tf.constant([0.1, -0.1, 0.2, 0.0]))
        hidden = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, kernel), bias))
    with tf.variable_scope("out", use_resource=use_resource):
        parts = tf.get_variable(
            "kernel",
            [4, 2],
            initializer=tf.random_uniform_initializer(-1.0, 1.0),
            partitioner=tf.fixed_size_partitioner(2),
        )
        y = tf.nn.softmax(tf.matmul(hidden, tf.concat(list(parts), 0)), name="y")
    tf.Variable(b"caf\xc3\xa9", name="note", use_resource=use_resource)
    tf.add_to_collection("outputs", y)
    return tf.assign_add(tf.train.create_global_step(), 3)


def run(tf, session, graph):
    """Every variable that can be read and the net's answer."""
    names = ["hidden/kernel", "hidden/bias", "note", "global_step", "out/kernel/part_0", "out/kernel/part_1"]
    readers = {name: graph.get_operation_by_name(name) for name in names}
    fetches = {
        name: f"{name}/Read/ReadVariableOp:0" if op.type == "VarHandleOp" else f"{name}:0"
        for name, op in readers.items()
    }
    [y] = graph.get_collection("outputs")
    return session.run(fetches) | {"y": session.run(y, {"x:0": INPUT})}


def save(tf, prefix, **options):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        count = network(tf, use_resource=options.pop("use_resource"))
        saver = tf.train.Saver(**options)
        session.run(tf.global_variables_initializer())
        session.run(count)
        values = run(tf, session, graph)
        return saver.save(session, prefix), values


def restore(tf, path, prefix):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        saver = tf.train.import_meta_graph(f"{prefix}.meta")
        saver.restore(session, path)
        values = run(tf, session, graph)
        again = saver.save(session, f"{prefix}-again")
    with ckpt_magics.load_checkpoint(again) as reader:
        return values, dict(reader)


def check(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if name == "y":
            np.testing.assert_allclose(found[name], value, rtol=1e-5)
        else:
            np.testing.assert_array_equal(found[name], value)


@pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])
@pytest.mark.parametrize("options", [{}, {"write_version": 1}, {"sharded": True}], ids=["V2", "V1", "sharded"])
@pytest.mark.parametrize("direction", ["to TensorFlow", "from TensorFlow"])
def test_graph_restores_and_runs_on_the_other_side(tf, tmp_path, direction, options, use_resource):
    source, target = (compat, tf.compat.v1) if direction == "to TensorFlow" else (tf.compat.v1, compat)
    prefix = str(tmp_path / "m")
    path, expected = save(source, prefix, use_resource=use_resource, **options)
    values, saved_again = restore(target, path, prefix)
    check(values, expected)
    whole = np.concatenate([expected["out/kernel/part_0"], expected["out/kernel/part_1"]])
    np.testing.assert_array_equal(saved_again["out/kernel"], whole)
    assert saved_again.keys() == {"global_step", "hidden/bias", "hidden/kernel", "note", "out/kernel"}


def test_text_and_scopes_go_to_tensorflow(tf, tmp_path):
    prefix = str(tmp_path / "m")
    with compat.Graph().as_default(), compat.Session() as session:
        network(compat, use_resource=True)
        saver = compat.train.Saver()
        session.run(compat.global_variables_initializer())
        path = saver.save(session, prefix)
        saver.export_meta_graph(f"{prefix}.text", as_text=True)
        expected = session.run("out/y:0", {"x:0": INPUT})
    v1 = tf.compat.v1
    with v1.Graph().as_default(), v1.Session() as session:
        v1.train.import_meta_graph(f"{prefix}.text", import_scope="net").restore(session, path)
        np.testing.assert_allclose(session.run("net/out/y:0", {"net/x:0": INPUT}), expected, rtol=1e-5)


NODE_NAMES = {"größe/ä b": "gr__e/b"}

STORED = (
    "float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool complex64 complex128 "
    "float8_e5m2 float8_e4m3fn int4 uint4 int2 uint2 float4_e2m1fn"
)


def arrays_of_every_type():
    arrays = {}
    for name in STORED.split():
        dtype = np.dtype(getattr(ml_dtypes, name, None) or name)
        arrays[f"types/{name}"] = np.array([[0, 1], [1, 0]], np.int8).astype(dtype)
    arrays["text"] = np.array([b"one", b"", b"\xff\x00"], object)
    arrays["scalar"] = np.float32(3.5)
    arrays["empty"] = np.zeros((0, 3), np.float32)
    arrays["größe/ä b"] = np.arange(3)
    return arrays


@pytest.mark.parametrize("write_version", [1, 2])
def test_tensorflow_restores_plain_arrays_by_their_graph(tf, tmp_path, write_version):
    arrays = arrays_of_every_type()
    if write_version == 1:
        only_v2 = {
            "uint32",
            "uint64",
            "bfloat16",
            "float8_e5m2",
            "float8_e4m3fn",
            "int4",
            "uint4",
            "int2",
            "uint2",
            "float4_e2m1fn",
        }
        arrays = {name: value for name, value in arrays.items() if name.removeprefix("types/") not in only_v2}
    path = ckpt_magics.save_checkpoint(tmp_path / "m", arrays, write_version=write_version)
    v1 = tf.compat.v1
    with v1.Graph().as_default(), v1.Session() as session:
        saver = v1.train.import_meta_graph(f"{path}.meta")
        variables = {variable.op.name: variable for variable in v1.global_variables()}
        session.run(v1.global_variables_initializer())
        for name, variable in variables.items():
            value = session.run(variable)
            assert not (value != (b"" if name == "text" else np.zeros((), value.dtype))).any(), name
        saver.restore(session, path)
        assert len(variables) == len(arrays)
        for name, array in arrays.items():
            value = session.run(variables[NODE_NAMES.get(name, name)])
            assert value.dtype == np.asarray(array).dtype
            np.testing.assert_array_equal(value, array)
        again = saver.save(session, str(tmp_path / "n"))
    assert [name for name, _ in ckpt_magics.list_variables(again)] == sorted(arrays)
