"""What a Saver writes, and that it gives it back."""

import os
from pathlib import Path

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.proto.messages import MetaGraphDef, SaverDef
from tests.graphs.saver.programs import BIASES, WEIGHT, fresh_session, names_in, save_two, save_values, two_variables

KINDS = pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])
VERSIONS = pytest.mark.parametrize("write_version", [1, 2], ids=["V1", "V2"])
SHARDED = pytest.mark.parametrize("sharded", [False, True], ids=["one file", "sharded"])


@KINDS
@VERSIONS
@SHARDED
def test_gives_back_what_it_saved(tmp_path, use_resource, write_version, sharded):
    path = save_two(tmp_path / "m", use_resource=use_resource, write_version=write_version, sharded=sharded)
    with fresh_session() as session:
        weight, biases = two_variables(use_resource=use_resource)
        tf.train.Saver(write_version=write_version, sharded=sharded).restore(session, path)
        np.testing.assert_array_equal(session.run(weight), WEIGHT)
        np.testing.assert_array_equal(session.run(biases), BIASES)


@VERSIONS
@SHARDED
def test_restores_either_version_whatever_it_would_write(tmp_path, write_version, sharded):
    path = save_two(tmp_path / "m", write_version=write_version, sharded=sharded)
    with fresh_session() as session:
        weight, _ = two_variables(use_resource=True)
        tf.train.Saver(write_version=3 - write_version).restore(session, path)
        np.testing.assert_array_equal(session.run(weight), WEIGHT)


def test_names_its_files_as_tensorflow_does(tmp_path):
    save_two(tmp_path / "m")
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", "m.data-00000-of-00001", "m.index", "m.meta"]
    assert (tmp_path / "checkpoint").read_text() == (
        f'model_checkpoint_path: "{tmp_path}/m"\nall_model_checkpoint_paths: "{tmp_path}/m"\n'
    )


def test_names_the_shards_of_two_devices(tmp_path):
    for version, expected in (
        (2, ["checkpoint", "m.data-00000-of-00002", "m.data-00001-of-00002", "m.index", "m.meta"]),
        (1, ["checkpoint", "m-00000-of-00002", "m-00001-of-00002", "m.meta"]),
    ):
        folder = tmp_path / str(version)
        folder.mkdir()
        with fresh_session() as session:
            tf.Variable(1.0, name="first")
            with tf.device("/cpu:1"):
                second = tf.Variable(2.0, name="second")
            session.run(tf.global_variables_initializer())
            saver = tf.train.Saver(sharded=True, write_version=version)
            path = saver.save(session, str(folder / "m"))
            assert sorted(os.listdir(folder)) == expected
            assert path == str(folder / ("m" if version == 2 else "m-?????-of-00002"))
            session.run(second.assign(0.0))
            saver.restore(session, path)
            assert session.run(second) == 2.0


def test_stores_tensors_in_the_order_of_their_names(tmp_path):
    with fresh_session() as session:
        for name in ("m/b", "a", "Z", "Q"):
            tf.Variable(np.zeros(2, np.float32), name=name)
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "m"))
    with load_checkpoint(path) as reader:
        assert sorted(reader, key=lambda name: reader.entry(name).offset) == ["Q", "Z", "a", "m/b"]


def test_saves_and_restores_under_other_names(tmp_path):
    path = save_two(tmp_path / "m", var_list=None)
    with fresh_session() as session:
        kernel = tf.Variable(np.zeros((2, 3), np.float32), name="kernel")
        saver = tf.train.Saver({"weight": kernel})
        saver.restore(session, path)
        np.testing.assert_array_equal(session.run(kernel), WEIGHT)
        assert names_in(saver.save(session, str(tmp_path / "n"))) == ["weight"]


def test_takes_nested_lists_sets_and_partial_lists(tmp_path):
    with fresh_session() as session:
        weight, biases = two_variables()
        extra = tf.Variable(0, name="extra")
        session.run(tf.global_variables_initializer())
        for label, var_list, names in (
            ("nested", [[weight], [[biases]]], ["biases", "weight"]),
            ("set", {weight, biases}, ["biases", "weight"]),
            ("tuple", (extra,), ["extra"]),
        ):
            assert names_in(tf.train.Saver(var_list).save(session, str(tmp_path / label))) == names


def test_leaves_out_local_variables(tmp_path):
    with fresh_session() as session:
        two_variables()
        tf.Variable(1.0, name="local", collections=[tf.GraphKeys.LOCAL_VARIABLES])
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        assert names_in(tf.train.Saver().save(session, str(tmp_path / "m"))) == ["biases", "weight"]


@pytest.mark.parametrize(
    "value",
    [np.int64(15), np.array([b"a", b"", b"\x00\xff"], object), np.array([True, False]), np.complex64(1 + 2j)],
    ids=["int64", "strings", "bool", "complex"],
)
def test_keeps_types_and_bytes(tmp_path, value):
    path = save_values(tmp_path / "m", v=value)
    with fresh_session() as session:
        variable = tf.Variable(np.zeros_like(value) if np.asarray(value).dtype != object else [b""] * 3, name="v")
        tf.train.Saver().restore(session, path)
        found = session.run(variable)
        np.testing.assert_array_equal(found, value)
        assert np.asarray(found).dtype == np.asarray(value).dtype


