"""``tf.data.experimental``: steps for `Dataset.apply`."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "AUTOTUNE": "graphs.pipelines.dataset",
    "map_and_batch": "graphs.pipelines.dataset_steps",
    "parallel_interleave": "graphs.pipelines.dataset_steps",
    "prefetch_to_device": "graphs.pipelines.dataset_steps",
    "shuffle_and_repeat": "graphs.pipelines.dataset_steps",
    "take_while": "graphs.pipelines.dataset_steps",
    "unbatch": "graphs.pipelines.dataset_steps",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
