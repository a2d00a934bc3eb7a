"""Meta graphs in and out, with the Saver that belongs to them."""

import os
from pathlib import Path

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.proto.messages import MetaGraphDef
from tests.graphs.saver.programs import BIASES, WEIGHT, fresh_session, save_two, two_variables
from tests.truth import CORPUS, GOLDEN, iter_cases


def meta_of(case):
    """Return the ``.meta`` beside a checkpoint, which may not exist."""
    return Path(case.prefix.partition("-?????-of-")[0] + ".meta")


CASES = [case for root in (GOLDEN, CORPUS) for case in iter_cases(root) if meta_of(case).exists()]


def check_variable(variable, value, tensors):
    """Assert that a variable has the stored value; a part of one has its part of it."""
    info = variable.save_slice_info
    if info is None:
        if variable.op.name not in tensors:
            return 0
        tensors[variable.op.name].check(value)
        return 1
    whole = tensors[info.full_name].array()
    part = tuple(slice(o, o + n) for o, n in zip(info.var_offset, info.var_shape, strict=True))
    np.testing.assert_array_equal(value, whole[part])
    return 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_tensorflows_graphs_restore_what_tensorflow_saved(case):
    with fresh_session() as session:
        saver = tf.train.import_meta_graph(str(meta_of(case)))
        saver.restore(session, case.prefix)
        variables = tf.global_variables()
        values = session.run(variables) if variables else []
        checked = sum(map(check_variable, variables, values, [case.readable] * len(variables)))
        renamed = {name for name in case.readable if name not in {v.op.name for v in variables}}
        assert checked or renamed == case.readable.keys()


def test_imported_graph_runs_and_saves(tmp_path):
    path = save_two(tmp_path / "m")
    with fresh_session() as session:
        saver = tf.train.import_meta_graph(f"{path}.meta")
        saver.restore(session, path)
        np.testing.assert_array_equal(session.run("weight:0"), WEIGHT)
        assert [v.name for v in tf.trainable_variables()] == ["weight:0", "biases:0"]
        again = saver.save(session, str(tmp_path / "n"))
    assert Path(f"{again}.meta").read_bytes() == Path(f"{path}.meta").read_bytes()


def test_imports_into_a_scope(tmp_path):
    path = save_two(tmp_path / "m", use_resource=True)
    with fresh_session() as session:
        saver = tf.train.import_meta_graph(f"{path}.meta", import_scope="imp")
        assert saver.saver_def.restore_op_name == "imp/save/restore_all"
        saver.restore(session, path)
        np.testing.assert_array_equal(session.run("imp/biases/Read/ReadVariableOp:0"), BIASES)


def test_imports_twice_into_two_scopes(tmp_path):
    path = save_two(tmp_path / "m")
    with fresh_session() as session:
        first = tf.train.import_meta_graph(f"{path}.meta", import_scope="a")
        second = tf.train.import_meta_graph(f"{path}.meta", import_scope="b")
        first.restore(session, path)
        second.restore(session, path)
        np.testing.assert_array_equal(session.run("a/weight:0"), session.run("b/weight:0"))


def test_extends_an_imported_graph(tmp_path):
    path = save_two(tmp_path / "m")
    with fresh_session() as session:
        saver = tf.train.import_meta_graph(f"{path}.meta")
        weight = tf.get_default_graph().get_tensor_by_name("weight:0")
        extra = tf.Variable([[1.0], [1.0], [1.0]], name="extra")
        product = tf.matmul(weight, extra)
        session.run(tf.global_variables_initializer())
        saver.restore(session, path)
        np.testing.assert_array_equal(session.run(product), [[6.0], [12.0]])
        both = tf.train.Saver().save(session, str(tmp_path / "n"))
        assert [name for name, _ in tf.train.list_variables(both)] == ["biases", "extra", "weight"]


def test_graph_without_a_saver_gets_one_if_it_has_variables(tmp_path):
    name = str(tmp_path / "graph.meta")
    with tf.Graph().as_default():
        two_variables()
        tf.train.export_meta_graph(name)
    with fresh_session():
        assert tf.train.import_meta_graph(name).saver_def.restore_op_name == "save/restore_all"
    with tf.Graph().as_default():
        tf.constant(1.0)
        tf.train.export_meta_graph(name)
    with fresh_session():
        assert tf.train.import_meta_graph(name) is None


