"""The variables of a graph that ``get_variable`` made, by name, and the making of new ones.

Follows tensorflow/python/ops/variable_scope.py, _VariableStore.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from ckpt_magics.formats.dtypes import FLOAT, STRING, DType, as_dtype
from ckpt_magics.graph.build import name_scope, output
from ckpt_magics.graph.default import get_default_graph
from ckpt_magics.graph.initializers import PartitionInfo, Zeros, glorot_uniform
from ckpt_magics.graph.keys import GraphKeys
from ckpt_magics.graph.node import Tensor
from ckpt_magics.graph.operators import Operators
from ckpt_magics.graph.partition import PartitionedVariable, Partitioner, part_bounds
from ckpt_magics.graph.shape import ShapeLike, TensorShape
from ckpt_magics.graph.slice_info import SaveSliceInfo
from ckpt_magics.graph.variable import Variable

__all__ = ["AUTO_REUSE", "VariableRequest", "VariableStore"]


class _AutoReuse:
    def __repr__(self) -> str:
        return "<_ReuseMode.AUTO_REUSE: 1>"

    def __bool__(self) -> bool:
        return True


AUTO_REUSE = _AutoReuse()
"""As ``reuse``: take the variable if there is one, else make it."""


@dataclass(frozen=True, slots=True)
class VariableRequest:
    """What ``get_variable`` was asked for, defaults of the scope included.

    Attributes:
        name: Full name of the variable.
        shape: Its shape, or None to take the initializer's.
        dtype: Its type.
        initializer: A function of shape and dtype, a first value, or None for the type's default.
        regularizer: A function of the variable that returns a loss.
        reuse: True to take an existing variable, False to make a new one, AUTO_REUSE for whichever can be.
        trainable: See `Variable`.
        collections: See `Variable`.
        caching_device: See `Variable`.
        partitioner: Rule that says in how many parts to keep it.
        validate_shape: See `Variable`.
        use_resource: See `Variable`.
        constraint: See `Variable`.
        synchronization: See `Variable`.
        aggregation: See `Variable`.
        partition_info: Where the variable lies, if it is a part.
    """

    name: str
    shape: ShapeLike = None
    dtype: object = FLOAT
    initializer: object = None
    regularizer: Callable[[Variable], Tensor | None] | None = None
    reuse: object = False
    trainable: bool | None = None
    collections: Sequence[str] | None = None
    caching_device: str | None = None
    partitioner: Partitioner | None = None
    validate_shape: bool = True
    use_resource: bool | None = None
    constraint: Callable[[Tensor], Tensor] | None = None
    synchronization: int = 0
    aggregation: int = 0
    partition_info: PartitionInfo | None = None


class VariableStore:
    """The variables that ``get_variable`` made in one graph."""

    def __init__(self) -> None:
        self._variables: dict[str, Variable] = {}
        self._partitioned: dict[str, PartitionedVariable] = {}

    @property
    def variables(self) -> dict[str, Variable]:
        """The variables by name, those in parts as their parts."""
        return dict(self._variables)

    def get(self, request: VariableRequest) -> Variable | PartitionedVariable:
        """Return the variable asked for, an existing or a new one.

        Raises:
            ValueError: ``reuse`` forbids what would be needed, the existing variable has another shape or dtype, or
                the request is incomplete.
        """
        is_scalar = request.shape is not None and TensorShape(request.shape).ndims == 0
        if request.partitioner is not None and not is_scalar:
            return self._get_partitioned(request)
        if f"{request.name}/part_0" in self._variables:
            raise ValueError(
                f"No partitioner was provided, but a partitioned version of the variable was found: "
                f"{request.name}/part_0. Perhaps a variable of the same name was already created with partitioning?"
            )
        return self._get_single(request)

    def _get_single(self, request: VariableRequest) -> Variable:
        found = self._variables.get(request.name)
        if found is not None:
            return _reused(found, request)
        if request.reuse is True:
            raise ValueError(
                f"Variable {request.name} does not exist, or was not created with tf.get_variable(). "
                "Did you mean to set reuse=tf.AUTO_REUSE in VarScope?"
            )
        variable = _make(request)
        self._variables[request.name] = variable
        if request.regularizer is not None:
            _regularize(variable, request.regularizer, request.name)
        return variable

    def _get_partitioned(self, request: VariableRequest) -> PartitionedVariable:
        shape = _requested_shape(request)
        found = self._partitioned.get(request.name)
        if found is not None:
            return _reused(found, request)
        dtype = as_dtype(request.dtype)
        sizes = [int(size) for size in shape]
        partitioner = request.partitioner
        assert partitioner is not None  # noqa: S101 -- the caller looked
        partitions = list(partitioner(shape=shape, dtype=dtype))
        parts = []
        for index, (offset, part_sizes) in enumerate(part_bounds(sizes, partitions, request.name)):
            part = self._get_single(_part_request(request, index, sizes, offset, part_sizes))
            part.save_slice_info = SaveSliceInfo(request.name, tuple(sizes), tuple(offset), tuple(part_sizes))
            parts.append(part)
        whole = PartitionedVariable(request.name, shape, parts[0].dtype, parts, partitions)
        self._partitioned[request.name] = whole
        return whole


V = TypeVar("V", Variable, PartitionedVariable)


def _reused(found: V, request: VariableRequest) -> V:
    if request.reuse is False:
        raise ValueError(
            f"Variable {request.name} already exists, disallowed. "
            "Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope?"
        )
    shape, dtype = TensorShape(request.shape), as_dtype(request.dtype)
    if not shape.is_compatible_with(found.shape):
        raise ValueError(
            f"Trying to share variable {request.name}, but specified shape {shape} and found shape {found.shape}."
        )
    if dtype != found.dtype:
        raise ValueError(
            f"Trying to share variable {request.name}, but specified dtype {dtype.name} "
            f"and found dtype {found.dtype.name}."
        )
    return found


def _requested_shape(request: VariableRequest) -> TensorShape:
    if _is_value(request.initializer):
        return _value_shape(request.initializer)
    shape = TensorShape(request.shape)
    if not shape.is_fully_defined():
        raise ValueError(
            f"Shape of a new partitioned variable ({request.name}) must be fully defined, but instead was {shape}."
        )
    return shape


def _part_request(
    request: VariableRequest, index: int, sizes: list[int], offset: list[int], part_sizes: list[int]
) -> VariableRequest:
    part = replace(request, name=f"{request.name}/part_{index}", partitioner=None)
    if not _is_value(request.initializer):
        return replace(part, shape=part_sizes, partition_info=PartitionInfo(sizes, offset))
    with name_scope(f"{part.name}/PartitionedInitializer/"):
        return replace(part, shape=None, initializer=output("Slice", request.initializer, offset, part_sizes))


def _is_value(initializer: object) -> bool:
    """Return whether an initializer is a first value, not what makes one."""
    return initializer is not None and (isinstance(initializer, Operators) or not callable(initializer))


def _value_shape(value: Any) -> TensorShape:  # noqa: ANN401 -- whatever NumPy takes
    return value.as_tensor().shape if isinstance(value, Operators) else TensorShape(np.shape(value))


def _make(request: VariableRequest) -> Variable:
    dtype: DType | None = as_dtype(request.dtype)
    initial_value: object
    if _is_value(request.initializer):
        if request.shape is not None and request.partition_info is None:
            raise ValueError("If initializer is a constant, do not specify shape.")
        initial_value, dtype = request.initializer, None
    else:
        initial_value = _maker(request, dtype or FLOAT)
    with get_default_graph().init_scope():
        return Variable(
            initial_value,
            name=request.name,
            trainable=request.trainable,
            collections=request.collections,
            caching_device=request.caching_device,
            dtype=dtype,
            validate_shape=request.validate_shape,
            constraint=request.constraint,
            use_resource=request.use_resource,
            synchronization=request.synchronization,
            aggregation=request.aggregation,
        )


def _maker(request: VariableRequest, dtype: DType) -> Callable[[], object]:
    """Return the function that makes the first value."""
    initializer: Any = request.initializer or _default_initializer(request.name, dtype)
    if isinstance(initializer, type):
        initializer = initializer()
    shape = TensorShape(request.shape)
    if not shape.is_fully_defined():
        if request.initializer is not None and request.shape is None and _takes_nothing(initializer):
            return initializer  # type: ignore[no-any-return]  # a function without arguments
        raise ValueError(f"Shape of a new variable ({request.name}) must be fully defined, but instead was {shape}.")
    call = partial(initializer, shape.as_list(), dtype=dtype)
    return partial(call, partition_info=request.partition_info) if request.partition_info is not None else call


def _takes_nothing(function: Callable[..., object]) -> bool:
    from inspect import signature

    return not signature(function).parameters


def _default_initializer(name: str, dtype: DType) -> object:
    if dtype.is_floating:
        return glorot_uniform()
    if dtype.is_integer or dtype.is_bool or dtype is STRING:
        return Zeros()
    raise ValueError(f"An initializer for variable {name} of {dtype!r} is required")


def _regularize(variable: Variable, regularizer: Callable[[Variable], Tensor | None], name: str) -> None:
    graph = variable.graph
    with graph.colocate_with(variable.op), name_scope(f"{name}/Regularizer/"):
        loss = regularizer(variable)
    if loss is not None:
        graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
