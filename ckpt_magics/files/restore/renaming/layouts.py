"""Which of some tensors to transpose: those whose shapes say so, and the square ones of their kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ckpt_magics.files.restore.renaming.fitting import Fit, fit
from ckpt_magics.files.restore.renaming.forms import form_of
from ckpt_magics.files.restore.renaming.sides import SideTensor
from ckpt_magics.files.steps.transposition import Axes, axes_between, permuted

__all__ = ["Layouts", "layouts_of"]

Match = tuple[SideTensor, SideTensor]
# The names of a kernel in PyTorch and in TensorFlow, whose orders of dimensions differ.
_TORCH = "weight"
_TENSORFLOW = {"kernel", "weights", "w"}


@dataclass(frozen=True)
class Layouts:
    """What to transpose.

    Attributes:
        axes: Axes by name in the program.
        by_kind: Names among them whose shapes don't tell, and that others of their kind tell for.
        untold: Names whose shapes don't tell, where nothing else does.
    """

    axes: Mapping[str, Axes] = field(default_factory=dict)
    by_kind: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()


def layouts_of(matches: Iterable[Match]) -> Layouts:
    """Return what to transpose of what is wanted and the stored tensors that it is restored from."""
    kinds: dict[tuple[str, str], list[Match]] = {}
    for wanted, stored in matches:
        if wanted.shape is not None and len(wanted.shape) > 1:
            kinds.setdefault((_last(wanted), _last(stored)), []).append((wanted, stored))
    axes: dict[str, Axes] = {}
    by_kind: list[str] = []
    untold: list[str] = []
    for kind, members in kinds.items():
        told = {wanted.name: found for wanted, stored in members if (found := _told(wanted, stored)) is not None}
        squares = _squares(members, _axes_by_rank(told.values()))
        axes |= told
        if told and not _any_straight(members):
            axes |= squares
            by_kind += squares
        elif not told and not _any_straight(members) and _is_torch_beside_tensorflow(kind):
            untold += squares
    return Layouts(axes, tuple(by_kind), tuple(untold))


def _last(tensor: SideTensor) -> str:
    form = form_of(tensor.called or tensor.name)
    return form[-1].base if form else ""


def _shape(tensor: SideTensor) -> tuple[int, ...]:
    return tuple(length or 0 for length in tensor.shape or ())


def _told(wanted: SideTensor, stored: SideTensor) -> Axes | None:
    """The axes that two different shapes tell."""
    if fit(wanted.shape, _shape(stored)) is not Fit.TRANSPOSED:
        return None
    return axes_between(
        _shape(stored), wanted.shape, depthwise="depthwise" in wanted.name or "depthwise" in stored.name
    )


def _axes_by_rank(told: Iterable[Axes]) -> dict[int, Axes]:
    """The axes for each number of dimensions; a matrix has only one way."""
    return {2: (1, 0)} | {len(axes): axes for axes in told}


def _squares(members: Sequence[Match], axes_by_rank: Mapping[int, Axes]) -> dict[str, Axes]:
    """Members whose shape stays the same when it is transposed."""
    found: dict[str, Axes] = {}
    for wanted, stored in members:
        axes = axes_by_rank.get(len(_shape(stored)))
        if axes is not None and wanted.shape == stored.shape == permuted(_shape(stored), axes):
            found[wanted.name] = axes
    return found


def _any_straight(members: Sequence[Match]) -> bool:
    """Whether a matrix that is no square fits as it is: then nothing speaks for transposing the squares."""
    return any(wanted.shape == stored.shape and len(set(_shape(stored)[-2:])) > 1 for wanted, stored in members)


def _is_torch_beside_tensorflow(kind: tuple[str, str]) -> bool:
    new, old = kind
    return (new == _TORCH and old in _TENSORFLOW) or (old == _TORCH and new in _TENSORFLOW)
