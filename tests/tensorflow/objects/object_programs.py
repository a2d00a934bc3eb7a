"""Programs that save objects, each written once for TensorFlow 2 and for what stands in for it.

A program takes the module that is ``tf`` and a directory, and returns the prefixes that it wrote.
"""

from collections import OrderedDict, namedtuple

import numpy as np

Point = namedtuple("Point", ["x", "y"])


def variable(tf, folder):
    return [tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(f"{folder}/m")]


def saved_variables(tf, folder):
    checkpoint = tf.train.Checkpoint(b=tf.Variable(1.0, name="bias"), a=tf.Variable([[1, 2], [3, 4]]))
    return [checkpoint.save(f"{folder}/m"), checkpoint.save(f"{folder}/m")]


def written_after_save(tf, folder):
    checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
    return [checkpoint.write(f"{folder}/before"), checkpoint.save(f"{folder}/m"), checkpoint.write(f"{folder}/after")]


def nothing(tf, folder):
    return [tf.train.Checkpoint().write(f"{folder}/m"), tf.train.Checkpoint().save(f"{folder}/n")]


def containers(tf, folder):
    v = tf.Variable
    checkpoint = tf.train.Checkpoint(
        z={"b": v(1.0), "a": {"y/x": v(2.0), "p.q": v(3.0), "": v(4.0), ".S": v(5.0), "ü x": v(6.0)}},
        d=OrderedDict([("second", v(1)), ("first", v(2))]),
        l=[v(1.0), [v(2.0), []], {}],
        c=(v(1.0), {"k": v(2.0)}),
        n=Point(v(1.0), [v(2.0)]),
        gaps=[1, v(1.0), "text", None, v(2.0)],
    )
    return [checkpoint.save(f"{folder}/m")]


def values(tf, folder):
    v = tf.Variable
    tree = {
        "float": v(1.5),
        "int": v(7),
        "bool": v([True, False]),
        "text": v("text"),
        "texts": v([["a", "b"], ["", "ü"]]),
        "double": v(np.float64(0.1)),
        "long": v(np.int64(-(2**40))),
        "bytes": v(np.arange(6, dtype=np.uint8).reshape(2, 3)),
        "empty": v(np.zeros([0, 3], np.float32)),
        "complex": v(1 + 2j),
        "half": v(np.array([1.0, 2.0], np.float16)),
        "brain": v([1.0, 2.0], dtype=tf.bfloat16),
        "big": v(np.arange(100_000, dtype=np.float32).reshape(100, 1000)),
        "typed": v(1, dtype=tf.int64),
    }
    return [tf.train.Checkpoint(**tree).save(f"{folder}/m"), tf.train.Checkpoint(tree=tree).write(f"{folder}/n")]


def shared(tf, folder):
    one = tf.Variable(1.0)
    both = {"v": one}
    return [tf.train.Checkpoint(b=one, a=[one, one], d={"deep": [both]}, e=both).save(f"{folder}/m")]


def added_later(tf, folder):
    checkpoint = tf.train.Checkpoint(b=tf.Variable(1.0))
    checkpoint.z = tf.Variable(2.0)
    first = checkpoint.save(f"{folder}/m")
    checkpoint.a = [tf.Variable(3.0)]
    checkpoint.a.append(tf.Variable(4.0))
    checkpoint.d = {}
    checkpoint.d["k"] = tf.Variable(5.0)
    checkpoint.d.update({"l": tf.Variable(6.0)})
    checkpoint.z = tf.Variable(7.0)
    return [first, checkpoint.save(f"{folder}/m")]


def modules(tf, folder):
    class Layer(tf.Module):
        def __init__(self, size, name=None):
            super().__init__(name=name)
            with self.name_scope:
                self.w = tf.Variable(np.ones([size, size], np.float32), name="w")
            self.b = tf.Variable(np.zeros(size, np.float32), name="b", trainable=False)
            self.size, self.scale, self.nothing = size, np.ones(3), None

    class Net(tf.Module):
        def __init__(self):
            super().__init__()
            self.layers = [Layer(2, name="one"), Layer(3)]
            self.layers.append(Layer(1))
            self.first = self.layers[0]
            self.options = {}
            self.holes = [None, Layer(2)]
            self.inner = Layer(2)
            self.inner = Layer(4)
            del self.first
            self.first = self.layers[0]
            self.me = self

    net = Net()
    names = [
        [v.name for v in net.variables],
        [v.name for v in net.trainable_variables],
        [m.name for m in net.submodules],
    ]
    written = [
        tf.train.Checkpoint(net=net).save(f"{folder}/m"),
        tf.train.Checkpoint(net).save(f"{folder}/root/m"),
        tf.train.Checkpoint(net, step=tf.Variable(3), zoo=[tf.Variable(2.0)], first=net.first).write(f"{folder}/both"),
    ]
    return [*written, str(names)]


def scopes(tf, folder):
    with tf.name_scope("outer"):
        a = tf.Variable(1.0, name="a")
        with tf.name_scope("inner"):
            b = tf.Variable(2.0)
    return [tf.train.Checkpoint(a=a, b=b, c=tf.Variable(3.0)).write(f"{folder}/m")]


def checkpoint_in_checkpoint(tf, folder):
    inner = tf.train.Checkpoint(v=tf.Variable(1.0))
    return [
        inner.save(f"{folder}/inner/m"),
        tf.train.Checkpoint(c=inner).save(f"{folder}/m"),
        tf.train.Checkpoint(inner).save(f"{folder}/root/m"),
        tf.train.Checkpoint(inner, w=tf.Variable(1.0)).save(f"{folder}/root/m"),
    ]


def counters(tf, folder):
    checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
    options = tf.train.CheckpointOptions(enable_async=True)
    checkpoint.write(f"{folder}/async", options)
    checkpoint.sync()
    checkpoint.restore(f"{folder}/async")
    checkpoint.v.assign_add(2.0)
    return [f"{folder}/async", checkpoint.save(f"{folder}/m")]


def many(tf, folder):
    return [tf.train.Checkpoint(all=[tf.Variable(float(at)) for at in range(500)]).save(f"{folder}/m")]


PROGRAMS = [
    variable,
    saved_variables,
    written_after_save,
    nothing,
    containers,
    values,
    shared,
    added_later,
    modules,
    scopes,
    checkpoint_in_checkpoint,
    counters,
    many,
]
