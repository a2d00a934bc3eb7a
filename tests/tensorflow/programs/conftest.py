"""TensorFlow as programs of version 1 know it: without the behaviour of version 2."""

import warnings

import pytest

from tests.tensorflow.programs.side_by_side import theirs

SWITCHES = ("control_flow_v2", "resource_variables", "v2_tensorshape")


@pytest.fixture(scope="session")
def names_of_tensorflow(tf):
    """TensorFlow's names, layers and cells included."""
    return theirs(tf)


@pytest.fixture
def old_tf(tf, names_of_tensorflow):
    """TensorFlow's names, with the behaviour of version 1 until the end of the test."""
    switched = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, is_on in zip(
            SWITCHES,
            (
                tf.compat.v1.control_flow_v2_enabled(),
                tf.compat.v1.resource_variables_enabled(),
                tf.compat.v1.TensorShape([1])[0] == 1 and isinstance(tf.compat.v1.TensorShape([1])[0], int),
            ),
            strict=True,
        ):
            if is_on:
                getattr(tf.compat.v1, f"disable_{name}")()
                switched.append(name)
        yield names_of_tensorflow
        for name in switched:
            getattr(tf.compat.v1, f"enable_{name}")()
