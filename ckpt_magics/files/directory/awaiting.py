"""Waiting for new checkpoints in a directory, for programs that evaluate while another one trains.

Format: tensorflow/python/training/checkpoint_utils.py (checkpoints_iterator, wait_for_new_checkpoint).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from ckpt_magics.files.directory.state import latest_checkpoint
from ckpt_magics.files.storage.place import AnyPath

__all__ = ["checkpoints_iterator"]

_LOGGER = logging.getLogger("ckpt_magics")
_PAUSE = 1.0
"""Seconds between two looks at the directory."""


def checkpoints_iterator(
    checkpoint_dir: AnyPath,
    min_interval_secs: float = 0,
    timeout: float | None = None,
    timeout_fn: Callable[[], object] | None = None,
) -> Iterator[str]:
    """Yield the prefix of each new latest checkpoint of a directory, waiting for it.

    Args:
        checkpoint_dir: The directory, which need not be there yet.
        min_interval_secs: Seconds at least between two of them.
        timeout: Seconds to wait for one; None for ever.
        timeout_fn: Called when that time is over, and after each checkpoint; it ends the iteration by returning true.
            Without, the time ends it.
    """
    latest = None
    while True:
        found = _wait_for_new(checkpoint_dir, latest, timeout)
        if found is not None:
            start = time.monotonic()
            latest = found
            yield latest
            time.sleep(max(start + min_interval_secs - time.monotonic(), 0))
        elif timeout_fn is None:
            _LOGGER.info("Timed-out waiting for a checkpoint (without timeout_fn).")
            return
        if timeout_fn is not None and timeout_fn():
            _LOGGER.info("Done. No new checkpoints will be generated.")
            return


def _wait_for_new(directory: AnyPath, known: str | None, timeout: float | None) -> str | None:
    stop = None if timeout is None else time.monotonic() + timeout
    while True:
        found = latest_checkpoint(directory)
        if found is not None and found != known:
            return found
        if stop is not None and time.monotonic() + _PAUSE > stop:
            return None
        time.sleep(_PAUSE)
