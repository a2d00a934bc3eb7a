"""Ops of datasets: where elements come from, and what orders, groups and counts them.

Follows tensorflow/core/kernels/data/*_dataset_op.cc. What those do ahead or side by side is done when an element is
asked for; orders drawn by seeds are repeatable, and not TensorFlow's.

Format: tensorflow/core/ops/dataset_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.feeding.dataset_values import (
    ELEMENTS,
    METADATA,
    DatasetValue,
    Element,
    as_dataset,
    dataset_of,
    one_by_one,
    padded,
    rows_of,
    stacked,
)
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, flag
from ckpt_magics.graphs.ops.shape_rules import scalar

__all__ = ["ROWS", "batched"]

# Where elements come from


def _whole(_ctx: KernelContext, *components: Array) -> DatasetValue:
    return DatasetValue(lambda: iter([components]))


def _slices(_ctx: KernelContext, *components: Array) -> DatasetValue:
    sizes = {np.shape(component)[:1] for component in components}
    if len(sizes) != 1 or sizes == {()}:
        raise InvalidArgumentError(
            "All components must have the same size in the 0th dimension, got shapes "
            + ", ".join(format_shape(np.shape(component)) for component in components)
        )
    return DatasetValue(lambda: zip(*map(rows_of, components), strict=True))


def _range(ctx: KernelContext, start: Array, stop: Array, step: Array) -> DatasetValue:
    if not step:
        raise InvalidArgumentError("step must be a non-zero integer.")
    number = ctx.attr("output_types")[0].numpy.type
    return DatasetValue(lambda: ((number(value),) for value in range(int(start), int(stop), int(step))))


# What groups them


def batched(dataset: DatasetValue, size: Array, drop: bool) -> DatasetValue:
    """Return a dataset whose elements are made of several.

    Args:
        dataset: The elements.
        size: How many of them.
        drop: Whether fewer at the end are left out.
    """
    return _grouped(dataset, size, drop, _stacked)


def _batch(_ctx: KernelContext, dataset: object, size: Array, drop: Array = False) -> DatasetValue:
    return batched(as_dataset(dataset), size, bool(drop))


def _grouped(dataset: DatasetValue, size: Array, drop: bool, group: Callable[[list[Element]], Element]) -> DatasetValue:
    count = int(size)
    if count <= 0:
        raise InvalidArgumentError("Batch size must be greater than zero.")

    def start() -> Iterator[Element]:
        source = iter(dataset)

        def take() -> Element | None:
            elements = list(islice(source, count))
            return group(elements) if elements and not (drop and len(elements) < count) else None

        return one_by_one(take)

    return DatasetValue(start)


def _stacked(elements: list[Element]) -> Element:
    return tuple(stacked(values, index) for index, values in enumerate(zip(*elements, strict=True)))


def _padded_batch(_ctx: KernelContext, dataset: object, size: Array, *others: Array) -> DatasetValue:
    count = (len(others) - 1) // 2
    shapes, fillings, drop = others[:count], others[count:-1], others[-1]

    def group(elements: list[Element]) -> Element:
        columns = zip(*elements, strict=True)
        return tuple(map(_padded, columns, shapes, fillings))

    return _grouped(as_dataset(dataset), size, bool(drop), group)


def _padded_batch_all(ctx: KernelContext, dataset: object, size: Array, *others: Array) -> DatasetValue:
    return _padded_batch(ctx, dataset, size, *others, np.bool_(False))


def _padded(values: Sequence[Array], wanted: Array, filling: Array) -> Array:
    """Return tensors as one of a wanted shape, int64; -1 for the largest size."""
    return padded(values, filling, [None if size < 0 else size for size in np.asarray(wanted).tolist()])


def _unbatch(_ctx: KernelContext, dataset: object) -> DatasetValue:
    source = as_dataset(dataset)

    def parts(element: Element) -> Iterator[Element]:
        return zip(*map(rows_of, element), strict=True)

    return DatasetValue(lambda: chain.from_iterable(map(parts, source)))


def _window(
    _ctx: KernelContext, dataset: object, size: Array, shift: Array, stride: Array, drop: Array
) -> DatasetValue:
    source, count, step, apart = as_dataset(dataset), int(size), int(shift), int(stride)
    if min(count, step, apart) <= 0:
        raise InvalidArgumentError("Window size, shift and stride must be greater than zero.")
    reach = (count - 1) * apart + 1

    def start() -> Iterator[Element]:
        elements, ahead = iter(source), list[Element]()

        def take() -> Element | None:
            ahead.extend(islice(elements, reach - len(ahead)))
            if not ahead or (drop and len(ahead) < reach):
                return None
            window = ahead[:reach:apart]
            skipped = step - len(ahead)
            del ahead[:step]
            for _ in islice(elements, max(0, skipped)):
                pass
            columns = zip(*window, strict=True)
            return tuple(DatasetValue(lambda column=column: ((one,) for one in column)) for column in columns)  # type: ignore[misc]

        return one_by_one(take)

    return DatasetValue(start)


# What orders and counts them


def _shuffle(ctx: KernelContext, dataset: object, size: Array, seed: Array, seed2: Array) -> DatasetValue:
    source, seeds = as_dataset(dataset), [int(seed), int(seed2)]
    count = int(size)
    if count < 1 and count != UNKNOWN:
        raise InvalidArgumentError("buffer_size must be greater than zero or UNKNOWN_CARDINALITY")
    again = ctx.attr("reshuffle_each_iteration")
    first = _generator(seeds)

    def start() -> Iterator[Element]:
        return _shuffled(iter(source), count, first if again else _generator(seeds))

    if not again and not any(seeds):
        seeds[:] = np.random.SeedSequence().generate_state(2).tolist()
    return DatasetValue(start)


UNKNOWN = -2
"""As the size of a buffer: as large as the dataset."""


def _generator(seeds: Sequence[int]) -> np.random.Generator:
    return np.random.default_rng([value % (1 << 64) for value in seeds] if any(seeds) else None)


def _shuffled(source: Iterator[Element], size: int, random: np.random.Generator) -> Iterator[Element]:
    buffer: list[Element] = []

    def take() -> Element | None:
        while size < 0 or len(buffer) < size:
            item = next(source, None)
            if item is None:
                break
            buffer.append(item)
        if not buffer:
            return None
        index = int(random.random() * len(buffer))
        buffer[index], buffer[-1] = buffer[-1], buffer[index]
        return buffer.pop()

    return one_by_one(take)


def _shuffle_v3(
    ctx: KernelContext, dataset: object, size: Array, seed: Array, seed2: Array, _seeds: object
) -> DatasetValue:
    return _shuffle(ctx, dataset, size, seed, seed2)


def _shuffle_and_repeat(  # noqa: PLR0917 -- the op's own inputs
    ctx: KernelContext, dataset: object, size: Array, seed: Array, seed2: Array, count: Array
) -> DatasetValue:
    return _repeat(ctx, _shuffle(ctx, dataset, size, seed, seed2), count)


def _repeat(_ctx: KernelContext, dataset: object, count: Array) -> DatasetValue:
    source, times = as_dataset(dataset), int(count)
    return DatasetValue(lambda: _Repetition(source, times))


class _Repetition:
    """Goes through a dataset several times, for ever where the number is negative and it has elements."""

    def __init__(self, dataset: DatasetValue, times: int) -> None:
        self._dataset = dataset
        self._left = times
        self._present: Iterator[Element] = iter(())
        self._is_empty = False

    def __iter__(self) -> Iterator[Element]:
        return self

    def __next__(self) -> Element:
        while True:
            item = next(self._present, None)
            if item is not None:
                self._is_empty = False
                return item
            if self._is_empty or not self._left:
                raise StopIteration
            self._left -= 1
            self._is_empty = self._left < 0
            self._present = iter(self._dataset)


def _take(_ctx: KernelContext, dataset: object, count: Array) -> DatasetValue:
    source, wanted = as_dataset(dataset), int(count)
    return source if wanted < 0 else DatasetValue(lambda: _first(iter(source), wanted))


def _first(source: Iterator[Element], wanted: int) -> Iterator[Element]:
    left = wanted

    def take() -> Element | None:
        nonlocal left
        if left == 0:
            return None
        item = next(source, None)
        left -= 1
        return item

    return one_by_one(take)


def _skip(_ctx: KernelContext, dataset: object, count: Array) -> DatasetValue:
    source, unwanted = as_dataset(dataset), int(count)

    def start() -> Iterator[Element]:
        elements = iter(source)
        # Without an end all of it is left out.
        for _ in islice(elements, None if unwanted < 0 else unwanted):
            pass
        return elements

    return DatasetValue(start)


def _shard(_ctx: KernelContext, dataset: object, shards: Array, index: Array) -> DatasetValue:
    source = as_dataset(dataset)
    if not 0 <= index < shards:
        raise InvalidArgumentError(f"Index must be between 0 and {int(shards) - 1} (currently index = {int(index)}).")
    return DatasetValue(lambda: islice(source, int(index), None, int(shards)))


def _zip(_ctx: KernelContext, *datasets: object) -> DatasetValue:
    sources = [as_dataset(dataset) for dataset in datasets]

    def joined(elements: Sequence[Element]) -> Element:
        return tuple(chain.from_iterable(elements))

    return DatasetValue(lambda: map(joined, zip(*sources, strict=False)))


def _concatenate(_ctx: KernelContext, dataset: object, another: object) -> DatasetValue:
    sources = as_dataset(dataset), as_dataset(another)
    return DatasetValue(lambda: chain.from_iterable(map(iter, sources)))


def _same(_ctx: KernelContext, dataset: object, *_settings: object) -> DatasetValue:
    return as_dataset(dataset)


def _cache(_ctx: KernelContext, dataset: object, _file: Array, *_memory: object) -> DatasetValue:
    source = as_dataset(dataset)
    whole: list[list[Element]] = []

    def start() -> Iterator[Element]:
        return iter(whole[0]) if whole else _kept(iter(source), whole)

    return DatasetValue(start)


def _kept(source: Iterator[Element], whole: list[list[Element]]) -> Iterator[Element]:
    """Return an iterator that keeps all elements, and hands them over once it is at the end."""
    elements: list[Element] = []

    def take() -> Element | None:
        item = next(source, None)
        if item is None:
            whole[:] = [elements]
        else:
            elements.append(item)
        return item

    return one_by_one(take)


def _nothing(_ctx: KernelContext) -> Array:
    return np.zeros((), np.int32)  # nothing asks for it: datasets here keep seeds and caches themselves


GIVEN = (Attr("Toutput_types", "list(type)", minimum=1), ELEMENTS[1])
N = Attr("N", "int", minimum=1)
OUT = "-> handle: variant"
SOURCE = "input_dataset: variant"
SHUFFLED = f"{SOURCE}, buffer_size: int64, seed: int64, seed2: int64"
PADDED = f"{SOURCE}, batch_size: int64, padded_shapes: N * int64, padding_values: list(Toutput_types)"
RESHUFFLE = flag("reshuffle_each_iteration", True)
REPLICATE = flag("replicate_on_split")
COPY = flag("parallel_copy")


def _of(
    name: str, inputs: str, attrs: tuple[Attr, ...], kernel: Kernel, types: str = "output_types", *, state: bool = False
) -> Op:
    return Op(name, f"{inputs} {OUT}", attrs, scalar, kernel, is_stateful=state, full_type=dataset_of(types))


PLAIN = (*ELEMENTS, METADATA)

ROWS: tuple[Op, ...] = (
    _of("TensorDataset", "components: list(Toutput_types)", (*GIVEN, METADATA), _whole, "Toutput_types", state=True),
    _of(
        "TensorSliceDataset",
        "components: list(Toutput_types)",
        (*GIVEN, flag("is_files"), METADATA, REPLICATE),
        _slices,
        "Toutput_types",
        state=True,
    ),
    _of("RangeDataset", "start: int64, stop: int64, step: int64", (*PLAIN, REPLICATE), _range, state=True),
    _of("BatchDataset", f"{SOURCE}, batch_size: int64", PLAIN, _batch),
    _of("BatchDatasetV2", f"{SOURCE}, batch_size: int64, drop_remainder: bool", (COPY, *PLAIN), _batch),
    _of("PaddedBatchDataset", PADDED, (*GIVEN, N, METADATA), _padded_batch_all, "Toutput_types"),
    _of(
        "PaddedBatchDatasetV2",
        f"{PADDED}, drop_remainder: bool",
        (COPY, *GIVEN, N, METADATA),
        _padded_batch,
        "Toutput_types",
    ),
    _of("UnbatchDataset", SOURCE, PLAIN, _unbatch),
    _of(
        "WindowDataset",
        f"{SOURCE}, size: int64, shift: int64, stride: int64, drop_remainder: bool",
        PLAIN,
        _window,
    ),
    _of("ShuffleDataset", SHUFFLED, (RESHUFFLE, *PLAIN), _shuffle),
    _of("ShuffleDatasetV3", f"{SHUFFLED}, seed_generator: resource", (RESHUFFLE, *PLAIN), _shuffle_v3, state=True),
    _of("ShuffleAndRepeatDataset", f"{SHUFFLED}, count: int64", (*ELEMENTS, RESHUFFLE, METADATA), _shuffle_and_repeat),
    _of("RepeatDataset", f"{SOURCE}, count: int64", PLAIN, _repeat),
    _of("TakeDataset", f"{SOURCE}, count: int64", PLAIN, _take),
    _of("SkipDataset", f"{SOURCE}, count: int64", PLAIN, _skip),
    _of("ShardDataset", f"{SOURCE}, num_shards: int64, index: int64", (flag("require_non_empty"), *PLAIN), _shard),
    _of("ZipDataset", "input_datasets: N * variant", (*ELEMENTS, N, METADATA), _zip),
    _of("ConcatenateDataset", f"{SOURCE}, another_dataset: variant", PLAIN, _concatenate),
    _of(
        "PrefetchDataset",
        f"{SOURCE}, buffer_size: int64",
        (
            *ELEMENTS,
            Attr("slack_period", "int", 0),
            flag("legacy_autotune", True),
            Attr("buffer_size_min", "int", 0),
            METADATA,
        ),
        _same,
    ),
    _of("CacheDataset", f"{SOURCE}, filename: string", PLAIN, _cache),
    _of("CacheDatasetV2", f"{SOURCE}, filename: string, cache: resource", PLAIN, _cache, state=True),
    _of(
        "ModelDataset",
        SOURCE,
        (
            Attr("algorithm", "int", 0),
            Attr("cpu_budget", "int", 0),
            Attr("ram_budget", "int", 0),
            *ELEMENTS,
        ),
        _same,
    ),
    _of(
        "OptimizeDataset",
        f"{SOURCE}, optimizations: string",
        (*ELEMENTS, Attr("optimization_configs", "list(string)", ())),
        _same,
    ),
    _of(
        "OptimizeDatasetV2",
        f"{SOURCE}, optimizations_enabled: string, optimizations_disabled: string, optimizations_default: string",
        (*ELEMENTS, Attr("optimization_configs", "list(string)", ())),
        _same,
    ),
    _of("RewriteDataset", f"{SOURCE}, rewrite_name: string", ELEMENTS, _same),
    _of("OptionsDataset", SOURCE, (Attr("serialized_options", "string"), *PLAIN), _same),
    Op("DummySeedGenerator", "-> handle: resource", (), scalar, _nothing, is_stateful=True),
    Op("DummyMemoryCache", "-> handle: resource", (), scalar, _nothing, is_stateful=True),
)
