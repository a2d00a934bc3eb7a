"""Ops that hold, read and change variables, by reference (TF 1) and by resource handle (TF 2)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, OutOfRangeError, TensorMismatchError
from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.holders import HOLDER_ATTRS
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_shapes, shape_from_proto
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import attr_shape, like_input, no_outputs, scalar, shape_from_attr
from ckpt_magics.graphs.ops.type_sets import INDEX, NUMBERS
from ckpt_magics.graphs.ops.variable_values import SessionVariable, locked

__all__ = ["ROWS"]


def _variable(ctx: KernelContext) -> SessionVariable:
    # Without a shared name a reference variable is the node's own, apart from those that share one.
    shared = ctx.attr("shared_name").decode()
    kind, name = ("shared reference", shared) if shared else ("reference", ctx.node_name)
    return ctx.variables.find(
        kind, name, ctx.attr("container").decode(), ctx.attr("dtype"), shape_from_proto(ctx.attr("shape"))
    )


def _variable_v1_shape(ctx: ShapeContext) -> list[Shape]:
    # The first variable op could not tell a scalar from a shape that is not known.
    return [attr_shape(ctx, "shape") or None]


def _var_handle(ctx: KernelContext) -> SessionVariable:
    return ctx.variables.find(
        "resource",
        ctx.attr("shared_name").decode(),
        ctx.attr("container").decode(),
        ctx.attr("dtype"),
        shape_from_proto(ctx.attr("shape")),
    )


def _assign_shape(ctx: ShapeContext) -> list[Shape]:
    if ctx.attr("validate_shape"):
        return [merge_shapes([ctx.shape(0), ctx.shape(1)])]
    return [ctx.shape(1)]


def _assign(ctx: KernelContext, ref: SessionVariable, value: Array) -> SessionVariable:
    fits = ref.accepts(value.shape) if ref.value is None else ref.value.shape == value.shape
    if ctx.attr("validate_shape") and not fits:
        expected = ref.shape if ref.value is None else ref.value.shape
        raise TensorMismatchError(
            "Assign requires shapes of both tensors to match. "
            f"lhs shape= {format_shape(expected or ())} rhs shape= {format_shape(value.shape)}"
        )
    ref.assign(value)
    return ref


def _update(function: Callable[[Array, Array], Array]) -> Kernel:
    """Return the kernel that changes a reference variable, which has a value, by one of the same shape."""

    def kernel(_ctx: KernelContext, ref: SessionVariable, value: Array) -> SessionVariable:
        with locked([ref]):
            current = ref.value
            if current.shape != value.shape:
                raise InvalidArgumentError(
                    "Assign update requires shapes of both tensors to match. "
                    f"lhs shape= {format_shape(current.shape)} rhs shape= {format_shape(value.shape)}"
                )
            ref.assign(function(current, value))
        return ref

    return kernel


def _update_shape(ctx: ShapeContext) -> list[Shape]:
    return [merge_shapes([ctx.shape(0), ctx.shape(1)])]


def _is_initialized(_ctx: KernelContext, variable: SessionVariable) -> Array:
    return np.array(variable.value is not None)


def _read_shape(ctx: ShapeContext) -> list[Shape]:
    return [ctx.handle_shape(0)]


def _read(ctx: KernelContext, resource: SessionVariable) -> Array:
    value = resource.read()
    if resource.dtype != ctx.output_dtypes[0]:
        raise InvalidArgumentError(
            f"Trying to read variable with wrong dtype. Expected {ctx.output_dtypes[0].c_name} got "
            f"{resource.dtype.c_name}"
        )
    return value


def _assign_resource(ctx: KernelContext, resource: SessionVariable, value: Array) -> None:
    if resource.dtype != ctx.attr("dtype"):
        raise InvalidArgumentError(
            f"Trying to assign variable with wrong dtype. Expected {resource.dtype.c_name} got "
            f"{ctx.attr('dtype').c_name}"
        )
    # TensorFlow's graphs let a resource variable take any shape without a word, which hides a checkpoint of another
    # model; its eager mode and this package refuse.
    if not resource.accepts(value.shape):
        raise TensorMismatchError(
            f"Cannot assign value to variable '{resource.name}': Shape mismatch. The variable shape "
            f"{format_shape(resource.shape or ())}, and the assigned value shape {format_shape(value.shape)} are "
            "incompatible."
        )
    resource.assign(value)


def _update_resource(function: Callable[[Array, Array], Array]) -> Kernel:
    """Return the kernel that changes a resource variable by a value of its own shape."""

    def kernel(_ctx: KernelContext, resource: SessionVariable, value: Array) -> None:
        with locked([resource]):
            current = resource.read()
            if current.shape != value.shape:
                raise InvalidArgumentError(
                    f"Cannot update variable with shape {format_shape(current.shape)} using a Tensor with shape "
                    f"{format_shape(value.shape)}, shapes must be equal."
                )
            resource.assign(function(current, value))

    return kernel


def _variable_shape_shape(ctx: ShapeContext) -> list[Shape]:
    shape = ctx.handle_shape(0)
    return [(None if shape is None else len(shape),)]


def _variable_shape(ctx: KernelContext, resource: SessionVariable) -> Array:
    return np.array(resource.read().shape, ctx.output_dtypes[0].numpy)


def _destroy(ctx: KernelContext, resource: SessionVariable) -> None:
    if not ctx.attr("ignore_lookup_error"):
        resource.read()
    resource.value = None


REF_ATTRS = (Attr("shape", "shape"), types("dtype"), *HOLDER_ATTRS)
UPDATE_ATTRS = (types("T", NUMBERS), flag("use_locking"))


def _count(ctx: KernelContext, variable: SessionVariable) -> Array:
    """Return what a variable holds, and add 1, up to a limit."""
    with locked([variable]):
        value, limit = variable.read(), ctx.attr("limit")
        if value >= limit:
            raise OutOfRangeError(f"Reached limit of {limit}")
        variable.assign(value + value.dtype.type(1))
    return value


COUNTED = (Attr("limit", "int"), types("T", INDEX))

ROWS: tuple[Op, ...] = (
    Op("Variable", "-> ref: Ref(dtype)", REF_ATTRS, _variable_v1_shape, _variable, is_stateful=True),
    Op("VariableV2", "-> ref: Ref(dtype)", REF_ATTRS, shape_from_attr(), _variable, is_stateful=True),
    Op(
        "Assign",
        "ref: Ref(T), value: T -> output_ref: Ref(T)",
        (types("T"), flag("validate_shape", True), flag("use_locking", True)),
        _assign_shape,
        _assign,
        allows_uninitialized_input=True,
    ),
    Op("AssignAdd", "ref: Ref(T), value: T -> output_ref: Ref(T)", UPDATE_ATTRS, _update_shape, _update(np.add)),
    Op("AssignSub", "ref: Ref(T), value: T -> output_ref: Ref(T)", UPDATE_ATTRS, _update_shape, _update(np.subtract)),
    Op("CountUpTo", "ref: Ref(T) -> output: T", COUNTED, like_input(), _count),
    Op("ResourceCountUpTo", "resource: resource -> output: T", COUNTED, scalar, _count, is_stateful=True),
    Op(
        "IsVariableInitialized",
        "ref: Ref(dtype) -> is_initialized: bool",
        (types("dtype"),),
        scalar,
        _is_initialized,
        allows_uninitialized_input=True,
    ),
    Op(
        "VarHandleOp",
        "-> resource: resource",
        (
            *HOLDER_ATTRS,
            Attr("debug_name", "string", b""),
            types("dtype"),
            Attr("shape", "shape"),
            Attr("allowed_devices", "list(string)", ()),
        ),
        scalar,
        _var_handle,
        is_stateful=True,
    ),
    Op(
        "VarIsInitializedOp",
        "resource: resource -> is_initialized: bool",
        (),
        scalar,
        _is_initialized,
        is_stateful=True,
    ),
    # How TensorFlow stores a value is no matter here: there is nothing to switch off.
    Op("DisableCopyOnRead", "resource: resource ->", (), no_outputs, lambda _, __: None, is_stateful=True),
    Op("ReadVariableOp", "resource: resource -> value: dtype", (types("dtype"),), _read_shape, _read, is_stateful=True),
    Op(
        "AssignVariableOp",
        "resource: resource, value: dtype ->",
        (types("dtype"), flag("validate_shape")),
        no_outputs,
        _assign_resource,
        is_stateful=True,
    ),
    Op(
        "AssignAddVariableOp",
        "resource: resource, value: dtype ->",
        (types("dtype"),),
        no_outputs,
        _update_resource(np.add),
        is_stateful=True,
    ),
    Op(
        "AssignSubVariableOp",
        "resource: resource, value: dtype ->",
        (types("dtype"),),
        no_outputs,
        _update_resource(np.subtract),
        is_stateful=True,
    ),
    Op(
        "VariableShape",
        "input: resource -> output: out_type",
        (types("out_type", INDEX, INT32),),
        _variable_shape_shape,
        _variable_shape,
        is_stateful=True,
    ),
    Op(
        "DestroyResourceOp",
        "resource: resource ->",
        (flag("ignore_lookup_error", True),),
        no_outputs,
        _destroy,
        is_stateful=True,
    ),
)
