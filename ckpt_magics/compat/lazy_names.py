"""Modules whose names are imported when they are first used, and that tell what they have when a name is missing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

__all__ = ["lazy_names"]

ROOT = "ckpt_magics"
TENSORFLOW = (f"{ROOT}.compat.v1", f"{ROOT}.compat.v2")


def lazy_names(module: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of a module (PEP 562).

    Args:
        module: The module's name.
        homes: For each name the module of this package that defines it, as ``graph.variable``; where it is called
            differently there, as ``compat.mathematics:absolute``; for a module itself, as ``compat.v1.train:``.
    """
    spoken = f"tf{module[len(TENSORFLOW[0]) :]}" if module.startswith(TENSORFLOW) else module

    def find(name: str) -> Any:  # noqa: ANN401 -- whatever the name stands for
        if name not in homes:
            raise AttributeError(_missing(spoken, name, list(homes)), name=name)
        home, colon, attribute = homes[name].partition(":")
        value: Any = import_module(f"{ROOT}.{home}")
        if attribute or not colon:
            value = getattr(value, attribute or name)
        setattr(sys.modules[module], name, value)
        return value

    def names() -> list[str]:
        return sorted(homes)

    return find, names


def _missing(module: str, name: str, names: list[str]) -> str:
    if name.startswith("__"):
        return f"module {module!r} has no attribute {name!r}"
    said = f"{module}.{name} is none of the {len(names)} names that {module} has here."
    if module.partition(".")[0] == "tf" and (advice := _advice(name)):
        return f"{said} {advice}"
    if len(names) <= SHORT:
        return f"{said} They are: {', '.join(sorted(names))}."
    lower = {known.lower(): known for known in names}
    near = [lower[match] for match in get_close_matches(name.lower(), lower, n=4, cutoff=0.75)]
    nearest = f" The nearest are: {', '.join(near)}." if near else ""
    return f"{said}{nearest} dir({module}) lists them."


def _advice(name: str) -> str:
    """What to do without a well-known name of TensorFlow; nothing for others."""
    instead = _OPTIMIZER if name.endswith("Optimizer") else WITHOUT.get(name, "")
    return f"Instead: {instead}." if instead else ""


SHORT = 40
"""A module of at most so many names lists them all when one is missing."""

_INPUT = "read the data with NumPy and feed it to placeholders"
_OPTIMIZER = "train with TensorFlow and restore its checkpoint here, with the graph by import_meta_graph"
_ONE_PROCESS = "programs run in one process here; leave the line out"
_PYTHON = "fetch the tensors, and call the function on what session.run gives"
_EAGER = "build a graph and run it in a session; disable_eager_execution() is the state of affairs"

_MATRIX = "work it out with numpy.linalg, in tf.py_func if it has to be part of the graph"

WITHOUT = {
    "ClusterSpec": _ONE_PROCESS,
    "Dataset": "it is tf.data.Dataset",
    "GradientTape": _EAGER,
    "Server": _ONE_PROCESS,
    "bincount": "add up tf.one_hot over the first dimension",
    "cholesky": _MATRIX,
    "distribute": _ONE_PROCESS,
    "enable_eager_execution": _EAGER,
    "enable_v2_behavior": _EAGER,
    "estimator": "import the graph that the estimator wrote into its model_dir",
    "extract_image_patches": "stack slices of the picture, or take tf.nn.conv2d with a filter of ones and zeros",
    "feature_column": _INPUT,
    "function": _EAGER,
    "hessians": "tf.gradients also differentiates the gradients that it has made",
    "histogram_fixed_width": "tf.summary.histogram counts, or numpy.histogram does in tf.py_func",
    "keras": "a Keras model's checkpoint opens with load_checkpoint, and tf.layers makes layers",
    "lookup": "look the keys up in Python, and feed the numbers",
    "matrix_determinant": _MATRIX,
    "matrix_inverse": _MATRIX,
    "matrix_solve": _MATRIX,
    "numpy_function": _PYTHON,
    "optimizers": "tf.train has the optimizers",
    "orthogonal_initializer": "give get_variable an array as its initializer, the q of numpy.linalg.qr",
    "py_function": _PYTHON,
    "qr": _MATRIX,
    "replica_device_setter": _ONE_PROCESS,
    "self_adjoint_eig": _MATRIX,
    "seq2seq": "step the cell with tf.while_loop or tf.nn.dynamic_rnn, or take a decoder of tf.contrib.legacy_seq2seq",
    "svd": _MATRIX,
    "unique_with_counts": "tf.unique gives the places; add up tf.one_hot of them over the first dimension",
}
"""What to do in place of names of TensorFlow that programs often have."""
