"""Functions of ``tf`` that do to the default graph what its methods do to a graph."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import DeviceScope
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.variables.variable import Variable


def name_scope(
    name: str | None, default_name: str | None = None, values: Sequence[object] | None = None
) -> AbstractContextManager[str]:
    """Put ``name/`` in front of the names made inside the ``with`` block."""
    return build.name_scope(name, default_name, values or ())


def device(device_name_or_function: DeviceScope) -> AbstractContextManager[None]:
    """Give the operations made inside the ``with`` block a device."""
    return get_default_graph().device(device_name_or_function)


def control_dependencies(control_inputs: Sequence[object] | None) -> AbstractContextManager[None]:
    """Make the operations of the ``with`` block wait for others."""
    return get_default_graph().control_dependencies(control_inputs)


def colocate_with(op: Operation | Tensor | None, ignore_existing: bool = False) -> AbstractContextManager[None]:
    """Put the operations made inside the ``with`` block where ``op`` is."""
    return get_default_graph().colocate_with(op, ignore_existing)


def init_scope() -> AbstractContextManager[None]:
    """Lift control dependencies inside the ``with`` block."""
    return get_default_graph().init_scope()


def add_to_collection(name: str, value: object) -> None:
    """Append ``value`` to a collection of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Sequence[str] | str, value: object) -> None:
    """Append ``value`` to several collections of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: str, scope: str | None = None) -> list[Any]:
    """Return a copy of a collection of the default graph; with ``scope``, of the items whose name matches it."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: str) -> list[Any]:
    """Return a collection's own list."""
    return get_default_graph().get_collection_ref(key)


def model_variables(scope: str | None = None) -> list[Variable]:
    """Return the default graph's model variables."""
    return get_collection(GraphKeys.MODEL_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Variable]:
    """Return the variables that have moving averages."""
    return get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)
