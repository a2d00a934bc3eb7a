"""The same models by tf_keras and by Keras 3, with random weights, of every kind of layer that has its own rule."""

import numpy as np


def convolutions(library):
    layers = library.layers
    return library.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.SeparableConv2D(4, 3, depth_multiplier=2),
            layers.BatchNormalization(),
            *(layers.Conv2D(4, 1) for _ in range(11)),  # of equal shapes, and more than nine
            layers.DepthwiseConv2D(3),
            layers.PReLU(),
            layers.Conv2DTranspose(4, 3),
            layers.Dropout(0.5),
            layers.LayerNormalization(),
            layers.GroupNormalization(2),
            layers.Flatten(),
            layers.Dense(3, name="head"),
        ]
    )


def recurrent(library):
    layers = library.layers
    words = library.Input((6,))
    found = layers.Embedding(11, 4)(words)
    found = layers.MultiHeadAttention(2, 2)(found, found)
    found = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(found)
    found = layers.TimeDistributed(layers.Dense(4))(found)
    found = layers.GRU(4, return_sequences=True, name="mine")(found)
    found = layers.GRU(4, return_sequences=True, reset_after=False)(found)
    return library.Model(words, layers.SimpleRNN(4)(found))


def nested(library):
    layers = library.layers
    numbers = library.Input((4,))
    norm = library.Model(numbers, layers.Dense(4)(layers.BatchNormalization()(numbers)))
    blurred = library.Sequential([layers.Input((4,)), layers.Dropout(0.1), layers.Activation("relu")], name="blur")
    inner = library.Sequential([layers.Input((4,)), layers.Dense(4), layers.BatchNormalization(), norm])
    whole = library.Input((4,))
    found = layers.Dense(4, name="first")(blurred(whole))
    return library.Model(whole, layers.Dense(2)(inner(inner(found))))  # a layer that is called twice is one


def deferred(library):
    layers = library.layers
    inner = library.Sequential([layers.Dense(4), layers.Dense(4)])
    model = library.Sequential([layers.Dropout(0.1), layers.Dense(4), inner])
    model(np.zeros((1, 4), np.float32))
    return model


def subclass(library):
    layers = library.layers

    class Block(layers.Layer):
        def __init__(self):
            super().__init__()
            self.z = layers.Dense(4)
            self.norm = layers.BatchNormalization()

        def build(self, shape):
            self.scale = self.add_weight(name="scale", shape=(4,))
            super().build(shape)

        def call(self, inputs):
            return self.norm(self.z(inputs)) * self.scale

    class Whole(library.Model):
        def __init__(self):
            super().__init__()
            self.zeroth = layers.Dense(4)  # behind "layers" in the order in which Keras 3 looks at attributes
            self.blocks = [Block(), Block(), layers.Dense(4), [layers.Dense(4)]]
            self.table = {"k": layers.Dense(4), "a": layers.Dense(4)}
            self.alone = Block()
            self.again = self.zeroth

        def build(self, shape):
            self.own = self.add_weight(name="own", shape=(4,))
            super().build(shape)

        def call(self, inputs):
            found = self.alone(self.zeroth(inputs)) + self.own
            for layer in (*self.blocks[:3], self.blocks[3][0], *self.table.values()):
                found = layer(found)
            return found

    model = Whole()
    model(np.zeros((1, 4), np.float32))
    return model


def trained(library):
    layers = library.layers
    return library.Sequential([layers.Input((4,)), layers.Dense(3), layers.BatchNormalization(), layers.Dense(2)])


def branched(library):
    layers = library.layers
    left, right = library.Input((4,)), library.Input((4,))
    shared = layers.Dense(4)
    joint = layers.Add()([shared(left), layers.Dense(4)(shared(right))])
    return library.Model([left, right], layers.Add()([layers.Dense(2)(joint), layers.Dense(2)(layers.Dense(4)(joint))]))


def mixed(library):
    layers = library.layers
    library.mixed_precision.set_global_policy("mixed_float16")
    try:
        return library.Sequential([layers.Input((4,)), layers.Dense(4), layers.BatchNormalization(), layers.Dense(2)])
    finally:
        library.mixed_precision.set_global_policy("float32")


SAID = {
    nested: ["*layer-1=Sequential", "*layer_with_weights-1/layer_with_weights-2=Functional"],
    subclass: ["re:.*blocks/[01]=Block", "*table=dict"],
}
"""What has to be said of layers."""


def made(make, library):
    """Return a model with names that count anew, as in a new program, and random weights."""
    library.backend.clear_session()
    model = make(library)
    random = np.random.default_rng(0)
    model.set_weights([random.uniform(0.1, 1, array.shape) for array in model.get_weights()])
    return model


def inputs_of(model):
    """Return inputs that every model takes."""
    shapes = [one.shape for one in getattr(model, "inputs", None) or ()] or [(None, 4)]
    random = np.random.default_rng(1)
    found = [random.integers(0, 11, (2, *shape[1:])).astype(np.float32) for shape in shapes]
    return found if len(found) > 1 else found[0]


def assert_same_answers(expected, model):
    """Assert that two models say the same of the same."""
    inputs = inputs_of(expected)
    np.testing.assert_allclose(np.asarray(model(inputs)), np.asarray(expected(inputs)), rtol=1e-4, atol=1e-5)
