"""Functions of programs that come with a gradient of their own.

What such a function gives goes through one IdentityN, whose gradient is the function's; what lies behind it gets none.

Format: tensorflow/python/ops/custom_gradient.py, _graph_mode_decorator.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from inspect import signature
from typing import Any

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor
from ckpt_magics.graphs.nodes.structures import flatten, map_structure, pack_like
from ckpt_magics.graphs.training.registered_gradients import RegisterGradient
from ckpt_magics.graphs.training.rule import Gradient
from ckpt_magics.graphs.variables.initialization import global_variables, local_variables
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["custom_gradient"]

_NUMBERS = itertools.count()


def custom_gradient(f: Callable[..., Any] | None = None) -> Any:  # noqa: ANN401 -- a function, or a decorator
    """Let a function have its own gradient.

    Args:
        f: Takes tensors; returns what it gives of them, any nesting of tensors, and a function: that takes the
            gradients of these and returns those of the arguments. Where variables are used inside, it takes them as
            ``variables`` too, and returns a pair: the gradients of the arguments, and a list with those of the
            variables.

    Returns:
        A function that takes what ``f`` takes and gives what it gives; without ``f`` a decorator.
    """
    return custom_gradient if f is None else functools.update_wrapper(_WithGradient(f), f)


class _WithGradient:
    """A function with its own gradient; as a method it is bound as any function is."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __get__(self, instance: object, owner: type | None = None) -> _WithGradient:
        bound = _WithGradient(self._function.__get__(instance, owner))
        functools.update_wrapper(bound, self._function)
        return bound

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 -- any nestings of tensors
        """Call the function.

        Raises:
            ValueError: An argument is given by its name.
            TypeError: Variables are used whose gradients the function does not give.
        """
        if kwargs:
            raise ValueError(
                "The custom_gradient decorator currently supports keywords arguments only when eager execution is "
                "enabled."
            )
        given = map_structure(convert_to_tensor, args)
        result, grad_fn = self._function(*given)
        results, arguments = [convert_to_tensor(item) for item in flatten(result)], flatten(given)
        variables = _variables_between(arguments, results)
        _check_variables(grad_fn, variables)
        name = f"CustomGradient-{next(_NUMBERS)}"
        RegisterGradient(name)(_gradient(grad_fn, len(results), variables))
        with get_default_graph().gradient_override_map({"IdentityN": name}):
            passed = apply("IdentityN", [*results, *arguments, *variables])
        return pack_like(result, passed[: len(results)])


def _gradient(
    grad_fn: Callable[..., Any], count: int, variables: Sequence[Variable]
) -> Callable[..., list[Gradient | None]]:
    """Return the gradient of the IdentityN: what it gives is what it takes, so many results, arguments, variables."""

    def gradient(_op: Operation, *grads: Gradient) -> list[Gradient | None]:
        if not variables:
            return [*[None] * count, *_listed(grad_fn(*grads[:count]))]
        of_arguments, of_variables = grad_fn(*grads[:count], variables=list(variables))
        if len(of_variables) != len(variables):
            raise ValueError("Must return gradient for each variable from @custom_gradient grad_fn.")
        return [*[None] * count, *_listed(of_arguments), *of_variables]

    return gradient


def _listed(gradients: object) -> list[Any]:
    return [gradients] if gradients is None else flatten(gradients)


def _check_variables(grad_fn: Callable[..., Any], variables: Sequence[Variable]) -> None:
    parameters = signature(grad_fn).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    if variables and not takes_any and "variables" not in parameters:
        raise TypeError(
            "@tf.custom_gradient grad_fn must accept keyword argument 'variables', since function uses variables: "
            f"{list(variables)}"
        )


def _variables_between(arguments: Iterable[Tensor], results: Iterable[Tensor]) -> list[Variable]:
    """Return the variables, in the order of their names, whose handles lead to results not by arguments alone."""
    outside = {tensor.op for tensor in arguments}
    seen: set[Operation] = set()
    queue = [tensor.op for tensor in results]
    while queue:
        op = queue.pop()
        if op not in seen and op not in outside:
            seen.add(op)
            queue.extend(tensor.op for tensor in op.inputs)
    known = {*global_variables(), *local_variables()}
    found = [one for one in known if one.op in seen and one.op.type == "VarHandleOp"]
    return sorted(found, key=lambda one: one.name)
