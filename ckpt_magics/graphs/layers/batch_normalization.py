"""Batch normalization: outputs of mean 0 and variance 1 per channel, by the batch or by moving averages.

Format: tensorflow/python/layers/normalization.py and keras/layers/normalization.py of TensorFlow 1.15.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.layers.layer import Function, Layer, Maker
from ckpt_magics.graphs.nodes import normalization
from ckpt_magics.graphs.nodes.arrays import reshape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.conditional import smart_cond
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import cast
from ckpt_magics.graphs.variables.initialization import assign_sub
from ckpt_magics.graphs.variables.initializers import Ones, Zeros
from ckpt_magics.graphs.variables.replicas import VariableAggregation, VariableSynchronization

__all__ = ["BatchNormalization", "batch_normalization"]

HALVES = frozenset({"float16", "bfloat16"})
"""Types whose statistics are kept in float32."""


class BatchNormalization(Layer):
    """A layer that normalizes each channel.

    Args:
        axis: Dimension of the channels, or several.
        momentum: How much of the moving averages stays at each step.
        epsilon: Added to the variance.
        center: Whether an offset, ``beta``, is added.
        scale: Whether a factor, ``gamma``, is multiplied.
        beta_initializer: What gives ``beta`` its first value.
        gamma_initializer: The same for ``gamma``.
        moving_mean_initializer: The same for the moving mean.
        moving_variance_initializer: The same for the moving variance.
        beta_regularizer: Function of ``beta`` that returns a loss.
        gamma_regularizer: The same for ``gamma``.
        beta_constraint: What an optimizer applies to ``beta`` after each step.
        gamma_constraint: The same for ``gamma``.
        renorm: Not taken.
        fused: Whether images are normalized by one op; None for where it can be.
        trainable: Whether ``beta`` and ``gamma`` are trained.
        name: Name of the layer's scope.
        options: See `Layer`.

    Raises:
        UnimplementedError: ``renorm`` is asked for.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        axis: int | Sequence[int] = -1,
        momentum: Any = 0.99,  # noqa: ANN401 -- a number or tensor
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Maker = Zeros(),  # noqa: B008 -- it has no state
        gamma_initializer: Maker = Ones(),  # noqa: B008
        moving_mean_initializer: Maker = Zeros(),  # noqa: B008
        moving_variance_initializer: Maker = Ones(),  # noqa: B008
        beta_regularizer: Function = None,
        gamma_regularizer: Function = None,
        beta_constraint: Function = None,
        gamma_constraint: Function = None,
        *,
        renorm: bool = False,
        fused: bool | None = None,
        trainable: bool = True,
        name: str | None = None,
        **options: Any,  # noqa: ANN401 -- Layer's
    ) -> None:
        super().__init__(trainable, name, **options)
        if renorm:
            raise UnimplementedError("batch renormalization is none of the layers here")
        self.axis = [axis] if isinstance(axis, int) else list(axis)
        self.momentum = momentum
        self.epsilon = epsilon
        self.center, self.scale, self.fused = center, scale, fused
        self._parameters = {
            "gamma": (gamma_initializer, gamma_regularizer, gamma_constraint),
            "beta": (beta_initializer, beta_regularizer, beta_constraint),
        }
        self._moving = {"moving_mean": moving_mean_initializer, "moving_variance": moving_variance_initializer}
        self._layout = "NHWC"
        self.gamma: Any = None
        self.beta: Any = None
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def build(self, shape: TensorShape) -> None:
        """Make the variables.

        Raises:
            ValueError: The inputs' rank or number of channels is not known, or a dimension is none of theirs.
        """
        if shape.ndims is None:
            raise ValueError("Input has undefined rank.")
        self.axis = [axis + shape.ndims if axis < 0 else axis for axis in self.axis]
        if not all(0 <= axis < shape.ndims for axis in self.axis):
            raise ValueError(f"Invalid value for `axis` argument. Received: {self.axis} for a shape {shape}")
        sizes = shape.as_list()
        if any(sizes[axis] is None for axis in self.axis):
            raise ValueError(f"Input has undefined `axis` dimension. Received input with shape {shape}")
        can_fuse = shape.ndims == 4 and self.axis in ([1], [3])
        self.fused = can_fuse if self.fused is None else self.fused and can_fuse
        self._layout = "NCHW" if self.axis == [1] else "NHWC"
        own = [sizes[axis] if axis in self.axis else 1 for axis in range(shape.ndims)]
        self._make([sizes[self.axis[0]]] if len(self.axis) == 1 else own)

    def _make(self, own: list[Any]) -> None:
        kind = FLOAT if self.dtype is not None and self.dtype.name in HALVES else self.dtype
        for name, wanted in (("gamma", self.scale), ("beta", self.center)):
            if wanted:
                first, regularizer, constraint = self._parameters[name]
                made = self.add_weight(name, own, kind, first, regularizer, constraint=constraint)
                setattr(self, name, made)
        for name, first in self._moving.items():
            moving = self.add_weight(
                name,
                own,
                kind,
                first,
                trainable=False,
                synchronization=VariableSynchronization.ON_READ,
                aggregation=VariableAggregation.MEAN,
            )
            setattr(self, name, moving)

    def call(self, inputs: Tensor, training: object = False) -> Tensor:
        """Make the normalization; ``training`` is a bool or a tensor that says whose mean and variance to take."""
        if self.fused:
            return self._fused(inputs, training)
        kind = inputs.dtype
        wide = cast(inputs, FLOAT) if kind.name in HALVES else inputs
        gamma, beta = self._spread(self.gamma, wide), self._spread(self.beta, wide)
        if _known(training) is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            mean, variance = self._moments_and_updates(wide, training)
        outputs = normalization.batch_normalization(
            wide, self._spread(mean, wide), self._spread(variance, wide), beta, gamma, self.epsilon
        )
        outputs = cast(outputs, kind)
        outputs.set_shape(inputs.shape)
        return outputs

    def _spread(self, parameter: Any, inputs: Tensor) -> Any:  # noqa: ANN401 -- a variable, a tensor or None
        """Return a parameter in a shape that goes with the inputs' dimensions."""
        ndims = len(inputs.shape)
        is_last = self._others(ndims) == list(range(ndims - 1))
        if parameter is None or len(parameter.shape) == ndims or is_last:
            return parameter
        sizes = [1] * ndims
        sizes[self.axis[0]] = int(inputs.shape[self.axis[0]])
        return reshape(parameter, sizes)

    def _others(self, ndims: int) -> list[int]:
        return [axis for axis in range(ndims) if axis not in self.axis]

    def _moments_and_updates(self, inputs: Tensor, training: object) -> tuple[Tensor, Tensor]:
        own = normalization.moments(inputs, self._others(len(inputs.shape)), keep_dims=len(self.axis) > 1)
        mean = smart_cond(training, lambda: own[0], lambda: convert_to_tensor(self.moving_mean))
        variance = smart_cond(training, lambda: own[1], lambda: convert_to_tensor(self.moving_variance))
        for variable, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            self.add_update(smart_cond(training, self._update(variable, value), partial(convert_to_tensor, variable)))
        return mean, variance

    def _update(self, variable: Any, value: Tensor) -> Function:  # noqa: ANN401
        return lambda: self._assign_moving_average(variable, value, self.momentum)

    @staticmethod
    def _assign_moving_average(variable: Any, value: Tensor, momentum: Any) -> Any:  # noqa: ANN401
        with name_scope("AssignMovingAvg") as scope, get_default_graph().colocate_with(variable):
            decay = cast(convert_to_tensor(1.0 - momentum, name="decay"), variable.dtype)
            return assign_sub(variable, (variable - cast(value, variable.dtype)) * decay, name=scope)

    def _fused(self, inputs: Tensor, training: object) -> Tensor:
        sizes = self.moving_mean.shape
        offset = self.beta if self.center else constant(0.0, self.moving_mean.dtype, sizes)
        factor = self.gamma if self.scale else constant(1.0, self.moving_mean.dtype, sizes)

        def normalized(is_training: bool) -> tuple[Tensor, Tensor, Tensor]:
            return normalization.fused_batch_norm(
                inputs,
                factor,
                offset,
                self.moving_mean,
                self.moving_variance,
                self.epsilon,
                self._layout,
                is_training,
            )

        outputs, mean, variance = smart_cond(training, lambda: normalized(True), lambda: normalized(False))
        known = _known(training)
        if known is not False:
            momentum = (
                smart_cond(training, lambda: self.momentum, lambda: 1.0)
                if known is None
                else convert_to_tensor(self.momentum)
            )
            for variable, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                self.add_update(self._assign_moving_average(variable, value, momentum))
        result: Tensor = outputs
        return result


def _known(training: object) -> bool | None:
    if not isinstance(training, Tensor):
        return bool(training)
    value = constant_value(training)
    return None if value is None else bool(value)


def batch_normalization(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    inputs: object,
    axis: int | Sequence[int] = -1,
    momentum: Any = 0.99,  # noqa: ANN401 -- a number or tensor
    epsilon: float = 1e-3,
    center: bool = True,
    scale: bool = True,
    *initializers: Maker,
    training: object = False,
    trainable: bool = True,
    name: str | None = None,
    reuse: bool | None = None,
    **options: Any,  # noqa: ANN401 -- BatchNormalization's
) -> Tensor:
    """Add a layer that normalizes each channel; see `BatchNormalization`.

    While training, the updates of the moving averages are in the collection of update operations, and a program has to
    run them itself.
    """
    layer = BatchNormalization(
        axis,
        momentum,
        epsilon,
        center,
        scale,
        *initializers,
        trainable=trainable,
        name=name,
        _scope=name,
        _reuse=reuse,
        **options,
    )
    made: Tensor = layer(inputs, training=training)
    return made
