"""``tf.queue``: queues."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "FIFOQueue": "graphs.nodes.queues",
    "PaddingFIFOQueue": "graphs.nodes.queues",
    "QueueBase": "graphs.nodes.queues:Queue",
    "RandomShuffleQueue": "graphs.nodes.queues",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
