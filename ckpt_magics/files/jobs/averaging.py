"""The average of several checkpoints: each element is the mean of those in all of them, taken in float64."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, NotFoundError, visible
from ckpt_magics.files.directory.inventory import LISTED, UNLISTED, take_inventory
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.object_graph.groups import STEP, variable_group
from ckpt_magics.files.steps.casting import cast_array
from ckpt_magics.files.steps.lazy_tensor import Elementwise
from ckpt_magics.files.steps.stepped_tensors import Dropped, SteppedTensor, SteppedTensors
from ckpt_magics.files.storage.naming import split_step
from ckpt_magics.files.storage.place import AnyPath, place_of
from ckpt_magics.files.tensors.source import Array
from ckpt_magics.phrasing import amount, names_text

__all__ = ["averaged", "ema_factors", "last_checkpoints"]


_BLOCK = 1 << 16
"""Elements that are summed at a time: as float64 they stay in a core's cache."""


def averaged(sides: Sequence[SteppedTensors], factors: Sequence[float], *, common: bool = False) -> SteppedTensors:
    """Return the weighted mean of tensors of the same names, of which none is read yet.

    Floating and complex numbers are averaged in float64 or complex128 and rounded once to their dtype; integers,
    strings and steps are those of the newest.

    Args:
        sides: Tensors of each, the newest last.
        factors: How much each counts, by the same order.
        common: Leave out what not all of them have.

    Raises:
        InvalidArgumentError: Fewer than two; the factors are not as many, no numbers, or add up to nothing; or names,
            shapes or dtypes are not the same in all.
    """
    if len(sides) < 2:
        raise InvalidArgumentError("an average is of two checkpoints or more")
    _check_factors(factors, len(sides))
    newest = sides[-1]
    partial_names = _not_in_all(sides)
    if partial_names and not common:
        raise InvalidArgumentError(
            f"not all of them have {names_text(partial_names)}", hint="--common (common=True) leaves out such tensors."
        )
    kept = newest.kept([name for name in newest if name not in partial_names], "not all have it")
    gone = [Dropped(name, "not all have it") for name in partial_names if name not in newest]
    tensors = {name: _mean(name, [side[name] for side in sides], factors) for name in kept}
    return kept.with_tensors(tensors, gone)


def _check_factors(factors: Sequence[float], count: int) -> None:
    if len(factors) != count:
        raise InvalidArgumentError(f"{amount(len(factors), 'factor')} for {amount(count, 'checkpoint')}")
    total = math.fsum(factors)
    if not all(map(math.isfinite, factors)) or not math.isfinite(total) or total == 0:
        raise InvalidArgumentError("the factors are finite numbers that do not add up to 0")


def _not_in_all(sides: Sequence[SteppedTensors]) -> dict[str, None]:
    names = dict.fromkeys(name for side in sides for name in side)
    return {name: None for name in names if not all(name in side for side in sides)}


def _mean(name: str, tensors: Sequence[SteppedTensor], factors: Sequence[float]) -> SteppedTensor:
    newest = tensors[-1]
    dtype, shape = newest.values.dtype, newest.values.shape
    for tensor in tensors:
        if (tensor.values.dtype, tensor.values.shape) != (dtype, shape):
            raise InvalidArgumentError(
                f"{visible(name)} is {tensor.values.dtype.name} {format_shape(tensor.values.shape)} in one and "
                f"{dtype.name} {format_shape(shape)} in the newest"
            )
    if dtype.kind not in {"floating", "complex"} or variable_group(name) == STEP:
        return newest._replace(changes=(*newest.changes, "of the newest"))
    function = partial(_weighted, dtype=dtype, factors=factors, name=name)
    values = Elementwise([tensor.values for tensor in tensors], dtype, function)
    return newest.changed(values, f"mean of {len(tensors)}")


def _weighted(*arrays: Array, dtype: DType, factors: Sequence[float], name: str) -> Array:
    mean: Array = np.empty(arrays[0].shape, dtype.numpy)
    flat, sides = mean.reshape(-1), [array.reshape(-1) for array in arrays]
    wide: Array = np.empty(min(flat.size, _BLOCK), np.complex128 if dtype.kind == "complex" else np.float64)
    total = math.fsum(factors)
    for start in range(0, flat.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        sums = wide[: flat[block].size]
        _sum_into(sums, [side[block] for side in sides], factors)
        sums /= total
        flat[block] = _rounded(sums, dtype, name)
    return mean


def _sum_into(sums: Array, blocks: Sequence[Array], factors: Sequence[float]) -> None:
    """Put the weighted sum of blocks into an array of wider numbers."""
    # Infinities and NaN of the values are data.
    with np.errstate(invalid="ignore", over="ignore"):
        for number, (block, factor) in enumerate(zip(blocks, factors, strict=True)):
            # The dtypes of ml_dtypes are known to no operation with others.
            known = block if block.dtype.kind in "fc" else block.astype(sums.dtype)
            weighted = known if factor == 1 else np.multiply(known, factor, dtype=sums.dtype)
            if number:
                np.add(sums, weighted, out=sums)
            else:
                np.copyto(sums, weighted)


def _rounded(sums: Array, dtype: DType, name: str) -> Array:
    with np.errstate(invalid="ignore", over="ignore"):
        rounded = sums.astype(dtype.numpy)
        # What is finite fits, and so is all of it if its sum is; else it is to be found out what was so before.
        is_finite = np.isfinite(rounded.sum()) or np.isfinite(rounded).all()
    return rounded if is_finite else cast_array(sums, dtype.numpy, name)


def ema_factors(decay: float, count: int) -> list[float]:
    """Return how much each of some checkpoints counts in an exponential moving average that begins with the first.

    >>> ema_factors(0.5, 3)
    [0.25, 0.25, 0.5]

    Raises:
        InvalidArgumentError: The decay is not between 0 and 1.
    """
    if not 0 <= decay < 1:
        raise InvalidArgumentError(f"a decay is a number from 0 to less than 1, not {decay}")
    return [decay ** (count - 1), *((1 - decay) * decay ** (count - 1 - at) for at in range(1, count))]


def last_checkpoints(directory: AnyPath, count: int) -> list[str]:
    """Return the prefixes of the last whole checkpoints of a directory that are steps of one model, oldest first.

    Raises:
        NotFoundError: There is no such directory, or not so many are there.
    """
    place = place_of(directory)
    whole = [one for one in take_inventory(place).checkpoints if one.status in {LISTED, UNLISTED}]
    latest = next((one for one in whole if one.is_latest), whole[-1] if whole else None)
    stems = {one.prefix: split_step(one.prefix)[0] for one in whole}
    found = [] if latest is None else [one.prefix for one in whole if stems[one.prefix] == stems[latest.prefix]]
    if len(found) < count or count < 1:
        raise NotFoundError(
            f"{visible(place.name)} has {amount(len(found), 'whole checkpoint')} of one model, not {count}"
        )
    return found[-count:]
