"""Names of TensorFlow APIs that this package stands in for."""

from __future__ import annotations

from ckpt_magics.compat.namespace import lazy_names

_HOMES = {
    "as_bytes": "compat.text",
    "as_str": "compat.text:as_text",
    "as_str_any": "compat.text",
    "as_text": "compat.text",
    "bytes_or_text_types": "compat.text",
    "inspect_checkpoint": "compat.inspect_checkpoint:",
    "path_to_str": "compat.text",
    "v1": "compat.v1:",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
