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

from collections.abc import Iterable

__all__ = ["SLOT_MARK", "VARIABLE_VALUE", "escaped", "object_path", "slot_path", "value_key"]

VARIABLE_VALUE = "VARIABLE_VALUE"
"""The one attribute of a variable."""

SLOT_MARK = "/.OPTIMIZER_SLOT/"
"""What stands between the paths of a variable and of the optimizer that keeps a slot for it."""


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
    return f"{path}/.ATTRIBUTES/{escaped(attribute)}"
