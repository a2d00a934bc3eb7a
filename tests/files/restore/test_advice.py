"""The line under "This works:" is a promise: it restores the right values, and leaves alone what is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics import CheckpointError, restore_checkpoint, save_checkpoint
from ckpt_magics.files.restore.restore import plan_restore
from ckpt_magics.files.restore.restore_report import RestoreFix
from tests.files.restore.model_families import (
    BATCH_NORM,
    Shapes,
    batch_norm,
    bert,
    dense,
    keras_cnn,
    mobilenet,
    numbered,
    object_keys,
    prefixed,
    replaced,
    replaced_name,
    resnet,
    t5,
    torch_bert,
    torch_t5,
    with_slots,
)

UNTOUCHED = -1
OPTIONS = ("mapping", "exclude", "transpose", "reshape", "cast", "partial")


@dataclass(frozen=True)
class Outcome:
    """What following the advice did, and how many tensors are right, wrong and left alone."""

    line: str
    right: int
    wrong: dict[str, str | None]
    left: list[str]
    text: str


def follow_advice(tmp_path, saved: Shapes, wanted: Shapes, truth: Callable[[str], str | None]) -> Outcome:
    """Save, restore what is wanted, apply the line of the refusal, and tell each value's origin by the value."""
    names = sorted(saved)
    arrays = {name: np.full(saved[name], position, np.float32) for position, name in enumerate(names)}
    prefix = save_checkpoint(tmp_path / "model.ckpt", arrays, write_meta_graph=False, durable=False)
    targets = {name: np.full(shape, UNTOUCHED, np.float32) for name, shape in wanted.items()}
    with pytest.raises(CheckpointError) as caught:
        restore_checkpoint(prefix, targets)
    report = caught.value.report
    lines = [line.strip() for line in str(caught.value).splitlines() if "restore_checkpoint(" in line]
    assert len(lines) <= 1
    if lines:
        eval(lines[0], {"restore_checkpoint": restore_checkpoint, "targets": targets})
    found = {name: _origin(array, names) for name, array in targets.items()}
    wrong = {name: old for name, old in found.items() if old is not None and old != truth(name)}
    left = [name for name, old in found.items() if old is None and truth(name) is not None]
    return Outcome(report.call, len(found) - len(wrong) - len(left), wrong, left, str(caught.value))


def _origin(array: np.ndarray, names: list[str]) -> str | None:
    value = int(array.ravel()[0])
    return None if value == UNTOUCHED else names[value]


@dataclass(frozen=True)
class Case:
    """A restore: what was saved, what is wanted, and where each wanted name really is.

    ``origins`` may lack names: those are new, and stay as they are.
    """

    saved: Shapes
    wanted: Shapes
    origins: Mapping[str, str]


def same(saved: Shapes, wanted: Shapes, also: Shapes | None = None) -> Case:
    """What is saved is wanted under its name; ``also`` is saved and of no use."""
    return Case(saved | (also or {}), wanted, {name: name for name in saved})


def renamed(saved: Shapes, *changes: tuple[str, str], also: Shapes | None = None) -> Case:
    origins = {replaced_name(name, *changes): name for name in saved}
    return Case(saved, replaced(saved, *changes) | (also or {}), origins)


def paired(saved: Shapes, wanted: Shapes) -> Case:
    return Case(saved, wanted, dict(zip(wanted, saved, strict=True)))


B3 = bert(3)


def by_names(saved: Shapes, names: Mapping[str, str]) -> Case:
    """``names`` has the saved name of each wanted one."""
    return Case(saved, {new: saved[old] for new, old in names.items()}, names)


