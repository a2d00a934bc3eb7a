"""A pickle as a tree of plain data: what it would call is noted, and nothing is ever called or imported.

A pickle is a program for a small machine with a stack and a memo. In file order: opcodes of one byte, each with its
argument: a number (little-endian), bytes behind their length, or lines of text; ``.`` ends it. `read_pickle` runs the
opcodes that values are made with. Where Python would import a name, call a function or fill an object, the tree has a
`Global`, an `Applied` and its state instead. A dict is a list of its items, since hashing what a file chose can be made
to take for ever.

Opcodes of Python 2 for objects, of protocol 0 for numbers and text, and of extensions are refused: what writes tensors
uses none of them.

Format: Python's Lib/pickletools.py, protocols 2 to 5.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from ckpt_magics.errors import DataLossError, TruncatedError, visible

__all__ = ["MAX_PICKLE", "Applied", "Global", "Items", "Persistent", "Pickle", "read_pickle"]

MAX_PICKLE = 64 << 20
"""Bytes of a pickle; one tensor takes 150 to 250."""

MAX_STEPS = 1 << 24
"""Opcodes of a pickle: 30 to 40 make a tensor, and each may make an object of 70 bytes."""

_MAX_LONG = 16
"""Bytes of an integer. Reading one costs time in proportion to its length, showing it costs the square."""

_MAX_LINE = 1 << 10
"""Bytes of the name of a module, or of what is in it."""


class Global(NamedTuple):
    """A name in a module, which Python would import."""

    module: str
    name: str

    def __str__(self) -> str:
        return visible(f"{self.module}.{self.name}"[:200])


class Persistent(NamedTuple):
    """What the program that wrote the pickle keeps elsewhere and knows by this value."""

    value: object


class Items(list[tuple[object, object]]):
    """A dict, as its keys and values in order; a key may stand twice."""

    __slots__ = ()


class Applied:
    """An object that Python would make by a call.

    Attributes:
        function: What would be called.
        arguments: With what.
        items: Keys and values that would be set in the result.
        appended: What would be appended to it.
        state: What would become its state; None if nothing.
    """

    __slots__ = ("appended", "arguments", "function", "items", "state")

    def __init__(self, function: Global, arguments: object) -> None:
        self.function = function
        self.arguments = arguments
        self.items: Items | None = None
        self.appended: list[object] | None = None
        self.state: object = None


class Pickle(NamedTuple):
    """What a pickle holds.

    Attributes:
        root: The object.
        persistent: Everything in it that lies elsewhere.
        end: Where the pickle ends, in bytes from the start of the buffer.
    """

    root: object
    persistent: list[Persistent]
    end: int


def read_pickle(data: bytes, start: int = 0) -> Pickle:
    """Return the tree of the pickle that starts at a byte of a buffer.

    Raises:
        TruncatedError: The buffer ends before the pickle.
        DataLossError: The bytes are no pickle of values, or one above the limits.
    """
    machine = _Machine(data, start)
    try:
        return Pickle(machine.run(), machine.persistent, machine.place)
    except DataLossError as error:
        if error.offset is None:
            error.offset = machine.place
        raise
    except (IndexError, KeyError) as error:
        what = "a stack" if isinstance(error, IndexError) else "a memo"
        raise DataLossError(f"the pickle takes from {what} what is not in it", offset=machine.place) from error


class _Machine:
    """The machine that pickles are programs for, without what runs code."""

    def __init__(self, data: bytes, place: int) -> None:
        self.data = data
        self.place = place
        self.persistent: list[Persistent] = []
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> object:
        data = self.data
        for _ in range(MAX_STEPS):
            if self.place >= len(data):
                raise TruncatedError("the pickle has no end")
            opcode = data[self.place]
            self.place += 1
            if opcode == _STOP:
                return self.pop()
            step = _STEPS.get(opcode)
            if step is None:
                raise DataLossError(f"the pickle has opcode {opcode:#04x}, with which no tensors are written")
            step(self)
        raise DataLossError(f"the pickle has more than {MAX_STEPS:,} opcodes")

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        taken = self.data[self.place : self.place + size]
        if len(taken) < size:
            raise TruncatedError(f"the pickle asks for {size} bytes, and {len(taken)} follow")
        self.place += size
        return taken

    def line(self) -> str:
        end = self.data.find(b"\n", self.place, self.place + _MAX_LINE)
        if end < 0:
            short = len(self.data) - self.place < _MAX_LINE
            raise (TruncatedError if short else DataLossError)("the pickle has a name without an end")
        taken = self.data[self.place : end]
        self.place = end + 1
        return _text(taken)

    def pop(self) -> Any:  # noqa: ANN401 - whatever is there
        """Return what is on top of the stack, above the last mark."""
        if self.marks and len(self.stack) <= self.marks[-1]:
            raise IndexError
        return self.stack.pop()

    def pop_marked(self) -> list[Any]:
        """Return what is above the last mark, which goes."""
        mark = self.marks.pop()
        found = self.stack[mark:]
        del self.stack[mark:]
        return found

    def top(self) -> Any:  # noqa: ANN401 - whatever is there
        if self.marks and len(self.stack) <= self.marks[-1]:
            raise IndexError
        return self.stack[-1]


_Step = Callable[[_Machine], None]

_STOP = ord(".")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise DataLossError(f"a text in the pickle is no UTF-8: {error.reason}") from error


def _old_text(data: bytes) -> str | bytes:
    """Text of Python 2, where names are bytes."""
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        return data


def _constant(value: object) -> _Step:
    return lambda machine: machine.stack.append(value)


def _number(layout: str) -> _Step:
    """Push one number."""
    form = struct.Struct(layout)

    def step(machine: _Machine) -> None:
        machine.stack.append(form.unpack(machine.take(form.size))[0])

    return step


def _sized(layout: str, make: Callable[[bytes], object]) -> _Step:
    """Push what is made of bytes behind their length."""
    form = struct.Struct(layout)

    def step(machine: _Machine) -> None:
        size = form.unpack(machine.take(form.size))[0]
        if size < 0:
            raise DataLossError("a length in the pickle is negative")
        machine.stack.append(make(machine.take(size)))

    return step


def _long(data: bytes) -> int:
    if len(data) > _MAX_LONG:
        raise DataLossError(f"an integer in the pickle has {len(data)} bytes; {_MAX_LONG} are the most")
    return int.from_bytes(data, "little", signed=True)


def _put(layout: str) -> _Step:
    form = struct.Struct(layout)

    def step(machine: _Machine) -> None:
        machine.memo[form.unpack(machine.take(form.size))[0]] = machine.top()

    return step


def _get(layout: str) -> _Step:
    form = struct.Struct(layout)

    def step(machine: _Machine) -> None:
        machine.stack.append(machine.memo[form.unpack(machine.take(form.size))[0]])

    return step


def _tuple_of(count: int) -> _Step:
    def step(machine: _Machine) -> None:
        machine.stack.append(tuple([machine.pop() for _ in range(count)][::-1]))

    return step


def _skip(size: int) -> _Step:
    def step(machine: _Machine) -> None:
        machine.take(size)

    return step


def _drop(machine: _Machine) -> None:
    machine.pop()


def _drop_marked(machine: _Machine) -> None:
    machine.pop_marked()


def _memoize(machine: _Machine) -> None:
    machine.memo[len(machine.memo)] = machine.top()


def _mark(machine: _Machine) -> None:
    machine.marks.append(len(machine.stack))


def _append(machine: _Machine) -> None:
    value = machine.pop()
    _list_of(machine.top()).append(value)


def _appends(machine: _Machine) -> None:
    values = machine.pop_marked()
    _list_of(machine.top()).extend(values)


def _list_of(target: object) -> list[object]:
    """Return where what is appended to an object is noted."""
    if isinstance(target, Applied):
        if target.appended is None:
            target.appended = []
        return target.appended
    if isinstance(target, list) and not isinstance(target, Items):
        return target
    raise DataLossError("the pickle appends to what is no list")


def _set_item(machine: _Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _items_of(machine.top()).append((key, value))


def _set_items(machine: _Machine) -> None:
    values = machine.pop_marked()
    if len(values) % 2:
        raise DataLossError("the pickle sets a key without a value")
    _items_of(machine.top()).extend(zip(values[::2], values[1::2], strict=True))


def _items_of(target: object) -> Items:
    """Return where the items that are set in an object are noted."""
    if isinstance(target, Applied):
        if target.items is None:
            target.items = Items()
        return target.items
    if isinstance(target, Items):
        return target
    raise DataLossError("the pickle sets items of what is no dict")


def _global(machine: _Machine) -> None:
    module = machine.line()
    machine.stack.append(Global(module, machine.line()))


def _stack_global(machine: _Machine) -> None:
    name, module = machine.pop(), machine.pop()
    if not isinstance(name, str) or not isinstance(module, str) or len(name) + len(module) > _MAX_LINE:
        raise DataLossError("the pickle imports what is no name")
    machine.stack.append(Global(module, name))


def _reduce(machine: _Machine) -> None:
    arguments, function = machine.pop(), machine.pop()
    machine.stack.append(_applied(function, arguments))


def _new_object_with_names(machine: _Machine) -> None:
    names, arguments, function = machine.pop(), machine.pop(), machine.pop()
    machine.stack.append(_applied(function, (arguments, names)))


def _applied(function: object, arguments: object) -> Applied:
    if not isinstance(function, Global):
        raise DataLossError("the pickle calls what it has not imported")
    return Applied(function, arguments)


def _build(machine: _Machine) -> None:
    state = machine.pop()
    target = machine.top()
    if not isinstance(target, Applied):
        raise DataLossError("the pickle gives a state to what is no object")
    target.state = state


def _persistent(machine: _Machine) -> None:
    value = machine.pop()
    if type(value) is tuple and len(value) == 4 and value[0] == "module" and isinstance(value[1], Global):
        # PyTorch's old format keeps a class with the source that it was made from.
        machine.stack.append(value[1])
        return
    found = Persistent(value)
    machine.persistent.append(found)
    machine.stack.append(found)


_SET = Global("builtins", "set")

_STEPS: dict[int, _Step] = {
    ord(opcode): step
    for opcode, step in {
        b"\x80": _skip(1),
        b"\x95": _skip(8),
        b"(": _mark,
        b"0": _drop,
        b"1": _drop_marked,
        b"2": lambda machine: machine.stack.append(machine.top()),
        b"N": _constant(None),
        b"\x88": _constant(value=True),
        b"\x89": _constant(value=False),
        b"J": _number("<i"),
        b"K": _number("<B"),
        b"M": _number("<H"),
        b"G": _number(">d"),
        b"\x8a": _sized("<B", _long),
        b"\x8b": _sized("<i", _long),
        b"U": _sized("<B", _old_text),
        b"T": _sized("<i", _old_text),
        b"X": _sized("<I", _text),
        b"\x8c": _sized("<B", _text),
        b"\x8d": _sized("<Q", _text),
        b"B": _sized("<I", bytes),
        b"C": _sized("<B", bytes),
        b"\x8e": _sized("<Q", bytes),
        b"\x96": _sized("<Q", bytes),
        b"q": _put("<B"),
        b"r": _put("<I"),
        b"\x94": _memoize,
        b"h": _get("<B"),
        b"j": _get("<I"),
        b")": _constant(()),
        b"t": lambda machine: machine.stack.append(tuple(machine.pop_marked())),
        b"\x85": _tuple_of(1),
        b"\x86": _tuple_of(2),
        b"\x87": _tuple_of(3),
        b"]": lambda machine: machine.stack.append([]),
        b"a": _append,
        b"e": _appends,
        b"}": lambda machine: machine.stack.append(Items()),
        b"s": _set_item,
        b"u": _set_items,
        b"\x8f": lambda machine: machine.stack.append(Applied(_SET, ())),
        b"\x90": _appends,
        b"\x91": lambda machine: machine.stack.append(Applied(_SET, machine.pop_marked())),
        b"c": _global,
        b"\x93": _stack_global,
        b"R": _reduce,
        b"\x81": _reduce,
        b"\x92": _new_object_with_names,
        b"b": _build,
        b"Q": _persistent,
    }.items()
}
"""What each opcode does, in the order of its kind: frames, stack, numbers, text, memo, containers, objects."""
