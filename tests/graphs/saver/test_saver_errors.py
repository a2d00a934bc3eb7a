"""What a Saver refuses: TensorFlow's classes and messages."""

import os

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.proto.messages import SaverDef
from tests.graphs.saver.programs import WEIGHT, fresh_session, save_two, save_values, two_variables

VERSIONS = pytest.mark.parametrize("write_version", [1, 2], ids=["V1", "V2"])


@pytest.fixture
def session():
    with fresh_session() as session:
        yield session


# Making


@pytest.mark.parametrize("var_list", [None, [], {}], ids=repr)
def test_refuses_to_save_nothing(session, var_list):
    with pytest.raises(ValueError, match="No variables to save"):
        tf.train.Saver(var_list)


def test_refuses_deferred_build_of_given_variables(session):
    with pytest.raises(ValueError, match=r"then build cannot be deferred. Either set defer_build=False or var_list"):
        tf.train.Saver(two_variables(), defer_build=True)


@pytest.mark.parametrize("var_list", [5, "abc"])
def test_refuses_what_is_neither_list_nor_dict(session, var_list):
    with pytest.raises(TypeError, match=f"Variables to save should be passed in a dict or a list. Got {var_list}"):
        tf.train.Saver(var_list)


def test_refuses_a_variable_without_a_list(session):
    with pytest.raises(TypeError, match="Variables to save should be passed in a dict or a list"):
        tf.train.Saver(two_variables()[0])


@pytest.mark.parametrize("use_resource", [False, True])
def test_refuses_one_variable_twice(session, use_resource):
    weight, _ = two_variables(use_resource=use_resource)
    with pytest.raises(ValueError, match="At least two variables have the same name: weight"):
        tf.train.Saver([weight, weight])
    with pytest.raises(ValueError, match="The same saveable will be restored with two names: n2"):
        tf.train.Saver({"n1": weight, "n2": weight})


def test_refuses_keys_that_are_no_names(session):
    with pytest.raises(TypeError, match=r"names_to_saveables must be a dict .* Name is not a string: 1"):
        tf.train.Saver({1: two_variables()[0]})


def test_refuses_what_is_no_variable(session):
    with pytest.raises(TypeError, match=r"names_to_saveables must be .* Not a variable: Tensor"):
        tf.train.Saver({"c": tf.constant(1.0)})
    with pytest.raises(TypeError, match="Variable to save is not a Variable: Tensor"):
        tf.train.Saver([tf.constant(1.0)])
    with pytest.raises(TypeError, match="Variable to save is not a Variable: 3"):
        tf.train.Saver([3])


def test_refuses_parts_that_do_not_belong_together(session):
    weight, biases = two_variables()
    with pytest.raises(ValueError, match=r"Slices must all be slices: <tf.Variable 'weight:0'"):
        tf.train.Saver({"both": [weight, biases]})
    first, second = (
        tf.get_variable(name, [4], partitioner=tf.fixed_size_partitioner(2)) for name in ("first", "second")
    )
    with pytest.raises(ValueError, match="Slices must all be from the same tensor: first != second"):
        tf.train.Saver({"both": [*first, *second]})


def test_refuses_a_whole_under_the_name_of_parts(session):
    parts = tf.get_variable("v", [4], partitioner=tf.fixed_size_partitioner(2))
    whole = tf.Variable(1.0, name="v")
    with pytest.raises(ValueError, match="At least two variables have the same name: v"):
        tf.train.Saver([whole, *parts])


@pytest.mark.parametrize(
    ("saver_def", "message"),
    [
        ("text", "saver_def must be a saver_pb2.SaverDef: text"),
        (SaverDef(restore_op_name="r"), "saver_def must specify the save_tensor_name"),
        (SaverDef(save_tensor_name="s:0"), "saver_def must specify the restore_op_name"),
    ],
    ids=["text", "no save", "no restore"],
)
def test_refuses_a_saver_def_without_nodes(session, saver_def, message):
    with pytest.raises(ValueError, match=message):
        tf.train.Saver(saver_def=saver_def)


