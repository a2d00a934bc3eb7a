"""Names and shapes of what slim's vision models save, as narrow as their tables allow, with random numbers."""

from __future__ import annotations

import numpy as np

CLASSES = 5


def convolution(scope, size, inputs, outputs):
    height, width = (size, size) if isinstance(size, int) else size
    return {f"{scope}/weights": (height, width, inputs, outputs)}


def depthwise(scope, channels, multiplier=1):
    return {f"{scope}/depthwise_weights": (3, 3, channels, multiplier)}


def norm(scope, width, *, gamma=True):
    last = ("gamma",) * gamma + ("beta", "moving_mean", "moving_variance")
    return {f"{scope}/{one}": (width,) for one in last}


def classifier(scope, inputs):
    return {f"{scope}/weights": (1, 1, inputs, CLASSES), f"{scope}/biases": (CLASSES,)}


def normed(scope, size, inputs, outputs, *, gamma=True):
    return convolution(scope, size, inputs, outputs) | norm(f"{scope}/BatchNorm", outputs, gamma=gamma)


def numbers(shapes):
    """Arrays of these shapes: variances are positive, and kernels keep the numbers behind many layers small."""
    random = np.random.default_rng(len(shapes))
    arrays = {}
    for name, shape in shapes.items():
        array = random.standard_normal(shape)
        if name.endswith(("weights", "biases")):
            array *= 1.4 / np.sqrt(np.prod(shape[:-1]) / (shape[2] if "depthwise" in name else 1) or 1)
        elif name.endswith(("variance", "gamma")):
            array = 1 + 0.3 * random.random(shape)
        else:
            array *= 0.1
        arrays[name] = array.astype(np.float32)
    return arrays


def with_training(arrays, *, averages):
    """The arrays with slots, a step, and perhaps averages, in which a reader should find what is in ``arrays``."""
    trained = {name: array for name, array in arrays.items() if "/moving_" not in name}
    slots = {f"{name}/{slot}": array + 1 for name, array in trained.items() for slot in ("RMSProp", "RMSProp_1")}
    found = arrays | slots | {"global_step": np.int64(7)}
    if averages:
        found |= {name: array + 2 for name, array in trained.items()}
        found |= {f"{name}/ExponentialMovingAverage": array for name, array in trained.items()}
    return found


def mobilenet_v1(stem=4, widths=(4,) * 13):
    """MobileNet v1, with outputs of the first convolution and of the blocks."""
    shapes = normed("MobilenetV1/Conv2d_0", 3, 3, stem)
    inputs = stem
    for number, outputs in enumerate(widths, 1):
        scope = f"MobilenetV1/Conv2d_{number}"
        shapes |= depthwise(f"{scope}_depthwise", inputs) | norm(f"{scope}_depthwise/BatchNorm", inputs)
        shapes |= normed(f"{scope}_pointwise", 1, inputs, outputs)
        inputs = outputs
    return with_training(numbers(shapes | classifier("MobilenetV1/Logits/Conv2d_1c_1x1", inputs)), averages=False)


def mobilenet_v2(stem=4, widths=(4,) * 17, last=6):
    """MobileNet v2, with outputs of the first convolution, of the blocks, and of the last convolution."""
    shapes = normed("MobilenetV2/Conv", 3, 3, stem)
    inputs = stem
    for number, outputs in enumerate(widths):
        scope = f"MobilenetV2/expanded_conv_{number}" if number else "MobilenetV2/expanded_conv"
        inner = 6 * inputs if number else inputs
        if number:
            shapes |= normed(f"{scope}/expand", 1, inputs, inner)
        shapes |= depthwise(f"{scope}/depthwise", inner) | norm(f"{scope}/depthwise/BatchNorm", inner)
        shapes |= normed(f"{scope}/project", 1, inner, outputs)
        inputs = outputs
    shapes |= normed("MobilenetV2/Conv_1", 1, inputs, last) | classifier("MobilenetV2/Logits/Conv2d_1c_1x1", last)
    return with_training(numbers(shapes), averages=True)


