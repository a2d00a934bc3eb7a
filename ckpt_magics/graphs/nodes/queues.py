"""Queues: what one thread prepares, others take.

Format: tensorflow/python/ops/data_flow_ops.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.random_values import get_seed
from ckpt_magics.graphs.nodes.static_values import get_static_value

__all__ = ["FIFOQueue", "PaddingFIFOQueue", "Queue", "RandomShuffleQueue"]


class Queue:
    """A queue of the default graph.

    Args:
        dtypes: Types of an element's components.
        shapes: Their shapes; all unknown where there are none.
        names: Names of the components: elements are dicts then.
        queue_ref: What nodes take for it.

    Attributes:
        dtypes, shapes, names, queue_ref: The same.
        name: Of its node.
    """

    def __init__(
        self,
        dtypes: Sequence[DType],
        shapes: Sequence[TensorShape],
        names: Sequence[str] | None,
        queue_ref: Tensor,
    ) -> None:
        if names is not None and len(names) != len(dtypes):
            raise ValueError(f"Queue must have the same number of names and dtypes, got {len(names)} and {len(dtypes)}")
        self.dtypes = list(dtypes)
        self.shapes = list(shapes) or [TensorShape(None)] * len(dtypes)
        self.names = None if names is None else list(names)
        self.queue_ref = queue_ref
        self.name = queue_ref.op.name
        self._short = self.name.rpartition("/")[2]

    def enqueue(self, vals: Any, name: str | None = None) -> Operation:  # noqa: ANN401 -- a value, a list or a dict
        """Add a node that puts an element in, and waits while the queue is full."""
        with name_scope(name, f"{self._short}_enqueue", _tensors_in(vals)) as scope:
            tensors = self._components(vals)
            for tensor, shape in zip(tensors, self.shapes, strict=True):
                tensor.shape.assert_is_compatible_with(shape)
            put: Operation = self._apply("Enqueue", tensors, name=scope)
        return put

    def enqueue_many(self, vals: Any, name: str | None = None) -> Operation:  # noqa: ANN401 -- likewise
        """Add a node that puts the entries of the tensors' first dimension in as elements."""
        with name_scope(name, f"{self._short}_EnqueueMany", _tensors_in(vals)) as scope:
            tensors = self._components(vals)
            for tensor, shape in zip(tensors, self.shapes, strict=True):
                tensor.shape.with_rank_at_least(1)[1:].assert_is_compatible_with(shape)
            put: Operation = self._apply("EnqueueMany", tensors, name=scope)
        return put

    def _components(self, vals: Any) -> list[Tensor]:  # noqa: ANN401 -- likewise
        if isinstance(vals, Mapping) != (self.names is not None):
            raise ValueError("A queue with names takes dictionaries, and one without takes none")
        if self.names is not None:
            if sorted(self.names) != sorted(vals):
                raise ValueError(
                    f"Keys in dictionary to enqueue do not match names of Queue. Dictionary: {sorted(vals)}, Queue: "
                    f"{sorted(self.names)}"
                )
            vals = [vals[name] for name in self.names]
        vals = list(vals) if isinstance(vals, (list, tuple)) else [vals]
        if len(vals) != len(self.dtypes):
            raise ValueError(f"The queue takes {len(self.dtypes)} components, got {len(vals)}")
        return [
            convert_to_tensor(value, dtype, f"component_{index}")
            for index, (value, dtype) in enumerate(zip(vals, self.dtypes, strict=True))
        ]

    def _apply(self, what: str, *inputs: object, name: str | None, **attrs: object) -> Any:  # noqa: ANN401 -- as apply
        version = "" if self.queue_ref.is_ref else "V2"
        return apply(f"Queue{what}{version}", self.queue_ref, *inputs, name=name, **attrs)

    def _taken(self, tensors: list[Tensor], outer: TensorShape) -> Any:  # noqa: ANN401 -- a tensor, a list or a dict
        for tensor, shape in zip(tensors, self.shapes, strict=True):
            tensor.set_shape(outer.concatenate(shape))
        if self.names is not None:
            return dict(zip(self.names, tensors, strict=True))
        return tensors[0] if len(tensors) == 1 else tensors

    def dequeue(self, name: str | None = None) -> Any:  # noqa: ANN401 -- likewise
        """Add a node that takes an element out, and waits while there is none.

        It raises OutOfRangeError in a run where the queue is closed and empty.
        """
        name = name or f"{self._short}_Dequeue"
        return self._taken(self._apply("Dequeue", name=name, component_types=self.dtypes), TensorShape([]))

    def dequeue_many(self, n: object, name: str | None = None) -> Any:  # noqa: ANN401 -- likewise
        """Add a node that takes ``n`` elements out, as one with a new first dimension."""
        tensors = self._apply("DequeueMany", n, name=name or f"{self._short}_DequeueMany", component_types=self.dtypes)
        known = get_static_value(tensors[0].op.inputs[1])
        return self._taken(tensors, TensorShape([None if known is None else int(known)]))

    def dequeue_up_to(self, n: object, name: str | None = None) -> Any:  # noqa: ANN401 -- likewise
        """Add a node that takes ``n`` elements out, of a closed queue what is left."""
        tensors = self._apply("DequeueUpTo", n, name=name or f"{self._short}_DequeueUpTo", component_types=self.dtypes)
        return self._taken(tensors, TensorShape([None]))

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Operation:
        """Add a node that lets no more elements in; those that wait to come in may still, unless told."""
        attrs = {"cancel_pending_enqueues": cancel_pending_enqueues}
        closed: Operation = self._apply("Close", name=name or f"{self._short}_Close", **attrs)
        return closed

    def is_closed(self, name: str | None = None) -> Tensor:
        """Add whether it was closed."""
        closed: Tensor = self._apply("IsClosed", name=name or f"{self._short}_Is_Closed")
        return closed

    def size(self, name: str | None = None) -> Tensor:
        """Add how many elements it holds."""
        size: Tensor = self._apply("Size", name=name or f"{self._short}_Size")
        return size


