"""Which processes run, on this system and as it is asked on Windows."""

import os
import subprocess
import sys

import psutil
import pytest

from ckpt_magics.files.storage import processes
from ckpt_magics.files.storage.processes import is_running


class Windows:
    name = "nt"

    def kill(self, process, number):
        raise AssertionError("os.kill ends a process there")


@pytest.fixture(params=["posix", "nt"])
def system(request, monkeypatch):
    if request.param == "nt":
        monkeypatch.setattr(processes, "os", Windows())


@pytest.mark.usefixtures("system")
def test_a_process_runs_until_it_has_ended():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_running(process.pid)
    process.communicate(b"\n")
    assert not is_running(process.pid)
    assert is_running(os.getpid())
    assert not is_running(10**19)


def test_one_that_the_system_keeps_to_itself_is_taken_for_running(monkeypatch):
    def refuse(process):
        raise psutil.AccessDenied(process)

    monkeypatch.setattr(processes, "os", Windows())
    monkeypatch.setattr(psutil, "pid_exists", refuse)
    assert is_running(4)