def resnet(version, units, width=64, classes=CLASSES):
    """A residual network of slim, whose blocks have these numbers of units."""
    scope, kind = f"resnet_v{version}_{3 * sum(units) + 2}", f"bottleneck_v{version}"
    shapes = convolution(f"{scope}/conv1", 7, 3, width)
    shapes |= norm(f"{scope}/conv1/BatchNorm", width) if version == 1 else {f"{scope}/conv1/biases": (width,)}
    inputs = width
    for block, count in enumerate(units, 1):
        inner = width * 2 ** (block - 1)
        for unit in range(1, count + 1):
            here = f"{scope}/block{block}/unit_{unit}/{kind}"
            sizes = [("conv1", 1, inputs, inner), ("conv2", 3, inner, inner), ("conv3", 1, inner, 4 * inner)]
            sizes += [("shortcut", 1, inputs, 4 * inner)] if unit == 1 else []
            for name, *size in sizes:
                is_normed = version == 1 or name in {"conv1", "conv2"}
                shapes |= convolution(f"{here}/{name}", *size)
                shapes |= (
                    norm(f"{here}/{name}/BatchNorm", size[2]) if is_normed else {f"{here}/{name}/biases": (size[2],)}
                )
            shapes |= norm(f"{here}/preact", inputs) if version == 2 else {}
            inputs = 4 * inner
    shapes |= norm(f"{scope}/postnorm", inputs) if version == 2 else {}
    logits = {f"{scope}/logits/weights": (1, 1, inputs, classes), f"{scope}/logits/biases": (classes,)}
    return numbers(shapes | logits) | {f"{scope}/mean_rgb": np.ones(3, np.float32), "global_step": np.int64(7)}


def inception_v3(width=4):
    """Inception v3 with layers of one width; some of slim's names say another size than the layer has."""
    layers = [(f"InceptionV3/{name}", int(name[-1])) for name in INCEPTION_STEM]
    for block in INCEPTION_BLOCKS:
        layers += [(f"InceptionV3/{block}/{name}", size) for name, size in inception_block(block).items()]
    layers += [("InceptionV3/AuxLogits/Conv2d_1b_1x1", 1), ("InceptionV3/AuxLogits/Conv2d_2a_5x5", 5)]
    shapes = {}
    for name, size in layers:
        shapes |= normed(name, size, width, width, gamma=False)
    heads = ("InceptionV3/AuxLogits/Conv2d_2b_1x1", "InceptionV3/Logits/Conv2d_1c_1x1")
    shapes |= {name: shape for head in heads for name, shape in classifier(head, width).items()}
    return numbers(shapes) | {"global_step": np.int64(7)}


INCEPTION_STEM = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"]
INCEPTION_BLOCKS = [f"Mixed_{name}" for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c")]


def inception_block(block):
    """The layers of a block with the sizes of their kernels, in the order of their names as text."""
    wide, high = (1, 7), (7, 1)
    if block.startswith("Mixed_5"):
        second = (
            {"Conv2d_0b_1x1": 1, "Conv_1_0c_5x5": 5}
            if block == "Mixed_5c"
            else {"Conv2d_0a_1x1": 1, "Conv2d_0b_5x5": 5}
        )
        third = {"Conv2d_0a_1x1": 1, "Conv2d_0b_3x3": 3, "Conv2d_0c_3x3": 3}
        branches = [{"Conv2d_0a_1x1": 1}, second, third, {"Conv2d_0b_1x1": 1}]
    elif block == "Mixed_6a":
        branches = [{"Conv2d_1a_1x1": 3}, {"Conv2d_0a_1x1": 1, "Conv2d_0b_3x3": 3, "Conv2d_1a_1x1": 3}]
    elif block.startswith("Mixed_6"):
        second = {"Conv2d_0a_1x1": 1, "Conv2d_0b_1x7": wide, "Conv2d_0c_7x1": high}
        third = {"Conv2d_0a_1x1": 1, "Conv2d_0b_7x1": high, "Conv2d_0c_1x7": wide, "Conv2d_0d_7x1": high}
        branches = [{"Conv2d_0a_1x1": 1}, second, third | {"Conv2d_0e_1x7": wide}, {"Conv2d_0b_1x1": 1}]
    elif block == "Mixed_7a":
        second = {"Conv2d_0a_1x1": 1, "Conv2d_0b_1x7": wide, "Conv2d_0c_7x1": high, "Conv2d_1a_3x3": 3}
        branches = [{"Conv2d_0a_1x1": 1, "Conv2d_1a_3x3": 3}, second]
    else:
        last = "Conv2d_0b_3x1" if block == "Mixed_7b" else "Conv2d_0c_3x1"
        second = {"Conv2d_0a_1x1": 1, "Conv2d_0b_1x3": (1, 3), last: (3, 1)}
        third = {"Conv2d_0a_1x1": 1, "Conv2d_0b_3x3": 3, "Conv2d_0c_1x3": (1, 3), "Conv2d_0d_3x1": (3, 1)}
        branches = [{"Conv2d_0a_1x1": 1}, second, third, {"Conv2d_0b_1x1": 1}]
    return {f"Branch_{at}/{name}": size for at, branch in enumerate(branches) for name, size in branch.items()}