def test_restored_variables_need_no_initializer(tmp_path):
    path = save_two(tmp_path / "m")
    with fresh_session() as session:
        weight, _ = two_variables()
        tf.train.Saver().restore(session, path)
        assert session.run(tf.is_variable_initialized(weight))


def test_reads_a_prefix_anew_after_it_was_written_again(tmp_path):
    with fresh_session() as session:
        variable = tf.Variable(1.0, name="v")
        saver = tf.train.Saver()
        for value in (10.0, 20.0):
            session.run(variable.assign(value))
            path = saver.save(session, str(tmp_path / "m"))
            session.run(variable.assign(0.0))
            saver.restore(session, path)
            assert session.run(variable) == value


# Steps and names


def test_appends_the_step_from_a_number_a_variable_or_a_name(tmp_path):
    with fresh_session() as session:
        step = tf.train.create_global_step()
        session.run(tf.global_variables_initializer())
        session.run(step.assign(7))
        saver = tf.train.Saver()
        for given, expected in ((5, "m-5"), (np.int32(6), "m-6"), (step, "m-7"), ("global_step:0", "m-7")):
            assert saver.save(session, str(tmp_path / "m"), global_step=given) == str(tmp_path / expected)


def test_pads_the_step(tmp_path):
    with fresh_session() as session:
        two_variables()
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver(pad_step_number=True)
        assert saver.save(session, str(tmp_path / "m"), global_step=42) == str(tmp_path / "m-00000042")
        assert (tmp_path / "m-00000042.meta").exists()


def test_takes_path_objects(tmp_path):
    with fresh_session() as session:
        two_variables()
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver()
        path = saver.save(session, tmp_path / "m")
        assert path == str(tmp_path / "m")
        saver.restore(session, Path(path))


def test_makes_one_missing_directory(tmp_path):
    assert Path(save_two(tmp_path / "new" / "m") + ".index").exists()


def test_saves_to_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert save_two("m") == "m"
    assert tf.train.latest_checkpoint(".") == "./m"
    assert (tmp_path / "checkpoint").read_text().splitlines()[0] == 'model_checkpoint_path: "m"'


def test_default_of_the_file_name_is_in_the_graph():
    with fresh_session() as session:
        two_variables()
        saver = tf.train.Saver(filename="elsewhere")
        assert session.run(saver.saver_def.filename_tensor_name) == b"elsewhere"


# What else is written


def test_meta_graph_holds_the_graph_and_the_saver(tmp_path):
    path = save_two(tmp_path / "m", max_to_keep=3, keep_checkpoint_every_n_hours=2.5)
    meta_graph = MetaGraphDef.FromString(Path(path + ".meta").read_bytes())
    assert meta_graph.saver_def == SaverDef(
        filename_tensor_name="save/Const:0",
        save_tensor_name="save/control_dependency:0",
        restore_op_name="save/restore_all",
        max_to_keep=3,
        keep_checkpoint_every_n_hours=2.5,
        version=2,
    )
    assert [node.name for node in meta_graph.graph_def.node][:2] == ["weight/initial_value", "weight"]
    assert sorted(meta_graph.collection_def) == ["trainable_variables", "variables"]


def test_meta_graph_can_have_another_ending_or_be_left_out(tmp_path):
    with fresh_session() as session:
        two_variables()
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver()
        saver.save(session, str(tmp_path / "a"), meta_graph_suffix="graph")
        saver.save(session, str(tmp_path / "b"), write_meta_graph=False)
        assert sorted(path.name for path in tmp_path.glob("[ab].[gm]*")) == ["a.graph"]


def test_state_can_have_another_name_or_be_left_out(tmp_path):
    with fresh_session() as session:
        two_variables()
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver()
        saver.save(session, str(tmp_path / "a"), write_state=False)
        assert tf.train.latest_checkpoint(str(tmp_path)) is None
        assert saver.last_checkpoints == []
        path = saver.save(session, str(tmp_path / "b"), latest_filename="latest")
        assert tf.train.latest_checkpoint(str(tmp_path)) is None
        assert tf.train.latest_checkpoint(str(tmp_path), "latest") == path


def test_relative_paths_survive_a_renamed_directory(tmp_path):
    with fresh_session() as session:
        two_variables()
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver(save_relative_paths=True)
        for step in (1, 2):
            saver.save(session, str(tmp_path / "old" / "m"), global_step=step)
    (tmp_path / "old").rename(tmp_path / "new")
    assert (tmp_path / "new" / "checkpoint").read_text().splitlines() == [
        'model_checkpoint_path: "m-2"',
        'all_model_checkpoint_paths: "m-1"',
        'all_model_checkpoint_paths: "m-2"',
    ]
    with fresh_session() as session:
        weight, _ = two_variables()
        tf.train.Saver().restore(session, tf.train.latest_checkpoint(str(tmp_path / "new")))
        np.testing.assert_array_equal(session.run(weight), WEIGHT)


