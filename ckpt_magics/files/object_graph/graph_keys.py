"""The keys under which TensorFlow stores what objects saved.

=====================  ==================================================================
a value                ``PATH/.ATTRIBUTES/ATTRIBUTE``
of an optimizer        ``PATH of variable/.OPTIMIZER_SLOT/PATH of optimizer/SLOT/.ATTRIBUTES/...``
the graph of objects   ``_CHECKPOINTABLE_OBJECT_GRAPH``
=====================  ==================================================================

A path has one part for each edge from the root, in which ``.`` is written ``..`` and ``/`` is written ``.S``.

Format: tensorflow/python/trackable/trackable_utils.py.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

__all__ = [
    "ATTRIBUTES",
    "OBJECT_GRAPH_KEY",
    "PYTHON_STATE",
    "SLOT_MARK",
    "VARIABLE_VALUE",
    "attribute_name",
    "attribute_of",
    "escaped",
    "object_path",
    "readable_key",
    "short_form",
    "slot_path",
    "value_key",
    "values_of_keys",
]

OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

VARIABLE_VALUE = "VARIABLE_VALUE"
"""The one attribute of a variable."""

PYTHON_STATE = "py_state"
"""The attribute of what objects of Python say of themselves, which is stored behind all other values."""

SLOT_MARK = "/.OPTIMIZER_SLOT/"
"""What stands between the paths of a variable and of the optimizer that keeps a slot for it."""

ATTRIBUTES = "/.ATTRIBUTES/"
"""What stands between the path of an object and what it calls a value."""

_MAX_ATTRIBUTE = 100
"""Characters of the longest name of a value that is stored as several tensors."""

_ESCAPE = re.compile(r"\.[.S]")


def escaped(part: str) -> str:
    """Return a part of a path as keys have it.

    >>> escaped("a.b/c"), escaped(".S")
    ('a..b.Sc', '..S')
    """
    return part.replace(".", "..").replace("/", ".S")


def object_path(names: Iterable[str]) -> str:
    """Return the path of an object as keys begin with it; empty of the root.

    >>> object_path(["net", "a/b"])
    'net/a.Sb'
    """
    return "/".join(map(escaped, names))


def slot_path(variable: str, optimizer: str, slot_name: str) -> str:
    """Return what stands in the place of a path for an optimizer's slot.

    Args:
        variable: Path of the variable, escaped.
        optimizer: Path of the optimizer, escaped.
        slot_name: As ``m``.

    >>> slot_path("net/w", "opt", "m")
    'net/w/.OPTIMIZER_SLOT/opt/m'
    """
    return f"{variable}{SLOT_MARK}{optimizer}/{escaped(slot_name)}"


def value_key(path: str, attribute: str = VARIABLE_VALUE) -> str:
    """Return the key of a value.

    Args:
        path: Of its object, escaped.
        attribute: What the object calls it.

    >>> value_key("net/w"), value_key("")
    ('net/w/.ATTRIBUTES/VARIABLE_VALUE', '/.ATTRIBUTES/VARIABLE_VALUE')
    """
    return f"{path}{ATTRIBUTES}{escaped(attribute)}"


def short_form(key: str) -> str:
    """Return a key without what only the format needs, its path unescaped.

    >>> short_form("net/a.Sb/kernel/.ATTRIBUTES/VARIABLE_VALUE"), short_form("table/.ATTRIBUTES/table-keys")
    ('net/a/b/kernel', 'table/table-keys')
    """
    path, _, attribute = key.rpartition(ATTRIBUTES)
    if not path and not key.startswith(ATTRIBUTES):
        return key
    return attribute_name(_ESCAPE.sub(lambda found: "/" if found[0] == ".S" else ".", path), attribute)


def attribute_name(path: str, attribute: str) -> str:
    """Return what a value is called of the object that a path leads to; a variable's as the variable.

    >>> attribute_name("net/w", "VARIABLE_VALUE"), attribute_name("rows", "ITERATOR")
    ('net/w', 'rows/ITERATOR')
    """
    return path if attribute == VARIABLE_VALUE and path else f"{path}/{attribute}".lstrip("/")


def readable_key(key: str) -> str:
    """Return a key without the word that sets off the attribute; it stays escaped, so that no two become one."""
    return key.replace(ATTRIBUTES, "/")


def attribute_of(key: str) -> str:
    """Return what stands behind the path of a key; "" of one that has no attribute."""
    _, mark, attribute = key.rpartition(ATTRIBUTES)
    return attribute if mark else ""


def values_of_keys(keys: Iterable[str], values: Container[str]) -> dict[str, str]:
    """Return the key of the value that each tensor is, or is a part of; nothing of what is none.

    A value that is no tensor itself is stored as several, or as one with more to its name: ``table`` as ``table-keys``
    and ``table-values``, ``ITERATOR`` as ``ITERATOR_STATE``. Of several the longest name is meant.

    Args:
        keys: Of the tensors, all that there are.
        values: Keys that the graph of objects has.

    >>> values_of_keys(["t/.ATTRIBUTES/table-keys", "w/.ATTRIBUTES/VARIABLE_VALUE"], {"t/.ATTRIBUTES/table"})
    {'t/.ATTRIBUTES/table-keys': 't/.ATTRIBUTES/table'}
    """
    keys = list(keys)
    found = {key: key for key in keys if key in values}
    for key in (key for key in keys if key not in found):
        attribute = attribute_of(key)
        path = key[: len(key) - len(attribute)]
        shorter = (path + attribute[:size] for size in range(min(len(attribute), _MAX_ATTRIBUTE), 0, -1))
        value = next((one for one in shorter if one in values and found.get(one) != one), None)
        if value is not None:
            found[key] = value
    return found
