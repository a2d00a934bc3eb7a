"""If the power fails at any moment of a save, the old checkpoint loads or the new one; after its return the new one."""

import os
import warnings

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.state import latest_checkpoint
from ckpt_magics.files.storage import disk
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint
from tests.safety.power import RecordingOs, outcomes
from tests.safety.scale import scaled

OLD, NEW = 1.0, 2.0
STEPS = {"same prefix": (None, None), "next step": (1, 2)}
FORMATS = {"V2": {}, "V2 in shards": {"num_shards": 2}, "V1": {"write_version": 1}}


def save(folder, value, step, **options):
    tensors = {"w": np.full((40, 50), value, np.float32), "b": np.full(3, value), "s": np.array([b"x"], object)}
    return write_checkpoint(folder / "m", tensors, global_step=step, max_to_keep=1, meta_graph=b"graph", **options)


def value_of(folder):
    """The one value in all tensors of the latest checkpoint of a folder."""
    with warnings.catch_warnings(action="ignore"):
        prefix = latest_checkpoint(folder)
        assert prefix is not None
        with load_checkpoint(prefix) as reader:
            values = {float(value) for name in ("w", "b") for value in np.unique(reader[name])}
            assert reader["s"].tolist() == [b"x"]
    (value,) = values
    return value


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS)
def test_power_loss_leaves_old_or_new(tmp_path, monkeypatch, options, steps):
    folder, found = tmp_path / "saved", tmp_path / "found"
    save(folder, OLD, steps[0], durable=False, **options)
    found.mkdir()
    recorder = RecordingOs(folder)
    monkeypatch.setattr(disk, "os", recorder)
    save(folder, NEW, steps[1], **options)
    monkeypatch.undo()
    assert len(recorder.moments) > 15
    last = len(recorder.moments) - 1
    known = {}
    for number, moment in enumerate(recorder.moments):
        for contents in outcomes(moment, number, scaled(3, 300)):
            state = tuple(sorted(contents.items()))
            if state not in known:
                write_disk(found, contents)
                known[state] = value_of(found)
            assert known[state] in ({NEW} if number == last else {OLD, NEW}), moment.call
    assert set(known.values()) == {OLD, NEW}


@pytest.mark.parametrize("options", FORMATS.values(), ids=FORMATS)
def test_a_save_works_on_whatever_power_loss_left(tmp_path, monkeypatch, options):
    folder, found = tmp_path / "saved", tmp_path / "found"
    save(folder, OLD, None, durable=False, **options)
    found.mkdir()
    recorder = RecordingOs(folder)
    monkeypatch.setattr(disk, "os", recorder)
    save(folder, NEW, None, **options)
    monkeypatch.undo()
    for number, moment in list(enumerate(recorder.moments))[:: scaled(5, 1)]:
        for contents in outcomes(moment, number, scaled(1, 50)):
            write_disk(found, contents)
            with warnings.catch_warnings(action="ignore"):
                save(found, 3.0, None, durable=False, **options)
            assert value_of(found) == 3.0


def write_disk(folder, contents):
    for name in os.listdir(folder):
        os.unlink(folder / name)
    for name, data in contents.items():
        (folder / name).write_bytes(data)


def test_the_model_finds_what_is_lost_without_syncs(tmp_path, monkeypatch):
    """The measure measures: the same save without syncs loses both versions at some moment."""
    folder, found = tmp_path / "saved", tmp_path / "found"
    save(folder, OLD, None, durable=False)
    found.mkdir()
    recorder = RecordingOs(folder)
    monkeypatch.setattr(disk, "os", recorder)
    save(folder, NEW, None, durable=False)
    monkeypatch.undo()
    lost = 0
    for number, moment in enumerate(recorder.moments):
        for contents in outcomes(moment, number, 20):
            write_disk(found, contents)
            try:
                value_of(found)
            except (AssertionError, CheckpointError):
                lost += 1
    assert lost
