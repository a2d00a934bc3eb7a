"""The change to a refused restore that makes it work, tried out before it is offered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from ckpt_magics.saver.conversion import can_cast, can_reshape
from ckpt_magics.saver.plan import Planner, RestoreOptions
from ckpt_magics.saver.report import Problem, RestoreFix

__all__ = ["find_fix", "with_fix"]

# More names than this are not typed into a call; `partial` leaves out all that is missing.
MAX_EXCLUDED = 6


def find_fix(
    planner: Planner,
    options: RestoreOptions,
    shapes: dict[str, tuple[int, ...]],
    plan: Callable[[RestoreOptions], Planner],
) -> RestoreFix | None:
    """Return what to add to the options so that the restore works, or None when nothing helps.

    Args:
        planner: The plan with problems.
        options: Its options.
        shapes: Shape of every stored tensor.
        plan: Makes a plan with other options, for trying.
    """
    mapping = _renames(planner.problems, shapes)
    for renames in (_by_scope(mapping), mapping):
        fix = _first_try(planner.problems, renames, shapes)
        for _ in range(3):
            attempt = plan(with_fix(options, fix))
            if not attempt.problems:
                return fix if attempt.matches else None
            fix = _without(fix, attempt.problems)
    return None


def with_fix(options: RestoreOptions, fix: RestoreFix) -> RestoreOptions:
    """Return the options with the fix in them."""
    return replace(
        options,
        mapping={**options.mapping, **fix.mapping},
        exclude=tuple(dict.fromkeys((*options.exclude, *fix.exclude))),
        transpose={**options.transpose, **fix.transpose},
        reshape=options.reshape or fix.reshape,
        cast=options.cast or fix.cast,
        partial=options.partial or fix.partial,
    )


def _renames(problems: Sequence[Problem], shapes: dict[str, tuple[int, ...]]) -> dict[str, str]:
    """A stored name of its own for each missing one, where one is near and fits."""
    renames: dict[str, str] = {}
    for problem in problems:
        if problem.kind != "missing":
            continue
        for name in problem.nearest:
            shape = shapes[name]
            fits = problem.spec.accepts_shape(shape) or can_reshape(problem.spec, shape)
            if fits and name not in renames.values():
                renames[problem.name] = name
                break
    return renames


def _by_scope(renames: dict[str, str]) -> dict[str, str]:
    """The same renames with those that only change the scope, twice or more in the same way, as one."""
    scopes = {new: _scopes(new, old) for new, old in renames.items()}
    counts = Counter(scopes.values())
    shared = {pair for pair in scopes.values() if pair is not None and counts[pair] > 1}
    return dict(sorted(shared)) | {new: old for new, old in renames.items() if scopes[new] not in shared}


def _scopes(new: str, old: str) -> tuple[str, str] | None:
    """The scopes that differ when both names end alike, or None."""
    news, olds = new.split("/"), old.split("/")
    while news and olds and news[-1] == olds[-1]:
        news.pop()
        olds.pop()
    if len(news) == new.count("/") + 1:
        return None
    return "/".join([*news, ""]) or "/", "/".join([*olds, ""]) or "/"


def _first_try(problems: Sequence[Problem], renames: dict[str, str], shapes: dict[str, tuple[int, ...]]) -> RestoreFix:
    fix = RestoreFix(mapping=renames)
    for problem in problems:
        if problem.name in renames:
            shape = shapes[renames[problem.name]]
            fix = replace(fix, reshape=fix.reshape or not problem.spec.accepts_shape(shape))
        elif problem.kind != "missing":
            fix = _without(fix, [problem])
    return fix


def _without(fix: RestoreFix, problems: Sequence[Problem]) -> RestoreFix:
    """Permit what can be converted; leave out what is hopeless."""
    excluded: list[str] = []
    missing = [problem.name for problem in problems if problem.kind == "missing"]
    for problem in problems:
        shape, dtype = problem.stored_shape, problem.stored_dtype
        if problem.kind == "shape" and shape is not None and not fix.reshape and can_reshape(problem.spec, shape):
            fix = replace(fix, reshape=True)
        elif problem.kind == "dtype" and dtype is not None and not fix.cast and can_cast(problem.spec, dtype):
            fix = replace(fix, cast=True)
        elif problem.kind not in {"pattern", "map"} and not (problem.kind == "missing" and len(missing) > MAX_EXCLUDED):
            excluded.append(problem.name)
    partial = fix.partial or len(missing) > MAX_EXCLUDED
    return replace(fix, exclude=tuple(dict.fromkeys((*fix.exclude, *excluded))), partial=partial)
