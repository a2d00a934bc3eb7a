"""A recipe is a TOML file of steps; whatever else a file holds, the error says what is wrong in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics import CheckpointError, InvalidArgumentError, NotFoundError
from ckpt_magics.files.recipes.recipe import fitting_recipes, known_recipes, load_recipe
from ckpt_magics.files.steps.patterns import Names

GOOD = """
title = "One thing to another"
target = "a model"
needs = ["encoder/*"]
lacks = ["generator/*"]
notes = ["Set epsilon to 1e-3."]

[[steps]]
exclude = ["*/Adam"]
optional = true

[[steps]]
map = [{ to = "b", from = "a" }, "c=d"]

[[steps]]
transpose = { "*/kernel" = [1, 0] }

[[steps]]
weights-only = true
"""


@pytest.fixture
def recipe_of(tmp_path):
    def loaded(text):
        path = tmp_path / "mine.toml"
        path.write_text(text, "utf-8")
        return load_recipe(str(path))

    return loaded


def test_steps_stand_in_order_with_what_they_were_given(recipe_of):
    recipe = recipe_of(GOOD)
    spelled = ["--exclude '*/Adam'", "--map b=a c=d", "--transpose '*/kernel=1,0'", "--weights-only"]
    assert [str(step) for step in recipe.steps] == spelled
    assert [step.may_miss for step in recipe.steps] == [True, False, False, False]
    assert (recipe.name, recipe.title, recipe.target) == ("mine", "One thing to another", "a model")
    assert recipe.notes == ("Set epsilon to 1e-3.",)


def test_fits_a_source_that_has_what_it_needs(recipe_of):
    recipe = recipe_of(GOOD)
    assert recipe.fits(Names(["encoder/w", "step"]))
    assert not recipe.fits(Names(["decoder/w"]))
    assert not recipe.fits(Names(["encoder/w", "generator/w"]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"\[\[steps\]\]"),
        ("steps = 3", r"\[\[steps\]\]"),
        ("colour = 1", "has no colour"),
        ("title = 3\n[[steps]]\nsqueeze = 'a'", "title is a text"),
        ("needs = 'a'\n[[steps]]\nsqueeze = 'a'", "needs is a list"),
        ("[[steps]]\nbend = 'a'", "no step bend"),
        ("[[steps]]\nsqueeze = 'a'\nmap = 'a=b'", "one word"),
        ("[[steps]]\noptional = 'yes'\nmap = 'a=b'", "one word"),
        ("[[steps]]\nmap = 'a'", "is nothing for --map"),
        ("[[steps]]\nmap = [{ to = 'a' }]", "its tables have to and from"),
        ("[[steps]]\nmap = [1]", "is nothing for map"),
        ("[[steps]]\nmap = []", "takes NEW=OLD once or more"),
        ("[[steps]]\nweights-only = 'w'", "takes nothing"),
        ("[[steps]", "no TOML file"),
    ],
)
def test_what_is_wrong_is_said(recipe_of, text, message):
    with pytest.raises(InvalidArgumentError, match=message) as raised:
        recipe_of(text)
    assert "mine.toml" in str(raised.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_recipe_or_an_error_of_ours(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("recipes") / "any.toml"
    path.write_bytes(data)
    with pytest.raises(CheckpointError):
        load_recipe(str(path))


def test_a_name_that_is_none_is_refused_with_those_that_there_are(tmp_path):
    with pytest.raises(NotFoundError, match="is no recipe and no file"):
        load_recipe(str(tmp_path / "none"))


def test_every_shipped_recipe_says_what_it_does_and_what_it_is_for():
    for recipe in known_recipes():
        assert recipe.title
        assert recipe.target
        assert recipe.needs
        assert recipe.steps
        assert recipe not in fitting_recipes(["w"])