ADAM = ("/Adam", "/Adam_1")
STEP = {"global_step": ()}
POWERS = {"beta1_power": (), "beta2_power": ()}
TRAINED = with_slots(B3, *ADAM) | POWERS
CNN = keras_cnn()
GAN = dense("generator/fc1", 8, 8) | dense("generator/fc2", 8, 4)
CRITIC = dense("discriminator/fc1", 4, 8) | dense("discriminator/fc2", 8, 1)
LSTM = {
    "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/weights": (16, 32),
    "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/biases": (32,),
    "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/weights": (16, 32),
    "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/biases": (32,),
}
TORCH_SLIM = (
    ("weights", "weight"),
    ("biases", "bias"),
    ("moving_mean", "running_mean"),
    ("moving_variance", "running_var"),
    ("gamma", "weight"),
    ("beta", "bias"),
    ("/", "."),
)
TACOTRON = (
    {"model/inference/embedding": (20, 8)}
    | dense("model/inference/decoder/attention/query_layer", 8, 8)
    | dense("model/inference/decoder/attention/memory_layer", 8, 8)
    | dense("model/inference/post_cbhg/highway_1/H", 8, 8)
    | dense("model/inference/post_cbhg/highway_1/T", 8, 8)
)
DEEPSPEECH = {
    "h1": (8, 16),
    "b1": (16,),
    "h2": (16, 16),
    "b2": (16,),
    "h3": (16, 32),
    "b3": (32,),
    "bidirectional_rnn/fw/basic_lstm_cell/kernel": (32, 64),
    "bidirectional_rnn/fw/basic_lstm_cell/bias": (64,),
}
DETECTION = prefixed(mobilenet(2), "FeatureExtractor/") | {
    "BoxPredictor_0/ClassPredictor/weights": (1, 1, 8, 12),
    "BoxPredictor_0/ClassPredictor/biases": (12,),
    "BoxPredictor_0/BoxEncodingPredictor/weights": (1, 1, 8, 12),
    "BoxPredictor_0/BoxEncodingPredictor/biases": (12,),
}
ALIKE12 = {
    f"{numbered('dense', i)}/{leaf}": (8, 8) if leaf == "kernel" else (8,)
    for i in range(12)
    for leaf in ("kernel", "bias")
}
SQUARE = {
    f"net/layer_{i}/{leaf}": (8, 8) if leaf == "kernel" else (8,) for i in range(12) for leaf in ("kernel", "bias")
}


def shifted(count: int, by: int, base: str = "dense") -> Case:
    """Layers of one shape whose numbers have moved on."""
    saved = {
        f"{numbered(base, i)}/{leaf}": shape
        for i in range(count)
        for leaf, shape in (("kernel", (8, 8)), ("bias", (8,)))
    }
    wanted = {
        f"{numbered(base, i + by)}/{leaf}": shape
        for i in range(count)
        for leaf, shape in (("kernel", (8, 8)), ("bias", (8,)))
    }
    return paired(saved, wanted)


