"""Names of TensorFlow APIs that this package stands in for."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "as_bytes": "graphs.programs.byte_strings",
    "as_str": "graphs.programs.byte_strings:as_text",
    "as_str_any": "graphs.programs.byte_strings",
    "as_text": "graphs.programs.byte_strings",
    "bytes_or_text_types": "graphs.programs.byte_strings",
    "inspect_checkpoint": "compat.inspect_checkpoint:",
    "path_to_str": "graphs.programs.byte_strings",
    "v1": "compat.v1:",
    "v2": "compat.v2:",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
