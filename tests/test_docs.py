"""What the documents say of the code is so."""

import re
from collections import Counter
from pathlib import Path

from ckpt_magics.compat import v1 as tf
from docs.draw_wings import PICTURE, drawing, floors

ROOT = Path(__file__).parents[1]
TOUR = ROOT / "docs" / "tour_of_the_code.md"


def test_the_tour_names_each_module_once_and_each_is_there():
    named = Counter(re.findall(r"`([\w/]+\.py)`", TOUR.read_text("utf-8")))
    assert len(named) > 40
    assert [path for path in named if not (ROOT / "ckpt_magics" / path).is_file()] == []
    assert [path for path, count in named.items() if count > 1] == []


def test_the_example_of_an_op_is_what_stands_in_the_sources():
    text = (ROOT / "docs" / "add_an_op.md").read_text("utf-8")
    [example] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    parts = re.findall(r"^# (\S+\.py):? .*\n((?:[^#\n].*\n|\n(?!#))+)", example, re.MULTILINE)
    assert [path for path, _ in parts] == ["ops/nets/nn.py", "training/nn.py", "nodes/networks.py"]
    for path, lines in parts:
        source = (ROOT / "ckpt_magics" / "graphs" / path).read_text("utf-8")
        for line in filter(None, lines.splitlines()):
            # Tables are shown with dots for their other rows.
            assert re.sub(r"^\w+ = [({]\.\.\., (.*)[)}]$", r"\1", line) in source


def test_the_example_of_an_op_computes_and_trains():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.constant([-3.0, 0.0, 1.0])
        y = tf.nn.softsign(x)
        assert session.run(y).tolist() == [-0.75, 0.0, 0.5]
        assert session.run(tf.gradients(y, [x])[0]).tolist() == [0.0625, 1.0, 0.25]


def shown(svg):
    """Return the texts of a picture, in any order: where they lie depends on the engine."""
    return Counter(re.findall(r">([^<>\s]+)<", svg))


def test_the_picture_of_the_wings_has_every_floor():
    """``python -m docs.draw_wings`` draws it again."""
    assert {floor.rpartition("/")[2] for floor in floors()} <= shown(drawing()).keys()
    assert shown(PICTURE.read_text("utf-8")) == shown(drawing())
