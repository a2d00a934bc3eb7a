"""Each row describes its op as TensorFlow 2.21 does, to the byte."""

import pytest

from ckpt_magics.graphs.ops.rows import OPS

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("name", sorted(OPS))
def test_definition_is_tensorflows(tf, name):
    from tensorflow.python.framework import op_def_registry

    registered = op_def_registry.get(name)
    definition = type(registered)()
    definition.CopyFrom(registered)
    for part in (definition, *definition.input_arg, *definition.output_arg, *definition.attr):
        part.description = ""
    definition.summary = ""
    found = OPS[name].op_def()
    assert found.SerializeToString(deterministic=True) == definition.SerializeToString(deterministic=True), found
