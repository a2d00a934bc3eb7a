"""Lists, dicts and tuples that checkpoints hold: what is added to them gets what was saved of it.

A list or dict that an object gets as an attribute is put into one that notices changes, as TensorFlow does. Both stay
the same: what is added to the one is in the other, at the latest when the object is saved. TensorFlow refuses to save a
list of which items were replaced and a dict that was changed behind its back; here they are saved as they are.

Format: tensorflow/python/trackable/data_structures.py.
"""

# ruff: noqa: ANN401 - what a container holds may be anything

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any, SupportsIndex

import numpy as np

from ckpt_magics.files.object_graph.object_walk import LiveObject
from ckpt_magics.files.objects.tensorflow_objects import is_tensorflow_object
from ckpt_magics.graphs.trackable.trackable import Trackable, tracking_of
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["TrackedDict", "TrackedList", "TrackedTuple", "as_tracked"]


def as_tracked(value: Any, *, saves_arrays: bool = False) -> Any:
    """Return what a checkpoint can hold in place of a value: itself, or a container; None if it can hold nothing of it.

    Args:
        value: Anything.
        saves_arrays: Whether NumPy arrays are values to save.
    """
    if _is_held(value, saves_arrays=saves_arrays):
        return value
    # Classes of somebody's own are left alone, for they may do something else than a dict or a list.
    if type(value) in {dict, OrderedDict}:
        return TrackedDict(value, saves_arrays=saves_arrays)
    if type(value) is list:
        return TrackedList(value, saves_arrays=saves_arrays)
    if isinstance(value, tuple):
        tracked = TrackedTuple(value, saves_arrays=saves_arrays)
        return tracked if tracked.as_live_object().children else None
    return None


def _is_held(value: Any, *, saves_arrays: bool) -> bool:
    if isinstance(value, Trackable | Variable) or is_tensorflow_object(value):
        return True
    return saves_arrays and isinstance(value, np.ndarray)


def _in_place_of(value: Any, *, saves_arrays: bool) -> Any:
    tracked = as_tracked(value, saves_arrays=saves_arrays)
    return value if tracked is None else tracked


class TrackedList(list[Any], Trackable):
    """A list whose items are children by their position; those that cannot be held leave gaps.

    Args:
        origin: The list that it stands for.
        saves_arrays: Whether arrays among its items are values to save.
    """

    def __init__(self, origin: list[Any], *, saves_arrays: bool = False) -> None:
        super().__init__()
        self._saves_arrays = saves_arrays
        self._origin = origin
        self._seen: list[Any] = []
        self._take_over()

    def as_live_object(self) -> LiveObject:
        """Return what a checkpoint sees of it."""
        self._take_over()
        return LiveObject(self, list(_by_position(self, saves_arrays=self._saves_arrays)))

    def _take_over(self) -> None:
        """Hold what the list holds that this one stands for."""
        if list(map(id, self._origin)) == list(map(id, self._seen)):
            return
        known = {id(raw): item for raw, item in zip(self._seen, self, strict=True)}
        self._seen = list(self._origin)
        super().__setitem__(
            slice(None),
            [
                known[id(raw)] if id(raw) in known else _in_place_of(raw, saves_arrays=self._saves_arrays)
                for raw in self._seen
            ],
        )
        if tracking_of(self).waiting:
            for name, item in _by_position(self, saves_arrays=self._saves_arrays):
                tracking_of(self).settle(name, item)

    def append(self, item: Any) -> None:
        """Add an item at the end."""
        self._origin.append(item)
        self._take_over()

    def extend(self, items: Iterable[Any]) -> None:
        """Add items at the end."""
        self._origin.extend(items)
        self._take_over()

    def insert(self, at: SupportsIndex, item: Any) -> None:
        """Put an item in before a position."""
        self._origin.insert(at, item)
        self._take_over()

    def pop(self, at: SupportsIndex = -1) -> Any:
        """Take an item out."""
        item = self[at]
        del self[at]
        return item

    def remove(self, item: Any) -> None:
        """Take out the first item that is equal to a value."""
        del self[self.index(item)]

    def clear(self) -> None:
        """Take all items out."""
        del self[:]

    def __setitem__(self, at: Any, item: Any) -> None:
        self._origin[at] = item
        self._take_over()

    def __delitem__(self, at: Any) -> None:
        del self._origin[at]
        self._take_over()

    def __iadd__(self, items: Iterable[Any]) -> TrackedList:  # type: ignore[misc]  # list's own is overloaded
        self.extend(items)
        return self

    def __reduce_ex__(self, _protocol: SupportsIndex) -> tuple[Any, ...]:
        return list, (list(self),)


