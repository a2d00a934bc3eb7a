"""``tf.contrib.slim``: layers in scopes of arguments, all that ``layers`` and ``framework`` of ``tf.contrib`` share."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names
from ckpt_magics.compat.v1.contrib import framework, layers

_HOMES = layers.HOMES | framework.SCOPES_AND_VARIABLES | {"losses": "compat.v1.losses:"}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
