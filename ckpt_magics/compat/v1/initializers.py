"""``tf.initializers``: what makes the first values of variables."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "constant": "graphs.variables.initializers:Constant",
    "global_variables": "graphs.variables.initialization:global_variables_initializer",
    "glorot_normal": "graphs.variables.initializers",
    "glorot_uniform": "graphs.variables.initializers",
    "he_normal": "graphs.variables.initializers",
    "he_uniform": "graphs.variables.initializers",
    "lecun_normal": "graphs.variables.initializers",
    "lecun_uniform": "graphs.variables.initializers",
    "local_variables": "graphs.variables.initialization:local_variables_initializer",
    "ones": "graphs.variables.initializers:Ones",
    "random_normal": "graphs.variables.initializers:RandomNormal",
    "random_uniform": "graphs.variables.initializers:RandomUniform",
    "tables_initializer": "graphs.variables.initialization",
    "truncated_normal": "graphs.variables.initializers:TruncatedNormal",
    "uniform_unit_scaling": "graphs.variables.initializers:UniformUnitScaling",
    "variables": "graphs.variables.initialization:variables_initializer",
    "variance_scaling": "graphs.variables.initializers:VarianceScaling",
    "zeros": "graphs.variables.initializers:Zeros",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
