"""The loops among the operations of a run: which operations run again and again, and in what order.

Operations that an Enter's value reaches are in the frame that it names, up to the Exits. A frame is arranged as a graph
of its own, in which a frame inside it stands for one operation.

Follows tensorflow/core/common_runtime/graph_partition.cc and graph/control_flow.cc, BuildControlFlowInfo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.graphs.graph.node import Operation
from ckpt_magics.graphs.ops.flow.loops import ENTERS, EXITS, NEXT_ITERATIONS

__all__ = ["LoopFrame", "Unit", "assign_frames", "dependencies", "members"]

MAX_NESTED = 100
"""Loops inside each other; a damaged graph may have as many as it has nodes."""

AT_BORDERS = ENTERS | EXITS | NEXT_ITERATIONS
"""Ops that run when a frame or an iteration of it begins or ends."""

Awaited = Callable[[Operation], Iterable[Operation]]


@dataclass(eq=False, slots=True)
class LoopFrame:
    """One loop, or the whole run.

    Attributes:
        name: The name that its Enters have; empty for the run.
        outer: The frame that it runs in.
        enters: What takes values into it.
        exits: What takes values out of it.
        nexts: What hands values to the next iteration.
        units: Everything else that one iteration runs, frames too.
    """

    name: bytes = b""
    outer: LoopFrame | None = None
    enters: list[Operation] = field(default_factory=list)
    exits: list[Operation] = field(default_factory=list)
    nexts: list[Operation] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)

    def operations(self) -> Iterator[Operation]:
        """Yield all operations, those of frames inside too."""
        yield from self.enters
        for unit in self.units:
            yield from members(unit)
        yield from self.nexts
        yield from self.exits

    @property
    def position(self) -> int:
        """Where its first operation stands in the graph."""
        return min((op.position for op in self.enters), default=0)

    def path(self) -> list[LoopFrame]:
        """Return the frames around it, the outermost first, and itself."""
        path: list[LoopFrame] = []
        frame: LoopFrame | None = self
        while frame is not None:
            path.append(frame)
            frame = frame.outer
        return path[::-1]


Unit = Operation | LoopFrame
"""What runs at one time: an operation, or a whole loop."""


def members(unit: Unit) -> Iterable[Operation]:
    """Return the operations of a unit."""
    return unit.operations() if isinstance(unit, LoopFrame) else (unit,)


class _Frames:
    """Puts operations into frames, each after all that it waits for."""

    def __init__(self, awaited: Awaited) -> None:
        self.root = LoopFrame()
        self.homes: dict[Operation, LoopFrame] = {}
        self._awaited = awaited
        self._inside: dict[Operation, LoopFrame] = {}
        self._found: dict[tuple[LoopFrame, bytes], LoopFrame] = {}

    def add(self, op: Operation) -> None:
        """Put an operation into the frame that runs it."""
        frame = self._frame_of_inputs(op)
        if op.type in ENTERS:
            frame = self._entered(op, frame)
            frame.enters.append(op)
        elif op.type in EXITS:
            frame.exits.append(op)
        elif op.type in NEXT_ITERATIONS:
            frame.nexts.append(op)
        else:
            frame.units.append(op)
        self.homes[op] = frame
        self._inside[op] = self._left(op, frame) if op.type in EXITS else frame

    def _frame_of_inputs(self, op: Operation) -> LoopFrame:
        """Return the innermost frame that gives an operation something."""
        innermost = self.root
        for source in self._awaited(op):
            frame = self._inside[source]
            if frame is innermost or frame in innermost.path():
                continue
            if innermost not in frame.path():
                raise InvalidArgumentError(
                    f"{{{{node {visible(op.name)}}}}} has inputs from different frames. The input "
                    f"{{{{node {visible(source.name)}}}}} is in frame '{visible(frame.name)}', another one in frame "
                    f"'{visible(innermost.name)}'"
                )
            innermost = frame
        return innermost

    def _entered(self, op: Operation, outer: LoopFrame) -> LoopFrame:
        name = op.attrs["frame_name"].s
        frame = self._found.get((outer, name))
        if frame is None:
            if len(outer.path()) > MAX_NESTED:
                raise InvalidArgumentError(f"{{{{node {visible(op.name)}}}}}: more than {MAX_NESTED} loops are nested")
            frame = self._found[outer, name] = LoopFrame(name, outer)
            outer.units.append(frame)
        return frame

    @staticmethod
    def _left(op: Operation, frame: LoopFrame) -> LoopFrame:
        if frame.outer is None:
            raise InvalidArgumentError(f"{{{{node {visible(op.name)}}}}} leaves a loop, but none is entered before it")
        return frame.outer


def assign_frames(operations: Sequence[Operation], awaited: Awaited) -> tuple[LoopFrame, dict[Operation, LoopFrame]]:
    """Return the frame of a run, with those inside it, and the frame that runs each operation.

    Args:
        operations: What runs, each after all that it waits for in its iteration.
        awaited: Returns what an operation waits for in its iteration.

    Raises:
        InvalidArgumentError: An operation takes values of two loops, or an Exit is in none.
    """
    frames = _Frames(awaited)
    for op in operations:
        frames.add(op)
    return frames.root, frames.homes


def dependencies(frame: LoopFrame, homes: dict[Operation, LoopFrame], awaited: Awaited) -> dict[Unit, list[Unit]]:
    """Return which units of a frame each of them waits for."""
    depth = len(frame.path())
    found: dict[Unit, list[Unit]] = {unit: [] for unit in frame.units}
    for unit in frame.units:
        for op in members(unit):
            for source in awaited(op):
                other = _unit_around(source, homes, frame, depth)
                if other is not None and other is not unit:
                    found[unit].append(other)
    return found


def _unit_around(op: Operation, homes: dict[Operation, LoopFrame], frame: LoopFrame, depth: int) -> Unit | None:
    """Return which unit of a frame an operation is or is in; None if it is outside, or is there from the start."""
    home = homes[op]
    if home is frame:
        return None if op.type in AT_BORDERS else op
    path = home.path()
    return path[depth] if len(path) > depth and path[depth - 1] is frame else None
