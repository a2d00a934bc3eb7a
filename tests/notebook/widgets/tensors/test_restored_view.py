"""The view of a restore: what was restored comes first, the rest is a click away."""

import numpy as np
import pytest

from ckpt_magics.files.formats.dtypes import dtype_of
from ckpt_magics.files.restore.restore import restore_checkpoint
from ckpt_magics.files.tensors.arrays_to_save import PartToSave
from ckpt_magics.notebook.widgets.tensors.restored_view import restored_view, view_of_report
from tests.files.saved import write_bundle


@pytest.fixture
def checkpoint(tmp_path):
    tensors = {"a": np.zeros((2, 2)), "b": np.zeros(3), "c": np.zeros(1)}
    write_bundle(tmp_path / "m", [PartToSave(n.encode(), v, dtype_of(v)) for n, v in tensors.items()], durable=False)
    return tmp_path / "m"


def test_shows_what_was_restored_of_a_part(checkpoint):
    view = restored_view(restore_checkpoint(checkpoint, {"a": np.ones((2, 2)), "b": np.ones((1, 3))}, reshape=True))
    assert list(view.filtered["name"]) == ["a", "b"]
    assert list(view.variables["status"]) == ["restored, in place", "restored, in place, reshaped", "unused"]
    assert len(view.filter()) == 3


def test_shows_all_of_a_whole(checkpoint):
    view = restored_view(restore_checkpoint(checkpoint))
    assert view.filter_state["groups"] == []
    assert set(view.variables["status"]) == {"restored, new"}


def test_says_of_a_dry_run_what_would_be(checkpoint):
    view = restored_view(restore_checkpoint(checkpoint, {"a": np.ones((2, 2))}, dry_run=True))
    assert list(view.filtered["status"]) == ["would be restored, in place"]


def test_is_nothing_when_the_checkpoint_has_gone(checkpoint):
    report = restore_checkpoint(checkpoint)
    for path in checkpoint.parent.iterdir():
        path.unlink()
    assert view_of_report(report) is None
