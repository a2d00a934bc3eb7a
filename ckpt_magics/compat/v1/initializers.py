"""``tf.initializers``: what makes the first values of variables."""

from __future__ import annotations

from ckpt_magics.compat.namespace import lazy_names

_HOMES = {
    "constant": "graph.initializers:Constant",
    "global_variables": "graph.initialization:global_variables_initializer",
    "glorot_normal": "graph.initializers",
    "glorot_uniform": "graph.initializers",
    "he_normal": "graph.initializers",
    "he_uniform": "graph.initializers",
    "lecun_normal": "graph.initializers",
    "lecun_uniform": "graph.initializers",
    "local_variables": "graph.initialization:local_variables_initializer",
    "ones": "graph.initializers:Ones",
    "random_normal": "graph.initializers:RandomNormal",
    "random_uniform": "graph.initializers:RandomUniform",
    "truncated_normal": "graph.initializers:TruncatedNormal",
    "uniform_unit_scaling": "graph.initializers:UniformUnitScaling",
    "variables": "graph.initialization:variables_initializer",
    "variance_scaling": "graph.initializers:VarianceScaling",
    "zeros": "graph.initializers:Zeros",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
