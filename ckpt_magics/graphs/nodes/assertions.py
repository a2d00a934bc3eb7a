"""Checks of values while a graph runs, and of shapes and types while it is made.

Format: tensorflow/python/ops/check_ops.py and control_flow_assert.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ml_dtypes import finfo

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT32, STRING
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, no_op, output
from ckpt_magics.graphs.nodes.conditional import cond
from ckpt_magics.graphs.nodes.described import described
from ckpt_magics.graphs.nodes.mathematics import (
    absolute,
    cast,
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    not_equal,
)
from ckpt_magics.graphs.nodes.reductions import reduce_all

__all__ = [
    "assert_equal",
    "assert_greater",
    "assert_greater_equal",
    "assert_less",
    "assert_less_equal",
    "assert_near",
    "assert_negative",
    "assert_non_negative",
    "assert_non_positive",
    "assert_none_equal",
    "assert_positive",
    "assertion",
    "printed",
]

DEFAULT_SUMMARY = 3
"""How many elements of each tensor a failed check shows."""


def assertion(
    condition: object, data: Sequence[object], summarize: int | None = None, name: str | None = None
) -> Operation:
    """Add a check that ``condition`` holds when the graph runs; else the run stops and tells ``data``."""
    with name_scope(name, "Assert", [condition, *data]):
        kinds = {convert_to_tensor(item).dtype for item in data}  # TensorFlow leaves these constants in the graph too
        limit = DEFAULT_SUMMARY if summarize is None else summarize
        if kinds <= {STRING, INT32}:
            return _check(condition, data, limit)
        holds = convert_to_tensor(condition, name="Condition")
        guarded: Tensor = cond(holds, no_op, lambda: _check(holds, data, limit), name="AssertGuard")
        return guarded.op


def printed(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    input_: object,
    data: Sequence[object],
    message: str | None = None,
    first_n: int | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> Tensor:
    """Add a tensor that is passed on, and whose runs print ``data``.

    Args:
        input_: The tensor.
        data: What is printed.
        message: What is printed before it.
        first_n: How many runs print. Default: all.
        summarize: How many elements of each tensor are printed.
        name: Name of the node.
    """
    return output("Print", input_, list(data), message=message, first_n=first_n, summarize=summarize, name=name)


def _check(condition: object, data: Sequence[object], summarize: int) -> Operation:
    made: Operation = apply("Assert", condition, list(data), summarize=summarize, name="Assert")
    return made


def _comparison(sign: str, name: str, holds: Callable[..., Tensor], known: Callable[..., Any]) -> Callable[..., Any]:
    default_name = name

    def function(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        x: object,
        y: object,
        data: Sequence[object] | None = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        if default_name == "assert_equal":
            with name_scope(name, default_name, [x, y]):
                if x is y:
                    return no_op()
        with name_scope(name, default_name, [x, y]):
            left, right = convert_to_tensor(x, name="x"), convert_to_tensor(y, name="y")
            shown = list(data or ()) or [
                f"Condition x {sign} y did not hold element-wise:",
                *(f"x ({left.name}) = ", left, f"y ({right.name}) = ", right),
            ]
            shown = shown if message is None else [message, *shown]
            condition = reduce_all(holds(left, right))
            _check_known(known, left, right, shown)
            return assertion(condition, shown, summarize)

    text = f"Add a check that ``x {sign} y`` for all elements; refuse constants of which it is not true."
    return described(function, default_name, text)


def _check_known(known: Callable[..., Any], left: Tensor, right: Tensor, shown: Sequence[object]) -> None:
    values = constant_value(left), constant_value(right)
    if values[0] is not None and values[1] is not None and not np.all(known(*values)):
        raise InvalidArgumentError("\n".join(_text(item) for item in shown))


def _text(item: object) -> str:
    value = constant_value(item) if isinstance(item, Tensor) else None
    return str(item if value is None else value)


assert_equal = _comparison("==", "assert_equal", equal, np.equal)
assert_none_equal = _comparison("!=", "assert_none_equal", not_equal, np.not_equal)
assert_less = _comparison("<", "assert_less", less, np.less)
assert_less_equal = _comparison("<=", "assert_less_equal", less_equal, np.less_equal)
assert_greater = _comparison(">", "assert_greater", greater, np.greater)
assert_greater_equal = _comparison(">=", "assert_greater_equal", greater_equal, np.greater_equal)


def _sign(words: str, name: str, against_zero: Callable[..., Operation]) -> Callable[..., Any]:
    default_name = name

    def function(
        x: object,
        data: Sequence[object] | None = None,
        summarize: int | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> Operation:
        with name_scope(name, default_name, [x]):
            tensor = convert_to_tensor(x, name="x")
            said = [message or "", f"Condition x {words} 0 did not hold element-wise:", f"x ({tensor.name}) = ", tensor]
            return against_zero(cast(0, tensor.dtype), tensor, data=data or said, summarize=summarize)

    text = f"Add a check that ``x {words} 0`` for all elements; refuse constants of which it is not true."
    return described(function, default_name, text)


assert_negative = _sign("<", "assert_negative", assert_greater)
assert_positive = _sign(">", "assert_positive", assert_less)
assert_non_negative = _sign(">=", "assert_non_negative", assert_less_equal)
assert_non_positive = _sign("<=", "assert_non_positive", assert_greater_equal)


def assert_near(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    x: object,
    y: object,
    rtol: object = None,
    atol: object = None,
    data: Sequence[object] | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> Operation:
    """Add a check that elements differ by less than ``atol + rtol * |y|``.

    Args:
        x: Tensor of floats.
        y: Tensor of the same type.
        rtol: Tolerance per size of an element. Default: ten times the distance from 1 to the next number of the type.
        atol: Tolerance beside it. Default: the same.
        data: What a failed check shows.
        summarize: How many elements of each tensor it shows.
        message: What the message begins with.
        name: Scope of the nodes.
    """
    with name_scope(name, "assert_near", [x, y, rtol, atol]):
        left = convert_to_tensor(x, name="x")
        right = convert_to_tensor(y, left.dtype, name="y")
        usual = 10 * float(finfo(left.dtype.as_numpy_dtype).eps)  # type: ignore[no-untyped-call]
        relative, absolutely = (
            convert_to_tensor(usual if given is None else given, left.dtype, name=called)
            for given, called in ((rtol, "rtol"), (atol, "atol"))
        )
        said = [
            message or "",
            f"x and y not equal to tolerance rtol = {relative}, atol = {absolutely}",
            *(f"x ({left.name}) = ", left, f"y ({right.name}) = ", right),
        ]
        close = less(absolute(left - right), absolutely + relative * absolute(right))
        return assertion(reduce_all(close), said if data is None else data, summarize)
