"""The kernel's half of the variables view, without a browser."""

import json
from pathlib import Path

import nbformat
import numpy as np
import pytest

import ckpt_magics
from ckpt_magics.errors import InvalidArgumentError, TensorNotFoundError
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.widgets.tensors.difference_view import DifferenceView
from ckpt_magics.notebook.widgets.tensors.variables_view import VariablesView
from tests.notebook.widgets.conftest import TENSORS, Page

NAMES = sorted(TENSORS)
FORMATS = {"f32": "<f4", "f64": "<f8", "i8": "i1", "i32": "<i4", "i64": "<i8", "u8": "u1", "u64": "<u8"}


@pytest.fixture
def view(prefix):
    with load_checkpoint(prefix) as reader:
        yield VariablesView(reader)


@pytest.fixture
def page(view):
    return Page(view)


def values(page, name, region, **more):
    content, buffers = page.ask("values", row=NAMES.index(name), region=region, **more)
    if not buffers:
        return content["texts"]
    return np.frombuffer(buffers[0], FORMATS[content["format"]]).reshape(content["shape"])


def test_opening_names_files_and_first_rows(page, prefix):
    content, _ = page.ask("open")
    assert content["title"] == prefix
    assert [row[0] for row in content["first"]] == NAMES
    assert [name for name, *_ in content["files"]] == ["model.ckpt.index", "model.ckpt.data-00000-of-00001"]
    assert content["can_restore"] is False


def test_the_bundle_is_sent_when_asked_for(page):
    _, (script, style) = page.ask("bundle")
    assert b"export" in script
    assert b".ckpt-view" in style


def test_statistics_come_for_all_rows_in_one_pass(page):
    page.ask("statistics", rows=list(range(len(NAMES))))
    assert len(page.events("statistics")) == 1
    known = {NAMES[row]: found for row, found in page.statistics().items()}
    bias, words = known["dense/bias"], known["words"]
    assert (bias["nans"], bias["infs"], bias["min"], bias["max"]) == (1, 1, -2.0, 1.0)
    assert sum(bias["bins"]) == 2
    assert np.isnan(words["min"])
    assert known["dense/kernel"]["dead"] == 0


def test_a_damaged_tensor_has_an_error_in_its_row_and_the_others_have_statistics(prefix):
    file = Path(f"{prefix}.data-00000-of-00001")
    data = bytearray(file.read_bytes())
    with load_checkpoint(prefix) as reader:
        data[reader.entry("dense/kernel").offset] ^= 1
    file.write_bytes(data)
    with load_checkpoint(prefix) as reader:
        view = VariablesView(reader)
        page = Page(view)
        page.ask("statistics", rows=[NAMES.index("dense/kernel"), NAMES.index("half")])
    damaged, whole = page.statistics().values()
    assert "dense/kernel" in damaged["error"]
    assert whole["max"] == 1.5
    # As in the browser, nothing is known of what cannot be read.
    assert list(view.filter(query="dead = 0")["name"]) == ["half"]


def test_a_window_holds_the_elements_asked_for(page):
    got = values(page, "dense/kernel", [[0, 3, 2], [1, 3, 1]])
    np.testing.assert_array_equal(got, TENSORS["dense/kernel"][::2, 1:3])
    np.testing.assert_array_equal(values(page, "half", [[0, 1, 1], [0, 2, 1]]), [[0.5, 1.5]])
    assert values(page, "global_step", []).item() == 7


def test_complex_numbers_come_as_the_part_asked_for(page):
    assert values(page, "phase", [[0, 1, 1]]).item() == 5
    assert values(page, "phase", [[0, 1, 1]], part="imag").item() == 4


def test_strings_come_as_text_and_large_integers_whole(page):
    assert values(page, "words", [[0, 4, 1]]) == ["one", "<b>", "\\xff", ""]
    assert values(page, "huge", [[0, 2, 1]]).tolist() == [2**62 + 1, -1]


