"""``tf.python_io``: files of records."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "TFRecordCompressionType": "graphs.programs.record_files",
    "TFRecordOptions": "graphs.programs.record_files",
    "TFRecordWriter": "graphs.programs.record_files",
    "tf_record_iterator": "graphs.programs.record_files",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