# Saving


def test_refuses_to_save_or_restore_before_build(session, tmp_path):
    two_variables()
    saver = tf.train.Saver(defer_build=True)
    with pytest.raises(RuntimeError, match=r"`build\(\)` should be called before save if defer_build==True"):
        saver.save(session, str(tmp_path / "m"))
    path = save_values(tmp_path / "m", v=1.0)
    with pytest.raises(RuntimeError, match=r"`build\(\)` should be called before restore"):
        saver.restore(session, path)


def test_refuses_state_file_names_with_a_directory(session, tmp_path):
    two_variables()
    with pytest.raises(ValueError, match="'latest_filename' must not contain path components"):
        tf.train.Saver().save(session, str(tmp_path / "m"), latest_filename="a/b")


def test_refuses_a_prefix_with_the_state_files_name(session, tmp_path):
    two_variables()
    session.run(tf.global_variables_initializer())
    prefix = str(tmp_path / "checkpoint")
    with pytest.raises(ValueError, match="'latest_filename' collides with 'save_path': 'checkpoint' and "):
        tf.train.Saver().save(session, prefix)
    assert tf.train.Saver().save(session, prefix, global_step=1) == f"{prefix}-1"
    assert tf.train.Saver(sharded=True, write_version=1).save(session, prefix) == f"{prefix}-?????-of-00001"


def test_refuses_what_is_no_session(session, tmp_path):
    two_variables()
    with pytest.raises(TypeError, match="'sess' must be a Session; None"):
        tf.train.Saver().save(None, str(tmp_path / "m"))


def test_refuses_unknown_steps(session, tmp_path):
    two_variables()
    saver = tf.train.Saver()
    with pytest.raises(ValueError, match="Argument `fetch` = nope cannot be interpreted as a Tensor"):
        saver.save(session, str(tmp_path / "m"), global_step="nope")
    with pytest.raises(TypeError):
        saver.save(session, str(tmp_path / "m"), global_step=1.5)


def test_names_the_missing_parent(session, tmp_path):
    two_variables()
    session.run(tf.global_variables_initializer())
    prefix = str(tmp_path / "no" / "where" / "m")
    with pytest.raises(ValueError, match=f"Parent directory of {prefix} doesn't exist, can't save."):
        tf.train.Saver().save(session, prefix)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("use_resource", "message"),
    [
        (False, "Attempting to use uninitialized value weight"),
        (True, "Could not find variable weight. This could mean that the variable has been deleted"),
    ],
    ids=["reference", "resource"],
)
def test_refuses_uninitialized_variables(session, tmp_path, use_resource, message):
    tf.Variable(WEIGHT, name="weight", use_resource=use_resource)
    with pytest.raises(tf.errors.FailedPreconditionError, match=message):
        tf.train.Saver().save(session, str(tmp_path / "m"))


# Restoring

LOST = "Restoring from checkpoint failed. This is most likely due to a Variable name or other graph key that is missing"
DIFFERENT = "Restoring from checkpoint failed. This is most likely due to a mismatch between the current graph"


def test_refuses_to_restore_from_none(session):
    two_variables()
    with pytest.raises(ValueError, match=r"Can't load save_path when it is None."):
        tf.train.Saver().restore(session, None)


def test_refuses_paths_without_a_checkpoint(session, tmp_path):
    two_variables()
    with pytest.raises(ValueError, match=f"The passed save_path is not a valid checkpoint: {tmp_path}/zzz"):
        tf.train.Saver().restore(session, str(tmp_path / "zzz"))


