"""What an import of a meta graph makes of its savers and of saveables that no file can hold."""

import logging

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.errors import DataLossError
from ckpt_magics.graphs.saver.saver import Saver


@pytest.fixture
def saved(tmp_path):
    """A checkpoint whose graph has its saver in the collection of savers."""
    prefix = str(tmp_path / "m")
    with tf.Graph().as_default(), tf.Session() as session:
        variable = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=False)
        saver = tf.train.Saver()
        tf.add_to_collection(tf.GraphKeys.SAVERS, saver)
        session.run(variable.initializer)
        saver.save(session, prefix)
    return prefix


@pytest.mark.parametrize("scope", [None, "imp"])
def test_the_collection_of_savers_holds_savers_that_restore(saved, scope):
    with tf.Graph().as_default() as graph, tf.Session() as session:
        tf.train.import_meta_graph(f"{saved}.meta", import_scope=scope)
        (saver,) = tf.get_collection(tf.GraphKeys.SAVERS)
        saver.restore(session, saved)
        assert session.run(f"{scope}/v:0" if scope else "v:0").tolist() == [1.0, 2.0]
        assert isinstance(saver, Saver)
        assert graph.get_operation_by_name(saver.saver_def.restore_op_name).type == "NoOp"


def test_imported_savers_are_exported_again(saved):
    with tf.Graph().as_default():
        tf.train.import_meta_graph(f"{saved}.meta", import_scope="imp")
        (whole,) = tf.train.export_meta_graph().collection_def["savers"].bytes_list.value
        (inner,) = tf.train.export_meta_graph(export_scope="imp").collection_def["savers"].bytes_list.value
    names = [tf.train.SaverDef.FromString(data).restore_op_name for data in (whole, inner)]
    assert names == ["imp/save/restore_all", "save/restore_all"]


def test_a_damaged_meta_graph_is_an_ioerror_and_data_loss(tmp_path):
    path = tmp_path / "m.meta"
    path.write_bytes(b"\xff" * 40)
    for kind in (IOError, DataLossError, tf.errors.DataLossError):
        with tf.Graph().as_default(), pytest.raises(kind, match="Cannot parse file"):
            tf.train.import_meta_graph(str(path))


def test_saveables_of_a_program_are_left_out_in_so_many_words(saved, caplog):
    with tf.Graph().as_default():
        tf.train.import_meta_graph(f"{saved}.meta")
        message = tf.train.export_meta_graph()
    message.collection_def["saveable_objects"].node_list.value.append("cudnn_lstm/opaque_kernel_saveable")
    with tf.Graph().as_default(), tf.Session() as session, caplog.at_level(logging.WARNING):
        tf.train.import_meta_graph(message, clear_devices=True).restore(session, saved)
        assert tf.get_collection(tf.GraphKeys.SAVEABLE_OBJECTS) == []
        assert np.array_equal(session.run("v:0"), [1.0, 2.0])
    assert "cudnn_lstm/opaque_kernel_saveable" in caplog.text
    assert "a Saver made here does not save it" in caplog.text


@pytest.mark.parametrize("wrong", [None, "session", 3])
def test_saving_and_restoring_ask_for_a_session(saved, wrong):
    with tf.Graph().as_default():
        tf.get_variable("v", [2])
        saver = tf.train.Saver()
        for action in (saver.save, saver.restore):
            with pytest.raises(TypeError, match="'sess' must be a Session"):
                action(wrong, saved)
