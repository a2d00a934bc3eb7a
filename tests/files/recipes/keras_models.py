"""Names and shapes of what Keras 2 saves of a model in TensorFlow's format, in the order that Keras wants them in."""

import numpy as np

END = "/.ATTRIBUTES/VARIABLE_VALUE"
LAYERS = {
    "layer_with_weights-0": ["depthwise_kernel", "pointwise_kernel", "bias"],
    "layer_with_weights-1": ["gamma", "beta", "moving_mean", "moving_variance"],
    "layer_with_weights-2": [
        f"_{part}_dense/{last}" for part in ("query", "key", "value", "output") for last in ("kernel", "bias")
    ],
    "layer_with_weights-3": [
        f"{way}_layer/cell/{last}" for way in ("forward", "backward") for last in ("kernel", "recurrent_kernel", "bias")
    ],
    "layer_with_weights-4": ["layer/kernel", "layer/bias"],
    "layer_with_weights-5": ["embeddings"],
    # A model in the model: all that is trained comes first.
    "layer_with_weights-6": [
        *(f"layer_with_weights-0/{last}" for last in ("kernel", "bias")),
        *(f"layer_with_weights-1/{last}" for last in ("gamma", "beta")),
        *(f"layer_with_weights-2/{last}" for last in ("kernel", "bias")),
        *(f"layer_with_weights-1/{last}" for last in ("moving_mean", "moving_variance")),
    ],
    **{f"layer_with_weights-{at}": ["kernel", "bias"] for at in range(7, 12)},
}


def in_order():
    """Arrays by their names, without what all end in."""
    names = [f"{layer}/{last}" for layer, weights in LAYERS.items() for last in weights]
    return {name: np.full(2, at, np.float32) for at, name in enumerate(names)}


def keras_2():
    """As TensorFlow has it: in the order of the names, with slots and what it notes for itself."""
    arrays = in_order()
    slots = {f"{name}/.OPTIMIZER_SLOT/optimizer/m": array + 1 for name, array in arrays.items() if "moving" not in name}
    others = {"save_counter": np.int64(1), "optimizer/iter": np.int64(3), "optimizer/learning_rate": np.float32(0.1)}
    found = arrays | slots | others
    found |= {"layer_with_weights-12/scale": np.zeros(2, np.float32)}
    return {f"{name}{END}": found[name] for name in sorted(found)}
