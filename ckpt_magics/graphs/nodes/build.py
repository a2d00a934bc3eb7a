"""Functions that add nodes to the default graph, with the names and attributes that TensorFlow gives them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.formats.dtypes import FLOAT, INT32, DType, as_dtype
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.graph.output_types import dtype_of_number
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape
from ckpt_magics.graphs.nodes.constants import constant, to_array
from ckpt_magics.proto.messages import OpDef

__all__ = [
    "apply",
    "convert_to_tensor",
    "fill",
    "group",
    "identity",
    "name_scope",
    "no_op",
    "ones",
    "output",
    "placeholder",
    "placeholder_with_default",
    "zeros",
]

SMALL_CONSTANT = 1000
"""Zeros and ones below this many elements are one Const, larger ones a Fill."""


@contextmanager
def name_scope(name: str | None, default_name: str | None = None, values: Sequence[object] = ()) -> Iterator[str]:
    """Enter a name scope of the graph that ``values`` belong to, or of the default graph.

    Args:
        name: Name of the scope; see `Graph.name_scope`.
        default_name: Name to take when ``name`` is None.
        values: Tensors that the operations inside will take.

    Yields:
        The full scope, with a slash at its end.
    """
    graph = graph_of(values)
    with graph.as_default(), graph.name_scope(default_name if name is None else name) as scope:
        yield scope


def graph_of(values: Iterable[object]) -> Graph:
    """Return the graph of the first tensor or variable among ``values``, or the default graph.

    Inside a function it is the function's graph, which may take tensors from outside.
    """
    default = get_default_graph()
    if default.takes_from_outside:
        return default
    for value in values:
        if isinstance(value, (Operators, Operation)):
            graph = getattr(value, "graph", None)
            if isinstance(graph, Graph):
                return graph
    return default


def convert_to_tensor(
    value: object, dtype: object = None, name: str | None = None, dtype_hint: DType | None = None
) -> Tensor:
    """Return ``value`` as a tensor: itself, what a variable holds, or a new constant.

    Args:
        value: Tensor, variable, number, string, array, or nested list, which may hold tensors too.
        dtype: Type that the tensor must have.
        name: Name of a node that has to be made.
        dtype_hint: Type to choose if the value can have it.

    Raises:
        TypeError: The value is no tensor and cannot become one of that type.
        ValueError: A tensor has another dtype.
    """
    wanted = None if dtype is None else as_dtype(dtype)
    if isinstance(value, Operators):
        tensor: Tensor = value.as_tensor()
        if wanted is not None and tensor.dtype != wanted:
            raise ValueError(
                f"Tensor conversion requested dtype {wanted.name} for Tensor with dtype {tensor.dtype.name}: {tensor!r}"
            )
        return tensor
    if isinstance(value, Operation):
        raise TypeError(f"Can't convert Operation '{value.name}' to Tensor (target dtype={wanted}, name={name!r})")
    if isinstance(value, (list, tuple)) and _holds_tensors(value):
        return _pack(value, wanted, name or "packed")
    if wanted is None and dtype_hint is not None:
        try:
            return constant(value, dtype_hint, name=name or "Const")
        except (TypeError, ValueError):
            pass  # a hint is no demand
    return constant(value, wanted, name=name or "Const")


def _holds_tensors(value: Sequence[Any]) -> bool:
    return any(
        isinstance(item, Operators) or (isinstance(item, (list, tuple)) and _holds_tensors(item)) for item in value
    )


def _pack(values: Sequence[Any], dtype: DType | None, name: str) -> Tensor:
    hint = dtype or next((item.as_tensor().dtype for item in values if isinstance(item, Operators)), None)
    with name_scope(name, values=values) as scope:
        parts = [convert_to_tensor(item, name=str(i), dtype_hint=hint) for i, item in enumerate(values)]
        return output("Pack", parts, name=scope)


def apply(op_type: str, *inputs: object, name: str | None = None, **attrs: object) -> Any:  # noqa: ANN401 -- see Returns
    """Add an op whose definition is known to the graph of its inputs.

    Args:
        op_type: Kind of op.
        *inputs: One value per argument of the op, a list for an argument that takes one; what is no tensor becomes a
            constant in the node's scope.
        name: Name of the node, made unique; with a slash at its end, exactly that name. Default: the kind of op.
        **attrs: Attributes, as far as they don't follow from the inputs or the op's defaults.

    Returns:
        The output as a Tensor; a list of tensors if there are several; the Operation if there are none.

    Raises:
        TypeError: An input has the wrong dtype, or there are too many or too few.
        UnimplementedError: The op is none of those that this package knows.
    """
    graph = graph_of(_flat(inputs))
    op_def = graph.op_def(op_type)
    if op_def is None:
        raise UnimplementedError(f"op {op_type} is none of those that can be added here")
    if len(inputs) != len(op_def.input_arg):
        raise TypeError(f"{op_type} takes {len(op_def.input_arg)} inputs, but got {len(inputs)}")
    with ExitStack() as scopes:
        scopes.enter_context(graph.as_default())
        scope = scopes.enter_context(graph.name_scope(name or op_type))
        tensors = _Inputs(op_def, attrs).convert(inputs)
        for arg, tensor in zip(op_def.input_arg, tensors, strict=True):
            if arg.is_ref and isinstance(tensor, Tensor):
                scopes.enter_context(graph.colocate_with(tensor))
        op = graph.create_op(op_type, tensors, attrs=attrs, name=scope)
    if not op.outputs:
        return op
    return op.outputs[0] if len(op_def.output_arg) == 1 and _is_single(op_def.output_arg[0]) else op.outputs


def output(op_type: str, *inputs: object, name: str | None = None, **attrs: object) -> Tensor:
    """Add an op that has one output, as `apply` does, and return the output."""
    tensor = apply(op_type, *inputs, name=name, **attrs)
    assert isinstance(tensor, Tensor), op_type  # noqa: S101 -- the caller names the op
    return tensor


def _flat(inputs: Sequence[object]) -> Iterator[object]:
    for item in inputs:
        yield from item if isinstance(item, (list, tuple)) else (item,)


def _is_single(arg: OpDef.ArgDef) -> bool:
    return not (arg.number_attr or arg.type_list_attr)


class _Inputs:
    """The conversion of one op's inputs: each settles type attributes that the later ones have to keep to."""

    def __init__(self, op_def: OpDef, attrs: dict[str, object]) -> None:
        self._op_def = op_def
        self._types = {
            attr.name: as_dtype(attrs[attr.name])
            for attr in op_def.attr
            if attr.type == "type" and attrs.get(attr.name) is not None
        }
        self._defaults = {
            attr.name: dtype_of_number(attr.default_value.type, attr.name)
            for attr in op_def.attr
            if attr.type == "type" and attr.HasField("default_value")
        }
        self._allowed = {
            attr.name: set(attr.allowed_values.list.type) for attr in op_def.attr if attr.name in self._defaults
        }

    def convert(self, inputs: Sequence[Any]) -> list[Tensor | list[Tensor]]:
        return [
            self._one(arg, value) if _is_single(arg) else [self._one(arg, item, i) for i, item in enumerate(value)]
            for arg, value in zip(self._op_def.input_arg, inputs, strict=True)
        ]

    def _one(self, arg: OpDef.ArgDef, value: object, index: int | None = None) -> Tensor:
        name = arg.name if index is None else f"{arg.name}_{index}"
        if arg.type:
            wanted: DType | None = dtype_of_number(arg.type, arg.name)
        else:
            wanted = self._types.get(arg.type_attr)
        if arg.is_ref:
            value = getattr(value, "ref", value)
        hint = None if self._fits(arg, value) else self._defaults.get(arg.type_attr)
        tensor = convert_to_tensor(value, None if isinstance(value, Operators) else wanted, name, hint)
        if wanted is not None and tensor.dtype != wanted:
            raise TypeError(
                f"Input '{arg.name}' of '{self._op_def.name}' Op has type {tensor.dtype.name} that does not match "
                f"{'expected type of' if arg.type else 'type'} {wanted.name}{'' if arg.type else ' of argument'}."
            )
        if arg.is_ref and not tensor.is_ref:
            raise TypeError(
                f"'{self._op_def.name}' Op requires that input '{arg.name}' be a mutable tensor (e.g.: a tf.Variable)"
            )
        if arg.type_attr:
            self._types[arg.type_attr] = tensor.dtype
        return tensor

    def _fits(self, arg: OpDef.ArgDef, value: object) -> bool:
        """Return whether the op takes the type that a value has by itself; then the op's default does not count."""
        allowed = self._allowed.get(arg.type_attr)
        if not allowed or isinstance(value, (Operators, Operation)):
            return False
        try:
            return to_array(value)[1].number in allowed
        except (TypeError, ValueError):
            return False  # the value holds tensors, or is of no one type


