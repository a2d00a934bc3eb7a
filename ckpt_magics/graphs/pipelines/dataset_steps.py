"""What `Dataset.apply` takes: steps that were functions before they were methods.

Format: tensorflow/python/data/experimental/ops/batching.py, shuffle_ops.py, interleave_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ckpt_magics.graphs.pipelines.dataset import Dataset
from ckpt_magics.graphs.pipelines.dataset_iterator import DatasetIterator

__all__ = [
    "batch_and_drop_remainder",
    "get_output_classes",
    "get_output_shapes",
    "get_output_types",
    "make_initializable_iterator",
    "make_one_shot_iterator",
    "map_and_batch",
    "parallel_interleave",
    "prefetch_to_device",
    "shuffle_and_repeat",
    "take_while",
    "unbatch",
]

Step = Callable[[Dataset], Dataset]


def shuffle_and_repeat(buffer_size: object, count: object = None, seed: int | None = None) -> Step:
    """Return a step that shuffles, each time anew, and repeats."""
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


def map_and_batch(
    map_func: Callable[..., Any],
    batch_size: object,
    num_parallel_batches: object = None,  # noqa: ARG001 -- nothing runs side by side
    drop_remainder: object = False,
    num_parallel_calls: object = None,
) -> Step:
    """Return a step that maps, and makes batches."""
    return lambda dataset: dataset.map(map_func, num_parallel_calls).batch(batch_size, drop_remainder)


def batch_and_drop_remainder(batch_size: object) -> Step:
    """Return a step that makes whole batches."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def parallel_interleave(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    map_func: Callable[..., Dataset],
    cycle_length: object,
    block_length: object = 1,
    sloppy: bool = False,  # noqa: ARG001 -- these settle speed
    buffer_output_elements: object = None,  # noqa: ARG001
    prefetch_input_elements: object = None,  # noqa: ARG001
) -> Step:
    """Return a step that goes through several datasets in turn."""
    return lambda dataset: dataset.interleave(map_func, cycle_length, block_length)


def prefetch_to_device(device: object, buffer_size: object = None) -> Step:  # noqa: ARG001 -- there is one
    """Return a step that has elements ready."""
    return lambda dataset: dataset.prefetch(buffer_size)


def take_while(predicate: Callable[..., Any]) -> Step:
    """Return a step that ends before the first element that a function says False of."""
    return lambda dataset: dataset.take_while(predicate)


def unbatch() -> Step:
    """Return a step that takes batches apart."""
    return Dataset.unbatch


def get_output_types(dataset_or_iterator: Any) -> Any:  # noqa: ANN401 -- a nesting of DTypes
    """Return the types of the elements' tensors."""
    return dataset_or_iterator.output_types


def get_output_shapes(dataset_or_iterator: Any) -> Any:  # noqa: ANN401 -- a nesting of shapes
    """Return the shapes of the elements' tensors."""
    return dataset_or_iterator.output_shapes


def get_output_classes(dataset_or_iterator: Any) -> Any:  # noqa: ANN401 -- a nesting of classes
    """Return the class of each of the elements' parts."""
    return dataset_or_iterator.output_classes


def make_one_shot_iterator(dataset: Dataset) -> DatasetIterator:
    """Return an iterator that passes over a dataset once; see `Dataset.make_one_shot_iterator`."""
    return dataset.make_one_shot_iterator()


def make_initializable_iterator(dataset: Dataset, shared_name: str | None = None) -> DatasetIterator:
    """Return an iterator that begins when a session runs its ``initializer``."""
    return dataset.make_initializable_iterator(shared_name)
