"""``tf.train.queue_runner``: what fills queues."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "QueueRunner": "graphs.pipelines.queue_runner",
    "add_queue_runner": "graphs.pipelines.queue_runner",
    "start_queue_runners": "graphs.monitoring.coordinator",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
