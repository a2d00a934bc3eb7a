"""Programs that save objects, one for each way in which TensorFlow and Keras hold variables, and what is true of each.

``python -m tests.tensorflow.object_programs`` writes what they give to ``tests/golden/object_graphs``: the graph of
objects as TensorFlow serialized it, and a line for each tensor with its key, its name and what it is for.

The truth is TensorFlow's own. A program saves its model without an optimizer first: then there is no way to a weight
but through the model, and the path in its key is its name. Which tensor is which is told by values that no two share.
"""

import collections
import os
import re
import sys
from pathlib import Path

import numpy as np

GRAPHS = Path(__file__).parents[1] / "golden" / "object_graphs"
GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"

_FIRST = 1000.5
"""Values of weights start here; no other value of these programs is as large."""

_STEPS = re.compile(r"(?:.*/)?(?:save_counter|iter|_?iterations|step)")
_AVERAGES = re.compile(r".*/moving_(?:mean|variance)")


def unescaped(key):
    """Return what TensorFlow's key says of the path, as people write it."""
    path, _, attribute = key.rpartition("/.ATTRIBUTES/")
    path = re.sub(r"\.[.S]", lambda found: "/" if found[0] == ".S" else ".", path)
    return path if attribute == "VARIABLE_VALUE" and path else f"{path}/{attribute}".lstrip("/")


class Program:
    """A program that saves objects.

    Args:
        tf: TensorFlow.
        directory: Where it writes.

    Attributes:
        graph: The graph of objects, serialized.
        truth: A line for each tensor: key, name and group, with tabs between.
    """

    def __init__(self, tf, directory):
        self.tf = tf
        self.prefix = os.fspath(directory / "saved")
        self.graph, self.truth = b"", []
        self._weights: set[float] = set()
        self._names: dict[float, str] = {}

    def model(self, variables, *root, **objects):
        """Save a model that has no optimizer yet; weights are called as their keys say."""
        for number, variable in enumerate(variables):
            variable.assign(np.full(variable.shape, _FIRST + number))
            self._weights.add(_FIRST + number)
        stored = self._read(self.tf.train.Checkpoint(*root, **objects).write(self.prefix))
        self._names = {value: unescaped(key) for key, value in stored.items() if value in self._weights}

    def whole(self, *root, **objects):
        """Save everything that there is."""
        self.take(self.tf.train.Checkpoint(*root, **objects).write(self.prefix))

    def take(self, prefix):
        """Take what is saved under a prefix for what is to be told."""
        self.graph = self.tf.train.load_checkpoint(prefix).get_tensor(GRAPH_KEY)
        stored = self._read(prefix)
        self.truth = sorted("\t".join((key, *self._told(key, value))) for key, value in stored.items())

    def _read(self, prefix):
        """The largest value of each tensor, None of what is no float, by key."""
        reader = self.tf.train.load_checkpoint(prefix)
        dtypes = reader.get_variable_to_dtype_map().items()
        return {
            key: float(np.max(reader.get_tensor(key), initial=0)) if dtype.is_floating else None
            for key, dtype in dtypes
            if key != GRAPH_KEY
        }

    def _told(self, key, value):
        is_weight = not self._weights or value in self._weights
        name = self._names.get(value, unescaped(key))
        if _STEPS.fullmatch(name):
            return name, "step"
        if not is_weight:
            return name, "optimizer slot"
        return name, "moving average" if _AVERAGES.fullmatch(name) else "weights"


def checkpoint_of_variables(tf, program):
    checkpoint = tf.train.Checkpoint(b=tf.Variable([1.0], name="named"), a=tf.Variable(2.0))
    checkpoint.late = tf.Variable(3)
    program.take(checkpoint.save(program.prefix))


def root_and_more(tf, program):
    root = tf.Module()
    root.w = tf.Variable([1.0])
    program.whole(root, extra=tf.Variable(1.0))


def containers(tf, program):
    pair = collections.namedtuple("Pair", "left right")
    v = tf.Variable
    program.whole(
        d={"y/x": v(1.0), "p.q": v(2.0), "": v(3.0), "ü z": v(4.0), "nested": {"b": v(5.0), "a": v(6.0)}},
        l=[v(1.0), [v(2.0)], 7, {}],
        t=(v(1.0), (v(2.0),)),
        n=pair(v(1.0), v(2.0)),
    )


def modules(tf, program):
    root, inner = tf.Module(), tf.Module()
    inner.linear, inner.momentum = tf.Variable([1.0]), tf.Variable([2.0])
    inner.owner = root
    root.deep = {"alias": [inner]}
    root.inner = inner
    root.empty = {}
    program.whole(module=root)


def _applied(tf, optimizer, *variables):
    with tf.GradientTape() as tape:
        loss = sum(tf.reduce_sum(variable**2) for variable in variables)
    gradients = tape.gradient(loss, variables)
    values = [variable.numpy() for variable in variables]
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return optimizer


def _v1(tf, program, optimizer):
    v, w = tf.Variable([1.0], name="v"), tf.Variable([2.0], name="scope/w")
    program.model([v, w], v=v, net={"w": w})
    program.whole(a_first=_applied(tf, optimizer, v, w), v=v, net={"w": w})


