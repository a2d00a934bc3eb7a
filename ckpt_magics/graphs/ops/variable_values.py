"""The variables of one session."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol, runtime_checkable

import numpy as np

from ckpt_magics.errors import FailedPreconditionError, visible
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, fits

__all__ = ["Buffer", "SessionVariable", "SessionVariables", "locked"]

ALONE = 3
"""References that CPython counts of a value which nothing but its buffer has."""


class Buffer:
    """The memory of a variable. Assignments of as many elements go into it, others make a new one.

    Attributes:
        value: What it holds now, an array that nobody changes in place while someone else has it.
        alias: The same memory, to write to; None if there is no such array.
    """

    __slots__ = ("alias", "value")

    def __init__(self, value: Array, alias: Array = None) -> None:
        self.value = value
        self.alias = alias


class SessionVariable:
    """One variable: what a reference or a resource handle stands for while a graph runs.

    Attributes:
        name: Under which its session finds it.
        container: Group of variables that the graph puts it in, mostly empty.
        dtype: Type of its elements.
        shape: The shape that the graph gives it.
        buffer: Its memory, which tensors that were read from a reference variable share; None while it has no value.
        lock: Held by whoever sets a value that depends on the one before; see `locked`.
    """

    __slots__ = ("buffer", "container", "dtype", "lock", "name", "shape")

    def __init__(self, name: str, container: str, dtype: DType, shape: Shape) -> None:
        self.name = name
        self.container = container
        self.dtype = dtype
        self.shape = shape
        self.buffer: Buffer | None = None
        self.lock = threading.RLock()

    @property
    def value(self) -> Array:
        """Its value, never changed in place; None while it has none."""
        return None if self.buffer is None else self.buffer.value

    @value.setter
    def value(self, value: Array) -> None:
        self.buffer = None if value is None else Buffer(value)

    def __repr__(self) -> str:
        shape = "<unknown>" if self.shape is None else format_shape(self.shape)
        state = "no value" if self.value is None else "has a value"
        return f"<handle of variable '{visible(self.name)}' shape={shape} dtype={self.dtype.name}, {state}>"

    def assign(self, value: Array) -> None:
        """Set the value.

        An array that owns its memory is kept and can no longer be written to; a view is copied, because someone else
        may write to what is behind it.
        """
        value = np.asarray(value)
        if value.base is not None:
            value = value.copy()
        alias = value.view() if value.flags.writeable else None
        value.flags.writeable = False
        if self.buffer is not None and self.buffer.value.size == value.size:
            self.buffer.value, self.buffer.alias = value, alias
        else:
            self.buffer = Buffer(value, alias)

    def take(self) -> Array:
        """Return the value for a change in place, to be given to `put_back`; the caller holds the lock.

        It is the variable's own memory where nothing else has the array, or a view of it; else a copy.
        """
        buffer = self.buffer
        assert buffer is not None  # noqa: S101 -- the caller has read the variable
        # References to an array that only the variable has: the buffer's, the alias' base, and the argument here.
        alone = buffer.alias is not None and sys.getrefcount(buffer.value) <= ALONE
        return buffer.alias if alone else buffer.value.copy()

    def put_back(self, array: Array) -> None:
        """Set the value to an array that `take` returned."""
        if self.buffer is None or array is not self.buffer.alias:
            self.assign(array)

    def accepts(self, shape: tuple[int, ...]) -> bool:
        """Return whether the graph allows a value of that shape."""
        return fits(shape, self.shape)

    def read(self) -> Array:
        """Return the value of a resource variable, which nobody may write to.

        Raises:
            FailedPreconditionError: It has none.
        """
        if self.value is None:
            place = self.container or "localhost"
            raise FailedPreconditionError(
                f"Could not find variable {self.name}. This could mean that the variable has been deleted. In TF1, it "
                f"can also mean the variable is uninitialized. Debug info: container={place}, status error message="
                f"Resource {place}/{self.name}/N10tensorflow3VarE does not exist."
            )
        return self.value


def locked(variables: Sequence[SessionVariable]) -> AbstractContextManager[object]:
    """Keep other threads from changing variables in this way while new values are worked out from the present ones."""
    return variables[0].lock if len(variables) == 1 else _all_locked(variables)


@contextmanager
def _all_locked(variables: Iterable[SessionVariable]) -> Iterator[None]:
    with ExitStack() as stack:
        # Everywhere in one order, so that no two threads wait for each other.
        for variable in sorted(variables, key=id):
            stack.enter_context(variable.lock)
        yield


@runtime_checkable
class Cancellable(Protocol):
    """Something that threads wait for."""

    def cancel(self) -> None:
        """Let them go with an error."""


class SessionVariables:
    """Variables by kind, container and name; each session has one store."""

    def __init__(self) -> None:
        self._variables: dict[tuple[str, str, str], SessionVariable] = {}
        self._resources: dict[tuple[str, str, str], object] = {}
        self._is_over = False

    def resource(self, key: tuple[str, str, str], make: Callable[[], object]) -> object:
        """Return what else a session keeps between runs, such as a table.

        Args:
            key: Its kind, container and name.
            make: Makes it where there is none yet.
        """
        found = self._resources.get(key)
        if found is None:
            found = self._resources.setdefault(key, make())
            # A run that was under way when the session was closed would wait for ever.
            if self._is_over and isinstance(found, Cancellable):
                found.cancel()
        return found

    def find(self, kind: str, name: str, container: str, dtype: DType, shape: Shape) -> SessionVariable:
        """Return a variable, made without a value when the store does not have it.

        Args:
            kind: Variables of different kinds are different, whatever their names.
            name: The variable's name.
            container: Its group.
            dtype: Type of a new variable's elements.
            shape: Shape of a new variable.
        """
        key = (kind, container, name)
        variable = self._variables.get(key)
        if variable is None:
            # Of two threads that come first at once, both get the one that is kept.
            variable = self._variables.setdefault(key, SessionVariable(name, container, dtype, shape))
        return variable

    def __iter__(self) -> Iterator[SessionVariable]:
        return iter(self._variables.values())

    def values(self) -> dict[tuple[str, str, str], Array]:
        """Return what every variable holds now, for `roll_back`."""
        return {key: variable.value for key, variable in self._variables.items()}

    def roll_back(self, values: dict[tuple[str, str, str], Array]) -> None:
        """Give every variable the value it had when `values` was called; later ones have none again."""
        for key, variable in self._variables.items():
            variable.value = values.get(key)

    def clear(self) -> None:
        """Forget every variable, and what else was kept, for good; who waits for a queue goes with an error."""
        # First: what a run makes from here on is cancelled there.
        self._is_over = True
        for resource in list(self._resources.values()):
            if isinstance(resource, Cancellable):
                resource.cancel()
        self._variables.clear()
        self._resources.clear()