def test_text_is_read_as_well_as_binary(tmp_path):
    with fresh_session():
        two_variables()
        saver = tf.train.Saver()
        exported = saver.export_meta_graph(str(tmp_path / "a" / "b" / "text.meta"), as_text=True)
    assert (tmp_path / "a" / "b" / "text.meta").read_text().startswith("meta_info_def {")
    with fresh_session():
        assert tf.train.import_meta_graph(str(tmp_path / "a" / "b" / "text.meta")).saver_def == exported.saver_def


def test_names_what_is_wrong_with_a_file(tmp_path):
    missing, other = str(tmp_path / "missing.meta"), tmp_path / "other.meta"
    with pytest.raises(OSError, match=f"File does not exist. Received: {missing}."):
        tf.train.import_meta_graph(missing)
    other.write_text("no { meta graph")
    with pytest.raises(tf.errors.DataLossError, match=f"Cannot parse file {other}"):
        tf.train.import_meta_graph(str(other))


def test_unbound_inputs_have_to_be_given(tmp_path):
    with tf.Graph().as_default() as graph:
        outside = tf.constant(2.0, name="outside")
        with tf.name_scope("inner"):
            tf.add(outside, 1.0, name="sum")
        inner = tf.train.export_meta_graph(graph=graph, export_scope="inner")
    with fresh_session() as session:
        with pytest.raises(ValueError, match=r"Graph contains unbound inputs: .*Must provide these inputs"):
            tf.train.import_meta_graph(inner)
        given = tf.constant(5.0)
        tf.train.import_meta_graph(inner, input_map={"$unbound_inputs_outside": given})
        assert session.run("sum:0") == 6.0


def test_devices_are_cleared_on_the_way_in_or_out(tmp_path):
    with tf.Graph().as_default():
        with tf.device("/job:ps/task:3"):
            tf.Variable(1.0, name="v")
        saver = tf.train.Saver()
        kept, cleared = saver.export_meta_graph(), saver.export_meta_graph(clear_devices=True)
    assert {node.device for node in cleared.graph_def.node} == {""}
    assert "/job:ps/task:3" in {node.device for node in kept.graph_def.node}
    with fresh_session() as session:
        tf.train.import_meta_graph(kept, clear_devices=True)
        assert {op.device for op in session.graph.get_operations()} == {""}


def test_other_savers_are_left_out_on_request():
    with tf.Graph().as_default():
        two_variables()
        tf.train.Saver()
        second = tf.train.Saver()
        both, own = second.export_meta_graph(), second.export_meta_graph(clear_extraneous_savers=True)
    scopes = [{node.name.partition("/")[0] for node in graph.graph_def.node} for graph in (both, own)]
    assert scopes == [{"weight", "biases", "save", "save_1"}, {"weight", "biases", "save_1"}]


def test_defaults_are_stripped_on_request(tmp_path):
    with fresh_session() as session:
        two_variables()
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "m"), strip_default_attrs=True)
    meta_graph = MetaGraphDef.FromString(Path(f"{path}.meta").read_bytes())
    assert meta_graph.meta_info_def.stripped_default_attrs
    [weight] = [node for node in meta_graph.graph_def.node if node.name == "weight"]
    assert set(weight.attr) == {"dtype", "shape", "_output_shapes"}


def test_debug_information_is_refused_by_name(tmp_path):
    with fresh_session():
        two_variables()
        with pytest.raises(tf.errors.UnimplementedError, match="debug"):
            tf.train.Saver().export_meta_graph(str(tmp_path / "m.meta"), save_debug_info=True)
    assert os.listdir(tmp_path) == []


def test_collections_that_cannot_be_written_do_not_stop_the_save(tmp_path, caplog):
    with fresh_session() as session:
        two_variables()
        tf.add_to_collection("numbers", 3)
        tf.add_to_collection("things", object())
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "m"))
    assert "collection 'things' is left out" in caplog.text
    with fresh_session():
        tf.train.import_meta_graph(f"{path}.meta")
        assert tf.get_collection("numbers") == [3]
        assert tf.get_collection("things") == []


def test_savers_travel_in_their_collection(tmp_path):
    with fresh_session() as session:
        two_variables()
        saver, backup = tf.train.Saver(), tf.train.Saver(name="backup")
        for each in (saver, backup):
            tf.add_to_collection(tf.GraphKeys.SAVERS, each)
        session.run(tf.global_variables_initializer())
        path = saver.save(session, str(tmp_path / "m"))
    with fresh_session() as session:
        tf.train.import_meta_graph(f"{path}.meta")
        found = [getattr(item, "saver_def", item) for item in tf.get_collection(tf.GraphKeys.SAVERS)]
        assert [item.restore_op_name for item in found] == ["save/restore_all", "backup/restore_all"]
