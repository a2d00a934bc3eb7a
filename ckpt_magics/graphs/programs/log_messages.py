"""Log messages by the names of ``tf.logging``; they go to the logger ``ckpt_magics``."""

from __future__ import annotations

import logging

DEBUG, INFO, WARN, ERROR, FATAL = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL

_LOGGER = logging.getLogger("ckpt_magics")

debug = _LOGGER.debug
info = _LOGGER.info
warning = _LOGGER.warning
error = _LOGGER.error
fatal = _LOGGER.critical
log = _LOGGER.log


def get_logger() -> logging.Logger:
    """Return the logger."""
    return _LOGGER


def get_verbosity() -> int:
    """Return the least level that is logged."""
    return _LOGGER.getEffectiveLevel()


def set_verbosity(v: int) -> None:
    """Log messages of this level and above."""
    _LOGGER.setLevel(v)
