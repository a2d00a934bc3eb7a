"""The steps that change elements, or bring in tensors that the sources have not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.object_graph.groups import STEP, variable_group
from ckpt_magics.files.steps.casting import cast_array
from ckpt_magics.files.steps.conversion import can_cast
from ckpt_magics.files.steps.lazy_tensor import ArrayTensor, Elementwise, Joined, LazyTensor
from ckpt_magics.files.steps.patterns import glob_of
from ckpt_magics.files.steps.shaping_steps import blocks_of, value_and_axis
from ckpt_magics.files.steps.step import Step, StepKind, at_first, at_last
from ckpt_magics.files.steps.stepped_tensors import SteppedTensor, SteppedTensors
from ckpt_magics.files.tensors.source import Array
from ckpt_magics.files.tensors.spec import Spec
from ckpt_magics.files.tensors.text_values import TEXT_KINDS, encoded

__all__ = ["ADD", "DTYPE", "FILL", "SET", "cast"]


def _dtype(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    wanted: dict[str, DType] = {}
    for pattern, text in step.pairs:
        dtype = _numbers_of(text)
        names = tensors.matching(pattern, may_miss=step.may_miss)
        fitting = [name for name in names if name == pattern or _is_meant(name, tensors[name].values.dtype, dtype)]
        if names and not fitting and not step.may_miss:
            raise InvalidArgumentError(
                f"none of what {visible(pattern)} matches is {dtype.kind}; a pattern leaves other kinds, and steps, as "
                "they are"
            )
        wanted.update(dict.fromkeys(fitting, dtype))
    return tensors.changed({name: cast(name, tensors[name], dtype) for name, dtype in wanted.items()})


def _numbers_of(text: str) -> DType:
    try:
        dtype = as_dtype(text)
    except TypeError:
        dtype = None
    if dtype is None or dtype.kind not in {"floating", "integer", "complex", "bool"}:
        raise InvalidArgumentError(f"{visible(text)!r} is no dtype of numbers, such as float32, bfloat16 or int64")
    return dtype


def _is_meant(name: str, dtype: DType, wanted: DType) -> bool:
    return dtype.kind == wanted.kind and variable_group(name) != STEP


def cast(name: str, tensor: SteppedTensor, dtype: DType) -> SteppedTensor:
    """Return a tensor in another dtype; that each element fits shows when it is read.

    Raises:
        InvalidArgumentError: Its dtype is of no kind that could be.
    """
    values = tensor.values
    if values.dtype == dtype:
        return tensor
    if not can_cast(Spec(dtype=dtype.numpy), values.dtype.numpy):
        raise InvalidArgumentError(f"{visible(name)} is {values.dtype.name} and cannot become {dtype.name}")
    function = partial(_cast, dtype=dtype, name=name)
    return tensor.changed(Elementwise([values], dtype, function), f"{values.dtype.name} to {dtype.name}")


def _cast(array: Array, dtype: DType, name: str) -> Array:
    return cast_array(array, dtype.numpy, name)


def _add(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    found = {name: text for pattern, text in step.pairs for name in tensors.matching(pattern, may_miss=step.may_miss)}
    return tensors.changed({name: _added(name, tensors[name], text) for name, text in found.items()})


def _added(name: str, tensor: SteppedTensor, text: str) -> SteppedTensor:
    """A tensor with a number added, to all of it or to one of equal blocks: VALUE or VALUE@AXIS:BLOCK/BLOCKS."""
    values = tensor.values
    number_text, found, where = text.partition("@")
    number = _literal(number_text)
    if isinstance(number, bool) or not isinstance(number, int | float) or not values.dtype.is_floating:
        raise InvalidArgumentError(
            f"{visible(number_text)!r} cannot be added to {visible(name)}, which is {values.dtype.name}"
        )
    if not found:
        return tensor.changed(_plus(name, values, number), f"added {number}")
    axis_text, _, block_text = where.partition(":")
    _, axis = value_and_axis(name, values.shape, f"@{axis_text}")
    block, slash, count = block_text.partition("/")
    if not (slash and block.isdecimal() and count.isdecimal() and int(block) < int(count)):
        raise InvalidArgumentError(f"{visible(text)!r} names no block; the third of four along axis 0 is @0:2/4")
    blocks = blocks_of(name, values, int(count), axis)
    blocks[int(block)] = _plus(name, blocks[int(block)], number)
    return tensor.changed(Joined(blocks, axis), f"added {number} to block {block} of {count} of axis {axis}")


def _plus(name: str, values: LazyTensor, number: float) -> LazyTensor:
    def plus(array: Array) -> Array:
        return cast_array(array.astype(np.float64) + number, values.dtype.numpy, name)

    return Elementwise([values], values.dtype, plus)


def _fill(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    added: dict[str, SteppedTensor] = {}
    for new, text in step.pairs:
        value_text, _, like = text.partition(",")
        number = _literal(value_text)
        if isinstance(number, bool) or not isinstance(number, int | float) or not like:
            raise InvalidArgumentError(f"{visible(text)!r} is no VALUE,SHAPE-OF, such as 1,*/beta")
        for name, model in _filled_names(tensors, new, like, step).items():
            dtype, shape = tensors[model].values.dtype, tensors[model].values.shape
            value = np.broadcast_to(_in_dtype(name, np.asarray(number), dtype), shape)
            added[name] = SteppedTensor(ArrayTensor(dtype, value), (), (f"filled with {number}",))
    return tensors.joined_by(added)


def _filled_names(tensors: SteppedTensors, new: str, like: str, step: Step) -> dict[str, str]:
    """The new names, and the tensor that each takes its shape and dtype from."""
    target, source = glob_of(new), glob_of(like)
    if target.wildcards != source.wildcards:
        raise InvalidArgumentError(f"{visible(new)} and {visible(like)} have not as many *")
    found = {target.filled(parts): name for name in tensors if (parts := source.parts(name)) is not None}
    if not found and not step.may_miss:
        raise tensors.no_match([like])
    return found


def _set(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    for name, text in step.pairs:
        tensors = tensors.changed({name: _value(name, text, tensors, step.variables)})
    return tensors


def _value(name: str, text: str, tensors: SteppedTensors, variables: Mapping[str, Any]) -> SteppedTensor:
    """What a name is set to: a literal, a tensor by its name, or a variable; in shape and dtype of what was there."""
    former = tensors.get(name)
    literal = _literal(text)
    if literal is None and text in tensors:
        tensor = tensors[text]
        return tensor if former is None else _as_before(name, tensor, former)
    value = literal if literal is not None else variables.get(text)
    if value is None:
        raise InvalidArgumentError(
            f"{visible(text)!r} is no number, text or list in JSON, and no tensor or variable is called so"
        )
    array = _array(name, value)
    new = SteppedTensor(ArrayTensor(as_dtype(array.dtype), array), (), ("set",))
    return new if former is None else _as_before(name, new, former)


def _as_before(name: str, tensor: SteppedTensor, former: SteppedTensor) -> SteppedTensor:
    shape = former.values.shape
    if tensor.values.shape != shape:
        raise InvalidArgumentError(
            f"{visible(name)} is {format_shape(shape)}, and what it is set to is {format_shape(tensor.values.shape)}",
            hint="Leave it out in a step before to give it another shape.",
        )
    return cast(name, tensor, former.values.dtype)


def _array(name: str, value: Any) -> Array:  # noqa: ANN401 - what a literal or a variable holds
    try:
        array = np.asarray(value)
        if array.dtype.kind in TEXT_KINDS:
            return encoded(array)
        # A number that is written has no dtype of its own: float32 is what models are made of.
        is_bare = isinstance(value, float | list) and array.dtype == np.float64
        array = array.astype(np.float32) if is_bare else array
        as_dtype(array.dtype)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"what {visible(name)} is set to is no tensor: {error}") from error
    return array


def _in_dtype(name: str, array: Array, dtype: DType) -> Array:
    return array if array.dtype == dtype.numpy else cast_array(array, dtype.numpy, name)


def _literal(text: str) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return what a text says in JSON, None if it is none; nothing is evaluated."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return None if isinstance(value, dict) else value


DTYPE = StepKind(
    "dtype",
    ("pattern", "dtype"),
    "PATTERN=DTYPE",
    "Cast numbers; a pattern means those of the same kind, and no steps. What does not fit is an error.",
    _dtype,
    at_last,
)
SET = StepKind(
    "set",
    ("name", "value"),
    "NAME=VALUE",
    "Set a tensor to a number, text or list in JSON, or to what another tensor or a variable holds.",
    _set,
    at_first,
)
FILL = StepKind(
    "fill",
    ("name", "value"),
    "NAME=VALUE,SHAPE-OF",
    "Add tensors of one number, like others in shape and dtype: '*/gamma=1,*/beta'.",
    _fill,
    at_first,
)
ADD = StepKind(
    "add",
    ("pattern", "value"),
    "PATTERN=VALUE[@AXIS:BLOCK/BLOCKS]",
    "Add a number, or add it to one of equal blocks: 'lstm_cell/bias=1@0:2/4' is a forget bias.",
    _add,
    at_last,
)
