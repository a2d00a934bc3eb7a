"""Vision models of slim, Keras and PyTorch that take pictures, with the weights that they are given."""

from __future__ import annotations

import importlib
import os
import sys

import h5py
import numpy as np
import torch

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # which tf_slim is made for

import tensorflow as tf


def slim_nets(name):
    """Return a module of slim's models.

    TensorFlow looks for the layers of its first version where tf_keras has them no more.
    """
    for module in ("", ".normalization", ".convolutional", ".core", ".pooling", ".base"):
        layers = importlib.import_module(f"tf_keras.src.legacy_tf_layers{module}")
        sys.modules.setdefault(f"tf_keras.legacy_tf_layers{module}", layers)
    return importlib.import_module(f"tf_slim.nets.{name}")


class SlimModel:
    """A model of slim as a graph, with random weights.

    Args:
        name: The module and the function, as ``resnet_v1.resnet_v1_50``.
        size: Height and width of its pictures.
        classes: How many there are.
        numbers: Makes arrays of shapes by name.
        scope: The function of the module that says what its layers have in common.
    """

    def __init__(self, name, size, classes, numbers, scope):
        module, _, function = name.partition(".")
        nets = slim_nets(module)
        self._graph = tf.Graph()
        with self._graph.as_default():
            self._pictures = tf.compat.v1.placeholder(tf.float32, [None, size, size, 3])
            with importlib.import_module("tf_slim").arg_scope(getattr(nets, scope)()):
                found = getattr(nets, function)(self._pictures, classes, is_training=False)
            self._outputs = tf.reshape(found[0], [-1, classes])
            self._variables = {one.op.name: one for one in tf.compat.v1.global_variables()}
        self.arrays = numbers({name: tuple(one.shape) for name, one in self._variables.items()})

    def outputs(self, pictures):
        with tf.compat.v1.Session(graph=self._graph) as session:
            values = {one.initializer.inputs[1]: self.arrays[name] for name, one in self._variables.items()}
            session.run([one.initializer for one in self._variables.values()], values)
            return session.run(self._outputs, {self._pictures: pictures})


def pictures(size):
    """Two pictures: float32 [2, size, size, 3]."""
    return np.random.default_rng(size).uniform(-1, 1, (2, size, size, 3)).astype(np.float32)


def keras_outputs(model, arrays, images, folder):
    """What a Keras model computes with the weights of a file; that it has just those names, Keras checks."""
    path = folder / "model.weights.h5"
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    model.load_weights(path)
    return np.asarray(model(images)).reshape(len(images), -1)


def torch_outputs(model, arrays, images):
    """What a PyTorch model computes with weights by name, of which it has just these."""
    model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()}, strict=True)
    model.eval()
    with torch.no_grad():
        found = model(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    # With an auxiliary classifier there are two.
    return (found[0] if isinstance(found, tuple) else found).numpy()


def assert_near(outputs, expected, share):
    """Assert that outputs differ by no more than a share of the widest of them."""
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=share * np.abs(expected).max())