@pytest.mark.parametrize(
    ("value", "kind", "sent", "extremes"),
    [
        (np.int64(123456789012345), "integer", 123456789012345, ["123456789012345"] * 2),
        (np.uint64(2**64 - 1), "integer", 2**64 - 1, [str(2**64 - 1)] * 2),
        (np.int8(-7), "integer", -7, ["-7", "-7"]),
        (np.bool_(True), "boolean", 1, ["True", "True"]),
        (np.float32(0.5), "number", 0.5, None),
        ("hello", None, "hello", None),
        (b"\xff\0", None, "\\xff\\x00", None),
    ],
)
def test_a_scalar_of_any_kind_is_shown_exactly(tmp_path, value, kind, sent, extremes):
    with load_checkpoint(ckpt_magics.save_checkpoint(tmp_path / "m", {"x": value})) as reader:
        page = Page(VariablesView(reader))
        content, buffers = page.ask("values", row=0, region=[])
        page.ask("statistics", rows=[0])
    assert content["shape"] == []
    assert content.get("kind") == kind
    (found,) = np.frombuffer(buffers[0], FORMATS[content["format"]]) if buffers else content["texts"]
    assert found == sent
    assert page.statistics()[0]["extremes"] == extremes


def test_a_v1_checkpoint_with_strings_is_shown_in_every_form(tmp_path):
    """Only reading a string of V1 tells its size."""
    values = {"s": np.array([b"a", b"bc"], object), "one": "hello", "w": np.ones(3)}
    prefix = ckpt_magics.save_checkpoint(tmp_path / "m", values, write_version=1)
    shown = ckpt_magics.describe_checkpoint(prefix)
    assert [line.split() for line in str(shown).splitlines() if "string" in line] == [
        ["one", "string", "[]", "1", "weights"],
        ["s", "string", "[2]", "2", "weights"],
    ]
    assert "<td" in shown._repr_html_()
    with load_checkpoint(prefix) as reader:
        bundle, _ = VariablesView(reader)._repr_mimebundle_()
    assert "string" in bundle["text/plain"]


@pytest.mark.parametrize("region", [None, [], [[0, 3, 1]], [[0, 4, 1], [0, 4, 1]], [[0, 3, 0], [0, 4, 1]], [["x"], []]])
def test_a_region_that_does_not_fit_is_refused(page, region):
    error = page.refusal("values", row=NAMES.index("dense/kernel"), region=region)
    assert error["type"] == "InvalidArgumentError"


@pytest.mark.parametrize("row", [-1, len(NAMES), "0", None, True])
def test_a_row_that_is_not_there_is_refused(page, row):
    assert page.refusal("values", row=row, region=[])["type"] == "InvalidArgumentError"


def test_filter_and_selection_go_both_ways(view, page):
    assert list(view.filter("dense")["name"]) == ["dense/bias", "dense/kernel"]
    view.filter_state = {**view.filter_state, "text": "conv/*", "mode": "glob"}
    assert list(view.filtered["name"]) == ["conv/kernel", "conv/kernel/Adam"]
    assert len(view.filter()) == len(NAMES)
    assert list(view.select(["half", "phase"])["name"]) == ["half", "phase"]
    view.selected_rows = [0]
    assert list(view.selected["name"]) == NAMES[:1]


def test_the_nan_filter_knows_what_statistics_found(view, page):
    page.ask("statistics", rows=list(range(len(NAMES))))
    assert list(view.filter(has_nan=True)["name"]) == ["dense/bias"]
    view.filter()
    assert list(view.filter(query="nans > 0 or max > 1e18")["name"]) == ["dense/bias", "huge"]
    assert list(view.filter(ranges=[["mean", 5, 6]])["name"]) == []


def test_wrong_filters_and_names_are_refused(view):
    with pytest.raises(InvalidArgumentError, match="colour"):
        view.filter(colour="red")
    with pytest.raises(InvalidArgumentError, match="regular expression"):
        view.filter("(", mode="regex")
    with pytest.raises(TensorNotFoundError):
        view.select("nowhere")


