"""The steps that put the elements of tensors into another order or shape, or leave some out."""

from __future__ import annotations

import math
from collections.abc import Callable

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.pieces import Box
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.steps.lazy_tensor import Joined, LazyTensor, Part, Reshaped, Transposed
from ckpt_magics.files.steps.step import Step, StepKind, at_last, whole_numbers
from ckpt_magics.files.steps.stepped_tensors import SteppedTensor, SteppedTensors
from ckpt_magics.files.steps.transposition import Transposes, axes_text, parse_transposes

__all__ = [
    "DROP_AXIS",
    "ROWS",
    "SHAPE",
    "SQUEEZE",
    "SWAP_BLOCKS",
    "TRANSPOSE",
    "axis_of",
    "blocks_of",
    "in_other_order",
    "part_along",
    "reshaped",
    "transposed",
    "value_and_axis",
]


def _transpose(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    transposes = Transposes(parse_transposes("=".join(sides) for sides in step.pairs), tensors.names)
    axes = {name: transposes.axes(name, len(one.values.shape)) for name, one in tensors.items()}
    if transposes.idle and not step.may_miss:
        raise _none_of_rank(tensors, transposes)
    return tensors.changed({name: transposed(tensors[name], found) for name, found in axes.items() if found})


def _none_of_rank(tensors: SteppedTensors, transposes: Transposes) -> InvalidArgumentError:
    pattern = transposes.idle[0]
    names = tensors.matching(pattern)
    shape = format_shape(tensors[names[0]].values.shape)
    return InvalidArgumentError(
        f"no tensor that {visible(pattern)} matches has {transposes.rank(pattern)} dimensions: {visible(names[0])} is "
        f"{shape}"
    )


def transposed(tensor: SteppedTensor, axes: tuple[int, ...]) -> SteppedTensor:
    """Return a tensor with its dimensions in another order."""
    return tensor.changed(Transposed(tensor.values, axes), f"transposed {axes_text(axes)}")


def _shape(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    return _each(tensors, step, lambda name, one, text: reshaped(one, _filled(name, one.values.shape, text)))


def _filled(name: str, shape: tuple[int, ...], text: str) -> tuple[int, ...]:
    """The shape that a text asks for, in which one length may be -1: what is left."""
    wanted = whole_numbers(text, "shape") if text != "[]" else []
    known = math.prod(length for length in wanted if length != -1)
    count = math.prod(shape)
    if wanted.count(-1) > 1:
        raise InvalidArgumentError(f"{text} leaves more than one length open: -1 stands once, for what is left")
    if wanted.count(-1) == 1 and known and not count % known:
        wanted[wanted.index(-1)] = count // known
    if min(wanted, default=0) < 0 or math.prod(wanted) != count:
        raise InvalidArgumentError(f"{visible(name)} is {format_shape(shape)}, which is not as many elements as {text}")
    return tuple(wanted)


def reshaped(tensor: SteppedTensor, shape: tuple[int, ...]) -> SteppedTensor:
    """Return a tensor whose elements in C order have another shape."""
    if shape == tensor.values.shape:
        return tensor
    before = format_shape(tensor.values.shape)
    return tensor.changed(Reshaped(tensor.values, shape), f"reshaped {before} to {format_shape(shape)}")


def _drop_axis(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    def dropped(name: str, tensor: SteppedTensor, text: str) -> SteppedTensor:
        shape = tensor.values.shape
        axis = axis_of(name, shape, text)
        if shape[axis] != 1:
            raise InvalidArgumentError(
                f"axis {axis} of {visible(name)} {format_shape(shape)} has {shape[axis]} elements: it stays",
                hint="--rows chooses some of them.",
            )
        return reshaped(tensor, (*shape[:axis], *shape[axis + 1 :]))

    return _each(tensors, step, dropped)


def _squeeze(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    names = [name for pattern in step.patterns for name in tensors.matching(pattern, may_miss=step.may_miss)]
    return tensors.changed({name: _without_ones(tensors[name]) for name in names})


def _without_ones(tensor: SteppedTensor) -> SteppedTensor:
    return reshaped(tensor, tuple(length for length in tensor.values.shape if length != 1))


def _rows(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    def chosen(name: str, tensor: SteppedTensor, text: str) -> SteppedTensor:
        rows, axis = value_and_axis(name, tensor.values.shape, text, 0)
        first, colon, last = rows.partition(":")
        if not colon or not all(not part or part.removeprefix("-").isdecimal() for part in (first, last)):
            raise InvalidArgumentError(f"{visible(rows)!r} are no rows, which are START:STOP, such as 1:")
        start, stop, _ = slice(int(first) if first else None, int(last) if last else None).indices(
            tensor.values.shape[axis]
        )
        if stop <= start:
            raise InvalidArgumentError(f"{visible(name)} {format_shape(tensor.values.shape)} has no rows {rows}")
        return tensor.changed(part_along(tensor.values, axis, start, stop), f"rows {start}:{stop} of axis {axis}")

    return _each(tensors, step, chosen)


def _swap_blocks(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    def swapped(name: str, tensor: SteppedTensor, text: str) -> SteppedTensor:
        order_text, axis = value_and_axis(name, tensor.values.shape, text)
        order = whole_numbers(order_text, "order of blocks")
        if sorted(order) != list(range(len(order))):
            raise InvalidArgumentError(f"{visible(order_text)} is no order of blocks, which names 0, 1, 2 … once each")
        return in_other_order(name, tensor, order, axis)

    return _each(tensors, step, swapped)


def in_other_order(name: str, tensor: SteppedTensor, order: list[int], axis: int) -> SteppedTensor:
    """Return a tensor with equal blocks along a dimension in another order.

    Raises:
        InvalidArgumentError: It is not so many equal blocks long.
    """
    blocks = blocks_of(name, tensor.values, len(order), axis)
    joined = Joined([blocks[number] for number in order], axis)
    return tensor.changed(joined, f"blocks {axes_text(tuple(order))} of axis {axis}")


def blocks_of(name: str, tensor: LazyTensor, count: int, axis: int) -> list[LazyTensor]:
    """Return equal blocks of a tensor along a dimension.

    Raises:
        InvalidArgumentError: It is not so many equal blocks long.
    """
    length = tensor.shape[axis]
    if not count or length % count:
        raise InvalidArgumentError(
            f"axis {axis} of {visible(name)} {format_shape(tensor.shape)} has {length} elements, which are not {count} "
            "equal blocks"
        )
    step = length // count
    return [part_along(tensor, axis, start, start + step) for start in range(0, step * count, step or 1)][:count]


def part_along(tensor: LazyTensor, axis: int, start: int, stop: int) -> LazyTensor:
    """Return a part of a tensor along one dimension."""
    box: Box = tensor.whole
    return Part(tensor, (*box[:axis], slice(start, stop), *box[axis + 1 :]))


def _each(
    tensors: SteppedTensors, step: Step, change: Callable[[str, SteppedTensor, str], SteppedTensor]
) -> SteppedTensors:
    """Change what the patterns of a step match, by what stands on the other side; the last one counts."""
    texts = {name: text for pattern, text in step.pairs for name in tensors.matching(pattern, may_miss=step.may_miss)}
    return tensors.changed({name: change(name, tensors[name], text) for name, text in texts.items()})


def value_and_axis(name: str, shape: tuple[int, ...], text: str, default: int | None = None) -> tuple[str, int]:
    """Take ``VALUE@AXIS`` apart.

    Args:
        name: Of the tensor.
        shape: Of the tensor.
        text: The text.
        default: The axis if the text has none; None if it has to have one.

    Raises:
        InvalidArgumentError: There is no such axis, or none is said.
    """
    value, found, axis = text.rpartition("@")
    if found:
        return value, axis_of(name, shape, axis)
    if default is None:
        raise InvalidArgumentError(f"{visible(text)!r} does not say along which axis; end it in @0, @1 or @-1")
    return text, axis_of(name, shape, str(default))


def axis_of(name: str, shape: tuple[int, ...], text: str) -> int:
    """Return the dimension that a number means, which may be counted from the end.

    Raises:
        InvalidArgumentError: The tensor has no such dimension.
    """
    (axis, *more) = whole_numbers(text, "axis")
    if more or not -len(shape) <= axis < len(shape):
        raise InvalidArgumentError(f"{visible(name)} {format_shape(shape)} has no axis {visible(text)}")
    return axis % len(shape)


TRANSPOSE = StepKind(
    "transpose",
    ("pattern", "axes"),
    "PATTERN=AXES",
    "Transpose what a pattern matches and has so many dimensions, as in '*/kernel=1,0'.",
    _transpose,
    at_last,
)
SHAPE = StepKind(
    "shape",
    ("pattern", "shape"),
    "PATTERN=SHAPE",
    "Give the elements in C order another shape, as in 'w=2,-1', where -1 is what is left.",
    _shape,
    at_last,
)
DROP_AXIS = StepKind("drop-axis", ("pattern", "axis"), "PATTERN=AXIS", "Drop an axis of length 1.", _drop_axis, at_last)
SQUEEZE = StepKind("squeeze", ("pattern",), "PATTERN", "Drop all axes of length 1.", _squeeze)
ROWS = StepKind(
    "rows",
    ("pattern", "rows"),
    "PATTERN=START:STOP[@AXIS]",
    "Keep some rows, or others of an axis: 'logits/*=1:@-1' drops the first class.",
    _rows,
    at_last,
)
SWAP_BLOCKS = StepKind(
    "swap-blocks",
    ("pattern", "order"),
    "PATTERN=ORDER@AXIS",
    "Put equal blocks along an axis into another order, as gates: 'gru/*=1,0,2@-1'.",
    _swap_blocks,
    at_last,
)
