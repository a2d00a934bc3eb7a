"""The variables of a graph that ``get_variable`` made, by name, and the making of new ones.

Follows tensorflow/python/ops/variable_scope.py, _VariableStore.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import Parameter, signature
from typing import Any

import numpy as np

from ckpt_magics.files.formats.dtypes import FLOAT, STRING, DType, as_dtype
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output
from ckpt_magics.graphs.variables.initializers import PartitionInfo, Zeros, glorot_uniform
from ckpt_magics.graphs.variables.partition import PartitionedVariable, Partitioner, part_bounds
from ckpt_magics.graphs.variables.slice_info import SaveSliceInfo
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["AUTO_REUSE", "VariableRequest", "VariableStore", "is_value"]


_VARIADIC = {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}


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
        reuse: True to take an existing variable, False to make a new one, AUTO_REUSE or None for whichever can be.
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
    reuse: object = None
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
            ValueError: ``reuse`` forbids what would be needed, the existing variable has another shape, dtype or
                partition, or the request is incomplete.
        """
        is_scalar = request.shape is not None and TensorShape(request.shape).ndims == 0
        if request.partitioner is not None and not is_scalar:
            with name_scope(None):
                return self._get_partitioned(request)
        if request.partitioner is None and request.reuse is True and request.name in self._partitioned:
            return self._get_partitioned(request)
        if f"{request.name}/part_0" in self._variables:
            raise ValueError(
                f"No partitioner was provided, but a partitioned version of the variable was found: "
                f"{request.name}/part_0. Perhaps a variable of the same name was already created with partitioning?"
            )
        return self._get_single(request)

    def _get_single(self, request: VariableRequest) -> Variable:
        if is_value(request.initializer) and request.shape is not None:
            raise ValueError("If initializer is a constant, do not specify shape.")
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
        if request.regularizer:
            _regularize(variable, request.regularizer, request.name)
        return variable

    def _get_partitioned(self, request: VariableRequest) -> PartitionedVariable:
        # The slash means exactly the scope's name, of which the parts are parts.
        name = request.name.removesuffix("/")
        request = replace(request, name=name)
        if name in self._variables:
            raise ValueError(
                f"A partitioner was provided, but an unpartitioned version of the variable was found: {name}. Perhaps "
                "a variable of the same name was already created without partitioning?"
            )
        shape = _requested_shape(request)
        request = replace(request, shape=shape)
        found = self._partitioned.get(name)
        if found is not None:
            return _reused_whole(found, request)
        if request.reuse is True:
            raise ValueError(
                f"PartitionedVariable {name} does not exist, or was not created with tf.get_variable(). Did you mean "
                "to set reuse=False or reuse=tf.AUTO_REUSE in VarScope?"
            )
        partitions = _partitions(request, shape)
        sizes = [int(size) for size in shape]
        bounds = list(part_bounds(sizes, partitions, name))
        self._check_parts(name, len(bounds))
        parts = [self._part(request, index, *bound) for index, bound in enumerate(bounds)]
        self._partitioned[name] = PartitionedVariable(name, shape, parts[0].dtype, parts, partitions)
        return self._partitioned[name]

    def _check_parts(self, name: str, count: int) -> None:
        """Raise ValueError if there are variables called like parts, in another number."""
        if f"{name}/part_0" not in self._variables:
            return
        last, extra = f"{name}/part_{count - 1}", f"{name}/part_{count}"
        if last not in self._variables or extra in self._variables:
            wrong = f"{last} was not" if last not in self._variables else f"so was the extra shard {extra}"
            raise ValueError(
                "Partitioner returned a different partitioning than what was already found. Partitioner returned "
                f"{count} shards, and shard {name}/part_0 was found, but {wrong}."
            )

    def _part(self, request: VariableRequest, index: int, offset: list[int], sizes: list[int]) -> Variable:
        part = self._get_single(_part_request(request, index, offset, sizes))
        whole = tuple(int(size) for size in TensorShape(request.shape))
        part.save_slice_info = SaveSliceInfo(request.name, whole, tuple(offset), tuple(sizes))
        return part


def _reused(found: Variable, request: VariableRequest) -> Variable:
    if request.reuse is False:
        raise ValueError(
            f"Variable {request.name} already exists, disallowed. "
            "Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in VarScope?"
        )
    _check_shared(f"share variable {request.name}", found, request)
    return found


