"""A recipe applied to arrays in memory."""

import numpy as np

from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.recipes.recipe import load_recipe
from ckpt_magics.files.steps.stepped_tensors import stepped
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.tensor_names import name_to_key


def converted(recipe, arrays):
    """Return the arrays that a recipe makes of others, by name."""
    tensors = stepped(NamedTensors(ArraySource(arrays, "model.ckpt")))
    for step in load_recipe(recipe).steps:
        tensors = step.apply(tensors)
    return {name: tensors.read(name_to_key(name)) for name in tensors}


def assert_made(expected, made):
    """Assert that two sets of arrays are the same by name, dtype, shape and value."""
    assert made.keys() == expected.keys()
    for name, array in expected.items():
        assert made[name].dtype == array.dtype, name
        np.testing.assert_array_equal(made[name], array, err_msg=name)
