"""Steps of a plan whose graph has branches or loops: what is not taken is not computed, what loops is computed again.

Follows tensorflow/core/common_runtime/propagator_state.cc.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ckpt_magics.graphs.ops.flow.branches import DEAD, is_dead
from ckpt_magics.graphs.session.plan_step import PlanStep

__all__ = ["LoopStep", "run_steps"]

UNAFFECTED = frozenset({"Merge", "RefMerge", "ControlTrigger"})
"""Ops that run though an operation which they wait for is dead."""


@dataclass(slots=True)
class LoopStep:
    """One loop of a plan.

    Attributes:
        enters: What takes values into the loop.
        steps: What each iteration computes.
        nexts: What hands values to the next iteration.
        exits: What takes values out of the loop.
        once: Slots of what is entered for the first iteration only.
        done: Slots that no later step reads.
    """

    enters: list[PlanStep]
    steps: list[PlanStep | LoopStep]
    nexts: list[PlanStep]
    exits: list[PlanStep]
    once: list[int]
    done: tuple[int, ...] = ()

    def run(self, values: list[Any]) -> None:
        """Compute iterations until none hands anything on, and put what leaves the loop into its slots."""
        run_steps(self.enters, values)
        for step in (*self.nexts, *self.exits):
            values[step.target] = DEAD
        while True:
            run_steps(self.steps, values)
            # What has left the loop stays, whatever later iterations bring.
            run_steps([step for step in self.exits if values[step.sources[0]] is not DEAD], values)
            run_steps(self.nexts, values)
            if all(values[step.target] is DEAD for step in self.nexts):
                return
            for slot in self.once:
                values[slot] = DEAD

    def _steps(self) -> Iterator[PlanStep | LoopStep]:
        yield from (*self.enters, *self.steps, *self.nexts, *self.exits)

    def slots_read(self) -> Iterator[int]:
        """Yield the slots that the loop reads, its own among them."""
        for step in self._steps():
            yield from step.slots_read()

    def slots_written(self) -> Iterator[int]:
        """Yield the slots that the loop fills."""
        for step in self._steps():
            yield from step.slots_written()

    def release(self) -> None:
        """Note with each step of an iteration which values no later one needs."""
        kept = {slot for step in (*self.nexts, *self.exits) for slot in step.slots_read()}
        release(self.steps, kept, {slot for step in self.steps for slot in step.slots_written()})


def release(steps: Sequence[PlanStep | LoopStep], kept: set[int], fresh: set[int]) -> None:
    """Note with each step which values no later step needs, so that they need not be kept in memory.

    Args:
        steps: The steps in their order.
        kept: Slots that are read after them.
        fresh: Slots that are filled anew before each time that the steps run.
    """
    kept = set(kept)
    for step in reversed(steps):
        if isinstance(step, LoopStep):
            step.release()
        used = (fresh & set(step.slots_read())) - kept
        step.done = tuple(used)
        kept |= used


def run_steps(steps: Sequence[PlanStep | LoopStep], values: list[Any]) -> None:
    """Compute steps of which some may be on a branch that is not taken.

    Args:
        steps: The steps in their order.
        values: What the slots hold.

    Raises:
        CheckpointError: A kernel failed.
    """
    for step in steps:
        if isinstance(step, LoopStep):
            step.run(values)
        else:
            _run(step, values)
        for slot in step.done:
            values[slot] = None


def _run(step: PlanStep, values: list[Any]) -> None:
    inputs = [values[slot] for slot in step.sources]
    skipped = is_dead(step.op_type, inputs) or (
        bool(step.awaits) and step.op_type not in UNAFFECTED and any(values[slot] is DEAD for slot in step.awaits)
    )
    if skipped:
        result: Any = (DEAD,) * step.count
    else:
        result = step.compute(inputs)
    step.put(result, values)
    if step.alive >= 0:
        values[step.alive] = DEAD if skipped else None
