"""What is saved of a view beside its widget: small, whole where it can be, and with the script once."""

import base64
import json
import zlib

import numpy as np

from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.notebook.frames.variable_frame import variables_frame
from ckpt_magics.notebook.widgets.graph.graph_view import GraphView
from ckpt_magics.notebook.widgets.saved_output import MAX_DATA, _ScriptPlace, saved_page
from ckpt_magics.notebook.widgets.tensors.saved_table import saved_table
from ckpt_magics.notebook.widgets.tensors.variable_messages import VariableMessages, ViewHead
from tests.notebook.pictures.graphs import training_graph


def unpacked(data):
    return json.loads(zlib.decompress(base64.b64decode(data)))


def table_of(count):
    tensors = NamedTensors(ArraySource({f"scope_{at % 97}/layer_{at}/kernel": np.zeros(at % 5) for at in range(count)}))
    return VariableMessages(tensors, variables_frame(tensors.listing()), ViewHead("t", ""))


def test_six_hundred_tensors_are_saved_whole():
    data = saved_table(table_of(600), {}, MAX_DATA)
    assert unpacked(data)["index"]["rows"] == 600
    assert len(data) < 40_000


def test_of_too_many_the_first_are_saved_and_the_page_says_so():
    saved = unpacked(saved_table(table_of(3000), {}, 20_000))
    assert 500 < saved["index"]["rows"] < 3000
    assert "of 3,000 rows are saved here" in saved["opening"]["lines"][-1]
    assert unpacked(saved_table(table_of(3000), {}, None))["index"]["rows"] == 3000


def test_scopes_of_a_graph_are_laid_out_beforehand():
    view = GraphView(training_graph(3, 4, 6))
    view.open("model")
    (form,) = view.saved_forms()
    saved = unpacked(form.data)
    assert len(form.data) <= MAX_DATA
    first, folded, *scopes = saved["levels"]
    assert (first["open"], folded["open"]) == (["model"], [])
    assert ["model", "model/stage0"] in [level["open"] for level in scopes]
    for level in saved["levels"]:
        assert len(level["scene"]["layout"]["nodes"]) == len(level["scene"]["nodes"])
    assert ["model", "scope"] in saved["names"]


def test_the_script_comes_once_and_again_with_its_own_cell():
    place = _ScriptPlace()
    asked = [("a", "1"), ("a", "1"), ("b", "2"), ("a", "3"), ("", "4")]
    assert [place.wants_script(*each) for each in asked] == [True, False, False, True, False]


def test_a_page_of_its_own_has_script_and_data():
    (form,) = GraphView(training_graph(1, 1, 1), title="<b>net").saved_forms(limit=None)
    page = saved_page([form])
    assert "&lt;b&gt;net" in page
    assert page.count("DecompressionStream") == 1
    assert form.data in page
