"""The steps that take in tensors or leave them out."""

from __future__ import annotations

from ckpt_magics.files.object_graph.groups import MOVING_AVERAGE, OBJECT_GRAPH, WEIGHTS
from ckpt_magics.files.object_graph.slots import AVERAGE, slot_of
from ckpt_magics.files.steps.patterns import glob_of
from ckpt_magics.files.steps.selection import Selection
from ckpt_magics.files.steps.step import Step, StepKind
from ckpt_magics.files.steps.stepped_tensors import Dropped, SteppedTensors

__all__ = ["AVERAGES", "EXCLUDE", "INCLUDE", "PREFER", "WEIGHTS_ONLY"]


def _include(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    return _chosen(tensors, Selection(include=step.patterns), step)


def _exclude(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    return _chosen(tensors, Selection(exclude=step.patterns), step)


def _chosen(tensors: SteppedTensors, selection: Selection, step: Step) -> SteppedTensors:
    choice = selection.choose(tensors.names)
    if choice.idle and not step.may_miss:
        raise tensors.no_match(choice.idle)
    return tensors.kept(choice.names, f"--{step.kind.word}")


def _weights_only(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    return tensors.kept((name for name in tensors if _is_of_model(name, tensors)), f"--{step.kind.word}")


def _is_of_model(name: str, names: SteppedTensors) -> bool:
    """Whether a model needs a tensor to run; a norm's moving mean is needed, the average of a variable is not."""
    group = names.group(name)
    return group in {WEIGHTS, OBJECT_GRAPH} or (group == MOVING_AVERAGE and slot_of(name, names) is None)


def _averages(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    return _preferred(tensors, f"*{AVERAGE}", step)


def _prefer(tensors: SteppedTensors, step: Step) -> SteppedTensors:
    for pattern in step.patterns:
        tensors = _preferred(tensors, pattern, step)
    return tensors


def _preferred(tensors: SteppedTensors, pattern: str, step: Step) -> SteppedTensors:
    """Give what a pattern matches the name that its ``*`` stands for, in place of the tensor that has it."""
    glob = glob_of(pattern)
    plain = {name: parts[0] for name in tensors if glob.wildcards == 1 and (parts := glob.parts(name)) and parts[0]}
    if not plain and not step.may_miss:
        raise tensors.no_match([pattern])
    replaced = {*plain.values()} - plain.keys()
    dropped = [Dropped(name, f"--{step.kind.word}") for name in tensors if name in replaced]
    kept = {name: one for name, one in tensors.items() if name not in replaced}
    return tensors.with_tensors(kept, dropped).renamed(lambda name: [plain.get(name, name)])


INCLUDE = StepKind("include", ("pattern",), "PATTERN", "Keep what a pattern matches, a name or a scope.", _include)
EXCLUDE = StepKind(
    "exclude", ("pattern",), "PATTERN", "Leave out what a pattern matches, with its optimizer slots.", _exclude
)
WEIGHTS_ONLY = StepKind(
    "weights-only", (), "", "Leave out optimizer slots, averages of variables, steps and metrics.", _weights_only
)
AVERAGES = StepKind(
    "averages", (), "", "Give the moving averages of variables the names of their variables.", _averages
)
PREFER = StepKind(
    "prefer",
    ("pattern",),
    "PATTERN",
    "Take what a pattern with one * matches in place of the tensor named by the *, as in '*/ExponentialMovingAverage'.",
    _prefer,
)
