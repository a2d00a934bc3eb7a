"""What layers have in common: a variable scope, settled when they are first used, and what they add to the graph.

Format: tensorflow/python/layers/base.py of TensorFlow 1.15.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.variables.initialization import global_variables
from ckpt_magics.graphs.variables.replicas import VariableSynchronization
from ckpt_magics.graphs.variables.variable_scope import VariableScope, get_variable, variable_scope

__all__ = ["Function", "Layer", "Maker", "layer_function"]

Function = Any
"""A function of a tensor, or None."""

Maker = Any
"""An initializer, or None."""


class Layer:
    """One layer.

    Args:
        trainable: Whether its variables are trained.
        name: Name of its variable scope. Default: the class's, made unique.
        dtype: Type of its variables. Default: that of what it is first called with.
        activity_regularizer: Function of the layer's output whose result is added to the regularization losses.
        _scope: Variable scope to use, with its name made unique if it is None.
        _reuse: Whether to take variables that exist.

    Attributes:
        built: Whether it has its variables.
        weights: They.
        losses: What regularizers made.
        updates: Operations that are to run beside a training step.
    """

    def __init__(
        self,
        trainable: bool = True,
        name: str | None = None,
        dtype: object = None,
        activity_regularizer: Function = None,
        _scope: str | VariableScope | None = None,
        _reuse: bool | None = None,
    ) -> None:
        self.trainable = trainable
        self.dtype: DType | None = None if dtype is None else as_dtype(dtype)
        self.built = False
        self.weights: list[Any] = []
        self.losses: list[Tensor] = []
        self.updates: list[Operation] = []
        self._given_name = name
        self._activity_regularizer = activity_regularizer
        self._reuse = _reuse
        self._scope: VariableScope | None = None
        self._opened: VariableScope | None = None
        if _scope:
            with variable_scope(_scope) as opened:
                self._scope = opened

    # What a layer says

    def build(self, shape: TensorShape) -> None:
        """Make the variables for inputs of a shape."""

    def call(self, inputs: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- the layer's own
        """Make the nodes."""
        raise NotImplementedError

    # What all do

    @property
    def name(self) -> str:
        """Name of the layer: the last part of its scope's, once it has one."""
        if self._scope is not None:
            return self._scope.name.rpartition("/")[2]
        return self._given_name or self._default_name()

    @property
    def scope_name(self) -> str:
        """Full name of its variable scope.

        Raises:
            ValueError: The layer has not been used yet, which settles the scope.
        """
        if self._scope is None:
            raise ValueError(
                f'No name available for layer scope because the layer "{self.name}" has not been used yet. The scope '
                "name is determined the first time the layer instance is called. You must therefore call the layer "
                "before querying `scope_name`."
            )
        return self._scope.name

    @property
    def variables(self) -> list[Any]:
        """The variables; the same as ``weights``."""
        return self.weights

    @property
    def trainable_weights(self) -> list[Any]:
        """The variables that are trained."""
        return [weight for weight in self.weights if self.trainable and weight.trainable]

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[Any]:
        """The variables that are not trained."""
        trained = set(map(id, self.trainable_weights))
        return [weight for weight in self.weights if id(weight) not in trained]

    non_trainable_variables = non_trainable_weights

    def _default_name(self) -> str:
        """Return the class's name in TensorFlow's spelling, ``batch_normalization``."""
        parts = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", type(self).__name__)
        return re.sub("([a-z])([A-Z])", r"\1_\2", parts).lower()

    def _settle_scope(self, scope: str | VariableScope | None) -> VariableScope:
        if self._scope is None:
            base = self._given_name or self._default_name()
            opening = (
                variable_scope(base if scope is None else scope)
                if self._reuse
                else variable_scope(scope, default_name=base)
            )
            with opening as opened:
                self._scope = opened
        return self._scope

    def __call__(self, inputs: Any, *args: Any, scope: str | VariableScope | None = None, **options: Any) -> Any:  # noqa: ANN401 -- the layer's own
        """Make the layer's nodes, and its variables before the first ones."""
        with self._open_scope(self._settle_scope(scope), reuse=True if self.built else self._reuse):
            given = convert_to_tensor(inputs) if not isinstance(inputs, (list, tuple)) else inputs
            if not self.built:
                self._build(given)
            outputs = self.call(given, *args, **options)
            if self._activity_regularizer is not None:
                self._add_activity_loss(outputs)
        self._collect(GraphKeys.UPDATE_OPS, self.updates)
        return outputs

    apply = __call__

    @contextmanager
    def _open_scope(self, scope: VariableScope, *, reuse: Any) -> Any:  # noqa: ANN401 -- a flag or AUTO_REUSE
        with variable_scope(scope, reuse=reuse, auxiliary_name_scope=False) as opened:
            self._opened = opened
            with name_scope(opened.original_name_scope):
                yield

    def _build(self, inputs: Any) -> None:  # noqa: ANN401
        first = inputs[0] if isinstance(inputs, (list, tuple)) else inputs
        if self.dtype is None:
            self.dtype = first.dtype
        self.build(first.shape)
        self.built = True

    def add_weight(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        name: str,
        shape: Sequence[int],
        dtype: object = None,
        initializer: Maker = None,
        regularizer: Function = None,
        trainable: bool = True,
        constraint: Function = None,
        partitioner: Function = None,
        synchronization: int = 0,
        aggregation: int = 0,
    ) -> Any:  # noqa: ANN401 -- a variable or a partitioned one
        """Make a variable in the layer's scope, or take the one that is there.

        Args:
            name: Name within the scope.
            shape: Shape.
            dtype: Type. Default: the layer's.
            initializer: What gives it its first value.
            regularizer: Function of the variable whose result goes to the regularization losses.
            trainable: Whether it is trained, if the layer is.
            constraint: What an optimizer applies after each step.
            partitioner: Rule that says in how many parts to keep it.
            synchronization: Kept in its definition.
            aggregation: Kept in its definition.
        """
        known = set(map(id, global_variables()))
        scope = self._settle_scope(None)
        with self._open_scope(scope, reuse=True if self.built else self._reuse):
            variable = get_variable(
                name,
                shape=shape,
                dtype=dtype or self.dtype,
                initializer=initializer,
                trainable=trainable and self.trainable and synchronization != VariableSynchronization.ON_READ,
                constraint=constraint,
                partitioner=partitioner,
                synchronization=synchronization,
                aggregation=aggregation,
            )
            parts = list(variable) if hasattr(variable, "partitions") else [variable]
            if regularizer is not None and not any(id(part) in known for part in parts):
                self._regularize(name, parts, regularizer)
        self.weights.append(variable)
        return variable

    add_variable = add_weight

    def _regularize(self, name: str, parts: Sequence[Any], regularizer: Callable[[Any], Tensor | None]) -> None:
        for part in parts:
            with name_scope(f"{name}/Regularizer"):
                loss = regularizer(part)
            if loss is not None:
                self.add_loss(loss)

    def _add_activity_loss(self, outputs: Tensor) -> None:
        with name_scope("ActivityRegularizer"):
            loss = self._activity_regularizer(outputs)
            if loss is not None:
                batch = outputs.shape[0].value
                self.add_loss(loss / batch if batch is not None else loss)

    def add_loss(self, loss: Tensor) -> None:
        """Add a loss to the graph's regularization losses."""
        self.losses.append(loss)
        self._collect(GraphKeys.REGULARIZATION_LOSSES, [loss])

    def add_update(self, update: Any) -> None:  # noqa: ANN401 -- a tensor, an operation, or an assignment
        """Note an operation that is to run beside a training step; the graph's update operations have it afterwards."""
        self.updates.append(update if isinstance(update, Operation) else update.op)

    @staticmethod
    def _collect(key: str, items: Sequence[Any]) -> None:
        present = get_default_graph().get_collection_ref(key) if items else []
        present.extend(item for item in items if item not in present)


def layer_function(layer_class: Callable[..., Layer], text: str) -> Callable[..., Any]:
    """Return the function that makes a layer and calls it at once: its own arguments first, then ``reuse``."""

    def function(
        inputs: object,
        *args: Any,  # noqa: ANN401 -- the layer's own
        name: str | None = None,
        reuse: bool | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        return layer_class(*args, name=name, _scope=name, _reuse=reuse, **options)(inputs)

    function.__doc__ = text
    return function