def identity(value: object, name: str | None = None) -> Tensor:
    """Add an op that passes a tensor on."""
    return output("Identity", value, name=name)


def placeholder(dtype: object, shape: ShapeLike = None, name: str | None = None) -> Tensor:
    """Add a tensor whose value is fed in each run."""
    return output("Placeholder", name=name, dtype=as_dtype(dtype), shape=TensorShape(shape))


def placeholder_with_default(value: object, shape: ShapeLike, name: str | None = None) -> Tensor:
    """Add a tensor whose value can be fed, and is ``value`` otherwise."""
    return output("PlaceholderWithDefault", value, name=name, shape=TensorShape(shape))


def no_op(name: str | None = None) -> Operation:
    """Add an op that does nothing: something to wait for, or to wait with."""
    return get_default_graph().create_op("NoOp", name=name)


def group(*items: object, name: str | None = None) -> Operation:
    """Add an op that runs the given ones: one NoOp per device, and one for all if there are several devices."""
    flat = list(_flat(items))
    with name_scope(name, "group_deps", flat) as scope:
        graph = get_default_graph()
        by_device: dict[str, list[Operation]] = {}
        for item in flat:
            op = graph.as_operation(item)
            by_device.setdefault(op.device, []).append(op)
        if len(by_device) <= 1:
            return _group_on_devices(by_device, scope)[0] if by_device else no_op(scope)
        with graph.control_dependencies(_group_on_devices(dict(sorted(by_device.items())), None)):
            return no_op(scope)


