"""A file with a part of a model, such as one without its head, is converted as that part of the whole is."""

import re

import pytest

from tests.files.recipes import text_models, vision_models
from tests.files.recipes.converted import assert_made, converted

HEADS = "cls/|(.*/)?output_(weights|bias)|(discriminator|generator)_predictions/|decoder/logits|.*[Ll]ogits/"
PARTS = {
    "bert": (text_models.bert_pretraining, HEADS),
    "albert": (text_models.albert_pretraining, HEADS),
    "electra-discriminator": (text_models.electra, f"{HEADS}|generator/"),
    "gpt-2": (text_models.gpt2, "model/h1/"),
    "t5": (text_models.t5_second, "decoder/"),
    "mobilenet-v1-timm": (vision_models.mobilenet_v1, HEADS),
    "mobilenet-v1-keras": (vision_models.mobilenet_v1, HEADS),
    "mobilenet-v2-timm": (vision_models.mobilenet_v2, HEADS),
    "mobilenet-v2-torchvision": (vision_models.mobilenet_v2, HEADS),
    "mobilenet-v2-keras": (vision_models.mobilenet_v2, HEADS),
    "inception-v3-torchvision": (vision_models.inception_v3, "InceptionV3/AuxLogits/"),
    "inception-v3-keras": (vision_models.inception_v3, HEADS),
    "resnet-v1-torchvision": (lambda: vision_models.resnet(1, [1, 2, 1, 3], 4), HEADS),
    "resnet-v2-50-keras": (lambda: vision_models.resnet(2, [3, 4, 6, 3], 4), HEADS),
}


@pytest.mark.parametrize("recipe", PARTS)
def test_a_part_is_converted_as_in_the_whole(recipe):
    make, missing = PARTS[recipe]
    whole = make()
    left = {name: array for name, array in whole.items() if not re.match(missing, name)}
    part, all_of_it = converted(recipe, left), converted(recipe, whole)
    assert 0 < len(part) < len(all_of_it)
    assert_made({name: all_of_it[name] for name in part}, part)