# Building


def test_deferred_saver_takes_the_variables_there_are_when_it_is_built(tmp_path):
    with fresh_session() as session:
        saver = tf.train.Saver(defer_build=True)
        assert saver.saver_def is None
        two_variables()
        saver.build()
        session.run(tf.global_variables_initializer())
        assert names_in(saver.save(session, str(tmp_path / "m"))) == ["biases", "weight"]


def test_later_variables_are_not_saved(tmp_path):
    with fresh_session() as session:
        two_variables()
        saver = tf.train.Saver()
        tf.Variable(0.0, name="late")
        session.run(tf.global_variables_initializer())
        assert names_in(saver.save(session, str(tmp_path / "m"))) == ["biases", "weight"]


def test_empty_saver_does_nothing_but_write_the_graph(tmp_path):
    with fresh_session() as session:
        tf.constant(1.0, name="only")
        saver = tf.train.Saver(allow_empty=True)
        assert saver.save(session, str(tmp_path / "m")) is None
        assert saver.saver_def is None
        assert os.listdir(tmp_path) == ["m.meta"]
        saver.restore(session, str(tmp_path / "nowhere"))


def test_second_saver_has_a_scope_of_its_own():
    with fresh_session():
        two_variables()
        first, second, named = tf.train.Saver(), tf.train.Saver(), tf.train.Saver(name="backup")
        scopes = [saver.saver_def.filename_tensor_name for saver in (first, second, named)]
        assert scopes == ["save/Const:0", "save_1/Const:0", "backup/Const:0"]


def test_reshape_keeps_the_order_of_the_elements(tmp_path):
    path = save_two(tmp_path / "m")
    for use_resource in (False, True):
        with fresh_session() as session:
            weight = tf.Variable(np.zeros((3, 2), np.float32), name="weight", use_resource=use_resource)
            tf.train.Saver(reshape=True).restore(session, path)
            np.testing.assert_array_equal(session.run(weight), WEIGHT.reshape(3, 2))


def test_variable_of_unknown_shape_takes_the_stored_one(tmp_path):
    path = save_two(tmp_path / "m")
    with fresh_session() as session:
        weight = tf.Variable(0.0, name="weight", validate_shape=False)
        tf.train.Saver().restore(session, path)
        assert session.run(weight).shape == (2, 3)


# As messages


def test_saver_def_makes_an_equal_saver():
    with fresh_session() as session:
        two_variables()
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver(max_to_keep=2)
        count = len(session.graph.get_operations())
        again = tf.train.Saver.from_proto(saver.to_proto())
        assert again.as_saver_def() == saver.as_saver_def()
        assert len(session.graph.get_operations()) == count


def test_saver_def_is_told_without_a_scope():
    with fresh_session():
        with tf.name_scope("outer"):
            two_variables()
            saver = tf.train.Saver()
        assert saver.to_proto("outer").restore_op_name == "save/restore_all"
        assert saver.to_proto("other") is None
        assert tf.train.Saver.from_proto(saver.to_proto("outer"), import_scope="outer").saver_def == saver.saver_def


def test_number_of_checkpoints_comes_with_the_saver_def(tmp_path):
    with fresh_session() as session:
        two_variables()
        session.run(tf.global_variables_initializer())
        again = tf.train.Saver(saver_def=tf.train.Saver(max_to_keep=1).saver_def)
        for step in range(3):
            again.save(session, str(tmp_path / "m"), global_step=step)
        assert again.last_checkpoints == [str(tmp_path / "m-2")]


# All or nothing


@KINDS
def test_failed_restore_changes_nothing(tmp_path, use_resource):
    path = save_two(tmp_path / "m")
    data = tmp_path / "m.data-00000-of-00001"
    damaged = bytearray(data.read_bytes())
    damaged[-1] ^= 1  # in weight, the last tensor; biases is whole
    data.write_bytes(damaged)
    with fresh_session() as session:
        variables = [
            tf.Variable(np.zeros_like(value), name=name, use_resource=use_resource)
            for name, value in (("weight", WEIGHT), ("biases", BIASES))
        ]
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.DataLossError, match="Checksum does not match"):
            tf.train.Saver().restore(session, path)
        for value in session.run(variables):
            assert not value.any()


def test_restore_with_one_wrong_shape_changes_nothing(tmp_path):
    path = save_two(tmp_path / "m")
    with fresh_session() as session:
        biases = tf.Variable(np.zeros(3, np.float32), name="biases")
        tf.Variable(np.zeros((3, 3), np.float32), name="weight")
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.train.Saver().restore(session, path)
        assert not session.run(biases).any()


def test_failed_save_leaves_the_former_checkpoint(tmp_path):
    with fresh_session() as session:
        weight, _ = two_variables()
        saver = tf.train.Saver()
        session.run(weight.initializer)
        with pytest.raises(tf.errors.FailedPreconditionError):
            saver.save(session, str(tmp_path / "m"))
        assert os.listdir(tmp_path) == []