RENAMED: dict[str, Case] = {
    "names of tensors": by_names(TRAINED, {f"{name}:0": name for name in TRAINED}),
    "BERT below module/": renamed(B3, ("bert/", "module/bert/")),
    "BERT out of module/": renamed(prefixed(B3, "module/"), ("module/", "")),
    "BERT with slots below another scope": renamed(with_slots(B3, "/adam_m", "/adam_v"), ("bert/", "student/")),
    "BERT below a scope with a new head": renamed(
        B3 | STEP, ("bert/", "model/bert/"), also={"model/output_weights": (2, 16), "model/output_bias": (2,)}
    ),
    "BERT as a module beside a head that has its name": renamed(B3 | dense("output", 16, 3), ("bert/", "module/bert/")),
    "BERT below a scope, twelve layers wanted": Case(B3, prefixed(bert(12), "m/"), {f"m/{name}": name for name in B3}),
    "BERT below a scope, two layers wanted of twelve": Case(
        bert(12), prefixed(bert(2), "m/"), {f"m/{name}": name for name in bert(2)}
    ),
    "BERT by PyTorch's names": Case(B3, {new: B3[old] for new, old in torch_bert(3).items()}, torch_bert(3)),
    "BERT by PyTorch's names below a scope": Case(
        B3,
        {f"model.{new}": B3[old] for new, old in torch_bert(3).items()},
        {f"model.{new}": old for new, old in torch_bert(3).items()},
    ),
    "BERT from PyTorch's names": Case(
        {new: B3[old] for new, old in torch_bert(3).items()}, B3, {old: new for new, old in torch_bert(3).items()}
    ),
    "T5 by PyTorch's names": by_names(t5(3), torch_t5(3)),
    "T5 with Adafactor's slots below a scope": renamed(
        with_slots(t5(2), "_slot_v"), ("encoder/", "t5/encoder/"), ("shared/", "t5/shared/")
    ),
    "MobileNet as a feature extractor": renamed(mobilenet(3), ("MobilenetV1/", "FeatureExtractor/MobilenetV1/")),
    "MobileNet out of a detector": Case(
        DETECTION, mobilenet(2), {name: f"FeatureExtractor/{name}" for name in mobilenet(2)}
    ),
    "MobileNet by its moving averages": Case(
        {f"{name}/ExponentialMovingAverage": shape for name, shape in mobilenet(2).items()},
        mobilenet(2),
        {name: f"{name}/ExponentialMovingAverage" for name in mobilenet(2)},
    ),
    "moving averages where there are some": Case(
        {
            (name if "moving" in name else f"{name}/ExponentialMovingAverage"): shape
            for name, shape in mobilenet(2).items()
        },
        mobilenet(2),
        {name: name if "moving" in name else f"{name}/ExponentialMovingAverage" for name in mobilenet(2)},
    ),
    "moving averages below another scope": Case(
        {f"{name}/ExponentialMovingAverage": shape for name, shape in mobilenet(2).items()},
        prefixed(mobilenet(2), "net/"),
        {f"net/{name}": f"{name}/ExponentialMovingAverage" for name in mobilenet(2)},
    ),
    "raw values beside moving averages": Case(
        with_slots(mobilenet(1), "/ExponentialMovingAverage"),
        prefixed(mobilenet(1), "net/"),
        {f"net/{name}": name for name in mobilenet(1)},
    ),
    "both below another scope": renamed(
        with_slots(mobilenet(1), "/ExponentialMovingAverage"), ("Mobilenet", "net/Mobilenet")
    ),
    "ResNet made twice": renamed(resnet(), ("resnet_v1_50/", "resnet_v1_50_1/")),
    "ResNet with another word inside": renamed(resnet(), ("bottleneck_v1", "bottlenecks_v1")),
    "ResNet by PyTorch's words": renamed(resnet(), *TORCH_SLIM),
    "a detector's backbone, its classes new": Case(
        DETECTION,
        replaced(DETECTION, ("FeatureExtractor/", "ssd/FeatureExtractor/"), ("BoxPredictor", "ssd/BoxPredictor"))
        | {"ssd/BoxPredictor_0/ClassPredictor/weights": (1, 1, 8, 6), "ssd/BoxPredictor_0/ClassPredictor/biases": (6,)},
        {f"ssd/{name}": name for name in DETECTION if "ClassPredictor" not in name},
    ),
    "Tacotron below another scope": renamed(TACOTRON, ("model/", "Tacotron_model/")),
    "Tacotron below a scope, a postnet new": renamed(
        TACOTRON, ("model/", "tower_0/model/"), also=dense("tower_0/model/inference/postnet/conv", 8, 8)
    ),
    "DeepSpeech made twice": renamed(
        DEEPSPEECH,
        ("h1", "h1_1"),
        ("b1", "b1_1"),
        ("h2", "h2_1"),
        ("b2", "b2_1"),
        ("h3", "h3_1"),
        ("b3", "b3_1"),
        ("bidirectional_rnn/", "bidirectional_rnn_1/"),
    ),
    "cells of TensorFlow 1.0": renamed(with_slots(LSTM, *ADAM), ("weights", "kernel"), ("biases", "bias")),
    "cells of TensorFlow 1.0 below another scope": renamed(
        with_slots(LSTM, *ADAM) | STEP, ("weights", "kernel"), ("biases", "bias"), ("rnn/", "model/rnn/")
    ),
    "generator and discriminator, abbreviated": renamed(GAN | CRITIC, ("generator", "gen"), ("discriminator", "disc")),
    "generator and discriminator below a model": renamed(
        GAN | CRITIC, ("generator", "model/generator"), ("discriminator", "model/discriminator")
    ),
    "generator and discriminator with their slots": renamed(
        with_slots(GAN | CRITIC, *ADAM) | POWERS | {"beta1_power_1": (), "beta2_power_1": ()},
        ("generator/", "gan/generator/"),
        ("discriminator/", "gan/discriminator/"),
    ),
    "two networks of one class made again": Case(
        prefixed(GAN, "net/") | prefixed(GAN, "net_1/"),
        prefixed(GAN, "net_2/") | prefixed(GAN, "net_3/"),
        {f"net_{i}/{name}": f"{numbered('net', i - 2)}/{name}" for i in (2, 3) for name in GAN},
    ),
    "actor and critic by other names, told by shapes": renamed(
        dense("pi/fc1", 8, 8) | dense("pi/fc2", 8, 4) | dense("vf/fc1", 8, 8) | dense("vf/fc2", 8, 1),
        ("pi/", "actor/"),
        ("vf/", "critic/"),
    ),
    "a siamese network's one tower below a scope": renamed(
        dense("tower/fc1", 8, 8) | dense("tower/fc2", 8, 2), ("tower/", "siamese/")
    ),
    "Keras, the session not cleared": paired(keras_cnn(), keras_cnn(first=1)),
    "Keras, made a fourth time, ten blocks": paired(keras_cnn(blocks=10), keras_cnn(first=3, blocks=10)),
    "Keras, saved late and restored first": paired(keras_cnn(first=2), keras_cnn()),
    "Keras, not cleared, below a model": Case(
        prefixed(keras_cnn(), "sequential/"),
        prefixed(keras_cnn(first=1), "sequential_1/"),
        {f"sequential_1/{new}": f"sequential/{old}" for new, old in zip(keras_cnn(first=1), keras_cnn(), strict=True)},
    ),
    "Keras, not cleared, another number of classes": Case(
        keras_cnn(blocks=3),
        keras_cnn(first=1, classes=5),
        {new: old for new, old in zip(keras_cnn(first=1), keras_cnn(), strict=True) if not new.startswith("dense_3")},
    ),
    "Keras with slots, not cleared": Case(
        with_slots(keras_cnn(), *ADAM) | POWERS,
        with_slots(keras_cnn(first=1), *ADAM) | POWERS,
        {
            new + slot: old + slot
            for new, old in zip(keras_cnn(first=1), keras_cnn(), strict=True)
            for slot in ("", *ADAM)
        }
        | {name: name for name in POWERS},
    ),
    "Keras' object keys, kinds by turns": Case(
        {key: CNN[name] for key, name in object_keys(CNN).items()},
        CNN,
        {name: key for key, name in object_keys(CNN).items()},
    ),
    "Keras' object keys, late numbers": Case(
        {key: CNN[name] for key, name in object_keys(CNN).items()},
        keras_cnn(first=4),
        dict(zip(keras_cnn(first=4), object_keys(CNN), strict=True)),
    ),
    "Keras' object keys, sorted names": Case(
        {key: CNN[name] for key, name in object_keys(CNN).items()},
        dict(sorted(CNN.items())),
        {name: key for key, name in object_keys(CNN).items()},
    ),
    "Keras' object keys, twelve equal layers": Case(
        {key: ALIKE12[name] for key, name in object_keys(ALIKE12).items()},
        ALIKE12,
        {name: key for key, name in object_keys(ALIKE12).items()},
    ),
    "Keras' object keys, twelve equal layers, sorted": Case(
        {key: ALIKE12[name] for key, name in object_keys(ALIKE12).items()},
        dict(sorted(ALIKE12.items())),
        {name: key for key, name in object_keys(ALIKE12).items()},
    ),
    "Keras' object keys wanted": Case(
        CNN, {key: CNN[name] for key, name in object_keys(CNN).items()}, object_keys(CNN)
    ),
    "Keras' object keys below a model": renamed(
        {
            f"layer_with_weights-{i}/{leaf}/.ATTRIBUTES/VARIABLE_VALUE": shape
            for i in range(12)
            for leaf, shape in (("kernel", (4, 4)), ("bias", (4,)))
        },
        ("layer_with", "model/layer_with"),
    ),
    "twelve equal layers shifted by twelve": shifted(12, 12),
    "twelve equal layers shifted by thirty": shifted(12, 30),
    "counted from one, under a new scope, other separators": renamed(SQUARE, ("net/layer_", "net.layer."), ("/", ".")),
    "an explicit name beside numbers that have moved on": Case(
        keras_cnn() | dense("logits", 8, 10),
        keras_cnn(first=1) | dense("logits", 8, 10),
        dict(zip(keras_cnn(first=1), keras_cnn(), strict=True)) | {name: name for name in dense("logits", 8, 10)},
    ),
    "made twice, and a layer more": Case(
        B3, replaced(bert(4), ("bert/", "bert_1/")), {replaced_name(name, ("bert/", "bert_1/")): name for name in B3}
    ),
    "a step below the same scope": renamed(B3 | STEP, ("bert/", "net/student/"), ("global", "net/global")),
    "TF-Hub's one variable": renamed({"embeddings": (100, 8)}, ("embeddings", "module/embeddings")),
    "TF-Hub's module beside a head": renamed(TACOTRON | dense("head", 8, 3), ("model/", "module/model/")),
    "TF-Hub's second module": renamed(prefixed(TACOTRON, "module/"), ("module/", "module_1/")),
    "a step and powers go along": renamed(
        with_slots(GAN, *ADAM) | POWERS | STEP,
        ("generator/", "net/generator/"),
        ("beta", "net/beta"),
        ("global_step", "net/global_step"),
    ),
    "one misspelt word": renamed({"layer/wieght": (3, 2), "layer/bias": (2,)}, ("wieght", "weight")),
    "an ending": renamed(
        {"conv1/w": (3, 3), "conv1/b": (3,), "conv2/w": (3, 3), "conv2/b": (3,)}, ("/w", "/w_value"), ("/b", "/b_value")
    ),
    "layers that are normalized, PyTorch's words": renamed(
        batch_norm("bn1", 4) | batch_norm("bn2", 4) | dense("fc", 4, 3),
        ("kernel", "weight"),
        ("gamma", "weight"),
        ("beta", "bias"),
        ("moving_mean", "running_mean"),
        ("moving_variance", "running_var"),
        ("/", "."),
    ),
}

