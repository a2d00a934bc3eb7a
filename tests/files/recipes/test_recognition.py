"""A source is told from its names to be what a recipe is for, and to be nothing else."""

import pytest

from ckpt_magics.files.recipes.recipe import fitting_recipes, known_recipes
from tests.files.recipes import text_models
from tests.files.recipes.converted import converted

SOURCES = {
    text_models.bert_pretraining: {"bert"},
    text_models.bert_classifier: {"bert"},
    text_models.bert_squad: {"bert"},
    text_models.albert_pretraining: {"albert"},
    text_models.albert_classifier: {"albert"},
    text_models.electra: {"electra-discriminator", "electra-generator"},
    text_models.gpt2: {"gpt-2"},
    text_models.t5_first: {"t5"},
    text_models.t5_second: {"t5"},
}


@pytest.mark.parametrize("make", SOURCES, ids=lambda make: make.__name__)
def test_a_source_fits_its_recipes_alone(make):
    assert {recipe.name for recipe in fitting_recipes(make())} == SOURCES[make]


def test_what_has_been_converted_fits_the_way_back_or_nothing():
    for make, recipes in SOURCES.items():
        for recipe in recipes:
            back = {"bert-to-tensorflow"} if recipe == "bert" else set()
            assert {one.name for one in fitting_recipes(converted(recipe, make()))} == back


def test_every_recipe_has_a_source_here():
    tried = set().union(*SOURCES.values()) | {"bert-to-tensorflow"}
    assert tried == {recipe.name for recipe in known_recipes()}
