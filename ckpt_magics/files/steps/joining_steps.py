"""The steps that make several tensors of one, and one of several."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.steps.lazy_tensor import Joined
from ckpt_magics.files.steps.shaping_steps import blocks_of, part_along, value_and_axis
from ckpt_magics.files.steps.step import Step, StepKind, at_first, whole_numbers
from ckpt_magics.files.steps.stepped_tensors import SteppedTensor, SteppedTensors, collision

__all__ = ["JOIN", "SPLIT"]


class _Template:
    """A name with stars and at most one ``#``, which is a number: ``*/weights_#``."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts = [part for part in re.split(r"([*#])", text) if part]
        groups = {"*": "(.*)", "#": "(?P<number>[0-9]+)"}
        self._expression = re.compile("".join(groups.get(part, re.escape(part)) for part in self._parts), re.DOTALL)

    @property
    def is_numbered(self) -> bool:
        return "#" in self._parts

    @property
    def stars(self) -> int:
        return self._parts.count("*")

    def match(self, name: str) -> tuple[tuple[str, ...], int | None] | None:
        """Return what the stars and the number stand for in a name; None if it does not match."""
        found = self._expression.fullmatch(name)
        if found is None:
            return None
        signs = [part for part in self._parts if part in "*#"]
        texts = list(zip(signs, found.groups(), strict=True))
        number = next((int(text) for sign, text in texts if sign == "#"), None)
        return tuple(text for sign, text in texts if sign == "*"), number

    def filled(self, stars: Sequence[str], number: int | None = None) -> str:
        """Return the name in which they stand for these."""
        left = iter(stars)
        return "".join(next(left) if part == "*" else str(number) if part == "#" else part for part in self._parts)


