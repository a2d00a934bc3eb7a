"""Recipes of slim's vision models give every weight the name of its layer, and PyTorch's kernels their order."""

import re

import numpy as np
import pytest

from tests.files.recipes import vision_models as toys
from tests.files.recipes.converted import assert_made, converted

ENDINGS = {
    "weights": "weight",
    "depthwise_weights": "weight",
    "gamma": "weight",
    "biases": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
LEAVES = {
    "weights": 0,
    "depthwise_weights": 0,
    "biases": 1,
    "gamma": 0,
    "beta": 1,
    "moving_mean": 2,
    "moving_variance": 3,
}


def model_of(arrays):
    """The weights of a model, averages in the place of their variables."""
    end = "/ExponentialMovingAverage"
    averages = {name.removesuffix(end): array for name, array in arrays.items() if name.endswith(end)}
    weights = {
        name: array for name, array in arrays.items() if not re.search(f"RMSProp|{end}|global_step|mean_rgb", name)
    }
    return weights | averages


def for_torch(name, array):
    if name.endswith("/depthwise_weights"):
        return array.transpose(2, 3, 0, 1).reshape(-1, 1, 3, 3)
    if not name.endswith("/weights"):
        return array
    is_head = re.search("ogits/(Conv2d_1c_1x1/|Conv2d_2b_1x1/)?weights$", name)
    return array[0, 0].T if is_head else array.transpose(3, 2, 0, 1)


def for_keras(name, array):
    is_dense = re.search("(V2|V3)/Logits/Conv2d_1c_1x1/weights$|/logits/weights$", name)
    return array[0, 0] if is_dense else array


def in_torch(layers):
    """What names become in PyTorch, by pairs of a scope and the names of its layer and of the norm in it."""

    def new_name(name):
        scope, _, last = name.rpartition("/")
        layer, norm = layers[scope.removesuffix("/BatchNorm")]
        return f"{norm if scope.endswith('/BatchNorm') else layer}.{ENDINGS[last]}"

    return new_name


def in_keras(scopes):
    """What names become in a file of weights of Keras, by scopes in the order of the model's layers."""
    counts, layers = {}, {}
    for scope in scopes:
        kind = re.search("depthwise$", scope) and "depthwise_conv2d"
        kind = kind or ("batch_normalization" if re.search("BatchNorm$|preact$|postnorm$", scope) else "conv2d")
        kind = "dense" if re.search("(V2|V3)/Logits|/logits", scope) else kind
        number = counts[kind] = counts.get(kind, -1) + 1
        layers[scope] = f"{kind}_{number}" if number else kind

    def new_name(name):
        scope, _, last = name.rpartition("/")
        # Inception's norms have no gamma.
        place = LEAVES[last] - ("InceptionV3" in scope and scope.endswith("/BatchNorm"))
        return f"layers/{layers[scope]}/vars/{place}"

    return new_name


def with_norms(scopes):
    return [one for scope in scopes for one in (scope, f"{scope}/BatchNorm")]


V1_PLACES = [(stage, block) for stage, count in enumerate([1, 2, 2, 6, 2]) for block in range(count)]
V2_PLACES = [(stage, block) for stage, count in enumerate([1, 2, 3, 4, 3, 3, 1]) for block in range(count)]
"""Stages and blocks of timm's models, in order."""


def first_in_timm():
    layers = {"MobilenetV1/Conv2d_0": ("conv_stem", "bn1"), "MobilenetV1/Logits/Conv2d_1c_1x1": ("classifier", "")}
    for number, (stage, block) in enumerate(V1_PLACES, 1):
        here = f"blocks.{stage}.{block}"
        layers[f"MobilenetV1/Conv2d_{number}_depthwise"] = (f"{here}.conv_dw", f"{here}.bn1")
        layers[f"MobilenetV1/Conv2d_{number}_pointwise"] = (f"{here}.conv_pw", f"{here}.bn2")
    return in_torch(layers)


def first_in_keras():
    blocks = [f"MobilenetV1/Conv2d_{number}_{part}" for number in range(1, 14) for part in ("depthwise", "pointwise")]
    return in_keras([*with_norms(["MobilenetV1/Conv2d_0", *blocks]), "MobilenetV1/Logits/Conv2d_1c_1x1"])


def inverted_blocks():
    """The scopes of MobileNet v2's blocks and of the layers in each."""
    yield "MobilenetV2/expanded_conv", ["depthwise", "project"]
    for number in range(1, 17):
        yield f"MobilenetV2/expanded_conv_{number}", ["expand", "depthwise", "project"]


def second_in_timm():
    layers = {
        "MobilenetV2/Conv": ("conv_stem", "bn1"),
        "MobilenetV2/Conv_1": ("conv_head", "bn2"),
        "MobilenetV2/Logits/Conv2d_1c_1x1": ("classifier", ""),
    }
    for (stage, block), (scope, parts) in zip(V2_PLACES, inverted_blocks(), strict=True):
        names = ["conv_dw", "conv_pw"] if len(parts) == 2 else ["conv_pw", "conv_dw", "conv_pwl"]
        for at, (name, part) in enumerate(zip(names, parts, strict=True), 1):
            layers[f"{scope}/{part}"] = (f"blocks.{stage}.{block}.{name}", f"blocks.{stage}.{block}.bn{at}")
    return in_torch(layers)


def second_in_torchvision():
    layers = {
        "MobilenetV2/Conv": ("features.0.0", "features.0.1"),
        "MobilenetV2/Conv_1": ("features.18.0", "features.18.1"),
        "MobilenetV2/Logits/Conv2d_1c_1x1": ("classifier.1", ""),
    }
    for at, (scope, parts) in enumerate(inverted_blocks(), 1):
        for number, part in enumerate(parts[:-1]):
            layers[f"{scope}/{part}"] = tuple(f"features.{at}.conv.{number}.{place}" for place in (0, 1))
        last = len(parts) - 1
        layers[f"{scope}/project"] = (f"features.{at}.conv.{last}", f"features.{at}.conv.{last + 1}")
    return in_torch(layers)


def second_in_keras():
    blocks = [f"{scope}/{part}" for scope, parts in inverted_blocks() for part in parts]
    scopes = with_norms(["MobilenetV2/Conv", *blocks, "MobilenetV2/Conv_1"])
    return in_keras([*scopes, "MobilenetV2/Logits/Conv2d_1c_1x1"])


UNITS = [2, 1, 3, 1]


def units(counts):
    return [(block, unit) for block, count in enumerate(counts, 1) for unit in range(1, count + 1)]


def resnet_in_torchvision(counts):
    scope = f"resnet_v1_{3 * sum(counts) + 2}"
    layers = {f"{scope}/conv1": ("conv1", "bn1"), f"{scope}/logits": ("fc", "")}
    for block, unit in units(counts):
        here, there = f"{scope}/block{block}/unit_{unit}/bottleneck_v1", f"layer{block}.{unit - 1}"
        layers |= {f"{here}/conv{at}": (f"{there}.conv{at}", f"{there}.bn{at}") for at in (1, 2, 3)}
        layers[f"{here}/shortcut"] = (f"{there}.downsample.0", f"{there}.downsample.1")
    return in_torch(layers)


def resnet_in_keras(counts):
    scopes = ["resnet_v2_50/conv1"]
    for block, unit in units(counts):
        here = f"resnet_v2_50/block{block}/unit_{unit}/bottleneck_v2"
        scopes += [f"{here}/preact", *with_norms([f"{here}/conv1", f"{here}/conv2"])]
        scopes += [f"{here}/shortcut"] if unit == 1 else []
        scopes.append(f"{here}/conv3")
    return in_keras([*scopes, "resnet_v2_50/postnorm", "resnet_v2_50/logits"])


BRANCHES = {
    "5": "branch1x1 branch5x5_1 branch5x5_2 branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3 branch_pool",
    "6a": "branch3x3 branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3",
    "6": "branch1x1 branch7x7_1 branch7x7_2 branch7x7_3 branch7x7dbl_1 branch7x7dbl_2 branch7x7dbl_3 branch7x7dbl_4 "
    "branch7x7dbl_5 branch_pool",
    "7a": "branch3x3_1 branch3x3_2 branch7x7x3_1 branch7x7x3_2 branch7x7x3_3 branch7x7x3_4",
    "7": "branch1x1 branch3x3_1 branch3x3_2a branch3x3_2b branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3a "
    "branch3x3dbl_3b branch_pool",
}
"""The layers of a block in the order in which slim's are as text."""

DEPTHS = {
    "5": "3 1 4 0 2 5 6",
    "6a": "1 2 0 3",
    "6": "4 5 1 6 2 7 0 3 8 9",
    "7a": "2 3 0 4 1 5",
    "7": "4 1 5 2 3 6 7 0 8",
}
"""The places among those of the layers of a block, in the order of the model's layers: that of their depth."""


def of_block(table, block):
    name = block.removeprefix("Mixed_")
    return (table.get(name) or table[name[0]]).split()


def inception_in_torchvision():
    layers = {f"InceptionV3/{name}": (f"{name}.conv", f"{name}.bn") for name in toys.INCEPTION_STEM}
    for block in toys.INCEPTION_BLOCKS:
        for old, new in zip(toys.inception_block(block), of_block(BRANCHES, block), strict=True):
            layers[f"InceptionV3/{block}/{old}"] = (f"{block}.{new}.conv", f"{block}.{new}.bn")
    for old, new in (("Conv2d_1b_1x1", "conv0"), ("Conv2d_2a_5x5", "conv1")):
        layers[f"InceptionV3/AuxLogits/{old}"] = (f"AuxLogits.{new}.conv", f"AuxLogits.{new}.bn")
    layers["InceptionV3/AuxLogits/Conv2d_2b_1x1"] = ("AuxLogits.fc", "")
    layers["InceptionV3/Logits/Conv2d_1c_1x1"] = ("fc", "")
    return in_torch(layers)


def inception_in_keras():
    scopes = [f"InceptionV3/{name}" for name in toys.INCEPTION_STEM]
    for block in toys.INCEPTION_BLOCKS:
        names = list(toys.inception_block(block))
        scopes += [f"InceptionV3/{block}/{names[int(place)]}" for place in of_block(DEPTHS, block)]
    return in_keras([*with_norms(scopes), "InceptionV3/Logits/Conv2d_1c_1x1"])


IN_TORCH = {
    "mobilenet-v1-timm": (toys.mobilenet_v1, first_in_timm),
    "mobilenet-v2-timm": (toys.mobilenet_v2, second_in_timm),
    "mobilenet-v2-torchvision": (toys.mobilenet_v2, second_in_torchvision),
    "resnet-v1-torchvision": (lambda: toys.resnet(1, UNITS, 4), lambda: resnet_in_torchvision(UNITS)),
}


@pytest.mark.parametrize("recipe", IN_TORCH)
def test_in_pytorch(recipe):
    arrays, new_name = (make() for make in IN_TORCH[recipe])
    expected = {new_name(name): for_torch(name, array) for name, array in model_of(arrays).items()}
    assert_made(expected, converted(recipe, arrays))


def test_inception_in_pytorch_has_a_gamma_of_ones():
    arrays, new_name = toys.inception_v3(), inception_in_torchvision()
    expected = {new_name(name): for_torch(name, array) for name, array in model_of(arrays).items()}
    norms = {name for name in expected if name.endswith(".bn.bias")}
    gammas = {name.replace(".bias", ".weight"): np.ones_like(expected[name]) for name in norms}
    assert_made(expected | gammas, converted("inception-v3-torchvision", arrays))


IN_KERAS = {
    "mobilenet-v1-keras": (toys.mobilenet_v1, first_in_keras),
    "mobilenet-v2-keras": (toys.mobilenet_v2, second_in_keras),
    "resnet-v2-50-keras": (lambda: toys.resnet(2, [3, 4, 6, 3], 4), lambda: resnet_in_keras([3, 4, 6, 3])),
    "inception-v3-keras": (toys.inception_v3, inception_in_keras),
}


@pytest.mark.parametrize("recipe", IN_KERAS)
def test_in_keras(recipe):
    arrays, new_name = (make() for make in IN_KERAS[recipe])
    weights = {name: array for name, array in model_of(arrays).items() if "AuxLogits" not in name}
    expected = {new_name(name): for_keras(name, array) for name, array in weights.items()}
    assert_made(expected, converted(recipe, arrays))


def test_what_has_one_class_keeps_its_axis():
    arrays = {
        name: array[..., :1] if "Logits" in name else array for name, array in toys.mobilenet_v2(stem=4, last=6).items()
    }
    assert converted("mobilenet-v2-timm", arrays)["classifier.weight"].shape == (1, 6)
    assert converted("mobilenet-v2-keras", arrays)["layers/dense/vars/0"].shape == (6, 1)


def test_a_multiplier_of_channels_makes_more_of_them():
    """A depthwise kernel of multiplier 2 has its outputs channel by channel."""
    arrays = toys.mobilenet_v1()
    name = "MobilenetV1/Conv2d_1_depthwise/depthwise_weights"
    kernel = np.arange(3 * 3 * 4 * 2, dtype=np.float32).reshape(3, 3, 4, 2)
    made = converted("mobilenet-v1-timm", arrays | {name: kernel})["blocks.0.0.conv_dw.weight"]
    assert made.shape == (8, 1, 3, 3)
    np.testing.assert_array_equal(made[5, 0], kernel[:, :, 2, 1])
