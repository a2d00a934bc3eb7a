"""What the documents say of the code is so."""

import re
from collections import Counter
from pathlib import Path

from docs.draw_wings import PICTURE, drawing, floors

ROOT = Path(__file__).parents[1]
TOUR = ROOT / "docs" / "tour_of_the_code.md"


def test_the_tour_names_each_module_once_and_each_is_there():
    named = Counter(re.findall(r"`([\w/]+\.py)`", TOUR.read_text("utf-8")))
    assert len(named) > 40
    assert [path for path in named if not (ROOT / "ckpt_magics" / path).is_file()] == []
    assert [path for path, count in named.items() if count > 1] == []


def shown(svg):
    """Return the texts of a picture, in any order: where they lie depends on the engine."""
    return Counter(re.findall(r">([^<>\s]+)<", svg))


def test_the_picture_of_the_wings_has_every_floor():
    """``python -m docs.draw_wings`` draws it again."""
    assert {floor.rpartition("/")[2] for floor in floors()} <= shown(drawing()).keys()
    assert shown(PICTURE.read_text("utf-8")) == shown(drawing())
