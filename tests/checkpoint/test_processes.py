"""Which processes run, on this system and on Windows."""

import ctypes
import os
import subprocess
import sys

import pytest

from ckpt_magics.checkpoint import processes
from ckpt_magics.checkpoint.processes import is_running


def test_a_process_runs_until_it_has_ended():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_running(process.pid)
    process.communicate(b"\n")
    assert not is_running(process.pid)
    assert is_running(os.getpid())
    assert not is_running(10**19)


class Kernel:
    """Stands in for Windows' kernel32.

    Args:
        handle: What opening the process gives; None for a refusal.
        waited: What waiting for it gives.
    """

    def __init__(self, handle, waited=None):
        self.closed = []
        self.handle, self.waited = handle, waited
        self.OpenProcess = lambda access, inherit, process: handle
        self.WaitForSingleObject = lambda handle, milliseconds: self.waited
        self.CloseHandle = lambda handle: self.closed.append(handle.value)


@pytest.mark.parametrize(
    ("handle", "waited", "error", "expected"),
    [(7, 0x102, 0, True), (7, 0, 0, False), (None, None, 87, False), (None, None, 5, True)],
    ids=["runs", "has ended", "no such process", "of somebody else"],
)
def test_windows_is_asked_without_ending_the_process(monkeypatch, handle, waited, error, expected):
    kernel = Kernel(handle, waited)
    monkeypatch.setattr(ctypes, "get_last_error", lambda: error, raising=False)
    monkeypatch.setattr(ctypes, "WinDLL", lambda name, use_last_error: kernel, raising=False)

    class Windows:
        name = "nt"

        def kill(self, process, number):
            raise AssertionError("os.kill ends a process there")

    monkeypatch.setattr(processes, "os", Windows())
    assert is_running(4) is expected
    assert kernel.closed == ([7] if handle else [])
    assert not is_running(1 << 40)
