"""Values are written with a second thread where there is one, and without it where there is none."""

import subprocess
import sys
import threading

import numpy as np

from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint

LARGE = {f"large_{number}": np.random.default_rng(number).random(300_000) for number in range(3)}


def refuse(thread):
    raise RuntimeError("can't start new thread")


def test_saving_and_reading_do_without_a_second_thread(tmp_path, monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", refuse)
    write_checkpoint(tmp_path / "m", LARGE)
    with load_checkpoint(tmp_path / "m") as reader:
        for name, value in reader.get_tensors().items():
            np.testing.assert_array_equal(value, LARGE[name])


PROGRAM = """
import atexit, sys
import numpy as np
from ckpt_magics import load_checkpoint, save_checkpoint
array = np.arange(300_000.0)

@atexit.register
def last():
    save_checkpoint(sys.argv[1], {"a": array, "b": array})
    with load_checkpoint(sys.argv[1]) as reader:
        assert all((value == array).all() for value in reader.get_tensors().values())
    print("saved")
"""


def test_a_program_saves_and_reads_while_it_ends(tmp_path):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "m")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("saved\n", "")