NEW_HERE: dict[str, Case] = {
    "BERT's pooler": same(bert(3, pooler=False), B3),
    "BERT's pooler beside another head of its shape": same(
        bert(3, pooler=False) | dense("cls/predictions/transform/dense", 16, 16), B3
    ),
    "a classifier of another number of classes": same(
        B3, B3 | {"output_weights": (5, 16), "output_bias": (5,)}, {"output_weights": (2, 16), "output_bias": (2,)}
    ),
    "BERT's slots": same(B3 | STEP, with_slots(B3, "/adam_m", "/adam_v") | STEP),
    "more layers": same(B3, bert(12)),
    "T5's slots": same(t5(2), with_slots(t5(2), "_slot_v")),
    "MobileNet's moving averages": same(mobilenet(2), with_slots(mobilenet(2), "/ExponentialMovingAverage")),
    "DeepLab's pyramid": same(
        resnet(),
        resnet()
        | {
            f"{scope}/BatchNorm/{leaf}": (8,)
            for scope in ("aspp0", "aspp1_depthwise", "concat_projection")
            for leaf in BATCH_NORM
        },
    ),
    "a detector's box predictors": same(
        DETECTION,
        DETECTION
        | replaced(
            {name: shape for name, shape in DETECTION.items() if "Box" in name}, ("BoxPredictor_0", "BoxPredictor_1")
        ),
    ),
    "a discriminator": same(GAN, GAN | replaced(GAN, ("generator", "discriminator"))),
    "a decoder of an encoder's shapes": same(
        prefixed(GAN, "encoder/"), prefixed(GAN, "encoder/") | prefixed(GAN, "decoder/")
    ),
    "a decoder for another language": same(
        prefixed(GAN, "encoder/") | prefixed(GAN, "decoder_fr/"),
        prefixed(GAN, "encoder/") | prefixed(GAN, "decoder_de/"),
    ),
    "a second network of one class": same(prefixed(GAN, "net/"), prefixed(GAN, "net/") | prefixed(GAN, "net_1/")),
    "a target network": same(prefixed(GAN, "main/"), prefixed(GAN, "main/") | prefixed(GAN, "target/")),
    "another optimizer": same(with_slots(GAN, *ADAM) | POWERS, with_slots(GAN, "/Momentum")),
    "a second optimizer": same(
        with_slots(GAN, *ADAM) | POWERS,
        with_slots(GAN, *ADAM, "/Adam_2", "/Adam_3") | POWERS | {"beta1_power_1": (), "beta2_power_1": ()},
    ),
    "Tacotron's postnet": same(TACOTRON, TACOTRON | dense("model/inference/postnet/highway_1/H", 8, 8)),
    "DeepSpeech's new layers": same(
        DEEPSPEECH, DEEPSPEECH | {"h5": (16, 16), "b5": (16,), "h6": (16, 32), "b6": (32,)}
    ),
    "Keras' new dense layers": same(CNN, CNN | dense("dense_2", 8, 8) | dense("dense_3", 8, 10)),
    "Keras, fewer blocks saved": same(keras_cnn(blocks=2), keras_cnn(blocks=6)),
    "a value head": same(
        dense("policy/fc1", 8, 8) | dense("policy/out", 8, 4),
        dense("policy/fc1", 8, 8) | dense("policy/out", 8, 4) | dense("value/fc1", 8, 8) | dense("value/out", 8, 1),
    ),
    "a dense layer made again, or a new one": same(
        {name: shape for name, shape in CNN.items() if not name.startswith("dense_1")},
        {name: shape for name, shape in CNN.items() if "dense" not in name} | dense("dense_1", 8, 8),
    ),
    "two heads beside a renamed backbone": Case(
        B3 | dense("old/thing", 8, 8) | dense("cls/transform/dense", 16, 16),
        prefixed(B3, "module/") | dense("module/head", 8, 8) | dense("module/logits_new/x", 16, 16),
        {f"module/{name}": name for name in B3},
    ),
    "statistics of a norm": same({"bn/gamma": (4,), "bn/beta": (4,)}, batch_norm("bn", 4)),
}

