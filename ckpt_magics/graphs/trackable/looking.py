"""What checkpoints of objects see of what they hold: a graph's variables too, whose values sessions have."""

# ruff: noqa: ANN401 - any object of a program

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ckpt_magics.files.object_graph.object_walk import LiveObject
from ckpt_magics.files.objects.live_objects import look_at as look_at_object
from ckpt_magics.graphs.graph.entered import get_default_session
from ckpt_magics.graphs.variables.session_value import SessionValue, look_at_variable
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["in_session", "initialize", "look_at"]


def look_at(value: Any) -> LiveObject:
    """Return what a checkpoint sees of an object that it holds."""
    return look_at_variable(value) if isinstance(value, Variable) else look_at_object(value)


def in_session(session: Any) -> AbstractContextManager[Any]:
    """Return a block in which a session is the default one; None leaves the one that is."""
    return nullcontext() if session is None else session.as_default()


def initialize(objects: Iterable[LiveObject]) -> None:
    """Run the initializers of those that are a graph's variables, in the default session."""
    variables = [live.value.variable for live in objects if isinstance(live.value, SessionValue)]
    if variables:
        session = get_default_session(
            None, variables[0].graph, "initialize variables", "`initialize_or_restore(session)`"
        )
        session.run([variable.initializer for variable in variables])
