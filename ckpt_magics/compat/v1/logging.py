"""``tf.logging``: log messages."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "DEBUG": "graphs.programs.log_messages",
    "ERROR": "graphs.programs.log_messages",
    "FATAL": "graphs.programs.log_messages",
    "INFO": "graphs.programs.log_messages",
    "WARN": "graphs.programs.log_messages",
    "debug": "graphs.programs.log_messages",
    "error": "graphs.programs.log_messages",
    "fatal": "graphs.programs.log_messages",
    "get_verbosity": "graphs.programs.log_messages",
    "info": "graphs.programs.log_messages",
    "log": "graphs.programs.log_messages",
    "set_verbosity": "graphs.programs.log_messages",
    "warn": "graphs.programs.log_messages:warning",
    "warning": "graphs.programs.log_messages",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
