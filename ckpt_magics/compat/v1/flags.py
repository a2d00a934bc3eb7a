"""``tf.flags``: values from the command line."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "DEFINE_bool": "graphs.programs.program_flags:define_boolean",
    "DEFINE_boolean": "graphs.programs.program_flags:define_boolean",
    "DEFINE_enum": "graphs.programs.program_flags:define_enum",
    "DEFINE_float": "graphs.programs.program_flags",
    "DEFINE_integer": "graphs.programs.program_flags",
    "DEFINE_list": "graphs.programs.program_flags",
    "DEFINE_string": "graphs.programs.program_flags",
    "FLAGS": "graphs.programs.program_flags",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
