"""Measures contenders in turns, so that whatever else the machine does strikes all of them alike."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

OURS = "ckpt_magics"
LIMIT = "plain I/O"


@dataclass(frozen=True)
class Contender:
    """One way to do a piece of work.

    Attributes:
        name: Whose way it is.
        run: Does the work; a float that it returns is taken for the seconds that it took, anything else is dropped
            when the clock has stopped.
        prepare: Called before each run, off the clock.
    """

    name: str
    run: Callable[[], object]
    prepare: Callable[[], object] = lambda: None


@dataclass(frozen=True)
class Target:
    """What our time should be: at most ``ratio`` times the peer's, or at most ``seconds``."""

    ratio: float = 0.0
    peer: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"<= {self.seconds:g} s" if self.seconds else f"<= {self.ratio:g} x {self.peer}"


@dataclass(frozen=True)
class Work:
    """One row of the table: the same work by several contenders, of which :data:`OURS` is one."""

    name: str
    contenders: tuple[Contender, ...]
    targets: tuple[Target, ...]
    rounds: int


@dataclass(frozen=True)
class Fact:
    """A row that is a count, not a time."""

    name: str
    target: str
    found: str
    is_met: bool


@dataclass
class Result:
    """Seconds of each run by contender."""

    work: Work
    times: dict[str, list[float]] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """Return the median of a contender's times in seconds."""
        return statistics.median(self.times[name])

    def ratio(self, peer: str) -> float:
        """Return the median over the rounds of our time by the peer's in the same round."""
        return statistics.median(mine / its for mine, its in zip(self.times[OURS], self.times[peer], strict=True))

    def verdicts(self) -> Iterator[tuple[Target, float, bool]]:
        """Yield each target, what was found, and whether that is enough."""
        for target in self.work.targets:
            found = self.median(OURS) if target.seconds else self.ratio(target.peer)
            yield target, found, found <= (target.seconds or target.ratio)


def measure(work: Work) -> Result:
    """Run all contenders of a row once to warm up, then in turns, each round beginning with another."""
    result = Result(work, {contender.name: [] for contender in work.contenders})
    for round_number in range(-1, work.rounds):
        first = (round_number + 1) % len(work.contenders)
        for contender in (*work.contenders[first:], *work.contenders[:first]):
            seconds = _time(contender)
            if round_number >= 0:
                result.times[contender.name].append(seconds)
    return result


def _time(contender: Contender) -> float:
    contender.prepare()
    gc.collect()
    start = time.perf_counter()
    value: Any = contender.run()
    seconds = time.perf_counter() - start
    return value if isinstance(value, float) else seconds
