"""Control dependencies: which operations every new one has to wait for.

Format: tensorflow/python/framework/ops.py, _ControlDependenciesController.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from ckpt_magics.graphs.graph.node import Operation

__all__ = ["ControlDependencies"]


class _Block:
    """One ``with graph.control_dependencies(…)`` block: what to wait for, and what was made inside."""

    def __init__(self, awaited: Sequence[Operation]) -> None:
        self.awaited = awaited
        self.made: set[Operation] = set()


class ControlDependencies:
    """The blocks that are open at the moment."""

    def __init__(self, blocks: Sequence[_Block] = ()) -> None:
        self._blocks = list(blocks)

    def copy(self) -> ControlDependencies:
        """Return the same blocks, to be left and entered apart from these."""
        return ControlDependencies(self._blocks)

    def add_to(self, awaited: Iterable[Operation]) -> list[Operation]:
        """Return those of ``awaited`` that new operations don't wait for already, each once."""
        waiting_already = {op for block in self._blocks for op in block.awaited}
        return [op for op in dict.fromkeys(awaited) if op not in waiting_already]

    @contextmanager
    def enter(self, awaited: Sequence[Operation] | None) -> Iterator[None]:
        """Make new operations wait for ``awaited`` inside the ``with`` block; None lifts every outer block."""
        outer = self._blocks
        self._blocks = [] if awaited is None else [*outer, _Block(awaited)]
        try:
            yield
        finally:
            self._blocks = outer

    def awaited_by(self, inputs: Sequence[Operation]) -> list[Operation]:
        """Return what an operation with these inputs has to wait for.

        A block whose own operations feed the new one needs no edge: the input waits already.
        """
        taken = set(inputs)
        awaited = []
        for block in self._blocks:
            if block.made.isdisjoint(taken):
                awaited += [op for op in block.awaited if op not in taken]
        return awaited

    def all_awaited(self) -> list[Operation]:
        """Return what an operation waits for whose inputs don't count."""
        return [op for block in self._blocks for op in block.awaited]

    def note(self, op: Operation) -> None:
        """Remember that ``op`` was made inside the open blocks."""
        for block in self._blocks:
            block.made.add(op)
