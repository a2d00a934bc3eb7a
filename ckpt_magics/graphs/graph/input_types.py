"""What an operation has to be given, and whether it is given that.

Format: tensorflow/core/framework/node_def_util.cc, and Graph::UpdateEdge in tensorflow/core/graph/graph.cc.
"""

from __future__ import annotations

from functools import cache

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.graphs.graph.inference import known_op_def
from ckpt_magics.graphs.graph.node import Operation, OutputType, Tensor
from ckpt_magics.graphs.graph.output_types import ArgumentType, argument_types

__all__ = ["check_input_type", "input_types"]

MAX_NAMED = 20
"""More inputs than these are not listed in a message; damaged graphs ask for thousands."""


def input_types(op: Operation) -> list[OutputType]:
    """Return the types of the inputs that an operation has to be given; imported ones may lack some.

    Raises:
        InvalidArgumentError: It has more or fewer inputs, or an attribute that settles their types is missing.
    """
    wanted = list(argument_types(_input_arguments(op), op.node_def))
    if len(wanted) != len(op.inputs):
        names = [_type_name(*output) for output in wanted[:MAX_NAMED]] + ["..."] * (len(wanted) > MAX_NAMED)
        raise InvalidArgumentError(
            f"NodeDef expected inputs '{', '.join(names)}' do not match {len(op.inputs)} inputs specified by node "
            f"{visible(op.name)} (op {op.type})"
        )
    return wanted


def check_input_type(op: Operation, position: int, given: Tensor, wanted: OutputType, *, is_ref: bool) -> None:
    """Raise InvalidArgumentError if an operation takes no input of a tensor's type.

    Args:
        op: The operation.
        position: Which of its inputs.
        given: The tensor.
        wanted: What the operation takes there.
        is_ref: Whether the tensor comes as a reference to a variable; a value that is fed does not.
    """
    if given.dtype != wanted.dtype or (wanted.is_ref and not is_ref):
        raise InvalidArgumentError(
            f"Input {position} of node {visible(op.name)} was passed {_type_name(given.dtype, is_ref)} from "
            f"{visible(given.name)} incompatible with expected {_type_name(*wanted)}."
        )


@cache
def _known_arguments(op_type: str) -> tuple[ArgumentType, ...] | None:
    op_def = known_op_def(op_type)
    return None if op_def is None else ArgumentType.of(op_def.input_arg)


def _input_arguments(op: Operation) -> tuple[ArgumentType, ...]:
    known = _known_arguments(op.type)
    if known is not None:
        return known
    return () if op.op_def is None else ArgumentType.of(op.op_def.input_arg)


def _type_name(dtype: DType, is_ref: bool) -> str:
    return f"{dtype.c_name}_ref" if is_ref else dtype.c_name
