"""Reports for terminals and notebooks."""

from ckpt_magics.report import Report, Strong, Table

HOSTILE = "<img>\x1b[2J"


def test_every_text_of_a_report_is_escaped():
    table = Table((HOSTILE,), [(HOSTILE,), (Strong(HOSTILE),)], HOSTILE)
    report = Report(HOSTILE, [HOSTILE], [table], [HOSTILE])
    assert "<img" not in report.html()
    assert report.html().count("&lt;img&gt;\\x1b[2J") == 7
    assert report.text().count("<img>\\x1b[2J") == 7


def test_parts_stand_in_the_same_order_in_text_and_html():
    report = Report("title", ["line"], [Table(("column",), [("cell",)], "caption")], ["advice", "  more of it"])
    words = ["title", "line", "caption", "column", "cell", "advice", "  more of it"]
    for shown in (report.text(), report.html()):
        places = [shown.index(word) for word in words]
        assert places == sorted(places)


def test_numbers_have_commas_and_nothing_is_empty():
    table = Table(("name", "bytes"), [("a", 1234), ("b", None), ("c",)], more=2000)
    assert table.text() == [
        "  name              bytes",
        "  a                 1,234",
        "  b",
        "  c",
        "  … and 2,000 more",
    ]


def test_columns_of_numbers_are_aligned_to_the_right_in_html():
    shown = Table(("name", "bytes"), [("a", 1)], numeric={"bytes"}).html()
    assert shown.count("text-align:right") == 2
    assert shown.count("text-align:left") == 2


def test_strong_cells_are_bold_in_html_only():
    table = Table(("status",), [(Strong("damaged"),), ("good",)], headed=False)
    assert 'font-weight:600">damaged<' in table.html()
    assert 'font-weight:600">good<' not in table.html()
    assert table.text() == ["  damaged", "  good"]


def test_a_long_name_does_not_push_the_other_columns_away():
    first, second = Table(("name", "dtype"), [("n" * 200, "a"), ("m", "b")], headed=False).text()
    assert first == f"  {'n' * 200}  a"
    assert second == f"  {'m':90}  b"


def test_folded_table_shows_its_caption_until_it_is_clicked():
    table = Table(("name",), [("weight",)], "21 variables", folded=True).html()
    assert table.startswith("<details")
    assert "21 variables</summary><table" in table
    assert " open" not in table


def test_the_frame_has_the_values_themselves():
    frame = Table(("name", "bytes"), [("a\x1b", 1234)]).frame()
    assert frame.to_dict("list") == {"name": ["a\x1b"], "bytes": [1234]}
