"""What a kind of file cannot hold: said by name, with the step that helps, before anything is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.formats.dtypes import STRING, DType, as_dtype
from ckpt_magics.files.tensors.source import TensorSpec
from ckpt_magics.files.tensors.spec import dtype_family
from ckpt_magics.phrasing import names_text

__all__ = ["DTYPE_STEP", "EXCLUDE_STEP", "MAP_STEP", "Unheld", "check_held", "unheld_values"]

DTYPE_STEP, EXCLUDE_STEP, MAP_STEP = "dtype", "exclude", "map"
"""The words of the steps that make tensors fit: as another dtype, left out, under another name."""

_ENTRIES = {DTYPE_STEP: "NAME={}", EXCLUDE_STEP: "NAME", MAP_STEP: "NEW=NAME"}
"""What stands behind each word on a line."""


class Unheld(NamedTuple):
    """A tensor that a kind of file cannot hold.

    Attributes:
        name: Of the tensor, as it is stored.
        why: What of it cannot be held, as a noun in the plural.
        step: The word of the step that helps; empty of slices, which a conversion joins without any.
        value: What the step takes beside the name, such as the dtype to convert to; empty if nothing.
    """

    name: bytes
    why: str
    step: str = ""
    value: str = ""

    @property
    def advice(self) -> str:
        """What to do, as on a line."""
        return f"--{self.step} {_ENTRIES[self.step].format(self.value)}" if self.step else "whole tensors for slices"


def check_held(kind: str, unheld: Sequence[Unheld]) -> None:
    """Refuse what a kind of file cannot hold.

    Raises:
        UnimplementedError: There is such a thing; all of it is named, a few names and how many more of each.
    """
    if not unheld:
        return
    by_reason: defaultdict[str, list[bytes]] = defaultdict(list)
    for one in unheld:
        by_reason[one.why].append(one.name)
    reasons = "; ".join(f"{why} ({names_text(names)})" for why, names in by_reason.items())
    advice = ", ".join(dict.fromkeys(one.advice for one in unheld))
    raise UnimplementedError(f"{kind} cannot hold {reasons}", hint=f"What helps: {advice}.")


def unheld_values(specs: Sequence[TensorSpec], held: Collection[DType]) -> Iterator[Unheld]:
    """Yield the tensors that a kind of file cannot hold that has no slices, and no dtypes but some."""
    for spec in specs:
        if spec.slices and not (len(spec.slices) == 1 and spec.slices[0].is_full(spec.shape)):
            yield Unheld(spec.key, "slices")
        elif spec.dtype not in held:
            yield unheld_dtype(spec, held)


def unheld_dtype(spec: TensorSpec, held: Collection[DType]) -> Unheld:
    """Return that a tensor's dtype cannot be held, with the dtype to convert it to if there is one of its family."""
    why = "strings" if spec.dtype == STRING else f"values of {spec.dtype.name}"
    wanted = _nearest(spec.dtype, held) if spec.dtype.itemsize else None
    return Unheld(spec.key, why, EXCLUDE_STEP) if wanted is None else Unheld(spec.key, why, DTYPE_STEP, wanted.name)


def _nearest(dtype: DType, held: Collection[DType]) -> DType | None:
    """Return the smallest dtype that holds every value of another, or else the largest of its family; None without."""
    if dtype.is_quantized and as_dtype(dtype.numpy) in held:
        return as_dtype(dtype.numpy)
    family = dtype_family(dtype.numpy)
    found = [one for one in held if not one.is_quantized and dtype_family(one.numpy) == family]
    exact = [one for one in found if np.can_cast(dtype.numpy, one.numpy)]
    if exact:
        return min(exact, key=lambda one: (one.itemsize, one.is_unsigned != dtype.is_unsigned))
    return max(found, key=lambda one: one.itemsize, default=None)


def unheld_text_names(specs: Sequence[TensorSpec], reserved: Collection[bytes] = ()) -> Iterator[Unheld]:
    """Yield the tensors whose names are no UTF-8, or among those that mean something else in a kind of file."""
    for spec in specs:
        if spec.key in reserved:
            yield Unheld(spec.key, "names that mean something else there", MAP_STEP)
        elif not _is_utf8(spec.key):
            yield Unheld(spec.key, "names that are no UTF-8", MAP_STEP)


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
