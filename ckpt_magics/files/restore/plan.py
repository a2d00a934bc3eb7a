"""A restore thought through before anything is read: what goes where, and everything that stands against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ckpt_magics.errors import visible
from ckpt_magics.files.objects.ties import Tie, agree, ties_of
from ckpt_magics.files.objects.tree import Node
from ckpt_magics.files.restore.map_problems import heads_text, map_problems
from ckpt_magics.files.restore.matching import NameMatching
from ckpt_magics.files.restore.places import Places
from ckpt_magics.files.restore.restore_options import RestoreOptions
from ckpt_magics.files.restore.restore_report import Problem, RestoredTensor, shape_problem_text
from ckpt_magics.files.restore.stored import StoredTensors
from ckpt_magics.files.steps.conversion import can_cast, can_reshape, converted
from ckpt_magics.files.steps.patterns import EXPRESSION, Names, Pattern
from ckpt_magics.files.steps.transposition import Axes, Transposes, permuted
from ckpt_magics.files.tensors.spec import Array, Spec, dtype_text, shape_text
from ckpt_magics.files.tensors.suggestions import Suggester
from ckpt_magics.phrasing import names_text

__all__ = ["Match", "Planner"]

# Suggestions for more names than anyone reads would take long in a checkpoint of many thousands.
MAX_SUGGESTED = 20


@dataclass(frozen=True, slots=True)
class Match:
    """A place and the stored tensor that goes there, with its dimensions permuted by ``axes`` unless that is None."""

    node: Node
    spec: Spec
    tensor: RestoredTensor
    axes: Axes | None = None

    def value(self, stored: StoredTensors, options: RestoreOptions) -> Array:
        """Read the stored tensor, in the shape and dtype of the place.

        Raises:
            CheckpointError: It is damaged, or does not fit.
        """
        array = stored.read(self.tensor.stored)
        if self.axes is not None:
            array = np.ascontiguousarray(array.transpose(self.axes))
        return converted(array, self.spec, self.tensor.name, reshape=options.reshape, cast=options.cast)


class Planner:
    """Matches the places of a tree with stored tensors.

    Args:
        matching: Which stored tensor a name comes from.
        root: The places; the tree gains a node for every tensor that has no place yet and may get one.
        suggest: Look for what missing names may have meant.

    Attributes:
        matching: As given.
        root: As given.
        matches: What would be restored.
        problems: What stands against it.
        left_alone: Places that are left out.
        unused: Stored tensors that go nowhere.
        new_here: Places that are left out and that the checkpoint has nothing for.
        lost: Places that are left out because the checkpoint's listing is damaged where their tensors may have been.
        wanted: What each place that was asked about accepts, by name.
        there: Stored name by name, of those that are in the checkpoint.
        ties: Places that are one.
    """

    def __init__(self, matching: NameMatching, root: Node, *, suggest: bool = True) -> None:
        self.matching = matching
        self.root = root
        self._stored = matching.stored
        self._options = matching.options
        self._places = Places(root, matching.origins, add_new=self._options.add_new)
        self._leaves = self._places.leaves
        self._origins = {name: matching.origin(name) for name in [*self._leaves, *self._places.homeless]}
        names = matching.named(self._origins)
        self._transposes = Transposes(self._options.transpose, names)
        self.matches: list[Match] = []
        self.problems: list[Problem] = []
        self.left_alone: list[str] = []
        self.lost: list[str] = []
        self.ties: list[Tie] = []
        selected = self._selected(names)
        given = (name for name in selected if name in self._leaves and name in self._places.given)
        self.wanted = {name: self._leaves[name].spec for name in given}
        self.there = {name: self._origins[name] for name in self.wanted if self._origins[name] in self._stored}
        self._match_all(selected)
        self._refuse_idle(suggest=suggest)
        used = {match.tensor.stored for match in self.matches} | {problem.stored for problem in self.problems}
        self.unused = [name for name in self._stored if name not in used]
        absent = (name for name in self.left_alone if self._origins[name] not in self._stored)
        lost = set(self.lost)
        self.new_here = [name for name in absent if name not in lost]
        if not self.problems:
            self._refuse_ties()
        if suggest:
            self._suggest()

    # Selection

    def _selected(self, names: Names) -> list[str]:
        """The names that are chosen, without the places that are kept because of damage."""
        choice = self.matching.selection.choose(names)
        chosen = set(choice.names)
        others = [name for name in self._leaves if name not in chosen]
        self.left_alone += [name for name in others if self._leaves[name].value is not None]
        for pattern in choice.idle:
            is_name = pattern in self._options.include and Pattern(pattern).is_plain
            self._problem("missing" if is_name else "pattern", pattern, Spec())
        self.lost = [name for name in choice.names if name in self._leaves and self._is_lost(name)]
        self.left_alone += self.lost
        lost = set(self.lost)
        return [name for name in choice.names if name not in lost]

    def _is_lost(self, name: str) -> bool:
        """Whether a place keeps its value because of damage, which is not to be taken for absence."""
        origin = self._origins[name]
        return self._options.damaged and origin not in self._stored and self._stored.may_have_lost(origin)

    def _refuse_idle(self, *, suggest: bool) -> None:
        """Refuse axes and entries of the map that do nothing, these in place of what is missing because of them."""
        for pattern in self._transposes.idle:
            text = f"it matches nothing of {self._transposes.rank(pattern)} dimensions"
            self._problem("transpose", pattern, Spec(), text)
        names, is_open = self.matching.map, self._options.add_new
        kept = [
            problem
            for problem in self.problems
            if not (problem.kind == "missing" and any(entry.covers(problem.name) for entry in names.without_old))
        ]
        new = [*self._leaves, *(self._places.homeless if is_open else ())]
        self.problems = [*map_problems(names, new, self._stored.shapes, is_open=is_open, suggest=suggest), *kept]

    def _refuse_ties(self) -> None:
        """Refuse values that differ for places that are one; only they are read for it."""
        matches = {match.node: match for match in self.matches}
        self.ties = ties_of(self.root, matches)
        for tie in self.ties:
            try:
                arrays = {node.name: matches[node].value(self._stored, self._options) for node in tie.nodes}
            except Exception:  # noqa: BLE001, S112 - whatever a source or a place raises is said when all is read
                continue
            if not agree(tie, arrays):
                others, last = names_text(tie.names[:-1]), tie.nodes[-1]
                how = "is one array with" if tie.is_one else "shares memory with"
                text = f"it {how} {others} here, and what is stored differs; exclude all but one of them"
                self._problem("tied", last.name, last.spec, text)

    # Matching

    def _match_all(self, selected: Sequence[str]) -> None:
        homeless = self._places.homeless
        for name in selected:
            if name in self._leaves:
                self._match(self._leaves[name])
            elif name in homeless and self._options.add_new and not self._options.partial:
                self._problem("place", name, Spec(), homeless[name])
        self.wanted |= {problem.name: problem.spec for problem in self.problems if problem.kind == "missing"}

    def _match(self, node: Node) -> None:
        stored, spec = self._origins[node.name], node.spec
        if stored not in self._stored:
            if self._options.partial:
                self.left_alone.append(node.name)
            else:
                self._problem("missing", node.name, spec)
            return
        shape, dtype = self._stored.shapes[stored], self._stored.dtypes[stored]
        changes: list[str] = []
        fits = True
        axes = self._transposes.axes(node.name, len(shape))
        if axes is not None:
            shape = permuted(shape, axes)
            changes.append(f"transposed to {shape_text(shape)}")
        if spec.obstacle:
            self._problem("place", node.name, spec, spec.obstacle)
            fits = False
        if not spec.accepts_shape(shape):
            if self._options.reshape and can_reshape(spec, shape):
                changes.append(f"reshaped to {shape_text(spec.shape)}")
            else:
                self._problem("shape", node.name, spec, shape_problem_text(spec, shape))
                fits = False
        if not spec.accepts_dtype(dtype):
            wanted = dtype_text(spec.dtype) if spec.dtype is not None else spec.family
            if self._options.cast and can_cast(spec, dtype):
                changes.append(f"cast to {wanted}")
            else:
                text = f"its dtype is {wanted} here, {dtype_text(dtype)} in the checkpoint"
                self._problem("dtype", node.name, spec, text)
                fits = False
        if fits:
            how = "in place" if node.in_place else "new" if node.value is None else "replaced"
            size = self._stored.size(stored)
            tensor = RestoredTensor(node.name, stored, self._stored.shapes[stored], dtype, size, tuple(changes), how)
            self.matches.append(Match(node, spec, tensor, axes))

    @property
    def passed_over(self) -> list[str]:
        """Names that a pattern of the map fits, and that come from their own for want of what it makes of them."""
        names = (match.tensor.name for match in self.matches)
        return [name for name in names if self.matching.map.passed_over(name) is not None]

    # Problems

    def _problem(self, kind: str, name: str, spec: Spec, text: str = "") -> None:
        stored = self._origins.get(name) or self.matching.origin(name)
        shape, dtype = self._stored.shapes.get(stored), self._stored.dtypes.get(stored)
        self.problems.append(Problem(kind, name, stored, spec, text, shape, dtype))

    def _suggest(self) -> None:
        """Give the missing their nearest names, and their text."""
        if not any(problem.kind in {"missing", "pattern"} for problem in self.problems):
            return
        used = {match.tensor.stored for match in self.matches}
        suggester = Suggester(self._stored.shapes, frozenset(used))
        suggested = 0
        for position, problem in enumerate(self.problems):
            if problem.kind not in {"missing", "pattern"}:
                continue
            suggested += 1
            near = suggester.nearest(problem.stored, _fits(problem.spec)) if suggested <= MAX_SUGGESTED else []
            text = self._missing_text(problem, near)
            self.problems[position] = replace(problem, nearest=tuple(near), text=text)

    def _missing_text(self, problem: Problem, near: Sequence[str]) -> str:
        if problem.kind == "pattern":
            text = "the pattern matches nothing"
            if problem.name.startswith(EXPRESSION):
                text += "; a regular expression has to match whole names"
            if not near:
                text += f"; the checkpoint has {heads_text(self._stored)}"
        else:
            name = "" if problem.stored == problem.name else f" as {visible(problem.stored)}"
            text = f"it is not in the checkpoint{name}"
            if self._stored.may_have_lost(problem.stored):
                text = f"it may be lost{name}: the checkpoint's listing is damaged where it would stand"
                near = []
        if str(problem.spec):
            text += f"; here it is {problem.spec}"
        shown = [
            f"{visible(name)} ({dtype_text(self._stored.dtypes[name])} {shape_text(self._stored.shapes[name])})"
            for name in near
        ]
        return f"{text}; nearest: {', '.join(shown)}" if shown else text


def _fits(spec: Spec | None) -> Callable[[tuple[int, ...]], bool] | None:
    return None if spec is None or spec.shape is None else spec.accepts_shape