EQUALLY_WELL: dict[str, Case] = {
    "one tower for two": Case(prefixed(GAN, "tower/"), prefixed(GAN, "left/") | prefixed(GAN, "right/"), {}),
    "two networks of one shape for two": Case(
        prefixed(GAN, "net_a/") | prefixed(GAN, "net_b/"), prefixed(GAN, "actor/") | prefixed(GAN, "critic/"), {}
    ),
    "one of two networks of one shape": Case(
        prefixed(GAN, "first/") | prefixed(GAN, "other/"), prefixed(GAN, "mine/"), {}
    ),
    "numbers that overlap": Case(
        {
            f"{numbered('dense', i)}/{leaf}": shape
            for i in range(3)
            for leaf, shape in (("kernel", (8, 8)), ("bias", (8,)))
        },
        {
            f"{numbered('dense', i)}/{leaf}": shape
            for i in (1, 2, 3)
            for leaf, shape in (("kernel", (8, 8)), ("bias", (8,)))
        },
        {},
    ),
    "variables that overlap": Case(
        {"w": (3, 3), "w_1": (3, 3), "w_2": (3, 3)}, {"w_1": (3, 3), "w_2": (3, 3), "w_3": (3, 3)}, {}
    ),
}


@pytest.mark.parametrize("name", RENAMED)
def test_finds_the_renaming(tmp_path, name):
    case = RENAMED[name]
    outcome = follow_advice(tmp_path, case.saved, case.wanted, case.origins.get)
    assert (outcome.wrong, outcome.left, outcome.right) == ({}, [], len(case.wanted)), outcome.text


