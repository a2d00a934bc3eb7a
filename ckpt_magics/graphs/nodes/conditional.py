"""Conditionals: of two branches one is computed.

Format: tensorflow/python/ops/cond.py and control_flow_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.nodes.branch_context import CondContext
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, identity, name_scope
from ckpt_magics.graphs.nodes.gates import with_dependencies
from ckpt_magics.graphs.nodes.structures import assert_same_structure, flatten, map_structure, pack_like

__all__ = ["cond", "smart_cond", "with_dependencies"]

Branch = Callable[[], Any]


def cond(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    pred: object,
    true_fn: Branch | None = None,
    false_fn: Branch | None = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Branch | None = None,
    fn2: Branch | None = None,
) -> Any:  # noqa: ANN401 -- what the functions return
    """Add a choice: what ``true_fn`` makes if ``pred`` holds when the graph runs, else what ``false_fn`` makes.

    Only what is made inside the two functions is computed or not; what they merely use is computed in any case.

    Args:
        pred: bool scalar.
        true_fn: Makes the nodes of one branch and returns a tensor, an operation, or a nesting of these.
        false_fn: The same for the other branch; returns the same nesting.
        strict: Return lists of one element as such.
        name: Name of the scope.
        fn1: Older name of ``true_fn``.
        fn2: Older name of ``false_fn``.

    Raises:
        TypeError: A function is missing or given twice, or ``pred`` is a Python bool.
        ValueError: A function returns nothing, or they return other nestings or types.
    """
    holds, fails = _function("true_fn", true_fn, "fn1", fn1), _function("false_fn", false_fn, "fn2", fn2)
    with name_scope(name, "cond", [pred]):
        if isinstance(pred, bool):
            raise TypeError("'pred' must not be a Python bool.")
        condition, pivots = _pivots(convert_to_tensor(pred))
        yes, first = _branch(condition, pivots[0], 1, holds, "true_fn")
        no, second = _branch(condition, pivots[1], 0, fails, "false_fn")
        if not strict:
            yes, no = _without_list(yes), _without_list(no)
        _check_results(yes, no)
        merged = [_merged(*pair) for pair in zip(second[1], first[1], strict=True)]
        if first[0].outer is None:
            for context in (first[0], second[0]):
                get_default_graph().add_to_collection(GraphKeys.COND_CONTEXT, context)
        leaves = [_like(leaf, tensor) for leaf, tensor in zip(flatten(yes), merged, strict=True)]
        result = pack_like(yes, leaves)
        return result if strict else _without_list(result)


def _function(name: str, new: Branch | None, old_name: str, old: Branch | None) -> Branch:
    if new is not None and old is not None:
        raise TypeError(f"cond(): '{name}' and '{old_name}' may not be set simultaneously.")
    function = new or old
    if function is None:
        raise TypeError(f"cond(): '{name}' argument required")
    if not callable(function):
        raise TypeError(f"'{name}' must be callable.")
    return function


def _pivots(pred: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    ways = apply("Switch", pred, pred, name="Switch")
    yes, no = identity(ways[1], name="switch_t"), identity(ways[0], name="switch_f")
    condition = identity(pred, name="pred_id")
    for tensor in (*ways, yes, no, condition):
        tensor.graph.prevent_fetching(tensor.op)
    return condition, (yes, no)


def _branch(
    pred: Tensor, pivot: Tensor, branch: int, function: Branch, name: str
) -> tuple[Any, tuple[CondContext, list[Tensor]]]:
    """Return what a function returns, and the context with the tensors that its results are merged from."""
    context = CondContext.begin(pred, pivot, branch)
    with context.graph.in_flow_context(context):
        original = function()
        if original is None:
            raise ValueError(f"'{name}' must have a return value.")
        original = map_structure(_without_variable, original)
        results = [_branch_result(context, leaf) for leaf in flatten(original)]
        context.hand_out(results)
    return original, (context, results)


def _without_variable(leaf: Any) -> Any:  # noqa: ANN401 -- any leaf
    return leaf.as_tensor() if isinstance(leaf, Operators) and not isinstance(leaf, Tensor) else leaf


def _branch_result(context: CondContext, leaf: object) -> Tensor:
    if isinstance(leaf, Operation):
        return with_dependencies([leaf], context.pivot)
    return context.result(convert_to_tensor(getattr(leaf, "flow", leaf)))


def _without_list(result: Any) -> Any:  # noqa: ANN401 -- any nesting
    is_single = isinstance(result, (list, tuple)) and len(result) == 1 and not hasattr(result, "_fields")
    return result[0] if is_single else result


def _check_results(yes: Any, no: Any) -> None:  # noqa: ANN401 -- any nestings
    try:
        assert_same_structure(yes, no)
    except TypeError as error:
        raise TypeError(f"Incompatible return types of 'true_fn' and 'false_fn': {error}") from error
    except ValueError as error:
        raise ValueError(f"Incompatible return values of 'true_fn' and 'false_fn': {error}") from error
    if not flatten(yes):
        raise ValueError("'true_fn' and 'false_fn' must return at least one result.")


def _merged(no: Tensor, yes: Tensor) -> Tensor:
    if no.dtype != yes.dtype:
        raise ValueError(
            "Outputs of 'true_fn' and 'false_fn' must have the same type(s). "
            f"Received {yes.dtype.name} from 'true_fn' and {no.dtype.name} from 'false_fn'."
        )
    kind = "RefMerge" if no.is_ref and yes.is_ref else "Merge"
    merged: Tensor = apply(kind, [no, yes])[0]
    return merged


def _like(leaf: Any, tensor: Tensor) -> Any:  # noqa: ANN401 -- an array of tensors comes back as one
    return leaf.with_flow(tensor) if hasattr(leaf, "with_flow") else tensor


def smart_cond(pred: Any, true_fn: Branch, false_fn: Branch, name: str | None = None) -> Any:  # noqa: ANN401 -- as cond
    """Return what one function makes, without nodes for a choice where the condition is known: `cond` otherwise.

    Args:
        pred: A Python bool, 0, 1, or a bool scalar.
        true_fn: See `cond`.
        false_fn: See `cond`.
        name: See `cond`.
    """
    known = (
        constant_value(pred) if isinstance(pred, Tensor) else bool(pred) if not isinstance(pred, Operators) else None
    )
    if known is None:
        return cond(pred, true_fn, false_fn, name=name)
    return true_fn() if known else false_fn()
