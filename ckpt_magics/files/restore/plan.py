"""A restore thought through before anything is read: what goes where, and everything that stands against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ckpt_magics.errors import visible
from ckpt_magics.files.objects.containers import container_kind
from ckpt_magics.files.objects.leaves import NEW_VALUE
from ckpt_magics.files.objects.ties import Tie, agree, ties_of
from ckpt_magics.files.objects.tree import Node
from ckpt_magics.files.restore.map_problems import heads_text, map_problems
from ckpt_magics.files.restore.restore_options import RestoreOptions
from ckpt_magics.files.restore.restore_report import Problem, RestoredTensor, shape_problem_text
from ckpt_magics.files.restore.stored import StoredTensors
from ckpt_magics.files.steps.conversion import can_cast, can_reshape, converted
from ckpt_magics.files.steps.mapping import NameMap
from ckpt_magics.files.steps.patterns import EXPRESSION, Names, Pattern
from ckpt_magics.files.steps.selection import Selection
from ckpt_magics.files.steps.transposition import Axes, Transposes, permuted
from ckpt_magics.files.tensors.spec import Array, Spec, dtype_text, shape_text
from ckpt_magics.files.tensors.suggestions import Suggester
from ckpt_magics.phrasing import an, names_text

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

    The tree gains a node for every tensor that has no place yet and may get one.

    Args:
        stored: What there is.
        root: The places.
        options: How to restore.
        suggest: Look for what missing names may have meant.

    Attributes:
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

    def __init__(self, stored: StoredTensors, root: Node, options: RestoreOptions, *, suggest: bool = True) -> None:
        self._stored = stored
        self._root = root
        self._options = options
        self._keys = stored.keys()
        self.map = NameMap(options.mapping, stored, self._keys)
        self._selection = Selection(options.include, options.exclude, slots=options.slots)
        self._nodes = {node.name: node for node in root.nodes()}
        self._leaves = {name: node for name, node in self._nodes.items() if node.leaf and node.leaf is not NEW_VALUE}
        self._given = frozenset(self._nodes)
        self._origins: dict[str, str] = {}
        self.matches: list[Match] = []
        self.problems: list[Problem] = []
        self.left_alone: list[str] = []
        self.unused: list[str] = []
        self.new_here: list[str] = []
        self.lost: list[str] = []
        self.wanted: dict[str, Spec] = {}
        self.there: dict[str, str] = {}
        self.ties: list[Tie] = []
        self._plan(suggest=suggest)
        if suggest:
            self._suggest()

    def _plan(self, *, suggest: bool) -> None:
        homeless = self._place_new()
        self._origins = {name: self._stored_name(name) for name in [*self._leaves, *homeless]}
        keys = {name: self._keys[origin] for name, origin in self._origins.items() if origin in self._keys}
        names = Names(self._origins, self._origins, keys)
        self._transposes = Transposes(self._options.transpose, names)
        selected = self._selected(names)
        self.lost = [name for name in selected if name in self._leaves and self._is_lost(name)]
        self.left_alone += self.lost
        lost = set(self.lost)
        selected = [name for name in selected if name not in lost]
        given = (name for name in selected if name in self._leaves and name in self._given)
        self.wanted = {name: self._leaves[name].spec for name in given}
        self.there = {name: self._origins[name] for name in self.wanted if self._origins[name] in self._stored}
        for name in selected:
            if name in self._leaves:
                self._match(self._leaves[name])
            elif name in homeless and self._options.add_new and not self._options.partial:
                self._problem("place", name, Spec(), homeless[name])
        self.wanted |= {problem.name: problem.spec for problem in self.problems if problem.kind == "missing"}
        for pattern in self._transposes.idle:
            self._problem(
                "transpose", pattern, Spec(), f"it matches nothing of {self._transposes.rank(pattern)} dimensions"
            )
        self._refuse_idle_maps([*self._leaves, *(homeless if self._options.add_new else ())], suggest=suggest)
        used = {match.tensor.stored for match in self.matches}
        used |= {problem.stored for problem in self.problems}
        self.unused = [name for name in self._stored if name not in used]
        absent = (name for name in self.left_alone if self._origins[name] not in self._stored)
        self.new_here = [name for name in absent if name not in lost]
        if not self.problems:
            self._refuse_ties()

    def _is_lost(self, name: str) -> bool:
        """Whether a place keeps its value because of damage, which is not to be taken for absence."""
        origin = self._origins[name]
        return self._options.damaged and origin not in self._stored and self._stored.may_have_lost(origin)

    def _stored_name(self, name: str) -> str:
        return self._stored.known_name(self.map.stored_name(name))

    # Places for tensors that have none yet

    def _place_new(self) -> dict[str, str]:
        """Make places for stored tensors where the tree is open; return why others have none, by name."""
        homeless: dict[str, str] = {}
        new = [name for stored in self._stored for name in self.map.new_names(stored)]
        new = [name for name in new if name not in self._leaves]
        taken = {*self._leaves, *new}
        # An empty place that a tensor fits by name is a leaf; one above tensors becomes a dict of them.
        self._leaves |= {name: self._nodes[name] for name in new if name in self._nodes and self._nodes[name].leaf}
        for name in new:
            if name in self._leaves:
                continue
            holder = self._holder(name)
            if self._takes_new(holder):
                self._leaves[name] = self._add_leaf(holder, name, taken)
            elif self._options.add_new or holder is not self._root:
                word = holder.container.word if holder.container is not None else "value"
                homeless[name] = f"{visible(holder.name) or 'the target'}, {an(word)}, has no place for it"
        self._leaves |= {name: node for name, node in self._nodes.items() if node.leaf is NEW_VALUE}
        return homeless

    def _holder(self, name: str) -> Node:
        """The innermost holder on the way to a name; an empty place on the way becomes a dict."""
        end = name.rfind("/")
        while end > 0:
            node = self._nodes.get(name[:end])
            if node is not None and (node.leaf is None or (node.leaf is NEW_VALUE and node.name not in self._leaves)):
                if node.leaf is NEW_VALUE:
                    node.leaf, node.value, node.container = None, {}, container_kind({})
                return node
            end = name.rfind("/", 0, end)
        return self._root

    def _takes_new(self, holder: Node) -> bool:
        if not holder.is_open or self._options.add_new or holder.in_state:
            return holder.is_open
        is_dict = isinstance(holder.value, Mapping)
        return not is_dict or (holder is not self._root and not holder.value)

    def _add_leaf(self, holder: Node, name: str, taken: set[str]) -> Node:
        """Add a place under a holder, in nested dicts; a tensor and those below its name stay side by side."""
        start = len(holder.name) + 1 if holder.name else 0
        end = name.find("/", start + 1)
        while end > 0 and name[:end] not in taken:
            between = Node(name[:end], name[start:end], {}, container=container_kind({}), in_state=holder.in_state)
            holder.children[between.key] = self._nodes[between.name] = between
            holder, start = between, end + 1
            end = name.find("/", start + 1)
        leaf = Node(name, name[start:], None, NEW_VALUE, in_state=holder.in_state)
        holder.children[leaf.key] = leaf
        return leaf

    # Selection

    def _selected(self, names: Names) -> list[str]:
        choice = self._selection.choose(names)
        chosen = set(choice.names)
        others = [name for name in self._leaves if name not in chosen]
        self.left_alone += [name for name in others if self._leaves[name].value is not None]
        for pattern in choice.idle:
            is_name = pattern in self._options.include and Pattern(pattern).is_plain
            self._problem("missing" if is_name else "pattern", pattern, Spec())
        return choice.names

    def _refuse_idle_maps(self, names: Sequence[str], *, suggest: bool) -> None:
        """Refuse entries of the map that do nothing, in place of what is missing because of them."""
        lost = self.map.without_old
        kept = [
            problem
            for problem in self.problems
            if not (problem.kind == "missing" and any(entry.covers(problem.name) for entry in lost))
        ]
        shapes, is_open = self._stored.shapes, self._options.add_new
        self.problems = [*map_problems(self.map, names, shapes, is_open=is_open, suggest=suggest), *kept]

    def _refuse_ties(self) -> None:
        """Refuse values that differ for places that are one; only they are read for it."""
        matches = {match.node: match for match in self.matches}
        self.ties = ties_of(self._root, matches)
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
        return [name for name in names if self.map.passed_over(name) is not None]

    # Problems

    def _problem(self, kind: str, name: str, spec: Spec, text: str = "") -> None:
        stored = self._origins.get(name) or self._stored_name(name)
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