def v1_adam(tf, program):
    _v1(tf, program, tf.compat.v1.train.AdamOptimizer())


def v1_momentum(tf, program):
    _v1(tf, program, tf.compat.v1.train.MomentumOptimizer(0.1, 0.9))


def _layers(keras):
    layers = keras.layers
    return [layers.Input((3,)), layers.Dense(4), layers.BatchNormalization(), layers.Dense(2)]


def _trained(program, model, optimizer):
    """Save a model of Keras with and without an optimizer that has all its variables."""
    program.model(model.variables, model=model)
    values = model.get_weights()
    model.compile(optimizer, "mse")
    shape = (4, *model.input_shape[1:])
    model.fit(np.ones(shape), np.ones((4, *model.output_shape[1:])), verbose=0)
    model.set_weights(values)
    program.whole(model=model)
    return model


def tf_keras_adam(tf, program):
    _trained(program, _tf_keras().Sequential(_layers(_tf_keras())), "adam")


def tf_keras_functional_sgd(tf, program):
    keras = _tf_keras()
    first = keras.layers.Input((3,))
    hidden = keras.layers.Dense(4, name="hidden")(first)
    model = keras.Model(first, keras.layers.add([keras.layers.Dense(4)(hidden), hidden]))
    _trained(program, model, keras.optimizers.SGD(0.1, momentum=0.9))


def tf_keras_legacy_adam(tf, program):
    keras = _tf_keras()
    _trained(program, keras.Sequential(_layers(keras)), keras.optimizers.legacy.Adam(amsgrad=True))


def tf_keras_legacy_sgd(tf, program):
    keras = _tf_keras()
    model = _trained(program, keras.Sequential(_layers(keras)), keras.optimizers.legacy.SGD(0.1))
    program.whole(a_first=model.optimizer, model=model)


def tf_keras_loss_scale(tf, program):
    keras = _tf_keras()
    optimizer = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.Adam())
    _trained(program, keras.Sequential(_layers(keras)), optimizer)


def tf_keras_legacy_loss_scale(tf, program):
    keras = _tf_keras()
    optimizer = keras.mixed_precision.LossScaleOptimizer(keras.optimizers.legacy.Adam())
    _trained(program, keras.Sequential(_layers(keras)), optimizer)


def tf_keras_subclass(tf, program):
    keras = _tf_keras()

    class Scale(keras.layers.Layer):
        def build(self, _):
            self.factor = self.add_weight(name="by_name", shape=(2,))

        def call(self, values):
            return values * self.factor

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.many = [keras.layers.Dense(2), keras.layers.Dense(2)]
            self.by_key = {"a": keras.layers.Dense(2)}
            self.scale = Scale()

        def call(self, values):
            for layer in (*self.many, self.by_key["a"], self.scale):
                values = layer(values)
            return values

    net = Net()
    net(np.ones((1, 3)))
    _built(program, net, keras.optimizers.Adam())


def _built(program, net, optimizer):
    """The same of a model that does not know its shapes."""
    program.model(net.variables, net=net)
    optimizer.build(net.trainable_variables)
    net.optimizer = optimizer
    program.whole(net=net)


def tf_keras_attention_and_recurrence(tf, program):
    keras = _tf_keras()
    first = keras.layers.Input((3, 4))
    hidden = keras.layers.MultiHeadAttention(2, 2)(first, first)
    model = keras.Model(first, keras.layers.GRU(2)(keras.layers.LSTM(2, return_sequences=True)(hidden)))
    program.model(model.variables, model=model)
    program.whole(model=model)


def tf_keras_weights(tf, program):
    """What ``save_weights`` writes has the model as its root."""
    keras = _tf_keras()
    model = keras.Sequential(_layers(keras))
    model.save_weights(program.prefix, save_format="tf")
    program.take(program.prefix)


def keras_adam(tf, program):
    _trained(program, _keras().Sequential(_layers(_keras())), "adam")


def keras_root(tf, program):
    keras = _keras()
    model = keras.Sequential(_layers(keras))
    program.model(model.variables, model)
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    program.whole(model)


def keras_with_optimizer_beside(tf, program):
    keras = _keras()
    model = _trained(program, keras.Sequential(_layers(keras)), "adam")
    program.whole(an_optimizer=model.optimizer, model=model)


def keras_functional(tf, program):
    keras = _keras()
    first = keras.layers.Input((3,))
    hidden = keras.layers.Dense(4, name="hidden")(first)
    model = keras.Model(first, keras.layers.add([keras.layers.Dense(4)(hidden), hidden]))
    _trained(program, model, keras.optimizers.SGD(0.1, momentum=0.9))


def keras_loss_scale(tf, program):
    keras = _keras()
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())
    _trained(program, keras.Sequential(_layers(keras)), optimizer)


def keras_recurrence(tf, program):
    keras = _keras()
    layers = keras.layers
    model = keras.Sequential([layers.Input((3,)), layers.Embedding(5, 2), layers.LSTM(2, dropout=0.1), layers.Dense(2)])
    _trained(program, model, keras.optimizers.Ftrl())


