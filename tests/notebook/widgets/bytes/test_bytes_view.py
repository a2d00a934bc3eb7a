"""The view of bytes answers its page, and what is saved of it answers without a kernel."""

import base64
import json
import zlib

import numpy as np
import pytest

import ckpt_magics
from ckpt_magics.errors import InvalidArgumentError, TensorNotFoundError
from ckpt_magics.files.kinds.byte_map import FileMap
from ckpt_magics.notebook.widgets.bytes.byte_messages import ByteMessages
from ckpt_magics.notebook.widgets.bytes.bytes_view import BytesView
from tests.files.saved import write_bundle


@pytest.fixture
def found(tmp_path):
    write_bundle(tmp_path / "m", {f"layer_{at}/w": np.full((2, 3), at, np.float32) for at in range(30)})
    return ckpt_magics.describe_bytes(tmp_path / "m")


@pytest.fixture
def view(found):
    view = BytesView(found)
    yield view
    view.close()


def test_pages_of_ranges_make_up_a_file(found):
    answers = ByteMessages(found)
    _, data = answers.opening()["files"]
    assert data["ranges"] == 30
    rows = [row for start in range(0, 30, 7) for row in answers.ranges((1,), start, 7)["rows"]]
    assert sum(row[1] for row in rows) == data["size"]
    assert rows[12][:3] == [12 * 24, 24, "tensor"]
    inside = answers.ranges((0, 0), 0, 1000)["rows"]
    assert inside[1][3].startswith("'layer_0/w'")
    with pytest.raises(InvalidArgumentError, match="nothing is at"):
        answers.ranges((0, 99), 0, 1)


def test_a_tensor_is_selected_with_its_values(view, found):
    view.select_tensor("layer_7/w")
    one = view.selected_range
    assert np.frombuffer(found.files[1].read(one.offset, one.size), np.float32).tolist() == [7.0] * 6
    with pytest.raises(TensorNotFoundError):
        view.select_tensor("layer")
    assert view.selected_range == one


def test_what_is_saved_has_the_ranges_and_the_first_bytes(view):
    (form,) = view.saved_forms()
    saved = json.loads(zlib.decompress(base64.b64decode(form.data)))
    assert len(saved["ranges"]["1"]["rows"]) == 30
    assert base64.b64decode(saved["starts"][1])[24:48] == np.full(6, 1, np.float32).tobytes()
    assert len(form.data) < 100_000
    assert "data block" in form.text


def test_what_is_saved_of_many_tensors_reads_few_blocks(tmp_path, monkeypatch):
    write_bundle(tmp_path / "m", {f"layer_{at}/w": np.zeros(1, np.float32) for at in range(20_000)})
    view = BytesView(ckpt_magics.describe_bytes(tmp_path / "m"))
    inside, opened = FileMap.inside, []
    monkeypatch.setattr(FileMap, "inside", lambda file, one: opened.append(one.what) or inside(file, one))
    (form,) = view.saved_forms()
    assert len(form.data) < 100_000
    assert opened.count("data block") <= 4
    view.close()


def test_a_view_made_anew_looks_where_the_former_one_looked(view, found):
    view.select_tensor("layer_3/w")
    new = BytesView(found)
    new.continue_from(view)
    assert new.selected == view.selected
    new.close()