def test_copied_code_gives_the_values(view, page, prefix):
    content, _ = page.ask("code", rows=[view.row_of("half"), view.row_of("global_step")])
    scope = {}
    exec(content["text"], scope)
    assert scope["values"]["global_step"] == 7
    exec(page.ask("code", rows=[view.row_of("dense/kernel")])[0]["text"], scope)
    np.testing.assert_array_equal(scope["value"], TENSORS["dense/kernel"])


def test_restore_gets_the_rows_of_its_request(prefix):
    """Not those of the trait, which a message from the page can overtake."""
    asked = []
    with load_checkpoint(prefix) as reader:
        view = VariablesView(reader, restore=lambda names: asked.extend(names) or "done")
        page = Page(view)
        assert "nothing is selected" in page.refusal("restore", rows=[])["message"]
        assert "rows" in page.refusal("restore", rows=[len(NAMES)])["message"]
        view.select("global_step")
        assert page.ask("restore", rows=[view.row_of("half")])[0]["text"] == "done"
    assert asked == ["half"]


def test_the_fallback_escapes_names_and_stays_small(view):
    data, _ = view._repr_mimebundle_()
    assert "<img" not in data["text/html"]
    assert "&lt;img src=x" in data["text/html"]
    assert "10 tensors" in data["text/plain"]
    assert len(json.dumps(data)) < 30_000


def test_a_saved_view_is_small(view):
    """What nbclient writes into a notebook for one view: its outputs and its synced traits."""
    data, _ = view._repr_mimebundle_()
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", data)])]
    )
    notebook.metadata["widgets"] = {"state": {key: repr(value) for key, value in view.get_state().items()}}
    assert len(nbformat.writes(notebook)) < 40_000


def test_the_exported_page_carries_everything_and_calls_nothing(view, tmp_path):
    view.save_html(tmp_path / "view.html")
    text = (tmp_path / "view.html").read_text("utf-8")
    assert "https://" not in text.replace("https://www.w3.org", "")
    assert "<img" not in text
    assert len(text) < 250_000


def test_show_checkpoint_is_a_view(prefix):
    assert isinstance(ckpt_magics.show_checkpoint(prefix), VariablesView)
    with load_checkpoint(prefix) as reader:
        assert isinstance(reader.show(), VariablesView)


def test_differences_show_their_values(prefix):
    after = {**TENSORS, "dense/kernel": TENSORS["dense/kernel"] + 2}
    del after["half"]
    with load_checkpoint(prefix) as reader:
        view = DifferenceView(reader.named_tensors, NamedTensors(ArraySource(after)), (prefix, "notebook"))
        assert list(view.filtered["status"]) == ["changed", "removed"]
        page = Page(view)
        np.testing.assert_array_equal(values(page, "dense/kernel", [[0, 3, 1], [0, 4, 1]]), np.full((3, 4), 2.0))
        np.testing.assert_array_equal(values(page, "half", [[0, 1, 1], [0, 2, 1]]), [[0.5, 1.5]])
        assert page.ask("index")[0]["group_title"] == "Status"
        assert "dense/kernel" in view._repr_mimebundle_()[0]["text/html"]


def test_a_view_goes_on_where_a_former_one_of_the_same_checkpoint_was(view, prefix):
    view.filter("dense")
    view.select("dense/kernel")
    view.active_row = view.row_of("half")
    view.sort = ["statistic.std", True]
    with load_checkpoint(prefix) as reader:
        again, told = VariablesView(reader), VariablesView(reader)
        again.continue_from(view)
        told.filter("half")
        told.continue_from(view)
    assert (again.filter_state, again.sort) == (view.filter_state, view.sort)
    assert list(again.selected["name"]) == ["dense/kernel"]
    assert again.active_row == view.row_of("half")
    assert list(told.filtered["name"]) == ["half"]


def test_a_view_of_something_else_starts_anew(view, prefix):
    view.filter("dense")
    with load_checkpoint(prefix) as reader:
        other = DifferenceView(reader.named_tensors, NamedTensors(ArraySource(TENSORS)), (prefix, "notebook"))
    state = other.filter_state
    other.continue_from(view)
    assert other.filter_state == state
