"""Slots: variables that an optimizer keeps beside each variable that it trains, ``weight/Adam`` beside ``weight``.

Format: tensorflow/python/training/slot_creator.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.arrays import shape
from ckpt_magics.graphs.nodes.conditional import cond
from ckpt_magics.graphs.variables.initializers import Zeros
from ckpt_magics.graphs.variables.slice_info import SaveSliceInfo
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.graphs.variables.variable_scope import get_variable, get_variable_scope, variable_scope

__all__ = ["create_slot", "create_zeros_slot"]


def create_slot(
    primary: Variable | Tensor,
    value: Any,  # noqa: ANN401 -- a tensor or an initializer
    name: str,
    sizes: TensorShape | None = None,
    dtype: DType | None = None,
    *,
    colocate: bool = True,
) -> Variable:
    """Make a variable in the scope ``<primary>/<name>``, of the same kind as the primary and in the same parts.

    Args:
        primary: The variable that is trained, or a tensor.
        value: The slot's first value, or a function of shape and dtype that makes it.
        name: Last part of its name, made unique.
        sizes: Its shape, for a function.
        dtype: Its type, for a function.
        colocate: Put it where the primary is.
    """
    known = sizes if sizes is not None else value.shape
    with variable_scope(None, f"{primary.op.name}/{name}"):
        if not colocate:
            return _make(primary, value, known, sizes, dtype)
        with primary.graph.colocate_with(primary.op):
            return _make(primary, value, known, sizes, dtype)


def _make(
    primary: Variable | Tensor,
    value: Callable[..., Tensor] | Tensor,
    known: TensorShape,
    sizes: TensorShape | None,
    dtype: DType | None,
) -> Variable:
    scope = get_variable_scope()
    partitioner = scope.partitioner
    scope.set_partitioner(None)
    slot = get_variable(
        "",
        sizes,
        dtype,
        initializer=value,
        trainable=False,
        use_resource=primary.is_resource if isinstance(primary, Variable) else None,
        validate_shape=known.is_fully_defined(),
    )
    scope.set_partitioner(partitioner)
    assert isinstance(slot, Variable)  # noqa: S101 -- there is no partitioner
    info = primary.save_slice_info if isinstance(primary, Variable) else None
    if info is not None and slot.shape.ndims != 0:
        slot.save_slice_info = _of_slot(info, slot.op.name.removeprefix(f"{primary.op.name}/"), slot.shape.ndims)
    return slot


def _of_slot(info: SaveSliceInfo, name: str, ndims: int | None) -> SaveSliceInfo:
    return SaveSliceInfo(
        f"{info.full_name}/{name}", info.full_shape[:ndims], info.var_offset[:ndims], info.var_shape[:ndims]
    )


def create_zeros_slot(
    primary: Variable | Tensor, name: str, dtype: DType | None = None, *, colocate: bool = True
) -> Variable:
    """Make a slot of zeros in the primary's shape, which may be known in a run alone."""
    wanted = primary.dtype if dtype is None else dtype
    if primary.shape.is_fully_defined():
        return create_slot(primary, Zeros(), name, primary.shape, wanted, colocate=colocate)
    if isinstance(primary, Variable):
        held = cond(primary.is_initialized(), primary.read_value, lambda: primary.initial_value)
        return create_slot(primary, build.zeros(shape(held), wanted), name, colocate=colocate)
    return create_slot(primary, build.zeros(shape(primary), wanted), name, colocate=colocate)
