"""Queues that hand out the rows of a tensor, in turn or by chance, some times over.

Format: tensorflow/python/training/input.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import FLOAT, INT64, STRING
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import ShapeLike
from ckpt_magics.graphs.nodes.arrays import gather, identity, random_shuffle, shape, size
from ckpt_magics.graphs.nodes.assertions import assertion
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import cast, greater, number_range
from ckpt_magics.graphs.nodes.queues import FIFOQueue
from ckpt_magics.graphs.nodes.readers import matching_files
from ckpt_magics.graphs.nodes.summaries import scalar
from ckpt_magics.graphs.pipelines.queue_runner import QueueRunner, add_queue_runner
from ckpt_magics.graphs.variables.variable import Variable

__all__ = [
    "input_producer",
    "limit_epochs",
    "match_filenames_once",
    "range_input_producer",
    "slice_input_producer",
    "string_input_producer",
]


def limit_epochs(tensor: object, num_epochs: int | None = None, name: str | None = None) -> Any:  # noqa: ANN401 -- see Returns
    """Return a tensor that has a value ``num_epochs`` times, and then ends with OutOfRangeError.

    A local variable counts, which has to be initialized.

    Returns:
        The same tensor where there is no limit.

    Raises:
        ValueError: ``num_epochs`` is not positive.
    """
    if num_epochs is None:
        return tensor
    if num_epochs <= 0:
        raise ValueError(f"num_epochs must be > 0 not {num_epochs}.")
    with name_scope(name, "limit_epochs", [tensor]) as scope:
        zero = constant(0, INT64)
        epochs = Variable(zero, name="epochs", trainable=False, collections=[GraphKeys.LOCAL_VARIABLES])
        counter = epochs.count_up_to(num_epochs)
        with get_default_graph().control_dependencies([counter]):
            return identity(tensor, name=scope)


def input_producer(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    input_tensor: object,
    element_shape: ShapeLike = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    summary_name: str | None = None,
    name: str | None = None,
    cancel_op: Operation | None = None,
) -> FIFOQueue:
    """Return a queue of the rows of a tensor.

    Args:
        input_tensor: The tensor.
        element_shape: Shape of a row, as far as the tensor's own does not say it.
        num_epochs: How often each row comes; None for ever.
        shuffle: Whether they come in another order each time.
        seed: Of the order.
        capacity: Rows that the queue holds.
        shared_name: Of the queue.
        summary_name: Of a summary of how full the queue is.
        name: Of the scope.
        cancel_op: What is to close the queue when everything is to stop.

    Raises:
        ValueError: The shape of a row is not known.
    """
    with name_scope(name, "input_producer", [input_tensor]):
        rows = convert_to_tensor(input_tensor, name="input_tensor")
        row_shape = rows.shape[1:].merge_with(element_shape)
        if not row_shape.is_fully_defined():
            raise ValueError(
                "Either `input_tensor` must have a fully defined shape or `element_shape` must be specified"
            )
        if shuffle:
            rows = random_shuffle(rows, seed=seed)
        rows = limit_epochs(rows, num_epochs)
        queue = FIFOQueue(capacity, [rows.dtype], [row_shape], shared_name=shared_name, name=name or "fifo_queue")
        add_queue_runner(QueueRunner(queue, [queue.enqueue_many([rows])], cancel_op=cancel_op))
        if summary_name is not None:
            scalar(summary_name, cast(queue.size(), FLOAT) * (1.0 / capacity))
        return queue


def string_input_producer(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    string_tensor: Any,  # noqa: ANN401 -- strings or a tensor
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
    cancel_op: Operation | None = None,
) -> FIFOQueue:
    """Return a queue of strings, mostly of the names of files; see `input_producer`.

    Raises:
        ValueError: There are no strings.
    """
    message = "string_input_producer requires a non-null input tensor"
    if not isinstance(string_tensor, Tensor) and not len(string_tensor):
        raise ValueError(message)
    with name_scope(name, "input_producer", [string_tensor]) as scope:
        strings = convert_to_tensor(string_tensor, STRING)
        some = assertion(greater(size(strings), 0), [message])
        with get_default_graph().control_dependencies([some]):
            strings = identity(strings)
        told = f"fraction_of_{capacity}_full"
        return input_producer(
            strings, [], num_epochs, shuffle, seed, capacity, shared_name, told, name=scope, cancel_op=cancel_op
        )


def range_input_producer(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    limit: object,
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> FIFOQueue:
    """Return a queue of the numbers below ``limit``; see `input_producer`."""
    with name_scope(name, "input_producer", [limit]) as scope:
        numbers = number_range(limit)
        told = f"fraction_of_{capacity}_full"
        return input_producer(numbers, [], num_epochs, shuffle, seed, capacity, shared_name, told, scope)


def slice_input_producer(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    tensor_list: Sequence[Any],
    num_epochs: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    capacity: int = 32,
    shared_name: str | None = None,
    name: str | None = None,
) -> list[Tensor]:
    """Return a row of each tensor, the same of all; see `input_producer`.

    Raises:
        ValueError: There are no tensors.
    """
    with name_scope(name, "input_producer", list(tensor_list)):
        tensors = [convert_to_tensor(value) for value in tensor_list]
        if not tensors:
            raise ValueError("Expected at least one tensor in slice_input_producer().")
        count = shape(tensors[0])[0]
        queue = range_input_producer(count, num_epochs, shuffle, seed, capacity, shared_name)
        index = queue.dequeue()
        return [gather(tensor, index) for tensor in tensors]


def match_filenames_once(pattern: object, name: str | None = None) -> Variable:
    """Return a local variable of the names of the files that a pattern fits when it is initialized."""
    with name_scope(name, "matching_filenames", [pattern]) as scope:
        found = matching_files(pattern)
        collections = [GraphKeys.LOCAL_VARIABLES]
        return Variable(found, name=scope, trainable=False, validate_shape=False, collections=collections)
