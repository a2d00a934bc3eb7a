"""Tables for terminals and notebooks."""

from ckpt_magics.tables import html_table


def test_every_text_of_a_table_is_escaped():
    table = html_table("<b>", ("<i>",), [("<img>",)])
    assert "<b>" not in table
    assert "<i>" not in table
    assert "&lt;img&gt;" in table


def test_folded_table_shows_its_caption_until_it_is_clicked():
    table = html_table("21 variables", ("name",), [("weight",)], folded=True)
    assert table.startswith("<details")
    assert "21 variables</summary><table" in table
    assert " open" not in table
