"""``tf.logging``: log messages."""

from __future__ import annotations

from ckpt_magics.compat.namespace import lazy_names

_HOMES = {
    "DEBUG": "compat.messages",
    "ERROR": "compat.messages",
    "FATAL": "compat.messages",
    "INFO": "compat.messages",
    "WARN": "compat.messages",
    "debug": "compat.messages",
    "error": "compat.messages",
    "fatal": "compat.messages",
    "get_verbosity": "compat.messages",
    "info": "compat.messages",
    "log": "compat.messages",
    "set_verbosity": "compat.messages",
    "warn": "compat.messages:warning",
    "warning": "compat.messages",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
