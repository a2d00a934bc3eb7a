"""Choices among many functions, of which one is computed.

Format: tensorflow/python/ops/control_flow_case.py.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import stack
from ckpt_magics.graphs.nodes.assertions import assertion
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.conditional import Branch, cond
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import cast, equal, less_equal
from ckpt_magics.graphs.nodes.reductions import reduce_sum

__all__ = ["case", "switch_case"]


def case(
    pred_fn_pairs: Any,  # noqa: ANN401 -- a list of pairs or a dict
    default: Branch | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str = "case",
) -> Any:  # noqa: ANN401 -- what the functions return
    """Add a choice among several functions: that of the first condition that holds.

    Args:
        pred_fn_pairs: Pairs of a bool scalar and a function without arguments, in a list, or in a dict, whose order
            is that of the tensors' names.
        default: Function to take where no condition holds; without it a run where none holds is refused.
        exclusive: Refuse runs where more than one condition holds.
        strict: Return lists of one element as such.
        name: Name of the scope.

    Raises:
        TypeError: The pairs are none, or a condition is no bool tensor.
    """
    pairs = _pairs(pred_fn_pairs)
    with name_scope(name, "case", [pred for pred, _ in pairs]):
        if default is None:
            default, pairs = _last_as_default(pairs), pairs[:-1]
        chosen = default
        for pred, function in reversed(pairs):
            chosen = partial(cond, pred, true_fn=function, false_fn=chosen, strict=strict)
        if not exclusive:
            return chosen()
        with get_default_graph().control_dependencies(
            [_at_most([pred for pred, _ in pairs], 1, "Input error: exclusive=True")]
        ):
            return chosen()


def switch_case(
    branch_index: object,
    branch_fns: Any,  # noqa: ANN401 -- functions, or pairs of a number and a function, in a list or a dict
    default: Branch | None = None,
    name: str = "switch_case",
) -> Any:  # noqa: ANN401 -- what the functions return
    """Add a choice among several functions by a number; TensorFlow adds one op for it, here they are conditionals.

    Args:
        branch_index: Which function to take, an int32 scalar.
        branch_fns: The functions for 0, 1 and so on, or each with its number.
        default: Function for all other numbers. Default: that of the greatest number.
        name: Name of the scope.

    Raises:
        TypeError: The functions are none, or the number is no int32 tensor.
        ValueError: The numbers are not those from 0 on, each once.
    """
    functions = _numbered(branch_fns)
    index = convert_to_tensor(branch_index, name="branch_index")
    if index.dtype != INT32:
        raise TypeError(f"'branch_index' must be of type {INT32}, not {index.dtype}")
    last = default or functions[-1]
    with name_scope(name, "case", [index]):
        chosen = last
        for number, function in reversed(list(enumerate(functions))):
            chosen = partial(cond, equal(index, number), true_fn=function, false_fn=chosen)
        return chosen()


def _numbered(given: Any) -> list[Branch]:  # noqa: ANN401 -- as switch_case
    """Return functions in the order of their numbers."""
    entries = list(given.items()) if isinstance(given, Mapping) else given
    if not isinstance(entries, (list, tuple)):
        raise TypeError(f"'branch_fns' must be a list, tuple, or dict. Received: {type(given)}")
    if not entries:
        raise ValueError("Must provide at least one item in 'branch_fns'")
    if all(callable(entry) for entry in entries):
        return list(entries)
    for entry in entries:
        if not isinstance(entry, tuple) or len(entry) != 2:
            raise TypeError(f"Each entry in 'branch_fns' must be a 2-tuple. Received {entry}.")
        if not isinstance(entry[0], int):
            raise TypeError(f"key must be a Python `int`, got {type(entry[0])}")
        if not callable(entry[1]):
            raise TypeError(f"fn for key {entry[0]} must be callable.")
    functions = dict(entries)
    if sorted(functions) != list(range(len(entries))):
        raise ValueError(
            "branch indices (keys) must form contiguous range of [0 to "
            f"{len(entries)}) but found {{{','.join(str(key) for key, _ in entries)}}}"
        )
    return [functions[number] for number in range(len(entries))]


def _pairs(given: Any) -> list[tuple[Tensor, Branch]]:  # noqa: ANN401
    if not isinstance(given, (list, tuple, Mapping)):
        raise TypeError(f"'pred_fn_pairs' must be a list, tuple, or dict. Received: {type(given)}")
    pairs = list(given.items()) if isinstance(given, Mapping) else list(given)
    if isinstance(given, Mapping) and not isinstance(given, OrderedDict):
        pairs.sort(key=lambda pair: pair[0].name)
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"Each entry in 'pred_fn_pairs' must be a 2-tuple. Received {pair}.")
        if not isinstance(pair[0], Tensor):
            raise TypeError(f"pred must be a Tensor, got: {pair[0]}")
        if not pair[0].dtype.is_bool:
            raise TypeError(f"pred must be Tensor of type bool: {pair[0].name}")
        if not callable(pair[1]):
            raise TypeError(f"fn for pred {pair[0].name} must be callable.")
    return pairs


def _last_as_default(pairs: Sequence[tuple[Tensor, Branch]]) -> Branch:
    """Return a function that does what the last one does, and checks that its condition alone holds."""
    preds = [pred for pred, _ in pairs]
    last = len(preds) - 1
    others = (
        f"Implementation error: selected default action #{last} was called, but some of other predicates are True: "
    )

    def default() -> Any:  # noqa: ANN401
        message = ["Input error: None of conditions evaluated as True:", stack(preds, name="preds_c")]
        checks = [_at_most(preds[:-1], 0, others), assertion(preds[-1], message)]
        with get_default_graph().control_dependencies(checks):
            return pairs[-1][1]()

    return default


def _at_most(preds: Sequence[Tensor], number: int, message: str) -> Operation:
    together = stack(preds, name="preds_c")
    count = reduce_sum(cast(together, INT32), name="num_true_conds")
    holds = less_equal(count, constant(number, name="n_true_conds"))
    names = ", ".join(pred.name for pred in preds)
    text = f"{message}: more than {number} conditions ({names}) evaluated as True:"
    return assertion(holds, [text, together], len(preds))
