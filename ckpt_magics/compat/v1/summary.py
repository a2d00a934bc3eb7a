"""``tf.summary``: what a run notes for TensorBoard."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "Event": "proto.messages",
    "FileWriter": "graphs.programs.file_writer",
    "FileWriterCache": "graphs.programs.file_writer",
    "SessionLog": "proto.messages",
    "Summary": "proto.messages",
    "TaggedRunMetadata": "proto.messages",
    "audio": "graphs.nodes.summaries",
    "histogram": "graphs.nodes.summaries",
    "image": "graphs.nodes.summaries",
    "merge": "graphs.nodes.summaries",
    "merge_all": "graphs.nodes.summaries",
    "scalar": "graphs.nodes.summaries",
    "tensor_summary": "graphs.nodes.summaries",
    "text": "graphs.nodes.summaries",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
