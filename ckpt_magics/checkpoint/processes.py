"""Whether another process still runs."""

from __future__ import annotations

import ctypes
import os
from typing import Any

__all__ = ["is_running"]

_SYNCHRONIZE = 0x00100000
"""The right to wait for a process, which is all that is asked for."""

_ERROR_INVALID_PARAMETER = 87
_WAIT_TIMEOUT = 0x102


def is_running(process: int) -> bool:
    """Tell whether there is a process of that number; True where the system does not say."""
    if os.name == "nt":
        return _is_running_on_windows(process, ctypes.WinDLL("kernel32", use_last_error=True))  # type: ignore[attr-defined]
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _is_running_on_windows(process: int, kernel32: Any) -> bool:  # noqa: ANN401 - ctypes has no types of libraries
    """Ask the kernel for the process: there ``os.kill`` ends the one that it is asked about.

    Source: Microsoft's documentation of OpenProcess and WaitForSingleObject.
    """
    if process >= 1 << 32:
        return False
    kernel32.OpenProcess.restype = ctypes.c_void_p
    handle = kernel32.OpenProcess(_SYNCHRONIZE, False, process)
    if not handle:
        # Any other error, as a refusal, is about a process that is there.
        return bool(ctypes.get_last_error() != _ERROR_INVALID_PARAMETER)  # type: ignore[attr-defined]
    handle = ctypes.c_void_p(handle)
    try:
        # One that has ended stays known for as long as somebody has a handle of it, and waiting for it is no wait.
        return bool(kernel32.WaitForSingleObject(handle, 0) == _WAIT_TIMEOUT)
    finally:
        kernel32.CloseHandle(handle)
