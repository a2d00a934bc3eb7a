"""Gradients that programs register under a name, for ops of their own or in place of an op's.

Format: tensorflow/python/framework/ops.py, RegisterGradient; gradients_util.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ckpt_magics.graphs.graph.node import Operation
from ckpt_magics.graphs.nodes.build import convert_to_tensor
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices
from ckpt_magics.graphs.ops.rows import OPS
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule

__all__ = ["RegisterGradient", "is_registered", "no_gradient", "registered_gradient"]

Function = TypeVar("Function", bound=Callable[..., Any])

_REGISTERED: dict[str, Rule] = {}


class RegisterGradient:
    """A decorator for a function that is the gradient of an op, or one that `Graph.gradient_override_map` names.

    The function is called with an operation and the gradients of its outputs, and returns one gradient per input, or
    None for an input without one.

    Args:
        op_type: The op's name.

    Raises:
        TypeError: It is no text.
        KeyError: The op has a gradient already.
    """

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, f: Function) -> Function:
        """Register the function, and return it."""
        _register(self._op_type, _checked(f))
        return f


def _checked(function: Callable[..., Any]) -> Rule:
    """Return a function's gradients as a rule gives them.

    The rule raises ValueError if there is not one per input.
    """

    def rule(op: Operation, *grads: Gradient) -> Gradients:
        found = function(op, *grads)
        listed = list(found) if isinstance(found, (list, tuple)) else [found]
        if len(listed) != len(op.inputs):
            raise ValueError(
                f"Num gradients {len(listed)} generated for op {op.name} do not match num inputs {len(op.inputs)}"
            )
        return [_as_gradient(gradient) for gradient in listed]

    return rule


def _as_gradient(gradient: object) -> Gradient | None:
    if gradient is None or isinstance(gradient, IndexedSlices):
        return gradient
    return convert_to_tensor(gradient)


def no_gradient(op_type: str) -> None:
    """Let no gradient pass through an op.

    Raises:
        TypeError: The name is no text.
        KeyError: The op has a gradient already.
    """
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    _register(op_type, lambda op, *_: [None] * len(op.inputs))


def _register(name: str, rule: Rule) -> None:
    if name in OPS or name in _REGISTERED:
        raise KeyError(f"Registering two gradient with name '{name}'!")
    _REGISTERED[name] = rule


def is_registered(name: str) -> bool:
    """Return whether a gradient was registered under a name."""
    return name in _REGISTERED


def registered_gradient(name: str) -> Rule:
    """Return the gradient that was registered under a name.

    Raises:
        LookupError: None was.
    """
    return _REGISTERED[name]
