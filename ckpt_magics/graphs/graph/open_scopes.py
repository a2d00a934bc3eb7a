"""The scopes of a graph that a thread has open: each thread has its own.

Format: tensorflow/python/framework/ops.py, Graph._device_function_stack, _colocation_stack and
_control_dependencies_stack, as they are in TensorFlow 2 and after ``switch_to_thread_local``.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ckpt_magics.graphs.graph.dependencies import ControlDependencies
from ckpt_magics.graphs.graph.flow import FlowContext
from ckpt_magics.proto.messages import AttrValue

if TYPE_CHECKING:
    from ckpt_magics.graphs.graph.node import Operation

__all__ = ["FirstScopes", "OpenScopes"]


@dataclass(slots=True)
class FirstScopes:
    """What a thread begins with that the graph has not met yet: nothing, until `OpenScopes.hand_on` says otherwise."""

    devices: tuple[Any, ...] = ()
    colocations: tuple[Operation, ...] = ()
    dependencies: ControlDependencies = field(default_factory=ControlDependencies)


class OpenScopes(threading.local):
    """What is open in the thread that asks.

    Attributes:
        devices: The device scopes, the innermost last.
        colocations: The operations to be on one device with, the innermost last.
        dependencies: What new operations wait for.
        attrs: Attributes of new operations.
        gradients: Names of the gradients that new operations of some ops have.
        container: Container of new operations that hold state.
        flow_context: The branch of a conditional or the loop that new operations are in.
    """

    def __init__(self, first: FirstScopes) -> None:
        self._first = first
        self.devices = first.devices
        self.colocations = first.colocations
        self.dependencies = first.dependencies.copy()
        self.attrs: dict[str, AttrValue] = {}
        self.gradients: dict[str, str] = {}
        self.container = ""
        self.flow_context: FlowContext | None = None

    def hand_on(self) -> None:
        """Let threads that come later begin with this thread's devices, colocations and dependencies."""
        self._first.devices = self.devices
        self._first.colocations = self.colocations
        self._first.dependencies = self.dependencies.copy()
