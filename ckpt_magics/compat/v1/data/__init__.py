"""``tf.data``: datasets and their iterators."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "AUTOTUNE": "graphs.pipelines.dataset",
    "Dataset": "graphs.pipelines.dataset",
    "FixedLengthRecordDataset": "graphs.pipelines.file_datasets",
    "Iterator": "graphs.pipelines.dataset_iterator:DatasetIterator",
    "TFRecordDataset": "graphs.pipelines.file_datasets",
    "TextLineDataset": "graphs.pipelines.file_datasets",
    "experimental": "compat.v1.data.experimental:",
    "get_output_classes": "graphs.pipelines.dataset_steps",
    "get_output_shapes": "graphs.pipelines.dataset_steps",
    "get_output_types": "graphs.pipelines.dataset_steps",
    "make_initializable_iterator": "graphs.pipelines.dataset_steps",
    "make_one_shot_iterator": "graphs.pipelines.dataset_steps",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