def keras_subclass(tf, program):
    keras = _keras()

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = keras.layers.Dense(4), keras.layers.Dense(2)

        def call(self, values):
            return self.two(self.one(values))

    net = Net()
    net(np.ones((1, 3)))
    _compiled(program, net)


def keras_lost_list(tf, program):
    """Keras 3 does not save the layers of a list; an optimizer knows them."""
    keras = _keras()

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.one, self.many = keras.layers.Dense(4), [keras.layers.Dense(4), keras.layers.Dense(2)]

        def call(self, values):
            for layer in (self.one, *self.many):
                values = layer(values)
            return values

    net = Net()
    net(np.ones((1, 3)))
    _compiled(program, net)


def _compiled(program, net):
    program.model(net.variables, net=net)
    net.compile("adam", "mse")
    net.optimizer.build(net.trainable_variables)
    program.whole(net=net)


def keras_export(tf, program):
    keras = _keras()
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    model.export(program.prefix, verbose=False)
    program.take(f"{program.prefix}/variables/variables")


def tables_and_iterators(tf, program):
    table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    table.insert(["a"], [1])
    dense = tf.lookup.experimental.DenseHashTable(tf.int64, tf.int64, -1, -2, -3)
    static = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), 0)
    iterator = iter(tf.data.Dataset.range(3))
    program.whole(
        table=table, deep={"dense": dense}, static=static, rows=iterator, random=tf.random.Generator.from_seed(1)
    )


def python_state(tf, program):
    class State(tf.train.experimental.PythonState):
        def serialize(self):
            return "state"

        def deserialize(self, _):
            pass

    program.whole(state=State(), v=tf.Variable(1.0))


def distributed(tf, program):
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        mirrored = tf.Variable([1.0], name="mirrored")
    program.whole(m=mirrored)


def synchronized_on_read(tf, program):
    """A variable of which each replica has its own."""
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        when, how = tf.VariableSynchronization.ON_READ, tf.VariableAggregation.SUM
        read = tf.Variable([1.0], synchronization=when, aggregation=how, name="on_read", trainable=False)
    program.whole(r=read)


def sharded(tf, program):
    from tensorflow.python.distribute.sharded_variable import ShardedVariable

    parts = [tf.Variable([[1.0, 2.0]], name=f"part_{at}") for at in range(2)]
    program.whole(s=ShardedVariable(parts, name="sharded"), after=tf.Variable(3.0))


def without_values(tf, program):
    """Functions, datasets and empty containers are objects, and have none."""
    module = tf.Module()
    module.call = tf.function(lambda x: x + 1)
    module.rows = tf.data.Dataset.range(3)
    module.empty, module.none = {}, [None]
    module.w = tf.Variable([1.0])
    program.whole(module=module)


def keras_attention(tf, program):
    keras = _keras()
    first = keras.layers.Input((3, 4))
    hidden = keras.layers.LayerNormalization()(keras.layers.MultiHeadAttention(2, 2)(first, first))
    model = keras.Model(first, keras.layers.GRU(2)(hidden))
    program.model(model.variables, model=model)
    program.whole(model=model)


def keras_mixed_precision(tf, program):
    keras = _keras()
    layers = [keras.layers.Dense(4, dtype="mixed_float16"), keras.layers.Dense(2, dtype="float32")]
    _trained(program, keras.Sequential([keras.layers.Input((3,)), *layers]), keras.optimizers.Adam())


def _keras():
    import keras

    keras.utils.clear_session()
    return keras


def _tf_keras():
    import tf_keras

    tf_keras.backend.clear_session()
    return tf_keras


PROGRAMS = {
    program.__name__: program
    for program in (
        checkpoint_of_variables,
        root_and_more,
        containers,
        modules,
        v1_adam,
        v1_momentum,
        tf_keras_adam,
        tf_keras_functional_sgd,
        tf_keras_legacy_adam,
        tf_keras_legacy_sgd,
        tf_keras_loss_scale,
        tf_keras_legacy_loss_scale,
        tf_keras_subclass,
        tf_keras_attention_and_recurrence,
        tf_keras_weights,
        keras_adam,
        keras_root,
        keras_with_optimizer_beside,
        keras_functional,
        keras_loss_scale,
        keras_recurrence,
        keras_subclass,
        keras_lost_list,
        keras_export,
        tables_and_iterators,
        python_state,
        distributed,
        synchronized_on_read,
        sharded,
        without_values,
        keras_attention,
        keras_mixed_precision,
    )
}


def run(name, tf, directory):
    """Run one of the programs, and return it."""
    program = Program(tf, directory)
    PROGRAMS[name](tf, program)
    return program


if __name__ == "__main__":
    import tempfile

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow

    GRAPHS.mkdir(exist_ok=True)
    for wanted in sys.argv[1:] or PROGRAMS:
        with tempfile.TemporaryDirectory() as folder:
            ran = run(wanted, tensorflow, Path(folder))
        (GRAPHS / f"{wanted}.pb").write_bytes(ran.graph)
        (GRAPHS / f"{wanted}.txt").write_text("".join(f"{line}\n" for line in ran.truth), encoding="utf-8")
