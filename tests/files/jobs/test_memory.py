"""Jobs need memory for a few pieces, not for the largest tensor: each in a process that measures itself."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.files.kinds.known import WRITTEN_KINDS
from ckpt_magics.files.tensors.arrays_to_save import PartToSave
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_bundle, write_slice_table
from tests.safety.scale import scaled

ROOT = Path(__file__).parents[3]
MIB = 1 << 20
TENSOR = scaled(160, 1024)
"""MiB of the tensor: more than a job may take."""
SHAPE = (TENSOR * 64, 1 << 12)
ALLOWED = 128
"""MiB that a job may take beside what the process has after its imports."""

PROLOGUE = """
import pandas, sys
from ckpt_magics import average_checkpoints, compare_checkpoints, convert_checkpoint, load_checkpoint
from ckpt_magics import salvage_checkpoint, verify_checkpoint
from ckpt_magics.files.jobs.tensor_statistics import stored_statistics
import ckpt_magics.notebook.frames.differences, ckpt_magics.notebook.reports.verification_report
import ckpt_magics.notebook.reports.conversion_report

def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) >> 10

prefix, new, SIZE = *sys.argv[1:3], int(sys.argv[3]) << 18
before = peak()
"""
JOBS = {
    "statistics": "assert stored_statistics(load_checkpoint(prefix).named_tensors, 'w').elements == SIZE",
    "compare": "assert list(compare_checkpoints(prefix, prefix)['status']) == ['same']",
    "verify": "assert verify_checkpoint(prefix).is_whole",
    "salvage": "assert salvage_checkpoint(prefix, new).tensors == 1",
    "convert": "convert_checkpoint(prefix, new + '.safetensors')",
    "transpose": "convert_checkpoint(prefix, new, [('transpose', {'w': (1, 0)}), ('dtype', {'w': 'float64'})])",
    "join": "convert_checkpoint(prefix, new, [('split', 'a,b=w@1'), ('shape', ['a=-1', 'b=-1']), ('join', 'w=b,a@0')])",
    "average": "average_checkpoints([prefix] * 5, new)",
    "pieces": "assert sum(piece.size for _, piece in load_checkpoint(prefix).pieces('w')) == SIZE",
    "part": "assert load_checkpoint(prefix).get_slice('w', (slice(None), 5)).shape == (SIZE >> 12,)",
}


def measured(job, prefix, new):
    """Return the MiB that a job takes at most beside the imports."""
    code = f"{PROLOGUE}{JOBS[job]}\nprint(peak() - before)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, prefix, new, str(TENSOR)]
    found = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert not found.returncode, found.stderr
    return int(found.stdout)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """One large tensor in each way to store it."""
    folder = tmp_path_factory.mktemp("large")
    value = np.zeros(SHAPE, np.float32)
    value[:, 5] = np.arange(SHAPE[0])
    part = SHAPE[0] // 4
    rows = [f"{SHAPE[0]} {SHAPE[1]} {start},{part}:-" for start in range(0, SHAPE[0], part)]
    columns = [f"{SHAPE[0]} {SHAPE[1]} -:{start},2048" for start in (0, 2048)]
    parts = {
        "whole": [PartToSave(b"w", value, FLOAT)],
        "rows": [
            PartToSave(b"w", value[number * part : (number + 1) * part], FLOAT, spec)
            for number, spec in enumerate(rows)
        ],
        "columns": [
            PartToSave(b"w", value[:, number * 2048 : (number + 1) * 2048], FLOAT, spec)
            for number, spec in enumerate(columns)
        ],
    }
    for name, tensors in parts.items():
        write_bundle(folder / name, tensors, durable=False)
    write_slice_table(folder / "v1", parts["whole"], durable=False)
    write_slice_table(folder / "v1_rows", parts["rows"], durable=False)
    yield folder
    for path in folder.iterdir():
        path.unlink()


SAVING = """
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.files.formats.pieces import cut_shape, region_shape
from ckpt_magics.files.kinds.known import kind_named
from ckpt_magics.files.kinds.sinks import write_tensors
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSpec
import numpy as np

class Made:
    def pieces(self, key, at_most=16 << 20):
        return ((region, np.ones(region_shape(region), np.float32)) for region in cut_shape(SHAPE, at_most // 4))

SHAPE = (SIZE >> 12, 1 << 12)
options = SaveOptions(durable=False)
before = peak()
kind = kind_named(prefix)
write_tensors(new, [TensorSpec(kind.name_form.format("w").encode(), FLOAT, SHAPE)], Made(), options, kind=kind)
"""


@pytest.mark.parametrize("kind", WRITTEN_KINDS, ids=[kind.name for kind in WRITTEN_KINDS])
def test_saving_what_comes_in_pieces_takes_a_few_of_them(tmp_path, monkeypatch, kind):
    monkeypatch.setitem(JOBS, "save", SAVING)
    assert measured("save", kind.name, str(tmp_path / "m")) < ALLOWED
    name = kind.name_form.format("w")
    with load_checkpoint(tmp_path / "m") as reader:
        assert reader.entry(name).shape == SHAPE
        assert reader.get_slice(name, (SHAPE[0] - 1, slice(None))).sum() == SHAPE[1]


pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="this system does not tell the peak")


@pytest.mark.parametrize(
    ("kind", "job"),
    [
        *(("whole", job) for job in JOBS),
        *((kind, job) for kind in ("rows", "columns") for job in ("statistics", "verify", "salvage")),
    ],
)
def test_jobs_on_a_large_tensor_take_a_few_pieces(checkpoints, tmp_path, kind, job):
    assert measured(job, str(checkpoints / kind), str(tmp_path / "new")) < ALLOWED


@pytest.mark.parametrize(("kind", "record"), [("v1", TENSOR), ("v1_rows", TENSOR // 4)])
@pytest.mark.parametrize("job", ["statistics", "verify", "salvage"])
def test_jobs_on_a_large_tensor_of_v1_take_one_record_and_a_few_pieces(checkpoints, tmp_path, kind, record, job):
    assert measured(job, str(checkpoints / kind), str(tmp_path / "new")) < record + ALLOWED
