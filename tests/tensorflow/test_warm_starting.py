"""Warm starts give the values that TensorFlow's give, with and without vocabularies."""

import numpy as np
import pytest

from ckpt_magics.compat import v1

pytestmark = pytest.mark.tensorflow

OLD = ["apple", "banana", "guava", "orange"]
NEW = ["orange", "kiwi", "apple", "guava", "pear"]
MATRIX = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.fixture
def former(tmp_path):
    """Return the prefix of a checkpoint, after both vocabularies were written."""
    for name, words in (("old", OLD), ("new", NEW)):
        (tmp_path / name).write_text("\n".join(words) + "\n")
    values = {"embedding": MATRIX, "out/kernel": MATRIX.T.copy(), "bias": np.ones(3, np.float32), "other": MATRIX + 9}
    with v1.Graph().as_default():
        for name, value in values.items():
            v1.get_variable(name, initializer=value)
        with v1.Session() as sess:
            sess.run(v1.global_variables_initializer())
            return v1.train.Saver().save(sess, str(tmp_path / "model.ckpt"))


def _both(tf, build):
    """Return what variables hold after their initializers ran, here and in TensorFlow."""
    found = []
    for library in (v1, tf.compat.v1):
        with library.Graph().as_default():
            variables = build(library)
            with library.Session() as sess:
                sess.run(library.global_variables_initializer())
                found.append([np.asarray(value) for value in sess.run(variables)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    return found[0]


def test_names_and_patterns(tf, former):
    def build(tf):
        bias = tf.get_variable("bias", (3,), initializer=tf.zeros_initializer())
        head = tf.get_variable("head", (4, 3), initializer=tf.zeros_initializer())
        tf.train.warm_start(former, var_name_to_prev_var_name={"head": "other"})
        return [bias, head]

    bias, head = _both(tf, build)
    assert bias.all()
    np.testing.assert_array_equal(head, MATRIX + 9)


def test_only_what_the_pattern_matches(tf, former):
    def build(tf):
        bias = tf.get_variable("bias", (3,), initializer=tf.zeros_initializer())
        other = tf.get_variable("other", (4, 3), initializer=tf.zeros_initializer())
        tf.train.warm_start(former, vars_to_warm_start="b.*")
        return [bias, other]

    assert not _both(tf, build)[1].any()


@pytest.mark.parametrize("old_size", [-1, 3])
@pytest.mark.parametrize("parts", [None, 1, 2, 3])
@pytest.mark.parametrize("buckets", [0, 1, 2])
def test_rows_of_words(tf, former, old_size, parts, buckets):
    folder = former.rpartition("/")[0]

    def build(tf):
        partitioner = None if parts is None else tf.fixed_size_partitioner(parts)
        rows = tf.get_variable("embedding", (5 + buckets, 3), partitioner=partitioner)
        info = tf.train.VocabInfo(f"{folder}/new", 5, buckets, f"{folder}/old", old_size, tf.ones_initializer())
        tf.train.warm_start(former, var_name_to_vocab_info={"embedding": info})
        return list(rows) if parts else [rows]

    values = np.concatenate(_both(tf, build))
    np.testing.assert_array_equal(values[2], MATRIX[0])
    assert (values[1] == 1).all()


@pytest.mark.parametrize("buckets", [0, 2])
@pytest.mark.parametrize("parts", [None, 2])
def test_columns_of_classes(tf, former, buckets, parts):
    folder = former.rpartition("/")[0]

    def build(tf):
        partitioner = None if parts is None else tf.fixed_size_partitioner(parts)
        kernel = tf.get_variable("out/kernel", (3, 5 + buckets), partitioner=partitioner)
        info = tf.train.VocabInfo(f"{folder}/new", 5, buckets, f"{folder}/old", axis=1)
        tf.train.warm_start(former, var_name_to_vocab_info={"out/kernel": info})
        return list(kernel) if parts else [kernel]

    assert not np.concatenate(_both(tf, build))[:, 1].any()


def test_a_name_that_no_variable_has(tf, former):
    for library in (v1, tf.compat.v1):
        with library.Graph().as_default():
            library.get_variable("bias", (3,))
            with pytest.raises(ValueError, match="that were not used") as caught:
                library.train.warm_start(former, var_name_to_prev_var_name={"bais": "bias"})
            assert "bais" in str(caught.value)


def test_another_axis(tf):
    for library in (v1, tf.compat.v1):
        with pytest.raises(ValueError, match="Provided axis: 2"):
            library.train.VocabInfo("new", 1, 0, "old", axis=2)
