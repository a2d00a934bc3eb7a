"""The value that a graph's variable has in the session that is the default one, as something to read and to assign."""

from __future__ import annotations

from typing import Any

from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.object_graph.object_walk import LiveObject
from ckpt_magics.files.tensors.source import Array
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["SessionValue", "look_at_variable"]


class SessionValue:
    """Reads and assigns the value of a graph's variable in the default session.

    Args:
        variable: The variable.

    Attributes:
        variable: As given.
    """

    def __init__(self, variable: Variable) -> None:
        self.variable = variable

    @property
    def name(self) -> str:
        """The variable's name."""
        return self.variable.name

    @property
    def shape(self) -> TensorShape:
        """The variable's shape."""
        return self.variable.shape

    @property
    def dtype(self) -> DType:
        """The variable's type, that of a reference being what it refers to."""
        return self.variable.dtype.base_dtype

    def numpy(self) -> Array:
        """Return the value.

        Raises:
            ValueError: There is no default session, or it runs another graph.
            FailedPreconditionError: The variable has no value in it.
        """
        value: Array = self.variable.eval()
        return value

    def assign(self, value: Any) -> None:  # noqa: ANN401 - what a session takes
        """Give the variable another value.

        Raises:
            ValueError: There is no default session, or it runs another graph.
        """
        self.variable.load(value)

    def __repr__(self) -> str:
        return repr(self.variable)


def look_at_variable(variable: Variable) -> LiveObject:
    """Return what a checkpoint of objects sees of a graph's variable: its value in the default session."""
    # One of each: that is what tells that two ways lead to one variable.
    known = variable.__dict__.setdefault("_session_value", SessionValue(variable))
    return LiveObject(known, full_name=variable.op.name)