@VERSIONS
def test_names_the_variable_that_is_missing(session, tmp_path, write_version):
    path = save_two(tmp_path / "m", write_version=write_version)
    tf.Variable(WEIGHT, name="weights")
    with pytest.raises(tf.errors.NotFoundError) as caught:
        tf.train.Saver().restore(session, path)
    core = "Key weights not found in checkpoint"
    if write_version == 1:
        core = f'Tensor name "weights" not found in checkpoint files {path}'
    assert caught.value.message.startswith(LOST)
    assert core in caught.value.message
    assert "weight" in str(caught.value).partition(core)[2], "the nearest name is suggested"


@VERSIONS
@pytest.mark.parametrize("use_resource", [False, True])
def test_names_the_variable_of_another_type(session, tmp_path, write_version, use_resource):
    path = save_two(tmp_path / "m", write_version=write_version)
    tf.Variable(WEIGHT.astype(np.float64), name="weight", use_resource=use_resource)
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        tf.train.Saver().restore(session, path)
    assert caught.value.message.startswith(DIFFERENT)
    core = "tensor_name = weight; expected dtype double does not equal original dtype float"
    if write_version == 1:
        core = "Expected to restore a tensor of type double, got a tensor of type float instead: tensor_name = weight"
    assert core in caught.value.message


@VERSIONS
@pytest.mark.parametrize("use_resource", [False, True])
def test_refuses_another_shape_for_both_kinds_of_variable(session, tmp_path, write_version, use_resource):
    """TensorFlow gives a resource variable the shape that is stored, and the program fails later or not at all."""
    path = save_two(tmp_path / "m", write_version=write_version)
    variable = tf.Variable(WEIGHT.T, name="weight", use_resource=use_resource)
    session.run(tf.global_variables_initializer())
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        tf.train.Saver().restore(session, path)
    assert caught.value.message.startswith(DIFFERENT)
    assert "[3,2]" in caught.value.message
    assert "[2,3]" in caught.value.message
    if not use_resource:
        core = "Assign requires shapes of both tensors to match. lhs shape= [3,2] rhs shape= [2,3]"
        assert core in caught.value.message
    assert session.run(variable).shape == (3, 2)


def test_refuses_to_reshape_to_another_number_of_elements(session, tmp_path):
    path = save_two(tmp_path / "m")
    tf.Variable(np.zeros(5, np.float32), name="weight")
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        tf.train.Saver(reshape=True).restore(session, path)
    assert caught.value.message.startswith(DIFFERENT)
    assert "Input to reshape is a tensor with 6 values, but the requested shape has 5" in caught.value.message


def test_names_the_missing_shard(session, tmp_path):
    path = save_two(tmp_path / "m")
    os.remove(f"{path}.data-00000-of-00001")
    two_variables()
    with pytest.raises(tf.errors.NotFoundError) as caught:
        tf.train.Saver().restore(session, path)
    assert caught.value.message.startswith(LOST)
    assert f"{path}.data-00000-of-00001; No such file or directory" in caught.value.message


def test_damage_is_told_as_it_is(session, tmp_path):
    path = save_two(tmp_path / "m")
    data = tmp_path / "m.data-00000-of-00001"
    contents = data.read_bytes()
    two_variables()
    data.write_bytes(b"\xff" + contents[1:])
    with pytest.raises(tf.errors.DataLossError, match=r"^[^R].*Checksum does not match"):
        tf.train.Saver().restore(session, path)
    data.write_bytes(contents[:-1])
    with pytest.raises(tf.errors.OutOfRangeError):
        tf.train.Saver().restore(session, path)


def test_an_object_based_checkpoint_names_what_it_lacks(session, golden):
    path = next(golden.glob("tf2*/*object*/**/*.index")).with_suffix("")
    tf.Variable(1.0, name="zzz")
    with pytest.raises(tf.errors.NotFoundError, match="Existing variables not in the checkpoint: zzz") as caught:
        tf.train.Saver().restore(session, str(path))
    assert "Could not find some variables in the checkpoint (see names above)" in caught.value.message
