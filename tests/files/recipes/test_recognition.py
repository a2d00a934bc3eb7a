"""A source is told from its names to be what a recipe is for, and to be nothing else."""

import pytest

from ckpt_magics.files.recipes.recipe import fitting_recipes, known_recipes
from tests.files.recipes import keras_models, recurrent_models, text_models, vision_models
from tests.files.recipes.converted import converted


def resnet_v1():
    return vision_models.resnet(1, [1, 2, 1, 3], 4)


def resnet_v2():
    return vision_models.resnet(2, [3, 4, 6, 3], 4)


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
    vision_models.mobilenet_v1: {"mobilenet-v1-keras", "mobilenet-v1-timm"},
    vision_models.mobilenet_v2: {"mobilenet-v2-keras", "mobilenet-v2-timm", "mobilenet-v2-torchvision"},
    vision_models.inception_v3: {"inception-v3-keras", "inception-v3-torchvision"},
    keras_models.keras_2: {"keras-2-h5"},
    recurrent_models.first_cells: {"tf1-lstm-torch"},
    recurrent_models.keras_lstm: {"keras-lstm-torch"},
    recurrent_models.keras_gru: {"keras-gru-torch"},
    resnet_v1: {"resnet-v1-torchvision"},
    resnet_v2: {"resnet-v2-50-keras"},
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
