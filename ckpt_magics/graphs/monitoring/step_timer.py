"""When a hook acts: every so many steps or seconds.

Format: tensorflow/python/training/basic_session_run_hooks.py, SecondOrStepTimer.
"""

from __future__ import annotations

import time

__all__ = ["SecondOrStepTimer"]


class SecondOrStepTimer:
    """Tells when to act; the first time at once.

    Args:
        every_secs: Seconds between two times.
        every_steps: Steps between them, instead.

    Raises:
        ValueError: Both or neither are given.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if every_secs is None and every_steps is None:
            raise ValueError("Either every_secs or every_steps should be provided.")
        if every_secs is not None and every_steps is not None:
            raise ValueError("Can not provide both every_secs and every_steps.")
        self._every_secs = every_secs
        self._every_steps = every_steps
        self.reset()

    def reset(self) -> None:
        """Forget when it was last."""
        self._step: int | None = None
        self._time: float | None = None

    def should_trigger_for_step(self, step: int) -> bool:
        """Return whether to act at a step."""
        if self._step is None or self._time is None:
            return True
        if step == self._step:
            return False
        if self._every_secs is not None:
            return time.time() >= self._time + self._every_secs
        return step >= self._step + (self._every_steps or 0)

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """Note that it acts at a step; returns seconds and steps since the last time, None the first time."""
        now = time.time()
        since = (None, None) if self._time is None or self._step is None else (now - self._time, step - self._step)
        self._time, self._step = now, step
        return since

    def last_triggered_step(self) -> int | None:
        """Return the step of the last time, or None."""
        return self._step
