"""Files that are to appear with a checkpoint which somebody further down writes.

The nodes of a graph write the checkpoint of a Saver, and know nothing of a meta graph. So the Saver leaves the meta
graph here, and whoever puts the checkpoint's files in place takes it along, in the same step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from ckpt_magics.files.storage.naming import parse_v1_shard

__all__ = ["left_for", "take_companions"]

_Left = dict[str, Mapping[str, bytes]]

#: What waits for the checkpoint of a prefix, in this thread.
_left: ContextVar[_Left | None] = ContextVar("left", default=None)


@contextmanager
def left_for(prefix: str, files: Mapping[str, bytes]) -> Iterator[_Left]:
    """Leave files for the checkpoint of a prefix that is written inside the block.

    Args:
        prefix: Of the checkpoint.
        files: Contents by path.

    Yields:
        What has not been taken, by prefix: nothing any more once the checkpoint was written.
    """
    waiting: _Left = {prefix: files}
    token = _left.set(waiting)
    try:
        yield waiting
    finally:
        _left.reset(token)


def take_companions(prefix: str) -> Mapping[str, bytes]:
    """Return what was left for a checkpoint, to be put in place with it; each is given once.

    Args:
        prefix: Of the checkpoint, or one of several V1 files.
    """
    waiting = _left.get()
    shard = parse_v1_shard(prefix)
    return {} if waiting is None else waiting.pop(shard[0] if shard else prefix, {})
