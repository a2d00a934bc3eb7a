"""Ops of datasets that call a function for each element.

Follows tensorflow/core/kernels/data/map_dataset_op.cc, filter_dataset_op.cc, flat_map_dataset_op.cc,
interleave_dataset_op.cc, generator_dataset_op.cc. Calls that those run side by side run one after the other, in the
order that is asked for when the order is to be settled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, takewhile

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, OutOfRangeError
from ckpt_magics.graphs.ops.feeding.dataset_values import (
    ELEMENTS,
    METADATA,
    DatasetValue,
    Element,
    as_dataset,
    dataset_of,
    one_by_one,
)
from ckpt_magics.graphs.ops.feeding.datasets import batched
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, flag
from ckpt_magics.graphs.ops.shape_rules import scalar

__all__ = ["ROWS"]


def _function(ctx: KernelContext, attr: str, others: tuple[Array, ...]) -> Callable[[Element], Element]:
    function = ctx.attr(attr)
    return lambda element: ctx.call(function, *element, *others)


def _map(ctx: KernelContext, dataset: object, *others: Array) -> DatasetValue:
    source, function = as_dataset(dataset), _function(ctx, "f", others)
    return DatasetValue(lambda: map(function, source))


def _parallel_map(ctx: KernelContext, dataset: object, *others: Array) -> DatasetValue:
    return _map(ctx, dataset, *others[:-1])


def _map_and_batch(ctx: KernelContext, dataset: object, *others: Array) -> DatasetValue:
    *arguments, size, _calls, drop = others
    return batched(_map(ctx, dataset, *arguments), size, bool(drop))


def _filter(ctx: KernelContext, dataset: object, *others: Array) -> DatasetValue:
    source, keeps = as_dataset(dataset), _predicate(ctx, others)
    return DatasetValue(lambda: filter(keeps, source))


def _take_while(ctx: KernelContext, dataset: object, *others: Array) -> DatasetValue:
    source, keeps = as_dataset(dataset), _predicate(ctx, others)
    return DatasetValue(lambda: takewhile(keeps, source))


def _predicate(ctx: KernelContext, others: tuple[Array, ...]) -> Callable[[Element], bool]:
    function = _function(ctx, "predicate", others)

    def keeps(element: Element) -> bool:
        results = function(element)
        if len(results) != 1 or np.ndim(results[0]):
            raise InvalidArgumentError("Filter predicate `f` must return a scalar bool.")
        return bool(results[0])

    return keeps


def _datasets(ctx: KernelContext, dataset: object, others: tuple[Array, ...]) -> Iterator[Iterator[Element]]:
    """Return the elements of the dataset that the function makes of each element."""
    function = _function(ctx, "f", others)

    def inner(element: Element) -> Iterator[Element]:
        return iter(as_dataset(function(element)[0]))

    return map(inner, as_dataset(dataset))


def _flat_map(ctx: KernelContext, dataset: object, *others: Array) -> DatasetValue:
    return DatasetValue(lambda: chain.from_iterable(_datasets(ctx, dataset, others)))


def _interleave(ctx: KernelContext, dataset: object, *others: Array) -> DatasetValue:
    *arguments, cycle, block = others
    return _interleaved(ctx, dataset, tuple(arguments), int(cycle), int(block))


def _parallel_interleave(ctx: KernelContext, dataset: object, *others: Array) -> DatasetValue:
    *arguments, cycle, block, _calls = others
    return _interleaved(ctx, dataset, tuple(arguments), int(cycle), int(block))


def _parallel_interleave_v4(ctx: KernelContext, dataset: object, *others: Array) -> DatasetValue:
    *arguments, cycle, block, _output, _input, _calls = others
    return _interleaved(ctx, dataset, tuple(arguments), int(cycle), int(block))


AUTOTUNE = -1
USUAL_CYCLE = 2
"""Datasets to go through at once where nobody says how many."""


def _interleaved(
    ctx: KernelContext, dataset: object, others: tuple[Array, ...], cycle: int, block: int
) -> DatasetValue:
    count = USUAL_CYCLE if cycle == AUTOTUNE else cycle
    if count <= 0 or block <= 0:
        raise InvalidArgumentError("`cycle_length` and `block_length` must be > 0")
    return DatasetValue(lambda: _Interleaving(_datasets(ctx, dataset, others), count, block))


class _Interleaving:
    """Goes through several datasets in turn, some elements of each; where one ends a new one begins."""

    def __init__(self, datasets: Iterator[Iterator[Element]], cycle: int, block: int) -> None:
        self._datasets = datasets
        self._open: list[Iterator[Element] | None] = [None] * cycle
        self._block = block
        self._place = 0
        self._left = block
        self._ended = False

    def __iter__(self) -> Iterator[Element]:
        return self

    def __next__(self) -> Element:
        while not self._ended or any(self._open):
            present = self._open[self._place]
            if present is None:
                if not self._ended:
                    self._open_next()
                    continue
                self._advance()
                continue
            item = next(present, None)
            if item is None:
                self._open[self._place] = None
                self._advance()
                continue
            self._left -= 1
            if not self._left:
                self._advance()
            return item
        raise StopIteration

    def _open_next(self) -> None:
        self._open[self._place] = next(self._datasets, None)
        self._ended = self._open[self._place] is None
        self._left = self._block

    def _advance(self) -> None:
        self._place = (self._place + 1) % len(self._open)
        self._left = self._block


def _generate(ctx: KernelContext, *others: Array) -> DatasetValue:
    counts = [len(ctx.attr(f"T{part}_func_args")) for part in ("init", "next", "finalize")]
    first, second = counts[0], counts[0] + counts[1]
    init, step, end = others[:first], others[first:second], others[second:]

    def start() -> Iterator[Element]:
        state = ctx.call(ctx.attr("init_func"), *init)

        def take() -> Element | None:
            try:
                return ctx.call(ctx.attr("next_func"), *state, *step)
            except OutOfRangeError:
                ctx.call(ctx.attr("finalize_func"), *state, *end)
                return None

        return one_by_one(take)

    return DatasetValue(start)


SOURCE = "input_dataset: variant, other_arguments: list(Targuments)"
CALLS = "num_parallel_calls: int64"
CYCLE = "cycle_length: int64, block_length: int64"
ARGUMENTS = Attr("Targuments", "list(type)", minimum=0)
F = Attr("f", "func")
MAPPED = (F, ARGUMENTS, *ELEMENTS)
INNER = flag("use_inter_op_parallelism", True)
KEPT = flag("preserve_cardinality")
SLOPPY, ORDER = flag("sloppy"), Attr("deterministic", "string", b"default")


def _of(name: str, inputs: str, attrs: tuple[Attr, ...], kernel: Kernel, *, is_stateful: bool = False) -> Op:
    signature = f"{inputs} -> handle: variant"
    return Op(name, signature, attrs, scalar, kernel, is_stateful=is_stateful, full_type=dataset_of("output_types"))


def _arguments(part: str) -> Attr:
    return Attr(f"T{part}_func_args", "list(type)", minimum=0)


ROWS: tuple[Op, ...] = (
    _of("MapDataset", SOURCE, (*MAPPED, INNER, KEPT, flag("force_synchronous"), METADATA), _map),
    _of(
        "ParallelMapDataset",
        f"{SOURCE}, num_parallel_calls: int32",
        (*MAPPED, INNER, SLOPPY, KEPT, METADATA),
        _parallel_map,
    ),
    _of(
        "ParallelMapDatasetV2",
        f"{SOURCE}, {CALLS}",
        (*MAPPED, INNER, ORDER, KEPT, flag("use_unbounded_threadpool"), METADATA),
        _parallel_map,
    ),
    _of(
        "MapAndBatchDataset",
        f"{SOURCE}, batch_size: int64, {CALLS}, drop_remainder: bool",
        (*MAPPED, KEPT, METADATA),
        _map_and_batch,
    ),
    _of("FilterDataset", SOURCE, (Attr("predicate", "func"), ARGUMENTS, *ELEMENTS, METADATA), _filter),
    _of("TakeWhileDataset", SOURCE, (Attr("predicate", "func"), ARGUMENTS, *ELEMENTS, METADATA), _take_while),
    _of("FlatMapDataset", SOURCE, (*MAPPED, METADATA), _flat_map),
    _of("InterleaveDataset", f"{SOURCE}, {CYCLE}", (*MAPPED, METADATA), _interleave),
    _of(
        "ParallelInterleaveDatasetV2", f"{SOURCE}, {CYCLE}, {CALLS}", (*MAPPED, SLOPPY, METADATA), _parallel_interleave
    ),
    _of(
        "ParallelInterleaveDatasetV3",
        f"{SOURCE}, {CYCLE}, {CALLS}",
        (F, ORDER, ARGUMENTS, *ELEMENTS, METADATA),
        _parallel_interleave,
    ),
    _of(
        "ParallelInterleaveDatasetV4",
        f"{SOURCE}, {CYCLE}, buffer_output_elements: int64, prefetch_input_elements: int64, {CALLS}",
        (F, ORDER, ARGUMENTS, *ELEMENTS, METADATA),
        _parallel_interleave_v4,
    ),
    _of(
        "GeneratorDataset",
        "init_func_other_args: list(Tinit_func_args), next_func_other_args: list(Tnext_func_args), "
        "finalize_func_other_args: list(Tfinalize_func_args)",
        (
            *(Attr(name, "func") for name in ("init_func", "next_func", "finalize_func")),
            *map(_arguments, ("init", "next", "finalize")),
            *ELEMENTS,
            METADATA,
        ),
        _generate,
        is_stateful=True,
    ),
)
