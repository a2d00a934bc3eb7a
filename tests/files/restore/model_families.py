"""Names and shapes of variables as families of models have them, small, for restores whose names differ."""

from __future__ import annotations

BATCH_NORM = ("gamma", "beta", "moving_mean", "moving_variance")

Shapes = dict[str, tuple[int, ...]]


def prefixed(shapes: Shapes, prefix: str) -> Shapes:
    """Return the variables below a scope."""
    return {prefix + name: shape for name, shape in shapes.items()}


def replaced(shapes: Shapes, *changes: tuple[str, str]) -> Shapes:
    """Return the variables with texts in their names replaced, one after the other."""
    return {replaced_name(name, *changes): shape for name, shape in shapes.items()}


def replaced_name(name: str, *changes: tuple[str, str]) -> str:
    """Return a name with texts in it replaced, one after the other."""
    for old, new in changes:
        name = name.replace(old, new)
    return name


def with_slots(shapes: Shapes, *slots: str) -> Shapes:
    """Return the variables, each followed by its slots; a slot is what its name has beyond the variable's."""
    return {name + slot: shape for name, shape in shapes.items() for slot in ("", *slots)}


def dense(name: str, inputs: int, units: int) -> Shapes:
    """Return a dense layer's variables."""
    return {f"{name}/kernel": (inputs, units), f"{name}/bias": (units,)}


def batch_norm(name: str, channels: int) -> Shapes:
    """Return the variables of a batch normalization."""
    return {f"{name}/{part}": (channels,) for part in BATCH_NORM}


def bert(layers: int, width: int = 16, *, pooler: bool = True) -> Shapes:
    """Return BERT's variables."""
    shapes: Shapes = {
        "bert/embeddings/word_embeddings": (100, width),
        "bert/embeddings/LayerNorm/gamma": (width,),
        "bert/embeddings/LayerNorm/beta": (width,),
    }
    for layer in range(layers):
        scope = f"bert/encoder/layer_{layer}"
        for part in ("attention/self/query", "attention/self/key", "attention/self/value", "attention/output/dense"):
            shapes |= dense(f"{scope}/{part}", width, width)
        shapes |= dense(f"{scope}/intermediate/dense", width, 4 * width)
        shapes |= dense(f"{scope}/output/dense", 4 * width, width)
        shapes |= {
            f"{scope}/{part}/LayerNorm/{leaf}": (width,)
            for part in ("attention/output", "output")
            for leaf in ("gamma", "beta")
        }
    return shapes | (dense("bert/pooler/dense", width, width) if pooler else {})


def torch_bert(layers: int, width: int = 16) -> dict[str, str]:
    """Return TensorFlow's name by PyTorch's."""
    changes = (("layer_", "layer."), ("/", "."), ("kernel", "weight"), ("gamma", "weight"), ("beta", "bias"))
    names = {replaced_name(name, *changes): name for name in bert(layers, width)}
    return {name + ("" if not name.endswith("_embeddings") else ".weight"): old for name, old in names.items()}


def t5(blocks: int, width: int = 8) -> Shapes:
    """Return the variables of T5's encoder, as Mesh TensorFlow names them."""
    shapes: Shapes = {"shared/embedding": (50, width), "encoder/final_layer_norm/scale": (width,)}
    for block in range(blocks):
        scope = f"encoder/block_{block:03d}"
        shapes |= {f"{scope}/layer_000/SelfAttention/{part}": (width, width) for part in "qkvo"}
        shapes |= {f"{scope}/layer_{layer:03d}/layer_norm/scale": (width,) for layer in (0, 1)}
        shapes[f"{scope}/layer_001/DenseReluDense/wi/kernel"] = (width, 4 * width)
        shapes[f"{scope}/layer_001/DenseReluDense/wo/kernel"] = (4 * width, width)
    return shapes


def torch_t5(blocks: int) -> dict[str, str]:
    """Return Mesh TensorFlow's name by PyTorch's."""
    changes = (("block_00", "block."), ("layer_00", "layer."), ("/kernel", ""), ("/scale", ""), ("/", "."))
    names = {replaced_name(name, *changes) + ".weight": name for name in t5(blocks)}
    return {"shared.weight" if new.startswith("shared") else new: old for new, old in names.items()}


def mobilenet(layers: int) -> Shapes:
    """Return the variables of slim's MobileNet v1."""
    shapes: Shapes = {"MobilenetV1/Conv2d_0/weights": (3, 3, 3, 8)} | batch_norm("MobilenetV1/Conv2d_0/BatchNorm", 8)
    for layer in range(1, layers + 1):
        scope = f"MobilenetV1/Conv2d_{layer}"
        shapes |= {f"{scope}_depthwise/depthwise_weights": (3, 3, 8, 1), f"{scope}_pointwise/weights": (1, 1, 8, 8)}
        shapes |= batch_norm(f"{scope}_depthwise/BatchNorm", 8) | batch_norm(f"{scope}_pointwise/BatchNorm", 8)
    return shapes | {
        "MobilenetV1/Logits/Conv2d_1c_1x1/weights": (1, 1, 8, 10),
        "MobilenetV1/Logits/Conv2d_1c_1x1/biases": (10,),
    }


def resnet(units: tuple[int, ...] = (2, 3), width: int = 8) -> Shapes:
    """Return the variables of slim's ResNet v1."""
    shapes: Shapes = {"resnet_v1_50/conv1/weights": (7, 7, 3, width)} | batch_norm(
        "resnet_v1_50/conv1/BatchNorm", width
    )
    for block, count in enumerate(units, 1):
        for unit in range(1, count + 1):
            for conv in ("conv1", "conv2", "conv3"):
                scope = f"resnet_v1_50/block{block}/unit_{unit}/bottleneck_v1/{conv}"
                shapes |= {f"{scope}/weights": (3, 3, width, width)} | batch_norm(f"{scope}/BatchNorm", width)
    return shapes | {"resnet_v1_50/logits/weights": (1, 1, width, 10), "resnet_v1_50/logits/biases": (10,)}


def keras_cnn(first: int = 0, blocks: int = 3, classes: int = 10) -> Shapes:
    """Return a Keras model's variables in order: convolutions and normalizations by turns, two dense layers.

    Args:
        first: How many such models the session has made before.
        blocks: Pairs of a convolution and a normalization.
        classes: Units of the last layer.
    """
    shapes: Shapes = {}
    for block in range(blocks):
        number = first * blocks + block
        shapes |= {f"{numbered('conv2d', number)}/kernel": (3, 3, 8, 8), f"{numbered('conv2d', number)}/bias": (8,)}
        shapes |= batch_norm(numbered("batch_normalization", number), 8)
    return shapes | dense(numbered("dense", 2 * first), 8, 8) | dense(numbered("dense", 2 * first + 1), 8, classes)


def numbered(base: str, number: int) -> str:
    """Return a name as TensorFlow and Keras number it: the first without a number."""
    return f"{base}_{number}" if number else base


def object_keys(shapes: Shapes) -> dict[str, str]:
    """Return a Keras model's variable by the key that a checkpoint of objects has for it."""
    layers = list(dict.fromkeys(name.rpartition("/")[0] for name in shapes))
    return {
        f"layer_with_weights-{layers.index(scope)}/{leaf}/.ATTRIBUTES/VARIABLE_VALUE": f"{scope}/{leaf}"
        for scope, _, leaf in (name.rpartition("/") for name in shapes)
    }
