"""``tf.app``: the start of a program, and its flags."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "flags": "compat.v1.flags:",
    "run": "graphs.programs.program_flags",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
