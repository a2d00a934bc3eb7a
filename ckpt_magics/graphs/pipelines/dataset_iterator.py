"""Iterators: tensors that are the next element of a dataset in every run.

Format: tensorflow/python/data/ops/iterator_ops.py.
"""

from __future__ import annotations

from typing import Any, Protocol

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.structures import map_structure
from ckpt_magics.graphs.pipelines.elements import ElementKind

__all__ = ["DatasetIterator"]


class Iterated(Protocol):
    """A dataset, as far as an iterator asks: what nodes take for it, and what its elements are."""

    handle: Tensor
    kind: ElementKind


class DatasetIterator:
    """An iterator.

    Args:
        handle: What nodes take for it.
        initializer: What begins it, if something has to.
        kind: What its elements are.
    """

    def __init__(self, handle: Tensor, initializer: Operation | None, kind: ElementKind) -> None:
        self._handle = handle
        self._initializer = initializer
        self._kind = kind
        self._string_handle: Tensor | None = None

    @classmethod
    def named(cls, kind: ElementKind, shared_name: str | None = None) -> DatasetIterator:
        """Return an iterator that nothing begins yet."""
        handle = output("IteratorV2", container="", shared_name=shared_name or "", **kind.attrs)
        return cls(handle, None, kind)

    @classmethod
    def from_structure(
        cls,
        output_types: Any,  # noqa: ANN401 -- any nesting
        output_shapes: Any = None,  # noqa: ANN401 -- likewise
        shared_name: str | None = None,
        output_classes: object = None,  # noqa: ARG003 -- tensors only
    ) -> DatasetIterator:
        """Return an iterator for every dataset of such elements, which begins by what `make_initializer` returns."""
        return cls.named(ElementKind.told(output_types, output_shapes), shared_name)

    @classmethod
    def from_string_handle(
        cls,
        string_handle: object,
        output_types: Any,  # noqa: ANN401 -- any nesting
        output_shapes: Any = None,  # noqa: ANN401 -- likewise
        output_classes: object = None,  # noqa: ARG003 -- tensors only
    ) -> DatasetIterator:
        """Return whichever iterator a string stands for, as `string_handle` gives it: mostly one that is fed."""
        kind = ElementKind.told(output_types, output_shapes)
        text = convert_to_tensor(string_handle, "string")
        return cls(output("IteratorFromStringHandleV2", text, **kind.attrs), None, kind)

    @property
    def initializer(self) -> Operation:
        """What begins it.

        Raises:
            ValueError: Nothing does.
        """
        if self._initializer is None:
            raise ValueError(
                "The iterator does not have an initializer. This means it was likely created using "
                "`tf.data.Dataset.make_one_shot_iterator()`."
            )
        return self._initializer

    @property
    def output_types(self) -> Any:  # noqa: ANN401 -- DTypes in any nesting
        """Types of an element's tensors."""
        return self._kind.types

    @property
    def output_shapes(self) -> Any:  # noqa: ANN401 -- likewise
        """Shapes of an element's tensors."""
        return self._kind.shapes

    @property
    def output_classes(self) -> Any:  # noqa: ANN401 -- likewise
        """Class of each of an element's parts."""
        return map_structure(lambda _: Tensor, self._kind.types)

    def begin_by(self, dataset: Tensor) -> None:
        """Let ``initializer`` begin at a dataset's first element."""
        self._initializer = apply("MakeIterator", dataset, self._handle)

    def make_initializer(self, dataset: Iterated, name: str | None = None) -> Operation:
        """Return what begins the iterator at a dataset's first element.

        Raises:
            TypeError: The dataset's elements are of other types or shapes.
        """
        self._kind.check_fits(dataset.kind, "the iterator")
        with name_scope(name, "make_initializer") as scope, get_default_graph().colocate_with(self._handle):
            started: Operation = apply("MakeIterator", dataset.handle, self._handle, name=scope)
        return started

    def get_next(self, name: str | None = None) -> Any:  # noqa: ANN401 -- tensors in the elements' nesting
        """Return tensors that are the next element in every run.

        A run of which they are part raises OutOfRangeError where there is none.
        """
        with get_default_graph().colocate_with(self._handle):
            return self._kind.packed(apply("IteratorGetNext", self._handle, name=name, **self._kind.attrs))

    def string_handle(self, name: str | None = None) -> Tensor:
        """Return a string that stands for the iterator within a session; see `from_string_handle`."""
        if name is not None or self._string_handle is None:
            self._string_handle = output("IteratorToStringHandle", self._handle, name=name)
        return self._string_handle
