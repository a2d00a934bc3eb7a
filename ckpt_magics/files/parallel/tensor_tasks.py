"""Work on many tensors, cut into tasks that any executor runs: threads, processes, or the workers of a cluster.

A task carries places and names and gives back what is small. Files are opened where it runs, and of the values a few
pieces are in memory there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from ckpt_magics.errors import CheckpointError, UnavailableError
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.steps.stepped_tensors import SteppedTensors
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.records import shard_runs
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSource, TensorSpec

__all__ = ["TASK_SIZE", "TASK_TENSORS", "Lent", "cut_files", "cut_tasks", "is_lost_worker", "on_each", "run_tasks"]

TASK_SIZE = 64 << 20
"""Bytes of values from which a task is large enough: a scheduler takes some milliseconds for each."""

TASK_TENSORS = 1000
"""Tensors from which a task is large enough, however small they are."""

Item = TypeVar("Item", bound=Hashable)
Result = TypeVar("Result")
Side = NamedTensors[TensorSource]


class Closable(Protocol):
    """What is closed by whoever opened it."""

    def close(self) -> None:
        """Let go of the files."""
        ...


Value = TypeVar("Value", bound=Closable)


class Lent(Generic[Value]):
    """What a task reads from: in the process of its owner the owner's, elsewhere a copy that the task closes.

    Args:
        value: What is lent.
        is_own: Whether it is a copy.
    """

    def __init__(self, value: Value, *, is_own: bool = False) -> None:
        self._value = value
        self._is_own = is_own

    def __enter__(self) -> Value:
        return self._value

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_own:
            self._value.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (self._value,)


def _arrived(value: Value) -> Lent[Value]:
    return Lent(value, is_own=True)


def cut_tasks(sizes: Iterable[int]) -> list[range]:
    """Divide tensors into runs that are worth a task each, of which the last may be smaller.

    Args:
        sizes: Bytes of each, in order.

    >>> cut_tasks([10, TASK_SIZE, 10, 10])
    [range(0, 2), range(2, 4)]
    """
    runs: list[range] = []
    start = stop = total = 0
    for stop, size in enumerate(sizes, 1):
        total += size
        if total >= TASK_SIZE or stop - start >= TASK_TENSORS:
            runs.append(range(start, stop))
            start, total = stop, 0
    return [*runs, range(start, stop)] if stop > start else runs


def cut_files(sizes: Sequence[int], options: SaveOptions) -> list[range]:
    """Divide values that are to be saved into runs, of which a task each writes a data file.

    Args:
        sizes: Bytes of each, in order.
        options: Say how many files there are; else it is as many as there are tasks.
    """
    return shard_runs(sizes, options) if options.in_shards else cut_tasks(sizes)


def on_each(
    work: Callable[..., Result],
    specs: Mapping[Item, TensorSpec],
    sides: Sequence[Side],
    *,
    name_of: Callable[[Item], str] = str,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> dict[Item, Result]:
    """Do something with each of some tensors, and return what came of it.

    Args:
        work: Called with an item and all sides; a function that can be pickled, as its results can.
        specs: What is known of the tensor of each item.
        sides: Where tensors are read from.
        name_of: Gives the name that the tensor of an item has on all sides.
        progress: Called with bytes done and bytes in all.
        executor: Who does it, many tensors in the order of the file at a time; None for this thread, one by one.

    Returns:
        Results in the order of ``specs``.

    Raises:
        UnavailableError: The executor's workers were lost.
    """
    items = list(specs) if executor is None else sorted(specs, key=lambda item: _place_of(specs[item]))
    sizes = [max(specs[item].size or 0, specs[item].nbytes) for item in items]
    runs = cut_tasks(sizes) if executor is not None else [range(row, row + 1) for row in range(len(items))]
    batches = [items[run.start : run.stop] for run in runs]
    if executor is None:
        parts: Iterable[list[Result]] = ([work(item, *sides) for item in batch] for batch in batches)
    else:
        tasks = ((work, batch, _lent(list(map(name_of, batch)), sides)) for batch in batches)
        parts = run_tasks(executor, _work_on_all, tasks)
    found: dict[Item, Result] = {}
    done, total = 0, sum(sizes)
    for run, batch, part in zip(runs, batches, parts, strict=True):
        found.update(zip(batch, part, strict=True))
        done += sum(sizes[run.start : run.stop])
        if progress is not None:
            progress(done, total)
    return {item: found[item] for item in specs}


def _place_of(spec: TensorSpec) -> tuple[int, int]:
    return spec.shard_id, spec.offset or 0


def _lent(names: Sequence[str], sides: Sequence[Side]) -> list[Lent[Side]]:
    """Return what a task needs of each side: of what travels with its values, or with what makes them, only those."""
    return [Lent(_part_of(side, names)) for side in sides]


def _part_of(side: Side, names: Sequence[str]) -> Side:
    source = side.source
    if not isinstance(source, ArraySource | SteppedTensors):
        return side
    return NamedTensors(source.part({side.spec(name).key for name in names if name in side}))


def _work_on_all(work: Callable[..., Result], batch: Sequence[Hashable], lent: Sequence[Lent[Side]]) -> list[Result]:
    """Do one task."""
    with ExitStack() as stack:
        sides = [stack.enter_context(one) for one in lent]
        return [work(item, *sides) for item in batch]


def run_tasks(
    executor: Executor, function: Callable[..., Result], tasks: Iterable[tuple[Any, ...]]
) -> Iterator[Result]:
    """Yield what a function returns for each of some tuples of arguments, in their order.

    After an error, Ctrl-C included, what has not begun does not begin, and what runs is waited for.

    Raises:
        UnavailableError: The executor's workers were lost.
    """
    futures: list[Future[Result]] = []
    try:
        futures += (executor.submit(function, *task) for task in tasks)
        for future in futures:
            yield future.result()
    except CheckpointError:
        raise
    except Exception as error:
        if not is_lost_worker(error):
            raise
        raise UnavailableError(f"the workers were lost: {error}") from error
    finally:
        wait([future for future in futures if not future.cancel()])


def is_lost_worker(error: Exception) -> bool:
    """Tell whether an error says that those who worked are gone, of a pool of processes or of dask's cluster."""
    distributed = sys.modules.get("distributed")
    return isinstance(error, BrokenExecutor) or (
        distributed is not None and isinstance(error, distributed.KilledWorker)
    )
