"""Nestings of lists, tuples and dicts: their leaves in order, and other leaves in the same nesting.

Format: tensorflow/python/util/nest.py: dicts are in the order of their keys, namedtuples keep their class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

__all__ = ["assert_same_structure", "flatten", "is_nested", "map_structure", "pack_like"]


def is_nested(seq: object) -> bool:
    """Return whether a value is a nesting, not a leaf."""
    return isinstance(seq, (list, tuple, Mapping))


def _items(structure: Any) -> list[Any]:  # noqa: ANN401 -- any nesting
    return [structure[key] for key in sorted(structure)] if isinstance(structure, Mapping) else list(structure)


def flatten(structure: Any) -> list[Any]:  # noqa: ANN401 -- any nesting
    """Return the leaves of a nesting in order."""
    return [leaf for item in _items(structure) for leaf in flatten(item)] if is_nested(structure) else [structure]


def pack_like(structure: Any, flat_sequence: Iterable[Any]) -> Any:  # noqa: ANN401 -- any nesting
    """Return leaves in the nesting that another structure has."""
    return _packed(structure, iter(flat_sequence))


def _packed(structure: Any, leaves: Iterator[Any]) -> Any:  # noqa: ANN401
    if not is_nested(structure):
        return next(leaves)
    parts = [_packed(item, leaves) for item in _items(structure)]
    if isinstance(structure, Mapping):
        found = dict(zip(sorted(structure), parts, strict=True))
        return type(structure)((key, found[key]) for key in structure)  # type: ignore[call-arg]  # as a dict is made
    return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)


def map_structure(func: Callable[..., Any], *structure: Any) -> Any:  # noqa: ANN401 -- any nestings
    """Return the results of a function of the leaves, in the same nesting."""
    for other in structure[1:]:
        assert_same_structure(structure[0], other)
    leaves = zip(*map(flatten, structure), strict=True)
    return pack_like(structure[0], [func(*each) for each in leaves])


def assert_same_structure(nest1: Any, nest2: Any) -> None:  # noqa: ANN401 -- any nestings
    """Refuse two nestings that differ.

    Raises:
        TypeError: They are of other kinds somewhere.
        ValueError: They have other leaves or keys.
    """
    if is_nested(nest1) != is_nested(nest2):
        raise ValueError(f"The two structures don't have the same nested structure.\n\n{nest1}\n\n{nest2}")
    if not is_nested(nest1):
        return
    if isinstance(nest1, Mapping) != isinstance(nest2, Mapping) or isinstance(nest1, list) != isinstance(nest2, list):
        raise TypeError(
            f"The two structures don't have the same sequence type. First has type {type(nest1)}, while second has "
            f"type {type(nest2)}"
        )
    if isinstance(nest1, Mapping) and sorted(nest1) != sorted(nest2):
        raise ValueError(f"The two dictionaries don't have the same set of keys: {sorted(nest1)}, {sorted(nest2)}")
    own, theirs = _items(nest1), _items(nest2)
    if len(own) != len(theirs):
        raise ValueError(
            "The two structures don't have the same number of elements.\n\n"
            f"First structure: {nest1}\n\nSecond structure: {nest2}"
        )
    for one, other in zip(own, theirs, strict=True):
        assert_same_structure(one, other)