class TrackedDict(dict[Any, Any], Trackable):
    """A dict whose values are children by their keys, as far as they can be held.

    Args:
        origin: The dict that it stands for.
        saves_arrays: Whether arrays among its values are values to save.
    """

    def __init__(self, origin: dict[Any, Any], *, saves_arrays: bool = False) -> None:
        super().__init__()
        self._saves_arrays = saves_arrays
        self._origin = origin
        self._seen: dict[Any, Any] = {}
        self._take_over()

    def as_live_object(self) -> LiveObject:
        """Return what a checkpoint sees of it.

        Raises:
            ValueError: The key of something to save is no text.
        """
        self._take_over()
        children = [(key, item) for key, item in self.items() if _is_held(item, saves_arrays=self._saves_arrays)]
        if not all(isinstance(key, str) for key, _ in children):
            raise ValueError(
                f"Unable to save the object {self} (a dictionary wrapper constructed automatically on attribute "
                "assignment). The wrapped dictionary contains a non-string key which maps to a trackable object or "
                "mutable data structure.\n\nIf you don't need this dictionary checkpointed, wrap it in a non-trackable "
                "object; it will be subsequently ignored."
            )
        return LiveObject(self, children)

    def _take_over(self) -> None:
        """Hold what the dict holds that this one stands for."""
        for key in [key for key in self._seen if key not in self._origin]:
            super().__delitem__(key)
            del self._seen[key]
        for key, raw in self._origin.items():
            if key not in self._seen or self._seen[key] is not raw:
                self._seen[key] = raw
                item = _in_place_of(raw, saves_arrays=self._saves_arrays)
                super().__setitem__(key, item)
                if _is_held(item, saves_arrays=self._saves_arrays):
                    tracking_of(self).settle(key, item)

    def __setitem__(self, key: Any, item: Any) -> None:
        self._origin[key] = item
        self._take_over()

    def __delitem__(self, key: Any) -> None:
        del self._origin[key]
        self._take_over()

    def update(self, *items: Any, **named: Any) -> None:
        """Take items over from another dict, from pairs, or by name."""
        self._origin.update(*items, **named)
        self._take_over()

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Return the value of a key, which is put in if it is not there."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Any, *default: Any) -> Any:
        """Take a key out."""
        item = super().get(key, *default) if default else self[key]
        if key in self:
            del self[key]
        return item

    def clear(self) -> None:
        """Take all keys out."""
        self._origin.clear()
        self._take_over()

    def __ior__(self, items: Any) -> TrackedDict:  # type: ignore[misc]  # dict's own is overloaded
        self.update(items)
        return self

    def __reduce_ex__(self, _protocol: SupportsIndex) -> tuple[Any, ...]:
        return dict, (dict(self),)


class TrackedTuple(tuple[Any, ...], Trackable):
    """A tuple whose items are children by their position; of a named tuple, by the names of its fields before that.

    Args:
        items: What it holds.
        saves_arrays: Whether arrays among them are values to save.
    """

    def __new__(cls, items: tuple[Any, ...], *, saves_arrays: bool = False) -> TrackedTuple:
        """Return one, with attributes for the fields of a named tuple."""
        made = super().__new__(cls, (_in_place_of(item, saves_arrays=saves_arrays) for item in items))
        made._saves_arrays = saves_arrays
        made._fields = tuple(getattr(items, "_fields", ()))
        made.__dict__.update(zip(made._fields, made, strict=False))
        return made

    _saves_arrays: bool
    _fields: tuple[str, ...]

    def as_live_object(self) -> LiveObject:
        """Return what a checkpoint sees of it."""
        held = list(_by_position(self, saves_arrays=self._saves_arrays))
        named = [(self._fields[int(at)], item) for at, item in held] if self._fields else []
        return LiveObject(self, [*named, *held])

    def __reduce_ex__(self, _protocol: SupportsIndex) -> tuple[Any, ...]:
        return tuple, (list(self),)


def _by_position(items: Iterable[Any], *, saves_arrays: bool) -> Iterator[tuple[str, Any]]:
    return ((str(at), item) for at, item in enumerate(items) if _is_held(item, saves_arrays=saves_arrays))