def _reused_whole(found: PartitionedVariable, request: VariableRequest) -> PartitionedVariable:
    partitions = None
    if not request.reuse or request.partitioner:
        partitions = _partitions(request, TensorShape(request.shape))
    if request.reuse is False:
        raise ValueError(
            f"Partitioned variable with name {request.name} already exists. Did you mean to set reuse=True or "
            "reuse=tf.AUTO_REUSE in VarScope?"
        )
    sharing = f"reuse partitioned variable {request.name}"
    _check_shared(sharing, found, request)
    if partitions is not None and partitions != found.partitions:
        raise ValueError(
            f"Trying to {sharing}, but specified partitions {partitions} and found partitions {found.partitions}."
        )
    return found


def _check_shared(sharing: str, found: Variable | PartitionedVariable, request: VariableRequest) -> None:
    shape, dtype = TensorShape(request.shape), as_dtype(request.dtype)
    if not shape.is_compatible_with(found.shape):
        raise ValueError(f"Trying to {sharing}, but specified shape {shape} and found shape {found.shape}.")
    if dtype != found.dtype:
        raise ValueError(f"Trying to {sharing}, but specified dtype {dtype.name} and found dtype {found.dtype.name}.")


def _requested_shape(request: VariableRequest) -> TensorShape:
    shape, value = TensorShape(request.shape), request.initializer
    if isinstance(value, Operators):
        return shape.merge_with(value.as_tensor().shape)
    # TensorFlow asks for the shape of a first value that is no tensor.
    return TensorShape(np.shape(value)) if request.shape is None and is_value(value) else shape  # type: ignore[call-overload]  # whatever NumPy takes


def _partitions(request: VariableRequest, shape: TensorShape) -> list[int]:
    """Return the number of parts along each dimension, as the partitioner says it."""
    partitioner = request.partitioner
    if not callable(partitioner):
        raise ValueError(f"Partitioner must be callable, but received: {partitioner}")  # noqa: TRY004 -- as TensorFlow
    if not shape.is_fully_defined():
        raise ValueError(
            f"Shape of a new partitioned variable ({request.name}) must be fully defined, but instead was {shape}."
        )
    return list(partitioner(shape=shape, dtype=as_dtype(request.dtype)))


def _part_request(request: VariableRequest, index: int, offset: list[int], sizes: list[int]) -> VariableRequest:
    part = replace(request, name=f"{request.name}/part_{index}", partitioner=None)
    value = request.initializer
    with name_scope(f"{part.name}/PartitionedInitializer"):
        if not is_value(value):
            whole = [int(size) for size in TensorShape(request.shape)]
            return replace(part, shape=sizes, partition_info=PartitionInfo(whole, offset))
        if not isinstance(value, Tensor):
            value = convert_to_tensor(value, request.dtype)
        return replace(part, shape=None, dtype=value.dtype, initializer=output("Slice", value, offset, sizes))


def is_value(initializer: object) -> bool:
    """Return whether an initializer is a first value, not what makes one."""
    return initializer is not None and (isinstance(initializer, Operators) or not callable(initializer))


def _make(request: VariableRequest) -> Variable:
    dtype: DType | None = as_dtype(request.dtype)
    initial_value = request.initializer
    if is_value(initial_value):
        dtype = None
    else:
        initial_value, dtype = _maker(request, dtype or FLOAT)
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
        shape=request.shape,
    )


def _maker(request: VariableRequest, dtype: DType) -> tuple[Callable[[], object], DType | None]:
    """Return the function that makes the first value, and the type to convert that to."""
    initializer: Any = request.initializer
    if initializer is None:
        initializer = _default_initializer(request.name, dtype)
    if isinstance(initializer, type):
        initializer = initializer()
    shape = TensorShape(request.shape)
    parameters = signature(initializer).parameters
    if shape.is_fully_defined():
        # Functions of older times and users' own need not know of parts.
        options = {"partition_info": request.partition_info} if "partition_info" in parameters else {}
        return partial(initializer, shape.as_list(), dtype=dtype, **options), dtype
    if any(one.default is one.empty and one.kind not in _VARIADIC for one in parameters.values()):
        raise ValueError(
            f"Shape of a new variable ({request.name}) must be fully defined, but instead was {shape}: the initializer "
            "passed is not valid. It should be a callable with no arguments and the shape should not be provided, or "
            "an initializer of a fully defined `shape`."
        )
    return initializer, None


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
