"""Variables take their first values from a checkpoint."""

import numpy as np
import pytest

import ckpt_magics
import ckpt_magics.compat.v1 as tf
from tests.graphs.saver.programs import fresh_session

STORED = {
    "a": np.array([1.0, 2.0], np.float32),
    "old/kernel": np.arange(12, dtype=np.float32).reshape(6, 2),
    "old/bias": np.array([3.0, 4.0], np.float32),
}
KINDS = pytest.mark.parametrize("use_resource", [False, True], ids=["reference", "resource"])


@pytest.fixture
def path(tmp_path):
    return ckpt_magics.save_checkpoint(tmp_path / "m", STORED)


def layer(scope, **options):
    """Add a kernel, in parts if there is a partitioner, and a bias."""
    partitioner = options.pop("partitioner", None)
    with tf.variable_scope(scope, **options):
        return tf.get_variable("kernel", [6, 2], partitioner=partitioner), tf.get_variable("bias", [2])


@KINDS
def test_variable_or_name_takes_a_tensor(path, use_resource):
    with fresh_session() as session:
        first = tf.Variable(np.zeros(2, np.float32), name="first", use_resource=use_resource)
        second = tf.get_variable("scope/second", [2], use_resource=use_resource)
        tf.train.init_from_checkpoint(path, {"a": first})
        tf.train.init_from_checkpoint(path, {"old/bias": "scope/second"})
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(first), STORED["a"])
        np.testing.assert_array_equal(session.run(second), STORED["old/bias"])


@KINDS
@pytest.mark.parametrize(
    ("scope", "mapping"),
    [("new", {"old/": "new/"}), ("old", {"/": "/"}), ("old", [("old/", "old/")]), ("deep/er", {"old/": "deep/er/"})],
    ids=["other scope", "root", "pairs", "deep"],
)
def test_scope_takes_a_scope(path, scope, mapping, use_resource):
    with fresh_session() as session:
        kernel, bias = layer(scope, use_resource=use_resource)
        tf.train.init_from_checkpoint(path, mapping)
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(kernel), STORED["old/kernel"])
        np.testing.assert_array_equal(session.run(bias), STORED["old/bias"])


def test_scope_is_no_prefix_of_others(path):
    with fresh_session() as session:
        tf.get_variable("new/bias", [2])
        other = tf.get_variable("new_1/bias", initializer=[0.0, 0.0])
        tf.train.init_from_checkpoint(path, {"old/": "new/"})
        session.run(tf.global_variables_initializer())
        assert not session.run(other).any()


@KINDS
@pytest.mark.parametrize("by_name", [True, False])
def test_parts_take_their_parts(path, by_name, use_resource):
    with fresh_session() as session:
        kernel, _ = layer("new", use_resource=use_resource, partitioner=tf.fixed_size_partitioner(4))
        tf.train.init_from_checkpoint(path, {"old/kernel": "new/kernel" if by_name else kernel})
        session.run(tf.global_variables_initializer())
        np.testing.assert_array_equal(session.run(kernel.as_tensor()), STORED["old/kernel"])


def test_says_what_does_not_fit(path):
    with fresh_session():
        variable = tf.get_variable("v", [3])
        tf.get_variable("new/other", [2])
        for mapping, message in (
            ({"zzz": variable}, "Tensor zzz is not found in .* checkpoint"),
            ({"a": "v"}, r"Shape of variable v:0 \(\(3,\)\) doesn't match with shape of tensor a \(\[2\]\)"),
            ({"old/": "new/"}, r"Tensor old/other \(other in old/\) is not found in .* checkpoint"),
            ({"a": "new/"}, "Assignment map with scope only name new should map to scope only a"),
        ):
            with pytest.raises(ValueError, match=message):
                tf.train.init_from_checkpoint(path, mapping)
