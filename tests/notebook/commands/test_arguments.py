"""What a line takes is data; its parser is argparse that neither prints nor exits."""

import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.notebook.commands.arguments import argument, line_parser, many_values
from ckpt_magics.notebook.commands.hints import parse_line
from ckpt_magics.notebook.commands.line_form import LineForm
from ckpt_magics.notebook.commands.line_layout import lay_out
from ckpt_magics.notebook.commands.words import quoted, split_words

ARGUMENTS = (
    argument("source", help="What."),
    argument("--depth", type=int, metavar="N", help="How deep."),
    many_values("--open", "SCOPE", "Which; 100 %% of them."),
)
FORM = LineForm("%dig", "%dig?", quoted)


@pytest.fixture
def parser():
    return line_parser("%dig", "Dig.\n\n    Deep.\n    ", ARGUMENTS)


def read(parser, line):
    return vars(parse_line(FORM, parser, lay_out(parser, split_words(line))))


def test_gives_every_value_under_its_name(parser):
    values = {"source": "a b", "depth": -2, "open": ["x", "y", "z"], "help": False}
    assert read(parser, "'a b' --open x y --depth -2 --open z") == values
    assert read(parser, "--open=x y --depth=-2 --open z -- 'a b'") == values


def test_help_has_the_paragraphs_and_every_argument(parser):
    text = parser.format_help()
    assert text.startswith("usage: %dig ")
    assert "\nDig.\n\nDeep.\n" in text
    assert all(
        word in text for word in ("source", "What.", "--depth N", "--open SCOPE", "100 % of them.", "-h, --help")
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", r"the following arguments are required: source; %dig\? shows its options"),
        ("x --depth much", "argument --depth: invalid int value: 'much'"),
        ("x --depth", "argument --depth: expected one argument"),
        ("x --dep 3", "unrecognized arguments: --dep; nearest: --depth"),
        ("x --depth 3 y", "quotes hold a value with blanks together: --depth '3 y'"),
    ],
)
def test_a_fault_is_an_error_that_tells_where_help_is(parser, capsys, line, message):
    with pytest.raises(InvalidArgumentError, match=message):
        read(parser, line)
    assert capsys.readouterr() == ("", "")
