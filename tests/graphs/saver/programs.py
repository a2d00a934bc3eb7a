"""Small graphs that the tests of the Saver share."""

from contextlib import contextmanager

import numpy as np

import ckpt_magics.compat.v1 as tf

WEIGHT = np.array([[1, 2, 3], [3, 4, 5]], np.float32)
BIASES = np.array([1, 2, 3], np.float32)


@contextmanager
def fresh_session():
    """Enter a new graph and a session of it."""
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


def two_variables(**options):
    """Add the variables ``weight`` and ``biases``."""
    return tf.Variable(WEIGHT, name="weight", **options), tf.Variable(BIASES, name="biases", **options)


def save_two(prefix, *, use_resource=False, **options):
    """Save the two variables with a Saver of these options, and return the path."""
    with fresh_session() as session:
        two_variables(use_resource=use_resource)
        saver = tf.train.Saver(**options)
        session.run(tf.global_variables_initializer())
        return saver.save(session, str(prefix))


def save_values(prefix, **values):
    """Save arrays as variables of these names."""
    with fresh_session() as session:
        for name, value in values.items():
            tf.Variable(value, name=name)
        session.run(tf.global_variables_initializer())
        return tf.train.Saver().save(session, str(prefix), write_meta_graph=False, write_state=False)


def names_in(path):
    """Return the names of the tensors in a checkpoint."""
    return [name for name, _ in tf.train.list_variables(path)]
