"""What TensorFlow's own reader says of a checkpoint, ours says too."""

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError
from ckpt_magics.notebook.listing import list_variables
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import as_array
from tests.truth import CORPUS, GOLDEN, digest, iter_cases

pytestmark = pytest.mark.tensorflow

CASES = list(iter_cases(CORPUS if CORPUS.is_dir() else GOLDEN))


@pytest.fixture(scope="module")
def readers(tf):
    """Pairs of readers, TensorFlow's and ours, of every checkpoint that TensorFlow wrote."""
    pairs = [(tf.train.load_checkpoint(case.prefix), load_checkpoint(case.prefix)) for case in CASES]
    yield pairs
    for _, ours in pairs:
        ours.close()


def test_maps_are_equal(readers):
    for theirs, ours in readers:
        assert ours.get_variable_to_shape_map() == theirs.get_variable_to_shape_map()
        types = theirs.get_variable_to_dtype_map()
        assert {name: dtype.as_datatype_enum for name, dtype in types.items()} == {
            name: dtype.as_datatype_enum for name, dtype in ours.get_variable_to_dtype_map().items()
        }


def test_debug_strings_are_equal(readers):
    """V1 lists in the order of a hash table, which nobody can foretell: there the lines are equal."""
    for theirs, ours in readers:
        if ours.version == 2:
            assert ours.debug_string() == theirs.debug_string()
        else:
            assert sorted(ours.debug_string().split(b"\n")) == sorted(theirs.debug_string().split(b"\n"))


def test_values_and_their_python_types_are_equal(tf, readers):
    compared = 0
    for case, (theirs, ours) in zip(CASES, readers, strict=True):
        # Of tensors with missing rows TensorFlow gives whatever was in memory.
        names = list(case.readable)
        for name in names[:: max(1, len(names) // 200)]:
            try:
                expected = theirs.get_tensor(name)
            except (tf.errors.OpError, RuntimeError):
                # It refuses sliced V1 tensors, variants and some types in V1.
                continue
            value = ours.get_tensor(name)
            assert type(value) is type(expected), name
            assert as_array(value).dtype == as_array(expected).dtype, name
            assert digest(as_array(value)) == digest(as_array(expected)), name
            compared += 1
    assert compared > 300


def test_has_tensor_is_equal(readers):
    for theirs, ours in readers:
        some = list(ours)[:3]
        for name in [*some, "", "nothing/here", *(f"{name}x" for name in some)]:
            assert ours.has_tensor(name) == theirs.has_tensor(name), (ours, name)


def test_slice_keys_are_read_as_in_tensorflow(readers):
    for theirs, ours in readers:
        if ours.version == 1:
            continue
        for line in ours.debug_string().split(b"\n"):
            key = line.rpartition(b" (DT")[0]
            if key.startswith(b"\x00"):
                assert theirs.has_tensor(key)
                assert ours.has_tensor(key)
                np.testing.assert_array_equal(ours.get_tensor(key), theirs.get_tensor(key))


def test_missing_names_are_worded_alike(readers):
    for theirs, ours in readers:
        with pytest.raises(Exception, match="not found in checkpoint") as expected:
            theirs.get_tensor("nothing/here")
        with pytest.raises(CheckpointError) as caught:
            ours.get_tensor("nothing/here")
        assert caught.value.message == str(expected.value)


def test_lists_are_equal(tf):
    case = next(case for case in CASES if "object_net" in case.label)
    assert list_variables(case.prefix) == tf.train.list_variables(case.prefix)


def test_slices_are_restored_as_in_tensorflow(tf, readers):
    """RestoreV2 and ours read the same parts of partitioned and of whole tensors, in both formats."""
    compared = 0
    for _, ours in readers:
        types = ours.get_variable_to_dtype_map()
        for name, shape in ours.get_variable_to_shape_map().items():
            if len(shape) != 2 or min(shape) < 2 or types[name].name != "float32" or "holes" in name:
                continue
            spec = f"{shape[0]} {shape[1]} 1,{shape[0] - 1}:-"
            (theirs,) = tf.raw_ops.RestoreV2(
                prefix=ours.prefix, tensor_names=[name], shape_and_slices=[spec], dtypes=[tf.float32]
            )
            np.testing.assert_array_equal(ours.restore_slice(name, spec, types[name]), theirs.numpy())
            compared += 1
            if compared > 300:
                return


def test_restore_errors_are_worded_alike(tf, readers):
    _, ours = next(pair for pair in readers if pair[1].version == 2 and "weight" in pair[1])
    for name, spec, dtype in (
        ("zz", "", tf.float32),
        ("weight", "", tf.int32),
        ("weight", "5 3 0,2:-", tf.float32),
        ("weight", "2 3 0,9:-", tf.float32),
        ("weight", "nonsense", tf.float32),
    ):
        with pytest.raises(tf.errors.OpError) as expected:
            tf.raw_ops.RestoreV2(prefix=ours.prefix, tensor_names=[name], shape_and_slices=[spec], dtypes=[dtype])
        with pytest.raises(CheckpointError) as caught:
            ours.restore_slice(name, spec, dtype.as_datatype_enum)
        assert caught.value.message in expected.value.message
