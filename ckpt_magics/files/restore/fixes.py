"""The change to a refused restore that makes it work: found by rules, tried out before it is offered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ckpt_magics.files.object_graph.groups import OPTIMIZER_SLOT, STEP, variable_group
from ckpt_magics.files.restore.plan import Planner
from ckpt_magics.files.restore.renaming.choice import Renaming, find_renaming
from ckpt_magics.files.restore.renaming.fitting import Fit, fit
from ckpt_magics.files.restore.renaming.layouts import Layouts, layouts_of
from ckpt_magics.files.restore.renaming.sides import SideTensor
from ckpt_magics.files.restore.restore_options import RestoreOptions
from ckpt_magics.files.restore.restore_report import RestoreFix
from ckpt_magics.files.restore.stored import StoredTensors
from ckpt_magics.files.steps.compact_maps import compact_map, compact_patterns
from ckpt_magics.files.steps.conversion import can_cast
from ckpt_magics.files.steps.transposition import Axes
from ckpt_magics.files.tensors.spec import Spec, dtype_family
from ckpt_magics.phrasing import names_text

__all__ = ["Advice", "find_advice"]

# More names than this are not typed into a call; `partial` leaves out all that is missing.
MAX_EXCLUDED = 6
# What lies in these groups is no model: a restore of nothing else is no restore.
_ASIDE = {STEP, OPTIMIZER_SLOT}
# Problems of the user's own words, which no other word mends.
_OF_WORDS = {"pattern", "map", "transpose", "tied"}
# Casts that a rule of renaming may need: a number becomes one of another precision, not of another kind.
_NUMBERS = {"integer", "floating", "complex", "boolean"}


@dataclass(frozen=True, slots=True)
class Advice:
    """What to say of a refused restore.

    Attributes:
        fix: What to add to make it work, or None.
        new_here: Names that the fix leaves alone because nothing in the checkpoint is theirs.
        alternatives: Rules of renaming that fit equally well, of which the user has to choose one.
        notes: What else to know of the fix.
    """

    fix: RestoreFix | None = None
    new_here: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_advice(planner: Planner, plan: Callable[[RestoreOptions], Planner]) -> Advice:
    """Return what makes a refused restore work.

    A name is given another tensor only where a rule of renaming says so; the others are left out.

    Args:
        planner: The plan with problems.
        plan: Makes a plan with other options, for trying.
    """
    stored, options = planner.matching.stored, planner.matching.options
    renaming = _renaming(planner, stored)
    alternatives = _alternatives(renaming, stored)
    if renaming.is_doubtful or any(problem.kind in _OF_WORDS for problem in planner.problems):
        return Advice(alternatives=alternatives)
    intention = _intention(planner, renaming, stored)
    if _restores_a_model(intention, planner):
        for fix in _fixes(intention, planner):
            if _does(plan(options.with_fix(fix)), intention):
                missing = tuple(name for name in intention.left if name not in planner.there)
                return Advice(fix, missing, alternatives, _notes(intention.layouts))
    return Advice(alternatives=alternatives)


@dataclass(frozen=True, slots=True)
class _Intention:
    """What the restore is to do.

    Attributes:
        origins: Stored name by name in the program.
        renamed: Those of them that have another origin than the plan without the fix gives them.
        left: Names that keep their values.
        layouts: What to transpose.
        reshape: Whether some shape changes otherwise.
        cast: Whether some dtype changes.
    """

    origins: dict[str, str]
    renamed: dict[str, str]
    left: tuple[str, ...]
    layouts: Layouts
    reshape: bool
    cast: bool


def _renaming(planner: Planner, stored: StoredTensors) -> Renaming:
    wanted = [_wanted_tensor(name, spec) for name, spec in planner.wanted.items()]
    names = stored.full_names()
    kept = [
        SideTensor(name, stored.shapes[name], dtype_family(stored.dtypes[name]), names.get(name, "")) for name in stored
    ]
    settled = [name for name, old in planner.there.items() if _is_fitting(planner.wanted[name], old, stored)]
    return find_renaming(wanted, kept, planner.there, settled)


def _alternatives(renaming: Renaming, stored: StoredTensors) -> tuple[str, ...]:
    """Renamings that contradict each other, each as the map that it is."""
    texts = [_map_text(compact_map(names, names, list(stored))) for names in renaming.alternatives]
    as_they_are = ["the names as they are, without those that are missing"] if renaming.is_doubtful else []
    return tuple(dict.fromkeys([*as_they_are, *texts]))


def _map_text(entries: Mapping[str, str]) -> str:
    return names_text([f"{new}={old}" for new, old in entries.items()], MAX_EXCLUDED, joint="  ")


def _wanted_tensor(name: str, spec: Spec) -> SideTensor:
    return SideTensor(name, spec.shape, spec.wanted_family)


def _is_fitting(spec: Spec, old: str, stored: StoredTensors) -> bool:
    """Whether a stored tensor can go to a place, converted if need be."""
    dtype = stored.dtypes[old]
    is_alike = spec.accepts_dtype(dtype) or (can_cast(spec, dtype) and dtype_family(dtype) in _NUMBERS)
    return not spec.obstacle and is_alike and fit(spec.shape, stored.shapes[old]) is not Fit.DIFFERENT


def _intention(planner: Planner, renaming: Renaming, stored: StoredTensors) -> _Intention:
    asked = {**planner.there, **renaming.names}
    origins = {name: old for name, old in asked.items() if _is_fitting(planner.wanted[name], old, stored)}
    matches = [
        (_wanted_tensor(name, planner.wanted[name]), SideTensor(old, stored.shapes[old], ""))
        for name, old in origins.items()
    ]
    layouts = layouts_of(matches)
    straight = {name: old for name, old in origins.items() if name not in layouts.axes}
    return _Intention(
        origins,
        {name: old for name, old in origins.items() if planner.there.get(name) != old},
        tuple(name for name in planner.wanted if name not in origins),
        layouts,
        any(not planner.wanted[name].accepts_shape(stored.shapes[old]) for name, old in straight.items()),
        any(not planner.wanted[name].accepts_dtype(stored.dtypes[old]) for name, old in origins.items()),
    )


def _restores_a_model(intention: _Intention, planner: Planner) -> bool:
    """Whether anything of the model is restored, if any of it is wanted: a step alone would look like a restore."""
    if not intention.origins:
        return False
    is_wanted = any(variable_group(name) not in _ASIDE for name in planner.wanted)
    return not is_wanted or any(variable_group(old) not in _ASIDE for old in intention.origins.values())


def _fixes(intention: _Intention, planner: Planner) -> Iterator[RestoreFix]:
    """The ways to say what is intended, the shortest first; patterns may mean more than what they are meant for."""
    stored = planner.matching.stored
    ranks: dict[int, set[str]] = {}
    for name, old in intention.origins.items():
        ranks.setdefault(len(stored.shapes[old]), set()).add(name)
    homeless = [one.name for one in planner.problems if one.kind == "place" and one.name not in planner.wanted]
    missing = [name for name in intention.left if name not in planner.there and not planner.matching.options.partial]
    others = [name for name in intention.left if name in planner.there]
    few = len(missing) + len(others) + len(homeless) <= MAX_EXCLUDED
    if few:
        kept = {*missing, *others}
        left = [*(name for name in intention.left if name in kept), *homeless]
    else:
        left = compact_patterns(set(others), {*planner.wanted, *stored})
    compact = RestoreFix(
        compact_map(intention.renamed, intention.origins, list(stored)),
        tuple(left),
        _patterns(intention.layouts.axes, ranks),
        intention.reshape,
        intention.cast,
        not few and bool(missing or homeless),
    )
    plain = replace(compact, transpose=dict(intention.layouts.axes), mapping=dict(intention.renamed))
    # What is left out takes its slots along; where these are wanted, leaving out what is missing is the better way.
    partial = replace(plain, exclude=tuple(others), partial=bool(missing or homeless))
    yield from (compact, replace(compact, mapping=plain.mapping), plain, partial)


def _patterns(axes: Mapping[str, Axes], ranks: Mapping[int, set[str]]) -> dict[str, Axes]:
    found: dict[str, Axes] = {}
    for way in dict.fromkeys(axes.values()):
        names = {name for name, one in axes.items() if one == way}
        found |= dict.fromkeys(compact_patterns(names, ranks[len(way)]), way)
    return found


def _does(attempt: Planner, intention: _Intention) -> bool:
    """Whether a plan does what is intended, and nothing else to what is wanted."""
    planned = {match.tensor.name: match for match in attempt.matches}
    if attempt.problems or any(name in planned for name in intention.left):
        return False
    return all(
        name in planned
        and planned[name].tensor.stored == old
        and planned[name].axes == intention.layouts.axes.get(name)
        for name, old in intention.origins.items()
    )


def _notes(layouts: Layouts) -> tuple[str, ...]:
    notes: list[str] = []
    if layouts.by_kind:
        notes.append(f"Square, so transposed as the others of their kind: {names_text(layouts.by_kind)}.")
    if layouts.untold:
        notes.append(
            "Square, so no shape tells whether their dimensions are in PyTorch's order, which is the other one: "
            f"{names_text(layouts.untold)}."
        )
    return tuple(notes)
