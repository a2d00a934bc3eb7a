"""Arrays of tensors that a loop writes and reads, one tensor per iteration.

Each change returns the array as it is afterwards: that is the order in which a run makes them, by the ``flow`` that
every operation takes and gives.

Format: tensorflow/python/ops/tensor_array_ops.py, _GraphTensorArray.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ckpt_magics.files.formats.dtypes import INT32, INT64, as_dtype
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape, as_shape, unknown_shape
from ckpt_magics.graphs.nodes.arrays import shape
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, identity, name_scope, output
from ckpt_magics.graphs.nodes.mathematics import cast, number_range

__all__ = ["TensorArray"]

PASSING = frozenset({"Enter", "Identity", "Switch", "TensorArrayGradV3"})
"""Ops that give on the array that they are given, or one like it."""


class TensorArray:
    """An array of tensors.

    Args:
        dtype: Type of the tensors.
        size: Number of them.
        dynamic_size: Whether it may grow.
        clear_after_read: Whether a tensor is forgotten when it is read.
        tensor_array_name: Name that runs give it.
        handle: An array that exists, instead of ``size``.
        flow: What says how far that array has come.
        infer_shape: Whether all tensors have one shape.
        element_shape: What is known of their shapes.
        colocate_with_first_write_call: Whether it is where the first tensor is.
        name: Name of the scope.

    Raises:
        ValueError: Both or neither of ``size`` and ``handle`` are given, or a handle without flow.

    Attributes:
        handle: The array.
        flow: How far it has come.
        dtype: Type of the tensors.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        dtype: object,
        size: object = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Tensor | None = None,
        flow: Tensor | None = None,
        infer_shape: bool = True,
        element_shape: ShapeLike = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        if (handle is None) == (size is None):
            raise ValueError("Exactly one of `size` and `handle` must be provided.")
        if handle is not None and flow is None:
            raise ValueError("flow must not be None if handle is not None.")
        self.dtype = as_dtype(dtype)
        self.dynamic_size = bool(dynamic_size)
        self._size = size
        self._infers = infer_shape
        # Shared with the same array after later changes, so that what one of them learns all know.
        self._element = [as_shape(element_shape)]
        self._place: list[Tensor] | None = [] if colocate_with_first_write_call else None
        if handle is not None and flow is not None:
            self.handle, self.flow = handle, flow
            return
        attrs = {
            "dtype": self.dtype,
            "element_shape": self._element[0],
            "identical_element_shapes": infer_shape,
            "dynamic_size": self.dynamic_size,
            "clear_after_read": clear_after_read is None or clear_after_read,
            "tensor_array_name": tensor_array_name,
        }
        self.handle, self.flow = self._make(attrs, name)

    def _make(self, attrs: dict[str, Any], name: str | None) -> tuple[Tensor, Tensor]:
        graph = get_default_graph()
        with name_scope(name, "TensorArray", [self._size]) as scope:
            if self._place is None:
                made = apply("TensorArrayV3", self._size, name=scope, **attrs)
            else:
                with graph.device(None), graph.colocate_with(None, ignore_existing=True):
                    made = apply("TensorArrayV3", self._size, name=scope, **attrs)
            return made[0], made[1]

    @property
    def element_shape(self) -> TensorShape:
        """What is known of the tensors' shapes."""
        return self._element[0]

    def with_flow(self, flow: Tensor) -> TensorArray:
        """Return the array as it is after what a flow says."""
        later = TensorArray.__new__(TensorArray)
        later.__dict__.update(self.__dict__, flow=flow)
        return later

    def identity(self) -> TensorArray:
        """Return the array, with a node that passes its flow on."""
        return self.with_flow(identity(self.flow))

    def read(self, index: object, name: str | None = None) -> Tensor:
        """Add one of the tensors."""
        value = output("TensorArrayReadV3", self.handle, index, self.flow, dtype=self.dtype, name=name)
        value.set_shape(self.element_shape)
        return value

    def write(self, index: object, value: object, name: str | None = None) -> TensorArray:
        """Return the array with a tensor put into it.

        Raises:
            ValueError: The tensor is of another type or shape.
        """
        with name_scope(name, "TensorArrayWrite", [self.handle, index, value]):
            tensor = self._converted(value)
            self._learn(tensor.shape)
            with self._placed(tensor):
                flow = output("TensorArrayWriteV3", self.handle, index, tensor, self.flow, name=name)
            return self.with_flow(flow)

    def _converted(self, value: object) -> Tensor:
        tensor = convert_to_tensor(value, name="value", dtype_hint=self.dtype)
        if tensor.dtype != self.dtype:
            raise TypeError(f"Invalid data types; op elements {tensor.dtype.name} but list elements {self.dtype.name}")
        return tensor

    def _learn(self, element_shape: TensorShape) -> None:
        if not element_shape.is_compatible_with(self.element_shape):
            raise ValueError(f"Inconsistent shapes: saw {element_shape} but expected {self.element_shape} ")
        if self._infers:
            self._element[0] = self.element_shape.merge_with(element_shape)

    @contextmanager
    def _placed(self, value: Tensor) -> Iterator[None]:
        if self._place is None:
            yield
            return
        if not self._place:
            self._place.append(value)
        with get_default_graph().colocate_with(self._place[0]):
            yield

    def stack(self, name: str | None = None) -> Tensor:
        """Add all tensors as one, with a dimension more."""
        with get_default_graph().colocate_with(self.handle), name_scope(name, "TensorArrayStack", [self.handle]):
            value = self.gather(number_range(0, self.size()), name=name)
            if self.element_shape and not self.dynamic_size and self._size is not None:
                value.set_shape(TensorShape([_known(self._size)]).concatenate(self.element_shape))
            return value

    def gather(self, indices: object, name: str | None = None) -> Tensor:
        """Add some of the tensors as one, with a dimension more."""
        value = output(
            "TensorArrayGatherV3",
            self.handle,
            indices,
            self.flow,
            dtype=self.dtype,
            element_shape=self.element_shape,
            name=name,
        )
        if not _has_declared_shape(self.handle):
            value.replace_shape(unknown_shape())
        if self.element_shape:
            value.set_shape(TensorShape([None]).concatenate(self.element_shape))
        return value

    def concat(self, name: str | None = None) -> Tensor:
        """Add all tensors as one, joined along their first dimension."""
        inner = self.element_shape[1:]
        value: Tensor = apply(
            "TensorArrayConcatV3",
            self.handle,
            self.flow,
            dtype=self.dtype,
            element_shape_except0=inner,
            name=name,
        )[0]
        if self.element_shape:
            count, each = _known(self._size), self.element_shape[0].value
            first = count * each if self._infers and count is not None and each is not None else None
            value.set_shape(TensorShape([first]).concatenate(inner))
        return value

    def unstack(self, value: object, name: str | None = None) -> TensorArray:
        """Return the array with the parts of a tensor along its first dimension put into it."""
        with name_scope(name, "TensorArrayUnstack", [self.handle, value]):
            count = shape(value)[0]
            return self.scatter(number_range(0, count), value, name=name)

    def scatter(self, indices: object, value: object, name: str | None = None) -> TensorArray:
        """Return the array with the parts of a tensor put into it at given indices."""
        with name_scope(name, "TensorArrayScatter", [self.handle, value, indices]):
            tensor = self._converted(value)
            self._learn(tensor.shape[1:] if tensor.shape else unknown_shape())
            with self._placed(tensor):
                flow = output("TensorArrayScatterV3", self.handle, indices, tensor, self.flow, name=name)
            return self.with_flow(flow)

    def split(self, value: object, lengths: object, name: str | None = None) -> TensorArray:
        """Return the array with parts of a tensor of given lengths put into it."""
        with name_scope(name, "TensorArraySplit", [self.handle, value, lengths]):
            tensor = convert_to_tensor(value, self.dtype, name="value")
            with self._placed(tensor):
                flow = output("TensorArraySplitV3", self.handle, tensor, cast(lengths, INT64), self.flow, name=name)
            return self.with_flow(flow)

    def size(self, name: str | None = None) -> Tensor:
        """Add the number of tensors."""
        if not self.dynamic_size and self._size is not None:
            return convert_to_tensor(self._size, INT32)
        return output("TensorArraySizeV3", self.handle, self.flow, name=name)

    def grad(self, source: str, flow: Tensor | None = None, name: str | None = None) -> TensorArray:
        """Return the array of the gradients of the tensors.

        Args:
            source: The call of `gradients` that it belongs to.
            flow: After what the array has its size.
            name: Name of the scope.
        """
        graph = get_default_graph()
        flow = self.flow if flow is None else flow
        with name_scope(name, "TensorArrayGrad", [self.handle]), graph.colocate_with(self.handle):
            handle = apply("TensorArrayGradV3", self.handle, flow, source=source, name=name)[0]
            with graph.control_dependencies([handle]):
                flow = identity(flow, name="gradient_flow")
            array = TensorArray(
                self.dtype, handle=handle, flow=flow, infer_shape=self._infers, colocate_with_first_write_call=False
            )
        array._element = [self.element_shape]
        return array

    def close(self, name: str | None = None) -> Operation:
        """Add an operation that forgets all tensors."""
        made: Operation = apply("TensorArrayCloseV3", self.handle, name=name)
        return made


def _has_declared_shape(handle: Tensor) -> bool:
    """Tell whether an array was made with the shape of its elements: from what is written TensorFlow learns less."""
    op = handle.op
    while op.type in PASSING and op.inputs:
        op = op.inputs[0].op
    return op.type != "TensorArrayV3" or not op.get_attr("element_shape").unknown_rank


def _known(size: object) -> int | None:
    value = constant_value(size) if isinstance(size, Tensor) else size
    return None if value is None else int(value)  # type: ignore[call-overload]  # a number of whatever kind
