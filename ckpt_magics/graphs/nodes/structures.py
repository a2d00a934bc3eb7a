"""Nestings of lists, tuples and dicts: their leaves in order, and other leaves in the same nesting.

Format: tensorflow/python/util/nest.py: dicts are in the order of their keys, namedtuples keep their class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

__all__ = ["assert_same_structure", "flatten", "is_nested", "map_structure", "pack_like"]


def is_nested(value: object) -> bool:
    """Return whether a value is a nesting, not a leaf."""
    return isinstance(value, (list, tuple, Mapping))


def _items(structure: Any) -> list[Any]:  # noqa: ANN401 -- any nesting
    return [structure[key] for key in sorted(structure)] if isinstance(structure, Mapping) else list(structure)


def flatten(structure: Any) -> list[Any]:  # noqa: ANN401 -- any nesting
    """Return the leaves of a nesting in order."""
    return [leaf for item in _items(structure) for leaf in flatten(item)] if is_nested(structure) else [structure]


def pack_like(structure: Any, leaves: Iterable[Any]) -> Any:  # noqa: ANN401 -- any nesting
    """Return leaves in the nesting that another structure has."""
    return _packed(structure, iter(leaves))


def _packed(structure: Any, leaves: Iterator[Any]) -> Any:  # noqa: ANN401
    if not is_nested(structure):
        return next(leaves)
    parts = [_packed(item, leaves) for item in _items(structure)]
    if isinstance(structure, Mapping):
        found = dict(zip(sorted(structure), parts, strict=True))
        return type(structure)((key, found[key]) for key in structure)  # type: ignore[call-arg]  # as a dict is made
    return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)


def map_structure(function: Callable[..., Any], *structures: Any) -> Any:  # noqa: ANN401 -- any nestings
    """Return the results of a function of the leaves, in the same nesting."""
    for other in structures[1:]:
        assert_same_structure(structures[0], other)
    leaves = zip(*(flatten(structure) for structure in structures), strict=True)
    return pack_like(structures[0], [function(*each) for each in leaves])


def assert_same_structure(first: Any, second: Any) -> None:  # noqa: ANN401 -- any nestings
    """Refuse two nestings that differ.

    Raises:
        TypeError: They are of other kinds somewhere.
        ValueError: They have other leaves or keys.
    """
    if is_nested(first) != is_nested(second):
        raise ValueError(f"The two structures don't have the same nested structure.\n\n{first}\n\n{second}")
    if not is_nested(first):
        return
    if isinstance(first, Mapping) != isinstance(second, Mapping) or isinstance(first, list) != isinstance(second, list):
        raise TypeError(
            f"The two structures don't have the same sequence type. First has type {type(first)}, while second has "
            f"type {type(second)}"
        )
    if isinstance(first, Mapping) and sorted(first) != sorted(second):
        raise ValueError(f"The two dictionaries don't have the same set of keys: {sorted(first)}, {sorted(second)}")
    own, theirs = _items(first), _items(second)
    if len(own) != len(theirs):
        raise ValueError(
            "The two structures don't have the same number of elements.\n\n"
            f"First structure: {first}\n\nSecond structure: {second}"
        )
    for one, other in zip(own, theirs, strict=True):
        assert_same_structure(one, other)
