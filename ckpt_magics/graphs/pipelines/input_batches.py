"""Batches that threads put together from single examples.

Format: tensorflow/python/training/input.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ckpt_magics.files.formats.dtypes import FLOAT, DType
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import cast, maximum
from ckpt_magics.graphs.nodes.queues import FIFOQueue, PaddingFIFOQueue, Queue, RandomShuffleQueue
from ckpt_magics.graphs.nodes.summaries import scalar
from ckpt_magics.graphs.pipelines.queue_runner import QueueRunner, add_queue_runner

__all__ = ["batch", "batch_join", "shuffle_batch", "shuffle_batch_join"]

Examples = Any
"""A tensor, or a list, tuple or dict of tensors."""


@dataclass(frozen=True)
class _Collection:
    """How examples become batches.

    Attributes:
        batch_size: Examples of a batch.
        capacity: Examples that wait at most.
        enqueue_many: Whether the tensors are several examples already.
        shapes: Shapes of an example's tensors, where they are not known.
        or_fewer: Whether the last batch may be smaller.
        shared_name: Of the queue.
        threads: Threads that compute each kind of example.
    """

    batch_size: Any
    capacity: int
    enqueue_many: bool
    shapes: Sequence[ShapeLike] | None
    or_fewer: bool
    shared_name: str | None
    threads: int = 1

    def queue(self, make: Callable[..., Queue], examples: Sequence[Sequence[Tensor]], **attrs: Any) -> Queue:  # noqa: ANN401
        """Return a queue that is filled by threads, some for each kind of example."""
        constant(True)  # so TensorFlow says that every example is kept
        types = [tensor.dtype for tensor in examples[0]]
        for others in examples[1:]:
            _check_types(types, [tensor.dtype for tensor in others])
        shapes = self._shapes(examples) if self.shapes is None else self.shapes
        queue = make(capacity=self.capacity, dtypes=types, shapes=shapes, shared_name=self.shared_name, **attrs)
        enqueue = queue.enqueue_many if self.enqueue_many else queue.enqueue
        add_queue_runner(QueueRunner(queue, [enqueue(tensors) for tensors in examples] * self.threads))
        return queue

    def _shapes(self, examples: Sequence[Sequence[Tensor]]) -> list[TensorShape]:
        for tensor in examples[0]:
            if tensor.shape.ndims is None:
                raise ValueError(f"Cannot infer Tensor's rank: {tensor}")
        merged = [tensor.shape for tensor in examples[0]]
        for others in examples[1:]:
            merged = [shape.merge_with(tensor.shape) for shape, tensor in zip(merged, others, strict=True)]
        return [shape.with_rank_at_least(1)[1:] for shape in merged] if self.enqueue_many else merged

    def taken(self, queue: Queue, name: str) -> list[Tensor]:
        """Return the tensors of a batch."""
        take = queue.dequeue_up_to if self.or_fewer else queue.dequeue_many
        found = take(self.batch_size, name=name)
        return found if isinstance(found, list) else [found]


def _check_types(types: list[DType], others: list[DType]) -> None:
    if types != others:
        raise TypeError(
            f"Expected types to be consistent: {', '.join(one.name for one in types)} vs. "
            f"{', '.join(one.name for one in others)}."
        )


def _tensors(examples: Examples) -> list[Tensor]:
    if isinstance(examples, Mapping):
        return [convert_to_tensor(examples[key]) for key in sorted(examples, key=str)]
    return [convert_to_tensor(value) for value in (examples if isinstance(examples, (list, tuple)) else [examples])]


def _like(examples: Examples, tensors: list[Tensor]) -> Examples:
    """Return a batch in the form of the examples; of a list of one tensor that tensor."""
    if isinstance(examples, Mapping):
        return dict(zip(sorted(examples, key=str), tensors, strict=True))
    return tensors[0] if len(tensors) == 1 else tensors


def batch(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    tensors: Examples,
    batch_size: object,
    num_threads: int = 1,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Sequence[ShapeLike] | None = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Examples:
    """Return batches of examples, which threads collect; `start_queue_runners` starts them.

    Args:
        tensors: The tensors of an example, as a list or dict.
        batch_size: Examples of a batch.
        num_threads: Threads that compute examples.
        capacity: Examples that wait at most.
        enqueue_many: Whether the tensors are several examples already, of which each is an entry of the first
            dimension.
        shapes: Shapes of an example's tensors, where they are not known.
        dynamic_pad: Whether examples of different sizes are filled up with zeros.
        allow_smaller_final_batch: Whether the last batch may be smaller.
        shared_name: Of the queue.
        name: Of the scope.

    Returns:
        The batch, in the form of ``tensors``.

    Raises:
        ValueError: A shape is not known.
    """
    how = _Collection(batch_size, capacity, enqueue_many, shapes, allow_smaller_final_batch, shared_name, num_threads)
    return _batch([tensors], how, dynamic_pad, "batch", name)


def batch_join(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    tensors_list: Sequence[Examples],
    batch_size: object,
    capacity: int = 32,
    enqueue_many: bool = False,
    shapes: Sequence[ShapeLike] | None = None,
    dynamic_pad: bool = False,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Examples:
    """Return batches of examples of several kinds, each of which a thread of its own collects; see `batch`."""
    how = _Collection(batch_size, capacity, enqueue_many, shapes, allow_smaller_final_batch, shared_name)
    return _batch(tensors_list, how, dynamic_pad, "batch_join", name)


def _batch(
    examples: Sequence[Examples], how: _Collection, dynamic_pad: bool, default_name: str, name: str | None
) -> Examples:
    with name_scope(name, default_name, _in_scope(examples)) as scope:
        tensors = _tensors_of_each(examples)
        queue = how.queue(PaddingFIFOQueue if dynamic_pad else FIFOQueue, tensors)
        scalar(f"fraction_of_{how.capacity}_full", cast(queue.size(), FLOAT) * (1.0 / how.capacity))
        return _like(examples[0], how.taken(queue, scope))


def shuffle_batch(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    tensors: Examples,
    batch_size: object,
    capacity: int,
    min_after_dequeue: int,
    num_threads: int = 1,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Sequence[ShapeLike] | None = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Examples:
    """Return batches of examples in another order; see `batch`.

    Args:
        tensors: As of `batch`.
        batch_size: As of `batch`.
        capacity: As of `batch`.
        min_after_dequeue: Examples that wait at least, for the draw to be from many.
        num_threads: As of `batch`.
        seed: Of the order.
        enqueue_many: As of `batch`.
        shapes: As of `batch`.
        allow_smaller_final_batch: As of `batch`.
        shared_name: As of `batch`.
        name: As of `batch`.

    Raises:
        ValueError: The capacity is not larger than what waits at least.
    """
    how = _Collection(batch_size, capacity, enqueue_many, shapes, allow_smaller_final_batch, shared_name, num_threads)
    return _shuffled([tensors], how, (min_after_dequeue, seed), "shuffle_batch", name)


def shuffle_batch_join(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    tensors_list: Sequence[Examples],
    batch_size: object,
    capacity: int,
    min_after_dequeue: int,
    seed: int | None = None,
    enqueue_many: bool = False,
    shapes: Sequence[ShapeLike] | None = None,
    allow_smaller_final_batch: bool = False,
    shared_name: str | None = None,
    name: str | None = None,
) -> Examples:
    """Return batches of examples of several kinds in another order; see `shuffle_batch` and `batch_join`."""
    how = _Collection(batch_size, capacity, enqueue_many, shapes, allow_smaller_final_batch, shared_name)
    return _shuffled(tensors_list, how, (min_after_dequeue, seed), "shuffle_batch_join", name)


def _shuffled(
    examples: Sequence[Examples], how: _Collection, draw: tuple[int, int | None], default_name: str, name: str | None
) -> Examples:
    kept, seed = draw
    if how.capacity <= kept:
        raise ValueError(f"capacity {how.capacity} must be bigger than min_after_dequeue {kept}.")
    with name_scope(name, default_name, _in_scope(examples)) as scope:
        tensors = _tensors_of_each(examples)
        queue = how.queue(RandomShuffleQueue, tensors, min_after_dequeue=kept, seed=seed)
        more = how.capacity - kept
        full = cast(maximum(0, queue.size() - kept), FLOAT) * (1.0 / more)
        scalar(f"fraction_over_{kept}_of_{more}_full", full)
        return _like(examples[0], how.taken(queue, scope))


def _in_scope(examples: Sequence[Examples]) -> list[object]:
    return [value for each in examples[:1] for value in (each.values() if isinstance(each, Mapping) else _listed(each))]


def _listed(examples: Examples) -> list[object]:
    return list(examples) if isinstance(examples, (list, tuple)) else [examples]


def _tensors_of_each(examples: Sequence[Examples]) -> list[list[Tensor]]:
    """Return the tensors of each kind of example."""
    return [_tensors(each) for each in examples]