class FIFOQueue(Queue):
    """A queue whose first element comes out first; see `Queue`.

    Args:
        capacity: Elements that it holds at most; -1 for any number.
        dtypes: Types of an element's components, or one type.
        shapes: Their shapes, or one shape.
        names: Their names.
        shared_name: Under which sessions keep it.
        name: Of the node.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        capacity: int,
        dtypes: Any,  # noqa: ANN401 -- a type or a list
        shapes: Any = None,  # noqa: ANN401 -- a shape or a list
        names: Any = None,  # noqa: ANN401 -- a name or a list
        shared_name: str | None = None,
        name: str = "fifo_queue",
    ) -> None:
        types, sizes = _types(dtypes), _shapes(shapes)
        with get_default_graph().init_scope(), get_default_graph().device("CPU"):
            held = _held(types, sizes, capacity, shared_name)
            super().__init__(types, sizes, _names(names), output("FIFOQueueV2", name=name, **held))


class PaddingFIFOQueue(Queue):
    """A `FIFOQueue` whose batches are made of elements of different sizes, filled up with zeros."""

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        capacity: int,
        dtypes: Any,  # noqa: ANN401 -- as above
        shapes: Any,  # noqa: ANN401
        names: Any = None,  # noqa: ANN401
        shared_name: str | None = None,
        name: str = "padding_fifo_queue",
    ) -> None:
        types, sizes = _types(dtypes), _shapes(shapes)
        if len(types) != len(sizes):
            raise ValueError(
                f"Shapes must be provided for all components, but received {len(types)} dtypes and {len(sizes)} shapes."
            )
        held = _held(types, sizes, capacity, shared_name)
        super().__init__(types, sizes, _names(names), output("PaddingFIFOQueueV2", name=name, **held))


class RandomShuffleQueue(Queue):
    """A queue of which any element comes out next.

    Args:
        capacity: As of `FIFOQueue`.
        min_after_dequeue: Elements that stay in it until it is closed, for the draw to be from many.
        dtypes: As of `FIFOQueue`.
        shapes: As of `FIFOQueue`.
        names: As of `FIFOQueue`.
        seed: Of the draws.
        shared_name: As of `FIFOQueue`.
        name: As of `FIFOQueue`.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        capacity: int,
        min_after_dequeue: int,
        dtypes: Any,  # noqa: ANN401 -- as above
        shapes: Any = None,  # noqa: ANN401
        names: Any = None,  # noqa: ANN401
        seed: int | None = None,
        shared_name: str | None = None,
        name: str = "random_shuffle_queue",
    ) -> None:
        types, sizes = _types(dtypes), _shapes(shapes)
        first, second = get_seed(seed)
        held = _held(types, sizes, capacity, shared_name)
        seeds = {"min_after_dequeue": min_after_dequeue, "seed": first, "seed2": second}
        super().__init__(types, sizes, _names(names), output("RandomShuffleQueueV2", name=name, **held, **seeds))


def _held(types: list[DType], shapes: list[TensorShape], capacity: int, shared_name: str | None) -> dict[str, Any]:
    return {"component_types": types, "shapes": shapes, "capacity": capacity, "shared_name": shared_name or ""}


def _types(dtypes: Any) -> list[DType]:  # noqa: ANN401 -- a type or a list
    return [as_dtype(dtype) for dtype in (dtypes if isinstance(dtypes, (list, tuple)) else [dtypes])]


def _shapes(shapes: Any) -> list[TensorShape]:  # noqa: ANN401 -- a shape or a list
    if shapes is None:
        return []
    if isinstance(shapes, TensorShape):
        return [shapes]
    several: list[ShapeLike] = list(shapes)
    if any(size is None or isinstance(size, int) for size in several) or not several:
        several = [shapes]
    return [TensorShape(shape) for shape in several]


def _names(names: Any) -> list[str] | None:  # noqa: ANN401 -- a name or a list
    return [names] if isinstance(names, str) else names


def _tensors_in(vals: Any) -> list[object]:  # noqa: ANN401 -- a value, a list or a dict
    return (
        list(vals.values()) if isinstance(vals, Mapping) else list(vals) if isinstance(vals, (list, tuple)) else [vals]
    )
