"""Whether another process still runs."""

from __future__ import annotations

import os

__all__ = ["is_running"]


def is_running(process: int) -> bool:
    """Tell whether there is a process of that number; True where the system does not say."""
    if os.name == "nt":
        return _is_running_on_windows(process)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _is_running_on_windows(process: int) -> bool:
    """Ask psutil, a dependency on Windows alone: there ``os.kill`` ends the process that it is asked about."""
    import psutil

    try:
        return psutil.pid_exists(process)
    except OverflowError:
        return False
    except psutil.Error:
        return True
