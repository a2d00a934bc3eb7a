"""``tf.flags``: values from the command line."""

from __future__ import annotations

from ckpt_magics.compat.namespace import lazy_names

_HOMES = {
    "DEFINE_bool": "compat.flags:define_boolean",
    "DEFINE_boolean": "compat.flags:define_boolean",
    "DEFINE_enum": "compat.flags:define_enum",
    "DEFINE_float": "compat.flags",
    "DEFINE_integer": "compat.flags",
    "DEFINE_list": "compat.flags",
    "DEFINE_string": "compat.flags",
    "FLAGS": "compat.flags",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
