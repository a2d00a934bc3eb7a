"""Too little memory while reading is an error of the package that says what to do, in a process with a limit."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ckpt_magics.errors import ResourceExhaustedError
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import save_v1, save_v2

ROOT = Path(__file__).parents[2]
SAVERS = {1: save_v1, 2: save_v2}

CODE = """
import resource, sys
import ckpt_magics
from ckpt_magics.errors import ResourceExhaustedError

reader = ckpt_magics.load_checkpoint(sys.argv[1])
list(reader)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20),) * 2)
for ask in (lambda: reader["w"], lambda: dict(reader), lambda: reader.get_tensors(), lambda: reader["strings"]):
    try:
        ask()
    except ResourceExhaustedError as error:
        assert "memory" in str(error) and "reader.pieces" in str(error), error
    else:
        raise AssertionError("there was enough memory")
assert reader["small"].tolist() == [1, 2, 3]
print("done")
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="this system does not tell what is used")
@pytest.mark.parametrize("version", [1, 2])
def test_what_does_not_fit_says_so_and_the_reader_goes_on(tmp_path, version):
    tensors = {
        "w": np.zeros(96 << 20, np.float32),
        "strings": np.array([b"x" * (250 << 20)], object),
        "small": np.array([1, 2, 3], np.int32),
    }
    prefix = SAVERS[version](tmp_path / "m", tensors)
    del tensors
    found = subprocess.run(
        [sys.executable, "-c", CODE, prefix],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    assert found.stdout == "done\n", found.stderr


@pytest.mark.parametrize("version", [1, 2])
def test_lack_of_memory_anywhere_below_a_reader_is_ours(tmp_path, monkeypatch, version):
    prefix = SAVERS[version](tmp_path / "m", {"w": np.ones(3, np.float32)})
    with load_checkpoint(prefix) as reader:
        store = type(reader.named_tensors.source.file)
        for method, ask in (("read", lambda: reader["w"]), ("columns", reader.get_variable_to_shape_map)):

            def fail(*_, **__):
                raise MemoryError("Unable to allocate 8.00 GiB")

            with monkeypatch.context() as patch:
                patch.setattr(store, method, fail)
                with pytest.raises(ResourceExhaustedError, match="not enough memory to read it: Unable to allocate 8"):
                    ask()
        assert reader["w"].tolist() == [1, 1, 1]