def _group_on_devices(by_device: dict[str, list[Operation]], name: str | None) -> list[Operation]:
    graph = get_default_graph()
    made = []
    for device, ops in by_device.items():
        with graph.control_dependencies(ops), graph.device(device):
            made.append(no_op(name))
    return made


def fill(dims: object, value: object, name: str | None = None) -> Tensor:
    """Add a tensor of shape ``dims`` with every element ``value``."""
    return output("Fill", dims, value, name=name)


def zeros(shape: object, dtype: object = FLOAT, name: str | None = None) -> Tensor:
    """Add a tensor of zeros; empty strings and False count as zeros."""
    return _filled("zeros", shape, as_dtype(dtype), 0, name)


def ones(shape: object, dtype: object = FLOAT, name: str | None = None) -> Tensor:
    """Add a tensor of ones."""
    return _filled("ones", shape, as_dtype(dtype), 1, name)


def _filled(kind: str, shape: object, dtype: DType, value: int, name: str | None) -> Tensor:
    element: object = ("" if value == 0 else "1") if dtype.name == "string" else bool(value) if dtype.is_bool else value
    with name_scope(name, kind, [shape]) as scope:
        if isinstance(shape, Operators) or (isinstance(shape, (list, tuple)) and _holds_tensors(shape)):
            return fill(convert_to_tensor(shape, INT32), constant(element, dtype), name=scope)
        known = TensorShape(shape)  # type: ignore[arg-type]  # whatever else it is, the constructor refuses it
        if (known.num_elements() or 0) < SMALL_CONSTANT:
            return constant(element, dtype, known, name=scope)
        return fill(constant(known, INT32, name="shape_as_tensor"), constant(element, dtype), name=scope)
