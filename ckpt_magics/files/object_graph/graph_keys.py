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
from collections.abc import Iterable

__all__ = [
    "OBJECT_GRAPH_KEY",
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
]

OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

VARIABLE_VALUE = "VARIABLE_VALUE"
"""The one attribute of a variable."""

SLOT_MARK = "/.OPTIMIZER_SLOT/"
"""What stands between the paths of a variable and of the optimizer that keeps a slot for it."""
_ATTRIBUTES = "/.ATTRIBUTES/"
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
    return f"{path}{_ATTRIBUTES}{escaped(attribute)}"


def short_form(key: str) -> str:
    """Return a key without what only the format needs, its path unescaped.

    >>> short_form("net/a.Sb/kernel/.ATTRIBUTES/VARIABLE_VALUE"), short_form("table/.ATTRIBUTES/table-keys")
    ('net/a/b/kernel', 'table/table-keys')
    """
    path, _, attribute = key.rpartition(_ATTRIBUTES)
    if not path and not key.startswith(_ATTRIBUTES):
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
    return key.replace(_ATTRIBUTES, "/")


def attribute_of(key: str) -> str:
    """Return what stands behind the path of a key; "" of one that has no attribute."""
    _, mark, attribute = key.rpartition(_ATTRIBUTES)
    return attribute if mark else ""
