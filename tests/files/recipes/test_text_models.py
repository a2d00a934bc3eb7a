"""Recipes of text models give every weight its name and order, each kernel [out, in] where its model wants that."""

import re

import numpy as np
import pytest

from ckpt_magics import InvalidArgumentError
from tests.files.recipes import text_models as toys
from tests.files.recipes.converted import assert_made, converted

ENDINGS = {"kernel": "weight", "gamma": "weight", "beta": "bias", "output_weights": "weight", "output_bias": "bias"}


def with_dots(name):
    """A name of BERT's relatives in Hugging Face's spelling, whose stems are the same."""
    stem, _, last = re.sub(r"layer_(\d+)", r"layer/\1", name).rpartition("/")
    last = f"{last}/weight" if last.endswith("_embeddings") else ENDINGS.get(last, last)
    return f"{stem}/{last}".replace("/", ".")


def bert(name):
    heads = {"output_weights": "classifier.weight", "output_bias": "classifier.bias"}
    return heads.get(name) or with_dots(name.replace("cls/squad/", "qa_outputs/"))


def albert(name):
    name = name.removeprefix("module/")
    heads = {"cls/seq_relationship": "sop_classifier/classifier", "cls/predictions/transform": "predictions"}
    for old, new in (heads | {"cls/predictions": "predictions", "bert/pooler/dense": "bert/pooler"}).items():
        name = name.replace(old, new)
    layer = "bert/encoder/transformer/group_0/inner_group_0/"
    if name.startswith(layer):
        parts = {
            "attention_1/self/": "attention/",
            "attention_1/output/": "attention/",
            "ffn_1/intermediate/output/dense": "ffn_output",
            "ffn_1/intermediate/dense": "ffn",
            "LayerNorm_1": "full_layer_layer_norm",
            "LayerNorm": "attention/LayerNorm",
        }
        old = next(part for part in parts if name.startswith(part, len(layer)))
        name = f"bert/encoder/albert_layer_groups/0/albert_layers/0/{parts[old]}{name[len(layer) + len(old) :]}"
    return bert(re.sub("^bert/", "albert/", name))


def discriminator(name):
    is_other = name.startswith("generator")
    return None if is_other else with_dots(name.replace("dense_1", "dense_prediction"))


def generator(name):
    if name.startswith(("generator/", "electra/embeddings/")):
        return with_dots(name.replace("generator/", "electra/"))
    if not name.startswith("generator_predictions/"):
        return None
    return "generator_lm_head.bias" if name.endswith("output_bias") else with_dots(name)


def gpt2(name):
    parts = re.sub(r"/h(\d+)/", r"/h/\1/", name.replace("model/", "transformer/")).split("/")
    last = {"g": ["weight"], "w": ["weight"], "b": ["bias"]}.get(parts[-1], [parts[-1], "weight"])
    return ".".join([*parts[:-1], *last])


def t5(name):
    if name == "decoder/logits/kernel":
        return "lm_head.weight"
    name = re.sub(r"(block|layer)_(\d+)", lambda found: f"{found[1]}/{int(found[2])}", name)
    return f"{re.sub('/(embedding|kernel|scale)$', '', name)}.weight".replace("/", ".")


def transposed(name, array):
    is_kernel = name.endswith("/kernel") or re.search("/([qkvo]|relative_attention_bias)$", name)
    return array.T if is_kernel else array


def first(name, array):
    return array[0] if name.endswith("/w") else array


@pytest.mark.parametrize(
    ("recipe", "make", "new_name", "values"),
    [
        ("bert", toys.bert_pretraining, bert, transposed),
        ("bert", toys.bert_classifier, bert, transposed),
        ("bert", toys.bert_squad, bert, transposed),
        ("albert", toys.albert_pretraining, albert, transposed),
        ("albert", toys.albert_classifier, albert, transposed),
        ("electra-discriminator", toys.electra, discriminator, transposed),
        ("electra-generator", toys.electra, generator, transposed),
        ("gpt-2", toys.gpt2, gpt2, first),
        ("t5", toys.t5_first, t5, transposed),
        ("t5", toys.t5_second, t5, transposed),
    ],
)
def test_names_and_values(recipe, make, new_name, values):
    weights = {name: array for name, array in make().items() if not re.search("lamb_|adam_|_slot_|global_step", name)}
    expected = {new: values(name, array) for name, array in weights.items() if (new := new_name(name)) is not None}
    assert_made(expected, converted(recipe, make()))


@pytest.mark.parametrize("make", [toys.bert_pretraining, toys.bert_classifier, toys.bert_squad])
def test_bert_comes_back_as_it_was(make):
    there = converted("bert", make())
    copies = {
        "bert.embeddings.position_ids": np.arange(toys.PLACES)[None],
        "cls.predictions.decoder.weight": there["bert.embeddings.word_embeddings.weight"],
        "cls.predictions.decoder.bias": np.zeros(toys.WORDS, np.float32),
    }
    weights = {name: array for name, array in make().items() if not re.search("lamb_|adam_|global_step", name)}
    assert_made(weights, converted("bert-to-tensorflow", there | copies))


def test_bert_of_another_spelling_is_refused():
    """What the recipe is not for is an error, and no file with half of the names."""
    with pytest.raises(InvalidArgumentError, match="matches no tensor"):
        converted("bert", {"bert/encoder/layer_0/attention/self/query/weights": np.eye(2)})
