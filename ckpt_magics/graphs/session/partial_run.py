"""A run in several parts: values are fed bit by bit, and every operation runs once, as soon as it can.

Format: tensorflow/python/client/session.py, partial_run_setup and partial_run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.session.plan_step import PlanStep
from ckpt_magics.graphs.session.run_plan import Plan

__all__ = ["PartialRun"]


class PartialRun:
    """What is computed so far, and what waits.

    Args:
        plan: The plan of the whole run.
        fetches: All that may be fetched, once each.
        feeds: All that may be fed, once each.

    Raises:
        InvalidArgumentError: Nothing is to be fetched.
        UnimplementedError: There are conditionals or loops on the way.
    """

    def __init__(self, plan: Plan, fetches: Sequence[Tensor | Operation], feeds: Sequence[Tensor]) -> None:
        if not fetches:
            raise InvalidArgumentError("Must specify at least one target to fetch or execute.")
        if plan.branches:
            raise UnimplementedError("conditionals and loops run whole: fetch what needs them by session.run")
        self._plan = plan
        self._values = plan.first_values()
        self._places = {item: place for place, item in enumerate(fetches)}
        self._unfed, self._unfetched = set(feeds), set(fetches)
        self._feedable = frozenset(feeds)
        self._waiting: list[PlanStep] = plan.steps_in_order()
        planned = frozenset(step.op for step in self._waiting)
        self._awaited = {step.op: self._awaited_by(step.op, planned) for step in self._waiting}
        self._missing = {slot for step in self._waiting for slot in step.slots_written()} | plan.slots(feeds)

    def run(self, fetches: Sequence[Tensor | Operation], feeds: Mapping[Tensor, Any]) -> list[Any]:
        """Take more values, run what can run, and return the values of some fetches.

        Raises:
            InvalidArgumentError: A tensor was not announced, is fed or fetched twice, or needs what is not fed yet.
        """
        _check("feed", feeds, self._feedable, self._unfed)
        _check("fetch", fetches, self._places.keys(), self._unfetched)
        for tensor, value in feeds.items():
            (slot,) = self._plan.slots([tensor])
            self._values[slot] = value
            self._missing.discard(slot)
        self._unfed -= feeds.keys()
        self._advance()
        blocked = {step.op for step in self._waiting}
        results = [self._result(item, blocked) for item in fetches]
        self._unfetched -= set(fetches)
        return results

    def _awaited_by(self, op: Operation, planned: frozenset[Operation]) -> set[Operation | Tensor]:
        """Return what has to run, or to be fed, before an operation may: through those too that the plan leaves out."""
        found: set[Operation | Tensor] = set()
        seen: set[Operation] = set()
        reached = list(op.control_inputs)
        while reached:
            other = reached.pop()
            if other in planned:
                found.add(other)
            elif other not in seen:
                seen.add(other)
                found.update(self._feedable.intersection(other.inputs))
                reached += [
                    *other.control_inputs,
                    *(tensor.op for tensor in other.inputs if tensor not in self._feedable),
                ]
        return found

    def _advance(self) -> None:
        """Run every operation whose inputs are there; they are in an order in which one pass finds them all."""
        blocked: set[Operation | Tensor] = set(self._unfed)
        waiting = []
        for step in self._waiting:
            if blocked.isdisjoint(self._awaited[step.op]) and self._missing.isdisjoint(step.sources):
                step.put(step.compute([self._values[slot] for slot in step.sources]), self._values)
                self._missing.difference_update(step.slots_written())
            else:
                blocked.add(step.op)
                waiting.append(step)
        self._waiting = waiting

    def _result(self, item: Tensor | Operation, blocked: set[Operation]) -> Any:  # noqa: ANN401 -- a value, or None
        is_missing = (
            item in blocked if isinstance(item, Operation) else not self._missing.isdisjoint(self._plan.slots([item]))
        )
        if is_missing:
            raise InvalidArgumentError(f"Fetch {visible(item.name)} needs values that have not been fed yet.")
        value = self._plan.fetched(self._places[item], self._values)
        # Later parts read it too.
        return value.copy() if isinstance(value, np.ndarray) else value


def _check(what: str, items: Sequence[Any] | Mapping[Any, Any], known: Any, left: set[Any]) -> None:  # noqa: ANN401
    for item in _names(items, known):
        raise InvalidArgumentError(f"The tensor {item} to {what} was not specified in partial_run_setup.")
    for item in _names(items, left):
        done = "fed" if what == "feed" else "fetched"
        raise InvalidArgumentError(f"The tensor {item} has already been {done}.")


def _names(items: Sequence[Any] | Mapping[Any, Any], among: Any) -> Iterator[str]:  # noqa: ANN401 -- sets of both
    return (visible(item.name) for item in items if item not in among)
