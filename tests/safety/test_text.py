"""Names and values from files are text wherever they are shown: no markup, no control characters, nothing reordered."""

import re
import warnings

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.restore.restore import restore_checkpoint
from ckpt_magics.notebook.commands.progress_line import ProgressLine
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.reports.contents import describe_checkpoint
from ckpt_magics.notebook.reports.directory_listing import list_checkpoints
from ckpt_magics.notebook.reports.saved_listing import saved_report
from ckpt_magics.notebook.reports.verification_report import verify_checkpoint
from tests.files.saved import write_checkpoint
from tests.notebook.pictures.payloads import PAYLOADS

NAMES = [name for name in PAYLOADS if name and len(name) < 1000]
# Colours, line ends and cursor moves; characters that turn the direction of text; what ends a line in JavaScript.
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]")
TAGS = re.compile(r"<(/?)([a-zA-Z!?][^\s>]*)")
ALLOWED_TAGS = {"div", "table", "thead", "tbody", "tr", "th", "td", "br", "b", "details", "summary", "span", "style"}
ATTRIBUTES = re.compile(r"\b(on\w+|href|src|action|formaction|xlink:href)\s*=", re.IGNORECASE)


def check_text(text):
    assert not UNSAFE.search(text), UNSAFE.search(text)


def check_html(html):
    check_text(html)
    assert {tag[2].lower() for tag in TAGS.finditer(html)} <= ALLOWED_TAGS
    # Attributes stand in tags only: what is text there has its < escaped.
    for tag in re.findall(r"<[a-zA-Z][^>]*>", html):
        assert not ATTRIBUTES.search(tag)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    values = {name: np.arange(3, dtype=np.float32) for name in NAMES}
    values["values"] = np.array([name.encode() for name in NAMES], object)
    return write_checkpoint(folder / "<b>m&'\"\u202e\x1b[2J", values, durable=False)


def test_listing_of_a_checkpoint(saved):
    shown = describe_checkpoint(saved)
    check_text(str(shown))
    check_html(shown._repr_html_())


def test_result_of_a_save(saved):
    check_text(saved_report(saved).text())
    check_html(saved_report(saved).html())


def test_report_of_a_verification(saved, tmp_path):
    for name in ("w.index", "w.data-00000-of-00001"):
        suffix = name.removeprefix("w")
        contents = bytearray(open_bytes(saved + suffix))
        if suffix != ".index":
            contents[::12] = bytes(byte ^ 1 for byte in contents[::12])
        (tmp_path / name).write_bytes(contents)
    report = verify_checkpoint(tmp_path / "w")
    assert report.damaged
    check_text(str(report))
    check_html(report._repr_html_())


def open_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def test_listing_of_a_directory(saved):
    listing = list_checkpoints(saved.rpartition("/")[0])
    check_text(str(listing))
    check_html(listing._repr_html_())
    check_text(listing.table.to_string())


def test_report_of_a_restore(saved):
    report = restore_checkpoint(saved, dry_run=True)
    check_text(str(report))
    check_html(report._repr_html_())


def test_table_of_variables(saved):
    with load_checkpoint(saved) as reader:
        shown = reader.variables
    for html in (shown.to_html(), shown._repr_html_()):
        assert "<script" not in html
        assert "<img" not in html


@pytest.mark.parametrize("name", NAMES, ids=lambda text: ascii(text)[:30])
def test_error_messages(saved, name):
    with load_checkpoint(saved) as reader:
        for ask in (
            lambda: reader.get_tensor(name + "x"),
            lambda: reader.get_slice(name, "0,9"),
            lambda: reader.restore_slice(name, "", "int64"),
        ):
            with pytest.raises(CheckpointError) as caught:
                ask()
            check_text(str(caught.value).replace("\n", ""))
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(f"/nowhere/{name}")
    check_text(str(caught.value).replace("\n", ""))


def test_warnings_about_state_files(tmp_path):
    write_checkpoint(tmp_path / "m", {"w": np.zeros(1)}, durable=False)
    for name in NAMES:
        escaped = "".join(f"\\{byte:03o}" for byte in name.encode())
        (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{escaped}"\n')
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            load_checkpoint(tmp_path).close()
            check_text(str(list_checkpoints(tmp_path)))
        for warning in caught:
            check_text(str(warning.message))


def test_progress_line_holds_numbers_only(capsys):
    line = ProgressLine("Saving")
    line._shown_at = 0.0
    line(1 << 20, 1 << 21)
    assert re.fullmatch(r"Saving [\d.,]+ [MG]B of [\d.,]+ [MG]B \(50 %\), [\d.,]+ [MG]B/s", line.text)
