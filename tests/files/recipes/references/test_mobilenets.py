"""MobileNets compute the same in Keras, timm and torchvision as with transformers' own reading of TensorFlow's file."""

import importlib

import keras
import pytest
import timm
import torch
import torchvision
import transformers

from ckpt_magics import save_checkpoint
from tests.files.recipes import vision_models as toys
from tests.files.recipes.converted import converted
from tests.files.recipes.references.vision import assert_near, keras_outputs, pictures, torch_outputs

SIZE = 96
IMAGES = pictures(SIZE)
V1 = 32, [64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
V2 = 32, [16, 24, 24, *[32] * 3, *[64] * 4, *[96] * 3, *[160] * 3, 320], 1280


def by_transformers(version, arrays, folder):
    """What transformers' model with TensorFlow's padding computes, filled by its function that needs TensorFlow."""
    save_checkpoint(folder / "model.ckpt", arrays)
    name = f"MobileNetV{version}"
    config = getattr(transformers, f"{name}Config")(num_labels=toys.CLASSES, image_size=SIZE, tf_padding=True)
    model = getattr(transformers, f"{name}ForImageClassification")(config)
    module = importlib.import_module(f"transformers.models.mobilenet_v{version}.modeling_mobilenet_v{version}")
    getattr(module, f"load_tf_weights_in_mobilenet_v{version}")(model, config, str(folder / "model.ckpt"))
    model.eval()
    with torch.no_grad():
        return model(torch.from_numpy(IMAGES.transpose(0, 3, 1, 2).copy())).logits.numpy()


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    arrays = toys.mobilenet_v1(*V1)
    return arrays, by_transformers(1, arrays, tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    arrays = toys.mobilenet_v2(*V2)
    return arrays, by_transformers(2, arrays, tmp_path_factory.mktemp("second"))


def in_keras(model, recipe, arrays, folder):
    made = model(input_shape=(SIZE, SIZE, 3), weights=None, classes=toys.CLASSES, classifier_activation=None)
    return keras_outputs(made, converted(recipe, arrays), IMAGES, folder)


def in_timm(name, recipe, arrays):
    """The model as the recipe's notes want it."""
    model = timm.create_model(name, num_classes=toys.CLASSES, pad_type="same")
    return torch_outputs(with_epsilon(model, 1e-3), converted(recipe, arrays), IMAGES)


def with_epsilon(model, epsilon):
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.eps = epsilon
    return model


def test_first_in_keras(first, tmp_path):
    assert_near(in_keras(keras.applications.MobileNet, "mobilenet-v1-keras", first[0], tmp_path), first[1], 1e-4)


def test_first_in_timm(first):
    assert_near(in_timm("mobilenetv1_100", "mobilenet-v1-timm", first[0]), first[1], 1e-4)


def test_second_in_keras(second, tmp_path):
    assert_near(in_keras(keras.applications.MobileNetV2, "mobilenet-v2-keras", second[0], tmp_path), second[1], 1e-4)


def test_second_in_timm(second):
    assert_near(in_timm("mobilenetv2_100", "mobilenet-v2-timm", second[0]), second[1], 1e-4)


def test_second_in_torchvision(second):
    model = with_epsilon(torchvision.models.mobilenet_v2(num_classes=toys.CLASSES), 1e-3)
    for layer in model.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.stride == (2, 2):
            layer.padding = (0, 0)
            layer.register_forward_pre_hook(padded)
    assert_near(torch_outputs(model, converted("mobilenet-v2-torchvision", second[0]), IMAGES), second[1], 1e-4)


def padded(layer, inputs):
    return torch.nn.functional.pad(inputs[0], (0, 1, 0, 1))
