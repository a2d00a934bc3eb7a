"""Datasets: elements that a graph takes one after the other. ``tf.data``.

Each is a node that TensorFlow has too, so that an exported graph means the same there.

Format: tensorflow/python/data/ops/dataset_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import INT64
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, output
from ckpt_magics.graphs.nodes.random_values import get_seed
from ckpt_magics.graphs.nodes.static_values import get_static_value
from ckpt_magics.graphs.nodes.structures import flatten, map_structure
from ckpt_magics.graphs.pipelines.dataset_iterator import DatasetIterator
from ckpt_magics.graphs.pipelines.elements import ElementKind, as_element, leaves_up_to
from ckpt_magics.graphs.pipelines.generators import Passes
from ckpt_magics.graphs.pipelines.traced_functions import TracedFunction, copied_function, trace

__all__ = ["AUTOTUNE", "Dataset"]

AUTOTUNE = -1
"""As a number of calls or elements: TensorFlow may choose. Here nothing runs side by side."""

INFINITE = (1 << 63) - 1


class Dataset:
    """A dataset of the default graph.

    Args:
        handle: What nodes take for it.
        kind: What its elements are.

    Attributes:
        handle: The same.
        kind: The same.
    """

    def __init__(self, handle: Tensor, kind: ElementKind) -> None:
        self.handle = handle
        self.kind = kind

    @property
    def output_types(self) -> Any:  # noqa: ANN401 -- DTypes in any nesting
        """Types of an element's tensors, nested as they are."""
        return self.kind.types

    @property
    def output_shapes(self) -> Any:  # noqa: ANN401 -- likewise
        """Shapes of an element's tensors."""
        return self.kind.shapes

    @property
    def output_classes(self) -> Any:  # noqa: ANN401 -- likewise
        """Class of each of an element's parts."""
        return map_structure(lambda _: Tensor, self.kind.types)

    # Where elements come from

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:  # noqa: ANN401 -- any nesting
        """Return a dataset of one element."""
        element = as_element(tensors)
        kind = ElementKind.of(element)
        parts = flatten(element)
        return Dataset(output("TensorDataset", parts, output_shapes=kind.flat_shapes, name=name), kind)

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:  # noqa: ANN401 -- any nesting
        """Return a dataset of the entries of the tensors' first dimension.

        Raises:
            ValueError: A tensor has no dimensions, or they have different numbers of entries.
        """
        element = as_element(tensors)
        whole = ElementKind.of(element)
        if any(shape.ndims == 0 for shape in whole.flat_shapes):
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        sizes = {shape[0].value for shape in whole.flat_shapes if shape.ndims} - {None}
        if len(sizes) > 1:
            raise ValueError(f"Dimensions {sorted(sizes)} are not compatible")  # type: ignore[type-var]
        kind = whole.with_shapes([shape[1:] for shape in whole.flat_shapes])
        handle = output("TensorSliceDataset", flatten(element), output_shapes=kind.flat_shapes, name=name)
        return Dataset(handle, kind)

    @staticmethod
    def from_generator(
        generator: Callable[..., Iterable[Any]],
        output_types: Any,  # noqa: ANN401 -- any nesting
        output_shapes: Any = None,  # noqa: ANN401 -- likewise
        args: Sequence[object] | None = None,
    ) -> Dataset:
        """Return a dataset of what a generator yields; each pass over it begins a new one.

        Args:
            generator: Returns something that can be gone through; called with the values of ``args``.
            output_types: Types of what it yields, nested likewise.
            output_shapes: Their shapes, as far as they are known.
            args: Tensors.

        Raises:
            TypeError: ``generator`` cannot be called.
        """
        kind = ElementKind.told(output_types, output_shapes)
        passes = Passes(generator, kind, args or ())
        return Dataset.from_tensors(0).flat_map(lambda dummy: Dataset(passes.dataset(dummy), kind))

    @staticmethod
    def range(*args: Any, output_type: object = INT64, name: str | None = None) -> Dataset:  # noqa: ANN401
        """Return a dataset of numbers, as Python's `range` gives them."""
        start, stop, step = {1: (0, *args, 1), 2: (*args, 1)}.get(len(args), args)
        kind = ElementKind.told(output_type, [])
        return Dataset(output("RangeDataset", start, stop, step, **kind.attrs, name=name), kind)

    @staticmethod
    def zip(*datasets: Any, name: str | None = None) -> Dataset:  # noqa: ANN401 -- any nesting of datasets
        """Return a dataset whose elements are made of one of each dataset, in the nesting that these are given in."""
        nesting = datasets[0] if len(datasets) == 1 else datasets
        kind = ElementKind(
            map_structure(lambda one: one.kind.types, nesting), map_structure(lambda one: one.kind.shapes, nesting)
        )
        handles = [dataset.handle for dataset in flatten(nesting)]
        return Dataset(output("ZipDataset", handles, **kind.attrs, name=name), kind)

    def enumerate(self, start: int = 0, name: str | None = None) -> Dataset:
        """Return a dataset of pairs of a number and an element."""
        return Dataset.zip((Dataset.range(start, INFINITE), self), name=name)

    # What groups, orders and counts them

    def _next(self, op_type: str, *inputs: object, kind: ElementKind | None = None, **attrs: Any) -> Dataset:  # noqa: ANN401
        kind = kind or self.kind
        return Dataset(output(op_type, self.handle, *inputs, **kind.attrs, **attrs), kind)

    def batch(
        self,
        batch_size: object,
        drop_remainder: object = False,
        num_parallel_calls: object = None,  # noqa: ARG002 -- nothing runs side by side
        deterministic: bool | None = None,  # noqa: ARG002 -- it always is
        name: str | None = None,
    ) -> Dataset:
        """Return a dataset of several elements each, with a new first dimension.

        Args:
            batch_size: How many.
            drop_remainder: Leave fewer of them at the end out.
            num_parallel_calls: Without use.
            deterministic: Without use.
            name: Of the node.
        """
        size, drop = _count(batch_size, "batch_size"), convert_to_tensor(drop_remainder, name="drop_remainder")
        outer = TensorShape([_whole_batch(size, drop)])
        kind = self.kind.with_shapes([outer.concatenate(shape) for shape in self.kind.flat_shapes])
        return self._next("BatchDatasetV2", size, drop, kind=kind, name=name)

    def padded_batch(
        self,
        batch_size: object,
        padded_shapes: Any = None,  # noqa: ANN401 -- shapes in the elements' nesting
        padding_values: Any = None,  # noqa: ANN401 -- likewise
        drop_remainder: object = False,
        name: str | None = None,
    ) -> Dataset:
        """Return a dataset of several elements each, which are made equally large.

        Args:
            batch_size: How many.
            padded_shapes: How large, in the elements' nesting; None or -1 for the largest size of a batch.
            padding_values: What fills them up; zeros and empty strings if not told.
            drop_remainder: Leave fewer of them at the end out.
            name: Of the node.
        """
        size, drop = _count(batch_size, "batch_size"), convert_to_tensor(drop_remainder, name="drop_remainder")
        told = self.kind.flat_shapes if padded_shapes is None else leaves_up_to(self.kind.types, padded_shapes)
        shapes = [shape if isinstance(shape, Tensor) else TensorShape(_sizes(shape)) for shape in told]
        known = [shape if isinstance(shape, TensorShape) else TensorShape(None) for shape in shapes]
        outer = TensorShape([_whole_batch(size, drop)])
        kind = self.kind.with_shapes([outer.concatenate(shape) for shape in known])
        wanted = [shape if isinstance(shape, Tensor) else _padded_sizes(shape) for shape in shapes]
        handle = output(
            "PaddedBatchDatasetV2",
            self.handle,
            size,
            wanted,
            self._fillings(padding_values),
            drop,
            output_shapes=kind.flat_shapes,
            name=name,
        )
        return Dataset(handle, kind)

    def _fillings(self, told: Any) -> list[Tensor]:  # noqa: ANN401 -- values in the elements' nesting
        types = self.kind.flat_types
        single = not isinstance(told, (tuple, dict))
        values = [told] * len(types) if single else leaves_up_to(self.kind.types, told)
        return [
            convert_to_tensor(
                (b"" if dtype.name == "string" else False if dtype.is_bool else 0) if value is None else value, dtype
            )
            for value, dtype in zip(values, types, strict=True)
        ]

    def shuffle(
        self,
        buffer_size: object,
        seed: int | None = None,
        reshuffle_each_iteration: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Return a dataset in another order: each element is drawn from as many as ``buffer_size`` says.

        Seeds make the order repeatable; it is another one than TensorFlow's.

        Args:
            buffer_size: Elements to draw from.
            seed: Of the order.
            reshuffle_each_iteration: Whether each pass over the data has another order, which is the default.
            name: Of the node.
        """
        first, second = (convert_to_tensor(value, INT64, label) for value, label in _seeds(seed))
        again = reshuffle_each_iteration is None or reshuffle_each_iteration
        size = _count(buffer_size, "buffer_size")
        return self._next("ShuffleDataset", size, first, second, reshuffle_each_iteration=again, name=name)

    def repeat(self, count: object = None, name: str | None = None) -> Dataset:
        """Return a dataset that has the elements ``count`` times, or for ever."""
        return self._next("RepeatDataset", _count(-1 if count is None else count), name=name)

    def take(self, count: object, name: str | None = None) -> Dataset:
        """Return a dataset of the first elements."""
        return self._next("TakeDataset", _count(count), name=name)

    def skip(self, count: object, name: str | None = None) -> Dataset:
        """Return a dataset without the first elements."""
        return self._next("SkipDataset", _count(count), name=name)

    def shard(self, num_shards: object, index: object, name: str | None = None) -> Dataset:
        """Return a dataset of every ``num_shards``-th element, from the one at ``index`` on."""
        return self._next("ShardDataset", _count(num_shards, "num_shards"), _count(index, "index"), name=name)

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """Return a dataset of these elements and then another dataset's.

        Raises:
            TypeError: Those are of other types.
        """
        if self.kind.types != dataset.kind.types:
            raise TypeError(
                f"Incompatible types of datasets: {self.kind.types} and {dataset.kind.types} cannot be concatenated"
            )
        pairs = zip(self.kind.flat_shapes, dataset.kind.flat_shapes, strict=True)
        kind = self.kind.with_shapes([one.most_specific_compatible_shape(other) for one, other in pairs])
        return self._next("ConcatenateDataset", dataset.handle, kind=kind, name=name)

    def prefetch(self, buffer_size: object, name: str | None = None) -> Dataset:
        """Return the same elements; TensorFlow has some of them ready before they are asked for."""
        return self._next(
            "PrefetchDataset", _count(AUTOTUNE if buffer_size is None else buffer_size, "buffer_size"), name=name
        )

    def cache(self, filename: object = "", name: str | None = None) -> Dataset:
        """Return the same elements, kept in memory after the first pass; with a name too no file is written."""
        return self._next("CacheDataset", convert_to_tensor(filename, "string", "filename"), name=name)

    def unbatch(self, name: str | None = None) -> Dataset:
        """Return a dataset of the entries of each element's first dimension."""
        kind = self.kind.with_shapes([shape[1:] for shape in self.kind.flat_shapes])
        return self._next("UnbatchDataset", kind=kind, name=name)

    # What calls functions

    def _trace(self, function: Callable[..., Any], wish: str) -> tuple[TracedFunction, ElementKind]:
        traced = trace(function, self.kind, _element_result, f"Dataset_{wish}")
        return traced, ElementKind.of(traced.result)

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: object = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Return a dataset of what a function gives for each element.

        Args:
            map_func: Called once, to add its nodes to a function of the graph; a tuple's parts are its arguments.
            num_parallel_calls: Without effect here.
            deterministic: Without effect here: the order stays.
            name: Of the node.
        """
        traced, kind = self._trace(map_func, "map")
        if num_parallel_calls is None:
            return self._next(
                "MapDataset", traced.captured, kind=kind, f=traced.attr, preserve_cardinality=True, name=name
            )
        calls = convert_to_tensor(num_parallel_calls, INT64, "num_parallel_calls")
        order = {None: b"default", True: b"true", False: b"false"}[deterministic]
        return self._next(
            "ParallelMapDatasetV2",
            traced.captured,
            calls,
            kind=kind,
            f=traced.attr,
            deterministic=order,
            preserve_cardinality=True,
            name=name,
        )

    map_with_legacy_function = map  # noqa: A003 -- the method above

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """Return a dataset of the elements that a function says True of."""
        traced, _ = self._trace(predicate, "filter")
        return self._next("FilterDataset", traced.captured, predicate=traced.attr, name=name)

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """Return a dataset of the elements before the first that a function says False of."""
        traced, _ = self._trace(predicate, "take_while")
        return self._next("TakeWhileDataset", traced.captured, predicate=traced.attr, name=name)

    def flat_map(self, map_func: Callable[..., Dataset], name: str | None = None) -> Dataset:
        """Return a dataset of the elements of the datasets that a function makes of each element."""
        traced = trace(map_func, self.kind, _dataset_result, "Dataset_flat_map")
        return self._next("FlatMapDataset", traced.captured, kind=traced.result.kind, f=traced.attr, name=name)

    def interleave(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        map_func: Callable[..., Dataset],
        cycle_length: object = None,
        block_length: object = None,
        num_parallel_calls: object = None,  # noqa: ARG002 -- nothing runs side by side
        deterministic: bool | None = None,  # noqa: ARG002 -- it always is
        name: str | None = None,
    ) -> Dataset:
        """Return a dataset of the elements of several datasets in turn, ``block_length`` of each.

        Args:
            map_func: Makes a dataset of each element.
            cycle_length: Datasets to go through at once.
            block_length: Elements to take from one.
            num_parallel_calls: Without use.
            deterministic: Without use.
            name: Of the node.
        """
        traced = trace(map_func, self.kind, _dataset_result, "Dataset_interleave")
        cycle = _count(2 if cycle_length in {None, AUTOTUNE} else cycle_length, "cycle_length")
        block = _count(1 if block_length is None else block_length, "block_length")
        kind: ElementKind = traced.result.kind
        return self._next("InterleaveDataset", traced.captured, cycle, block, kind=kind, f=traced.attr, name=name)

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """Return what a function makes of the dataset."""
        return transformation_func(self)

    def with_options(self, options: object, name: str | None = None) -> Dataset:  # noqa: ARG002 -- they settle speed
        """Return the dataset: options change nothing here."""
        return self

    # Iterators

    def make_one_shot_iterator(self) -> DatasetIterator:
        """Return an iterator that begins by itself, and passes over the elements once.

        Raises:
            ValueError: The dataset is made of something that is fed, or of variables.
        """
        factory = copied_function(self.handle, "_make_dataset")
        with get_default_graph().colocate_with(self.handle):
            handle = output("OneShotIterator", dataset_factory=factory, **self.kind.attrs)
        return DatasetIterator(handle, None, self.kind)

    def make_initializable_iterator(self, shared_name: str | None = None) -> DatasetIterator:
        """Return an iterator that begins, again and again, when a session runs its ``initializer``."""
        with get_default_graph().colocate_with(self.handle):
            iterator = DatasetIterator.named(self.kind, shared_name)
            iterator.begin_by(self.handle)
        return iterator

    def __iter__(self) -> Iterable[Any]:
        raise RuntimeError("__iter__() is only supported inside of tf.function or when eager execution is enabled.")


def _count(value: object, name: str = "count") -> Tensor:
    return convert_to_tensor(value, INT64, name)


def _seeds(seed: int | None) -> Sequence[tuple[int, str]]:
    first, second = get_seed(seed)
    return (first, "seed"), (second, "seed2")


def _whole_batch(size: Tensor, drop: Tensor) -> int | None:
    known, drops = get_static_value(size), get_static_value(drop)
    return int(known) if known is not None and drops is not None and drops else None


def _sizes(shape: Any) -> Any:  # noqa: ANN401 -- as programs tell a shape
    if isinstance(shape, (list, tuple)):
        return [None if size is None or size == -1 else size for size in shape]
    return shape


def _padded_sizes(shape: TensorShape) -> Tensor:
    return convert_to_tensor([-1 if size is None else size for size in shape.as_list()], INT64)


def _element_result(returned: Any) -> tuple[Any, list[Tensor]]:  # noqa: ANN401 -- any nesting
    element = as_element(returned)
    return element, flatten(element)


def _dataset_result(returned: Any) -> tuple[Any, list[Tensor]]:  # noqa: ANN401 -- a dataset
    if not isinstance(returned, Dataset):
        raise TypeError(f"The function must return a `Dataset` object. Got {type(returned).__name__}.")
    return returned, [returned.handle]
