"""Gradients that programs bring along: TensorFlow's values, and its nodes where names are told."""

import numpy as np
import pytest

from ckpt_magics.compat import v1
from tests.tensorflow.programs.side_by_side import compare, theirs

pytestmark = pytest.mark.tensorflow

X = np.array([[0.5, -2.0], [3.0, 1.0]], np.float32)


def test_custom_gradients_with_and_without_variables(tf):
    def program(names):
        weight = names.get_variable("weight", initializer=[1.0, 2.0], use_resource=True)

        @names.custom_gradient
        def plain(x, y):
            return {"b": x * y, "a": [x - y]}, lambda first, second: (first * 2 + second, second * y)

        @names.custom_gradient
        def layer(x):
            def grad(dy, variables):
                return names.stop_gradient(dy) * 3, [names.reduce_sum(dy, 0) * 5 for _ in variables]

            return x * weight, grad

        x = names.constant(X)
        found = plain(x, x + 1)
        loss = found["b"] * found["a"][0] + layer(x) + names.stop_gradient(x) * x
        return {}, [loss, names.gradients(loss, [x, weight])]

    compare(theirs(tf), program, same_graph=False)


def test_overridden_gradients(tf):
    old_tf = theirs(tf)
    for names in (old_tf, v1):
        rectified = names.RegisterGradient("Guided")
        rectified(lambda op, grad, names=names: names.where(grad > 0, grad, names.zeros_like(grad)))

    def program(names):
        x = names.constant(X)
        with names.get_default_graph().gradient_override_map({"Relu": "Guided", "Identity": "Square"}):
            y = names.nn.relu(x) * [1.0, -1.0] + names.identity(x)
        return {}, [y, names.gradients(y, [x])]

    compare(old_tf, program)
