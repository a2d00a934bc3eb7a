"""Models of slim compute the same in Keras and PyTorch as slim's graph, once they are set up as the notes say."""

from functools import cache

import keras
import numpy as np
import pytest
import timm
import torch
import torchvision

from tests.files.recipes import vision_models as toys
from tests.files.recipes.converted import converted
from tests.files.recipes.references.vision import SlimModel, assert_near, keras_outputs, pictures, torch_outputs

SIZE = 128
LARGE = 299
UNITS = [3, 4, 6, 3]


@pytest.fixture(scope="module")
def inception():
    model = SlimModel("inception_v3.inception_v3", LARGE, toys.CLASSES, toys.numbers, "inception_v3_arg_scope")
    return model.arrays, model.outputs(pictures(LARGE))


@cache
def resnet(version):
    name = f"resnet_v{version}"
    return SlimModel(f"{name}.{name}_50", SIZE, toys.CLASSES, toys.numbers, "resnet_arg_scope")


def test_toys_have_slims_names(inception):
    def weights(arrays):
        return {name for name in arrays if "mean_rgb" not in name} - {"global_step"}

    assert weights(toys.inception_v3()) == inception[0].keys()
    for version in (1, 2):
        assert weights(toys.resnet(version, UNITS, 4)) == resnet(version).arrays.keys()


def test_resnet_v1_in_torchvision():
    slim = resnet(1)
    model = torchvision.models.resnet50(num_classes=toys.CLASSES)
    model.maxpool = torch.nn.Sequential(torch.nn.ZeroPad2d((0, 1, 0, 1)), torch.nn.MaxPool2d(3, 2))
    for layer in (model.layer1, model.layer2, model.layer3):
        layer[-1].conv2.stride = (2, 2)
        layer[-1].downsample = torch.nn.MaxPool2d(1, 2)
    for layer in (model.layer2, model.layer3, model.layer4):
        layer[0].conv2.stride = layer[0].downsample[0].stride = (1, 1)
    images = pictures(SIZE)
    assert_near(
        torch_outputs(model, converted("resnet-v1-torchvision", slim.arrays), images), slim.outputs(images), 1e-4
    )


def test_resnet_v1_has_the_names_of_timm():
    state = timm.create_model("resnet50").state_dict()
    names = {name for name in state if not name.endswith("num_batches_tracked")}
    assert converted("resnet-v1-torchvision", toys.resnet(1, UNITS, 4)).keys() == names


def test_resnet_v2_in_keras(tmp_path):
    slim = resnet(2)
    made = keras.applications.ResNet50V2(
        input_shape=(SIZE, SIZE, 3), weights=None, classes=toys.CLASSES, classifier_activation=None
    )
    model = keras.Model.from_config(with_slims_pooling(made.get_config()))
    images = pictures(SIZE)
    found = keras_outputs(model, converted("resnet-v2-50-keras", slim.arrays), images, tmp_path)
    assert_near(found, slim.outputs(images), 1e-3)


def with_slims_pooling(config):
    layers = {layer["name"]: layer["config"] for layer in config["layers"]}
    layers["pool1_pad"]["padding"] = ((0, 0), (0, 0))
    layers["pool1_pool"]["padding"] = "same"
    for layer in layers.values():
        layer.update({"epsilon": 1e-5} if "epsilon" in layer else {})
    return config


def test_inception_in_keras(inception, tmp_path):
    arrays, expected = inception
    model = keras.applications.InceptionV3(weights=None, classes=toys.CLASSES, classifier_activation=None)
    found = keras_outputs(model, converted("inception-v3-keras", arrays), pictures(LARGE), tmp_path)
    assert_near(found, expected, 1e-4)


@pytest.mark.parametrize("library", [torchvision, timm])
def test_inception_in_pytorch(inception, library, monkeypatch):
    arrays, expected = inception
    if library is timm:
        model = timm.create_model("inception_v3", num_classes=toys.CLASSES, aux_logits=True)
    else:
        model = torchvision.models.inception_v3(num_classes=toys.CLASSES, init_weights=False)
    average = torch.nn.functional.avg_pool2d
    monkeypatch.setattr(
        torch.nn.functional, "avg_pool2d", lambda *args, **named: average(*args, **named, count_include_pad=False)
    )
    assert_near(torch_outputs(model, converted("inception-v3-torchvision", arrays), pictures(LARGE)), expected, 1e-4)
    assert np.all(model.state_dict()["Mixed_5b.branch1x1.bn.weight"].numpy() == 1)
