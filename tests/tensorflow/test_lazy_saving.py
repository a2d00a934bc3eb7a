"""TensorFlow restores what workers of dask saved, whole and by region."""

import ml_dtypes
import numpy as np
import pytest

import ckpt_magics

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A checkpoint whose matrix is in 12 slices and 5 data files, with its values."""
    import dask.array as da

    values = {
        "matrix": np.random.default_rng(0).normal(size=(800, 60)).astype(np.float32),
        "vector": np.arange(12, dtype=np.int64),
        "text": np.array([b"one", b"", b"three"], object),
        "half": np.arange(24, dtype=np.float16),
        "wide": np.arange(6, dtype=np.uint64),
        "brain": np.arange(6).astype(ml_dtypes.bfloat16),
        "here": np.float64(3),
    }
    lazy = {
        "matrix": da.from_array(values["matrix"], chunks=(150, 30)),
        "vector": da.from_array(values["vector"], chunks=12),
        **{name: da.from_array(values[name], chunks=2) for name in ("text", "half", "wide", "brain")},
    }
    prefix = tmp_path_factory.mktemp("lazy") / "m"
    return ckpt_magics.save_checkpoint(prefix, {**values, **lazy}, num_shards=5, durable=False), values


def test_the_reader_lists_and_reads_whole_tensors(saved):
    import tensorflow as tf

    prefix, values = saved
    reader = tf.train.load_checkpoint(prefix)
    assert reader.get_variable_to_shape_map() == {name: list(np.shape(value)) for name, value in values.items()}
    for name, value in values.items():
        np.testing.assert_array_equal(reader.get_tensor(name), value)


@pytest.mark.parametrize("part", ["", "800 60 0,150:0,30", "800 60 100,600:-", "800 60 149,2:29,2"])
def test_restore_of_a_region(saved, part):
    import tensorflow as tf

    prefix, values = saved
    (found,) = tf.raw_ops.RestoreV2(
        prefix=prefix, tensor_names=["matrix"], shape_and_slices=[part], dtypes=[tf.float32]
    )
    rows, columns = {
        "": (slice(None), slice(None)),
        "800 60 0,150:0,30": (slice(0, 150), slice(0, 30)),
        "800 60 100,600:-": (slice(100, 700), slice(None)),
        "800 60 149,2:29,2": (slice(149, 151), slice(29, 31)),
    }[part]
    np.testing.assert_array_equal(found, values["matrix"][rows, columns])


def test_the_meta_graph_restores(saved):
    import tensorflow as tf

    prefix, values = saved
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        saver = tf.compat.v1.train.import_meta_graph(f"{prefix}.meta")
        saver.restore(session, prefix)
        found = {variable.op.name: session.run(variable) for variable in tf.compat.v1.global_variables()}
    np.testing.assert_array_equal(found["matrix"], values["matrix"])
