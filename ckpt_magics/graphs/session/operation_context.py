"""What a kernel sees of the operation that it computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.graphs.graph.attributes import attr_content
from ckpt_magics.graphs.graph.node import Operation
from ckpt_magics.graphs.ops.philox import Philox
from ckpt_magics.graphs.ops.row import AttrContent, Op
from ckpt_magics.graphs.ops.variable_values import SessionVariables
from ckpt_magics.proto.messages import NodeDef

__all__ = ["OperationContext"]


class OperationContext:
    """One operation in one session.

    Args:
        op: The operation.
        row: The row of its op.
        variables: The session's variables.
        call: Calls a function of the graph's library.

    Attributes:
        variables: The session's variables.
        call: Returns what a function of the graph's library gives for some values.
        fixed: The output of an op that gives the same in every run, once it is computed.
    """

    __slots__ = ("_attrs", "_node", "_op", "_philox", "_random", "_row", "call", "fixed", "variables")

    def __init__(
        self, op: Operation, row: Op, variables: SessionVariables, call: Callable[..., tuple[Any, ...]]
    ) -> None:
        # A plan makes thousands of these: what only some kernels ask for is made when they do.
        self.variables = variables
        self.call = call
        self.fixed: Any = None
        # Gradients give calls other functions and more outputs: who has planned this one goes on with what it was.
        self._node = NodeDef.FromString(op.node_def.SerializeToString()) if row.calls_functions else op.node_def
        self._op = op
        self._row = row
        self._attrs: dict[str, AttrContent] | None = None
        self._philox: Philox | None = None
        self._random: np.random.Generator | None = None

    @property
    def is_outdated(self) -> bool:
        """Whether the operation is a call that was given other functions since."""
        return self._row.calls_functions and self._node != self._op.node_def

    @property
    def node_name(self) -> str:
        """Name of the operation."""
        return self._op.name

    @property
    def is_imported(self) -> bool:
        """Whether it comes from a message, not from the program's own calls."""
        return self._op.is_imported

    @property
    def output_dtypes(self) -> list[DType]:
        """Type of each output."""
        return [tensor.dtype for tensor in self._op.outputs]

    def attr(self, name: str) -> AttrContent:
        """Return an attribute of the operation, or the op's default where it has none.

        Raises:
            InvalidArgumentError: The node has none and the op no default, or the node's is of another type.
        """
        if self._attrs is None:
            self._attrs = {}
        if name not in self._attrs:
            self._attrs[name] = attr_content(self._node, self._row.attrs_by_name[name])
        return self._attrs[name]

    @property
    def random(self) -> np.random.Generator:
        """The operation's own stream of NumPy's random numbers; without seeds another one in every session."""
        if self._random is None:
            seeds = self._seeds()
            self._random = np.random.default_rng(seeds if any(seeds) else None)
        return self._random

    @property
    def philox(self) -> Philox:
        """The operation's own stream of TensorFlow's random numbers; without seeds another one in every session."""
        if self._philox is None:
            self._philox = Philox(*self._seeds())
        return self._philox

    def _seeds(self) -> list[int]:
        return [self.attr(name) % (1 << 64) for name in ("seed", "seed2") if name in self._row.attrs_by_name]
