"""Variables in parts: saved as parts, restored into any other parts."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.notebook.reader import load_checkpoint
from tests.graphs.saver.programs import fresh_session

VALUE = np.arange(24, dtype=np.float32).reshape(12, 2)

PARTITIONERS = {
    "whole": None,
    "in three": tf.fixed_size_partitioner(3),
    "in twelve": tf.fixed_size_partitioner(12),
    "in columns": tf.fixed_size_partitioner(2, axis=1),
    "in one": tf.fixed_size_partitioner(1),
}
KINDS = pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])


def parts_of(value, partitioner, use_resource=False):
    return tf.get_variable(
        "v",
        VALUE.shape if value is None else None,
        initializer=tf.zeros_initializer() if value is None else value,
        partitioner=partitioner,
        use_resource=use_resource,
    )


def whole(session, variable):
    return session.run(variable.as_tensor())


def save_parts(prefix, partitioner, **options):
    with fresh_session() as session:
        parts_of(VALUE, partitioner)
        session.run(tf.global_variables_initializer())
        return tf.train.Saver(**options).save(session, str(prefix))


@KINDS
@pytest.mark.parametrize("target", PARTITIONERS)
@pytest.mark.parametrize("source", PARTITIONERS)
@pytest.mark.parametrize("write_version", [1, 2], ids=["V1", "V2"])
def test_restores_into_other_parts(tmp_path, source, target, write_version, use_resource):
    path = save_parts(tmp_path / "m", PARTITIONERS[source], write_version=write_version)
    with fresh_session() as session:
        variable = parts_of(None, PARTITIONERS[target], use_resource)
        tf.train.Saver().restore(session, path)
        np.testing.assert_array_equal(whole(session, variable), VALUE)


def test_readers_see_one_tensor(tmp_path):
    path = save_parts(tmp_path / "m", PARTITIONERS["in three"])
    with load_checkpoint(path) as reader:
        assert reader.get_variable_to_shape_map() == {"v": [12, 2]}
        np.testing.assert_array_equal(reader["v"], VALUE)
        assert [part.format() for part in reader.entry("v").slices] == ["0,4:0,2", "4,4:0,2", "8,4:0,2"]


def test_parts_of_a_list_come_in_the_order_of_their_names(tmp_path):
    """As TensorFlow has it: part_10:0 comes before part_1:0; a PartitionedVariable under a name keeps its own order."""
    with fresh_session() as session:
        variable = parts_of(VALUE, PARTITIONERS["in twelve"])
        session.run(tf.global_variables_initializer())
        for label, var_list, order in (
            ("listed", None, [0, 10, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
            ("named", {"v": variable}, list(range(12))),
        ):
            path = tf.train.Saver(var_list).save(session, str(tmp_path / label))
            with load_checkpoint(path) as reader:
                assert [part.extents[0].start for part in reader.entry("v").slices] == order


def test_one_part_under_a_name_of_its_own_is_a_whole_tensor(tmp_path):
    with fresh_session() as session:
        variable = parts_of(VALUE, PARTITIONERS["in three"])
        session.run(tf.global_variables_initializer())
        first, *_ = variable
        with load_checkpoint(tf.train.Saver({"q": first}).save(session, str(tmp_path / "a"))) as reader:
            np.testing.assert_array_equal(reader["q"], VALUE[:4])
            assert not reader.entry("q").slices
        with load_checkpoint(tf.train.Saver([first]).save(session, str(tmp_path / "b"))) as reader:
            assert reader.get_variable_to_shape_map() == {"v": [12, 2]}
            np.testing.assert_array_equal(reader.get_slice("v", "0,4:-"), VALUE[:4])


@KINDS
@pytest.mark.parametrize("write_version", [1, 2], ids=["V1", "V2"])
def test_parts_on_several_devices_are_shards(tmp_path, write_version, use_resource):
    with fresh_session() as session:
        with tf.device(lambda op: f"/cpu:{int(op.name[7])}" if op.name.startswith("v/part_") else ""):
            variable = parts_of(VALUE, PARTITIONERS["in three"], use_resource)
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver(sharded=True, write_version=write_version)
        path = saver.save(session, str(tmp_path / "m"))
        session.run([part.initializer for part in variable], {part.initial_value: 0 * VALUE[:4] for part in variable})
        saver.restore(session, path)
        np.testing.assert_array_equal(whole(session, variable), VALUE)
    with fresh_session() as session:
        variable = parts_of(None, None)
        tf.train.Saver().restore(session, path)
        np.testing.assert_array_equal(session.run(variable), VALUE)


def test_refuses_parts_of_another_whole(tmp_path):
    path = save_parts(tmp_path / "m", PARTITIONERS["in three"])
    with fresh_session() as session:
        tf.get_variable("v", [6, 2], partitioner=PARTITIONERS["in three"])
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.train.Saver().restore(session, path)