@pytest.mark.parametrize("name", NEW_HERE)
def test_leaves_alone_what_is_new(tmp_path, name):
    case = NEW_HERE[name]
    outcome = follow_advice(tmp_path, case.saved, case.wanted, case.origins.get)
    assert (outcome.wrong, outcome.left, outcome.right) == ({}, [], len(case.wanted)), outcome.text
    assert ("New here" in outcome.text) == any(new not in case.saved and new not in case.origins for new in case.wanted)


@pytest.mark.parametrize("name", EQUALLY_WELL)
def test_prints_no_line_where_two_renamings_fit_equally_well(tmp_path, name):
    case = EQUALLY_WELL[name]
    outcome = follow_advice(tmp_path, case.saved, case.wanted, lambda _: None)
    assert outcome.line == "", outcome.text
    assert "Fit equally well" in outcome.text


MODELS = (bert(2), t5(2), mobilenet(2), resnet((1, 2)), keras_cnn(), GAN | CRITIC, with_slots(LSTM, *ADAM) | POWERS)
CHANGES = ((), (("weights", "kernel"), ("biases", "bias")), (("/", "."),))
ASIDE = dense("old/thing", 8, 8) | dense("cls/transform/dense", 16, 16)
NEW = dense("head", 8, 8) | dense("logits_new/x", 16, 16)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A model with names changed by rules, some of it not wanted or not saved, and strangers on both sides."""
    model = draw(st.sampled_from(MODELS))
    scope = draw(st.sampled_from(["", "module/", "a/b/"]))
    changes = (*draw(st.sampled_from(CHANGES)), *draw(st.sampled_from([(), (("layer_", "layer__"),)])))
    end = draw(st.sampled_from(["", ":0"]))
    names = {replaced_name(scope + name, *changes) + end: name for name in model}
    unwanted, unsaved = (draw(st.sampled_from(["-", "_1/", "Adam", "conv2", "bias", "fc2"])) for _ in range(2))
    saved = {name: shape for name, shape in model.items() if unsaved not in name}
    wanted = {new: model[old] for new, old in names.items() if unwanted not in old}
    new = (
        {replaced_name(scope + name, *changes) + end: shape for name, shape in NEW.items()}
        if draw(st.booleans())
        else {}
    )
    also = ASIDE if draw(st.booleans()) else {}
    return Case(saved | also, wanted | new, {new: old for new, old in names.items() if old in saved})


@settings(deadline=None, max_examples=60)
@given(cases())
def test_is_never_wrong(case):
    """Whatever rules names were changed by, and whatever is missing on either side."""
    names = sorted(case.saved)
    source = {name: np.full(case.saved[name], position, np.float32) for position, name in enumerate(names)}
    targets = {name: np.full(shape, UNTOUCHED, np.float32) for name, shape in case.wanted.items()}
    fix = plan_restore(source, targets).report.fix
    if fix is not None:
        restore_checkpoint(source, targets, **{key: getattr(fix, key) for key in OPTIONS})
        found = {name: _origin(array, names) for name, array in targets.items()}
        assert {name: old for name, old in found.items() if old not in {None, case.origins.get(name)}} == {}


class TestTranspose:
    """PyTorch keeps a dense layer's weight the other way round, and a convolution's with its channels first."""

    def test_transposes_all_of_a_kind_square_ones_too(self):
        saved = {f"layer_{i}/{leaf}": shape for i, units in enumerate((8, 4)) for leaf, shape in dense_layer(8, units)}
        source = {name: np.random.default_rng(0).random(shape, np.float32) for name, shape in saved.items()}
        names = {replaced_name(name, ("kernel", "weight"), ("/", ".")): name for name in saved}
        targets = {new: np.zeros(saved[old][::-1], np.float32) for new, old in names.items()}
        report = plan_restore(source, targets).report
        assert report.fix.transpose == {"*.weight": (1, 0)}
        assert "Square, so transposed as the others of their kind: layer_0.weight." in str(report)
        restore_checkpoint(source, targets, mapping=report.fix.mapping, transpose=report.fix.transpose)
        for new, old in names.items():
            np.testing.assert_array_equal(targets[new], source[old].T)

    def test_offers_the_permutation_of_a_convolution(self):
        source = {"conv/kernel": np.random.default_rng(0).random((3, 3, 2, 4), np.float32)}
        targets = {"conv/kernel": np.zeros((4, 2, 3, 3), np.float32)}
        report = plan_restore(source, targets).report
        assert "the one is the other transposed by 3,2,0,1" in str(report)
        assert report.fix == RestoreFix(transpose={"conv/kernel": (3, 2, 0, 1)})

    def test_leaves_squares_alone_where_others_fit_as_they_are(self):
        source = {"a/kernel": np.ones((4, 4)), "b/kernel": np.ones((4, 8)), "out/kernel": np.ones((8, 3))}
        targets = {"a/kernel": np.zeros((4, 4)), "b/kernel": np.zeros((4, 8)), "out/kernel": np.zeros((3, 8))}
        assert plan_restore(source, targets).report.fix == RestoreFix(transpose={"out/kernel": (1, 0)})

    def test_says_when_no_shape_tells(self):
        source = {"a/kernel": np.ones((4, 4)), "a/bias": np.ones(4)}
        report = plan_restore(source, {"a.weight": np.zeros((4, 4)), "a.bias": np.zeros(4)}).report
        assert "no shape tells whether their dimensions are in PyTorch's order" in str(report)

    @pytest.mark.parametrize(
        ("saved", "wanted", "reshape"),
        [((3,), (1, 3), True), ((2, 3, 4), (6, 4), True), ((6,), (2, 3), True), ((4, 6), (8, 3), False)],
    )
    def test_reshapes_only_what_keeps_its_order(self, saved, wanted, reshape):
        source = {"w": np.ones(saved), "step": np.ones(1), "b": np.ones(2)}
        targets = {"w": np.zeros(wanted), "b": np.zeros(2)}
        fix = plan_restore(source, targets).report.fix
        assert (fix.reshape, fix.exclude) == (reshape, () if reshape else ("w",))


def dense_layer(inputs: int, units: int) -> list[tuple[str, tuple[int, ...]]]:
    return [("kernel", (inputs, units)), ("bias", (units,))]