def _split(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    for news, old in step.pairs:
        text, _, where = old.partition("@")
        template = _Template(text)
        targets = [_Template(part) for part in news.split(",")]
        _check_stars(targets, template)
        found = {name: match[0] for name in tensors if (match := template.match(name)) is not None}
        if not found and not step.may_miss:
            raise tensors.no_match([text])
        parts: dict[str, SteppedTensor] = {}
        for name, stars in found.items():
            for new, part in _parts(name, tensors[name], where, targets, stars):
                if new in parts:
                    raise collision(new, name, name)
                parts[new] = part
        kept = {name: one for name, one in tensors.items() if name not in found}
        tensors = tensors.with_tensors(kept).joined_by(parts)
    return tensors


def _parts(
    name: str, tensor: SteppedTensor, where: str, targets: Sequence[_Template], stars: Sequence[str]
) -> list[tuple[str, SteppedTensor]]:
    """The parts of a tensor by name; ``where`` is an axis, and perhaps a colon and sizes."""
    axis_text, _, sizes_text = where.partition(":")
    _, axis = value_and_axis(name, tensor.values.shape, f"@{axis_text}" if axis_text else name)
    sizes = _sizes(name, tensor.values.shape, axis, sizes_text) if sizes_text else []
    names = [target.filled(stars) for target in targets]
    if targets[0].is_numbered:
        count = sizes[0] if len(sizes) == 1 else len(sizes)
        names = [targets[0].filled(stars, number) for number in range(count)]
        sizes = [] if len(sizes) == 1 else sizes
    if not sizes:
        blocks = blocks_of(name, tensor.values, len(names), axis)
    elif len(sizes) == len(names) and sum(sizes) == tensor.values.shape[axis] and min(sizes) >= 0:
        starts = [sum(sizes[:at]) for at in range(len(sizes))]
        blocks = [
            part_along(tensor.values, axis, start, start + size) for start, size in zip(starts, sizes, strict=True)
        ]
    else:
        raise InvalidArgumentError(
            f"{visible(name)} {format_shape(tensor.values.shape)} is not made of {len(names)} parts of {sizes_text} "
            f"elements along axis {axis}"
        )
    return [
        (new, tensor.changed(block, f"part {at + 1} of {len(names)} along axis {axis}"))
        for at, (new, block) in enumerate(zip(names, blocks, strict=True))
    ]


def _sizes(name: str, shape: tuple[int, ...], axis: int, text: str) -> list[int]:
    """The sizes that a text says: numbers, shares of the last axis as ``1/4``, and -1 for what is left."""
    sizes: list[int] = []
    for part in text.split(","):
        share, slash, count = part.partition("/")
        size = whole_numbers(share, "sizes")[0]
        if slash:
            blocks = whole_numbers(count, "sizes")[0]
            if blocks < 1 or shape[-1] % blocks:
                raise InvalidArgumentError(f"{visible(name)} {format_shape(shape)} has no {part} of its last axis")
            size *= shape[-1] // blocks
        sizes.append(size)
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = shape[axis] - sum(sizes) - 1
    return sizes


def _join(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    for new, olds in step.pairs:
        text, _, axis = olds.rpartition("@") if "@" in olds else (olds, "", "")
        target, parts = _Template(new), [_Template(part) for part in text.split(",")]
        _check_stars([target], parts[0])
        _check_stars(parts, parts[0])
        groups = _groups(tensors, parts)
        if not groups and not step.may_miss:
            raise tensors.no_match([text])
        joined = {target.filled(stars): _joined(tensors, names, axis) for stars, names in groups.items()}
        used = {name for names in groups.values() for name in names}
        kept = {name: one for name, one in tensors.items() if name not in used}
        tensors = tensors.with_tensors(kept).joined_by(joined)
    return tensors


def _groups(tensors: SteppedTensors, parts: Sequence[_Template]) -> dict[tuple[str, ...], list[str]]:
    """The names that belong together, in order, by what their stars stand for."""
    found: dict[tuple[str, ...], dict[int, str]] = {}
    for at, part in enumerate(parts):
        for name in tensors:
            match = part.match(name)
            if match is not None:
                stars, number = match
                found.setdefault(stars, {})[at if number is None else number] = name
    is_numbered = parts[0].is_numbered
    for stars, names in found.items():
        wanted = range(len(names)) if is_numbered else range(len(parts))
        missing = next((number for number in wanted if number not in names), None)
        if missing is not None:
            name = parts[0 if is_numbered else missing].filled(stars, missing)
            raise InvalidArgumentError(f"{visible(name)} is not there, which is to be joined with the others")
    return {stars: [names[number] for number in sorted(names)] for stars, names in found.items()}


def _joined(tensors: SteppedTensors, names: Sequence[str], axis_text: str) -> SteppedTensor:
    parts = [tensors[name] for name in names]
    values = [part.values for part in parts]
    _, axis = value_and_axis(names[0], values[0].shape, f"@{axis_text}" if axis_text else names[0])
    for name, part in zip(names, values, strict=True):
        first = values[0]
        rest = [shape[:axis] + shape[axis + 1 :] for shape in (first.shape, part.shape)]
        if part.dtype != first.dtype or len(part.shape) != len(first.shape) or rest[0] != rest[1]:
            raise InvalidArgumentError(
                f"{visible(name)} ({part.dtype.name} {format_shape(part.shape)}) does not fit behind "
                f"{visible(names[0])} ({first.dtype.name} {format_shape(first.shape)}) along axis {axis}"
            )
    origins = tuple(origin for part in parts for origin in part.origins)
    return SteppedTensor(Joined(values, axis), origins, (*parts[0].changes, f"joined along axis {axis}"))


def _check_stars(templates: Sequence[_Template], other: _Template) -> None:
    for template in templates:
        if template.stars != other.stars:
            raise InvalidArgumentError(
                f"{visible(template.text)} and {visible(other.text)} have not as many *; each stands for the same text "
                "in both"
            )


SPLIT = StepKind(
    "split",
    ("to", "from"),
    "NEW,NEW…=OLD@AXIS[:SIZE,SIZE…]",
    "Cut a tensor into parts along an axis, equal ones unless sizes are given: '*/q,*/k,*/v=*/qkv@1', or with numbers "
    "'w_#=w@0:4'. A size of 1/4 is a quarter of the last axis' length, and -1 what is left.",
    _split,
    at_first,
)
JOIN = StepKind(
    "join",
    ("to", "from"),
    "NEW=OLD,OLD…@AXIS",
    "Join tensors along an axis, '*/qkv=*/q,*/k,*/v@1'; a # stands for all numbers in order: 'w=w_#@0'.",
    _join,
    at_first,
)
