"""Programs in TensorFlow 1's style, and the names of ours that they run on.

Each takes the module that it is to use: ``tensorflow.compat.v1``, or OURS.
"""

from types import SimpleNamespace

import numpy as np

from ckpt_magics.files.formats import dtypes
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.nodes import build, random_values
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.variables import initialization, initializers, partition, variable_scope
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.graphs.variables.variable_store import AUTO_REUSE


def uninitialized(tf):
    tf.report_uninitialized_variables()
    tf.Variable(1.0, name="a", use_resource=False)
    tf.Variable([1.0, 2.0], name="b", use_resource=True)
    tf.Variable(3, name="c", use_resource=False, collections=["local_variables"])
    tf.report_uninitialized_variables()
    tf.report_uninitialized_variables(tf.global_variables()[:1], name="first")


def seed_references(tf):
    tf.Variable([[1, 2, 3], [3, 4, 5]], dtype=tf.float32, name="weight", use_resource=False)
    tf.Variable([1, 2, 3], dtype=tf.float32, name="biases", use_resource=False)
    tf.global_variables_initializer()


def seed_resources(tf):
    tf.Variable([[1, 2, 3], [3, 4, 5]], dtype=tf.float32, name="weight", use_resource=True)
    tf.Variable([1, 2, 3], dtype=tf.float32, name="biases", use_resource=True)
    tf.global_variables_initializer()


def references(tf):
    tf.Variable(lambda: tf.zeros([2]), name="c", use_resource=False, trainable=False)
    v = tf.Variable(tf.random_normal([2, 3], stddev=0.35), name="r", use_resource=False)
    tf.Variable(tf.zeros([1]), use_resource=False, validate_shape=False)
    tf.Variable(np.arange(4.0), use_resource=False)
    v.assign(tf.ones([2, 3]))
    v.assign_add(tf.ones([2, 3]))
    v.assign_sub(tf.ones([2, 3]), use_locking=True)
    tf.assign(v, tf.ones([2, 3]))
    tf.assign_add(v, v)
    v.read_value()
    tf.identity(v.value())
    _ = v + 1.0
    tf.variables_initializer([v], name="only")
    tf.local_variables_initializer()
    tf.is_variable_initialized(v)


def resources(tf):
    v = tf.Variable([[1.0, 2, 3], [3, 4, 5]], name="r", use_resource=True)
    tf.Variable(lambda: tf.zeros([2], tf.int32), use_resource=True, trainable=False)
    with tf.name_scope("q"):
        a = v.assign(tf.ones([2, 3]))
        v.assign_add(tf.ones([2, 3]))
        v.assign_sub(tf.ones([2, 3]), use_locking=True)
        v.assign(tf.ones([2, 3]), read_value=False)
    tf.identity(a, name="ia")
    tf.assign(v, tf.ones([2, 3]))
    tf.assign_add(v, v)
    v.read_value()
    v.value()
    tf.identity(v)
    _ = v + 1.0, v * v, 1.0 - v, -v, v[0]
    tf.matmul(v, v, transpose_b=True)
    tf.group(a)
    with tf.control_dependencies([v.assign(tf.ones([2, 3]))]):
        tf.identity(v)
    tf.is_variable_initialized(v)


def constants(tf):
    for value in (1, 2.5, True, "text", b"bytes", 1 + 2j, [1, 2], [[1.5]], [], ["a", b"bc"], 2**40, np.float64(2)):
        tf.constant(value)
    for array in (np.zeros((0, 3)), np.arange(6, dtype=np.uint8).reshape(2, 3), np.array([1, 2], np.int64)):
        tf.constant(array)
    tf.constant([[1.5, 2]], tf.float16)
    tf.constant(1, shape=[2, 2])
    tf.constant([1, 2, 3, 4], shape=[2, 2], dtype=tf.int64)
    for make in (tf.zeros, tf.ones):
        for shape in ([], [1], [3, 4], [0], [2000]):
            make(shape)
        make([2], tf.int32)
        make([2], tf.bool)
        make([2], tf.complex64)
    tf.zeros([2], tf.string)
    tf.fill([2, 3], 5.0)


def randoms(tf):
    tf.random_normal([2])
    tf.random_uniform([2, 2])
    tf.random_uniform([2], -1, 1, seed=4)
    tf.random_uniform([2], 0, 10, dtype=tf.int32, seed=1)
    tf.truncated_normal([], name="tn", dtype=tf.float64)
    tf.set_random_seed(5)
    tf.random_normal([2])
    tf.truncated_normal([2], seed=0)
    tf.random_uniform([2])


def scopes(tf):
    with tf.name_scope("a"):
        tf.constant(1, name="c")
        with tf.name_scope("b") as inner:
            tf.constant(1, name="c")
            tf.constant(1, name="C")
    with tf.name_scope("a"):
        tf.constant(1, name="c")
        tf.constant(1, name="c")
        tf.constant(1, name="c_1")
    with tf.name_scope(inner):
        tf.constant(1, name="c")
        with tf.name_scope(None):
            tf.constant(1, name="top")
    with tf.variable_scope("v"):
        tf.get_variable("x", [1], use_resource=False)
        tf.constant(0, name="k")
        with tf.variable_scope("in"):
            tf.get_variable("x", [1], use_resource=False)
            tf.Variable(1.0, use_resource=False)
    with tf.variable_scope("v", reuse=True):
        tf.get_variable("x", [1])
        tf.constant(0, name="k")
    with tf.variable_scope("v", reuse=tf.AUTO_REUSE) as scope:
        tf.get_variable("x", [1])
        tf.get_variable("y", [1], use_resource=True)
    with tf.variable_scope(scope):
        tf.get_variable("z", [1], use_resource=False)
        tf.constant(0, name="k")
    with tf.variable_scope(scope, auxiliary_name_scope=False):
        tf.get_variable("z2", [1], use_resource=False)
        tf.constant(0, name="k")
    for _ in range(3):
        with tf.variable_scope(None, "def"), tf.variable_scope(None, "sub"):
            tf.get_variable("x", [1], use_resource=False)


def initial_values(tf):
    made = [
        None, tf.zeros_initializer(), tf.ones_initializer(), tf.constant_initializer(3.0),
        tf.random_normal_initializer(),
        tf.random_uniform_initializer(-1, 1, seed=3), tf.truncated_normal_initializer(stddev=0.1),
        tf.glorot_uniform_initializer(), tf.glorot_normal_initializer(), tf.variance_scaling_initializer(),
        tf.variance_scaling_initializer(2.0, "fan_out", "untruncated_normal"), tf.uniform_unit_scaling_initializer(),
        tf.zeros_initializer,
    ]  # fmt: skip
    for use_resource in (False, True):
        for initializer in made:
            for shape in ([3, 4], [5], [2, 2, 3, 4]):
                with tf.variable_scope(None, "s"):
                    tf.get_variable("v", shape, initializer=initializer, use_resource=use_resource)
        with tf.variable_scope("r" if use_resource else "c"):
            tf.get_variable("v", initializer=tf.constant([1.0, 2.0]), use_resource=use_resource)
            tf.get_variable("a", initializer=np.ones((2,), np.float32), use_resource=use_resource)
            tf.get_variable("i", [2], tf.int32, use_resource=use_resource)
            tf.get_variable("b", [2], tf.bool, use_resource=use_resource)
            tf.get_variable("s", (), initializer=tf.constant_initializer([5.0]), use_resource=use_resource)
            tf.get_variable("z", [2000], initializer=tf.zeros_initializer(), use_resource=use_resource)


def shared_scopes(tf):
    with tf.variable_scope("net") as net:
        for _ in range(2):
            with tf.variable_scope(tf.get_variable_scope()), tf.variable_scope(None, "tower"):
                tf.get_variable("x", [1], use_resource=False)
                tf.get_variable_scope().reuse_variables()
                tf.get_variable("x", [1])
            net.reuse_variables()
    with tf.variable_scope("a"), tf.variable_scope(""), tf.variable_scope("b", auxiliary_name_scope=False):
        tf.get_variable("x", [1], use_resource=True)
        tf.constant(0, name="k")
    twice = tf.variable_scope("again", use_resource=True)
    with twice:
        tf.get_variable("x", [1])
    with twice:
        tf.Variable(1.0)
        tf.constant(0, name="k")
    with tf.variable_scope("one") as one, tf.variable_scope("two"), tf.variable_scope(one, use_resource=False):
        tf.get_variable("x", [1], caching_device="/cpu:0")
        tf.get_variable("y", [1], use_resource=True, caching_device="/gpu:0")


def getters(tf):
    def renamed(suffix):
        def getter(getter, name, *args, **options):
            return getter(f"{name}/{suffix}", *args, **options)

        return getter

    def doubled(getter, *args, **options):
        with tf.name_scope("doubled"):
            return 2.0 * tf.identity(getter(*args, **options), name="single")

    with tf.variable_scope("net", custom_getter=renamed("w"), use_resource=False):
        tf.get_variable("x", [1])
        with tf.variable_scope("in", custom_getter=renamed("m")):
            tf.get_variable("k", [1])
            tf.get_variable("own", [1], custom_getter=renamed("o"))
            with tf.variable_scope("deep", custom_getter=doubled):
                tf.get_variable("d", [1])
    with tf.name_scope("other"):
        tf.get_variable("y", [1], custom_getter=doubled, use_resource=False)
        tf.get_variable("z", dtype=tf.float32, initializer=[1.0, 2.0], use_resource=False)


def chained_assignments(tf):
    v = tf.Variable([1.0, 2.0], name="v", use_resource=True)
    changed = v.assign([3.0, 4.0]).assign_add([1.0, 1.0])
    changed.assign_sub([0.5, 0.5]).read_value()
    changed.value()
    cached = tf.get_variable("c", [2], use_resource=True, caching_device="/cpu:0")
    cached.assign_add([1.0, 1.0]).assign_sub([1.0, 1.0])
    cached.assign([1.0, 1.0])
    with tf.colocate_with(v):
        v.value()
        v.read_value()


def devices(tf):
    with tf.device("/cpu:0"):
        tf.constant(1)
    with tf.device("/job:ps/task:1"):
        tf.constant(1)
        with tf.device("/gpu:0"):
            tf.constant(1)
            tf.Variable(1.0, use_resource=False)
            tf.Variable(1.0, use_resource=True)
            tf.Variable(lambda: 1.0, use_resource=False, name="cb")
            tf.get_variable("g1", [2], use_resource=True)
        with tf.device(None):
            tf.constant(1)
        with tf.device(lambda op: "/cpu:1" if op.type == "Const" else "/cpu:2"):
            tf.identity(tf.constant(2))
    with tf.device("/device:CPU:0"):
        v = tf.Variable(1.0, use_resource=True)
        tf.get_variable("g", [2], use_resource=False)
        tf.global_variables_initializer()
    _ = v + 1
    v.assign(2.0)
    for name in ("cpu:0", "/CPU:*", "", "/job:a/replica:0/task:3/device:XLA_GPU:2"):
        with tf.device(name):
            tf.constant(1)
    with tf.colocate_with(v.op):
        tf.constant(2)
    with tf.device("/gpu:1"), tf.device("/cpu"):
        tf.constant(2)


def control(tf):
    a = tf.constant(1, name="a")
    b = tf.constant(2, name="b")
    with tf.control_dependencies([a, b.op]):
        c = tf.add(a, b)
        d = tf.no_op()
        tf.identity(c)
        with tf.control_dependencies([d, a]):
            tf.no_op()
        with tf.control_dependencies(None):
            tf.no_op()
        tf.Variable(1.0, use_resource=False, name="vv")
        tf.Variable(lambda: 1.0, use_resource=True, name="vr")
        tf.constant(3)
    tf.group(a, b, name="g")
    tf.group()


def operators(tf):
    a = tf.placeholder(tf.float32, [None, 3], name="a")
    b = tf.placeholder(tf.float32, [3], name="b")
    i = tf.placeholder(tf.int32)
    less = a < b
    _ = (
        a + b, a - b, a * b, a / b, a @ tf.ones([3, 2]), a**2, -a, a <= b, a > b, a >= b, abs(a), 1.0 + a, 2 * a, 1 - a,
        1 / a, a // b, a % b, i / i, i // 2, ~less, less & less, less | less, less ^ less, 2.0**a, i + 1, 3 % i,
        np.float32(2) * a, a + np.ones(3, np.float32), a == b,
    )  # fmt: skip
    _ = a[0], a[1:2], a[:, 1], a[..., None], a[:, -1:], b[::2], a[i], a[1:2, ...]


def partitions(tf):
    p = tf.get_variable("p", [5, 2], partitioner=tf.fixed_size_partitioner(3), use_resource=False)
    zeros = tf.zeros_initializer()
    r = tf.get_variable(
        "r", [5, 2], partitioner=tf.fixed_size_partitioner(2, axis=1), use_resource=True, initializer=zeros
    )
    with tf.variable_scope("sc", partitioner=tf.variable_axis_size_partitioner(64)):
        tf.get_variable("q", [40, 2], use_resource=False, initializer=tf.ones_initializer())
        tf.get_variable("scalar", [], use_resource=False, initializer=tf.ones_initializer())
    with tf.variable_scope("sm", partitioner=tf.min_max_variable_partitioner(2, min_slice_size=16)):
        tf.get_variable("q", [40, 2], use_resource=False, initializer=tf.ones_initializer())
    one = tf.get_variable("one", [5, 2], partitioner=tf.fixed_size_partitioner(1), use_resource=False)
    tf.get_variable(
        "c", partitioner=tf.fixed_size_partitioner(2), initializer=tf.constant([1.0, 2, 3]), use_resource=False
    )
    for whole in (p, r, r, one):
        tf.identity(whole)


def dense_net(tf):
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    w = tf.Variable(tf.truncated_normal([2, 1], stddev=0.1), name="w", use_resource=False)
    b = tf.Variable(tf.zeros([1]), name="b", use_resource=False)
    tf.add(tf.matmul(x, w), b, name="y")
    with tf.variable_scope("steps", use_resource=False):
        step = tf.train.get_or_create_global_step()
    tf.assign_add(step, 1)
    tf.global_variables_initializer()


PROGRAMS = [
    seed_references, seed_resources, references, resources, constants, randoms, scopes, shared_scopes, getters,
    chained_assignments, initial_values, devices, control, operators, partitions, dense_net, uninitialized,
]  # fmt: skip


def set_random_seed(seed):
    get_default_graph().seed = seed


OURS = SimpleNamespace(
    Graph=Graph,
    Variable=Variable,
    AUTO_REUSE=AUTO_REUSE,
    constant=constant,
    set_random_seed=set_random_seed,
    device=lambda name: get_default_graph().device(name),
    colocate_with=lambda op: get_default_graph().colocate_with(op),
    control_dependencies=lambda ops: get_default_graph().control_dependencies(ops),
    add=lambda x, y, name=None: build.apply("AddV2", x, y, name=name or "Add"),
    matmul=lambda a, b, **options: build.apply("MatMul", a, b, **options),
    train=SimpleNamespace(get_or_create_global_step=initialization.get_or_create_global_step),
    zeros_initializer=initializers.Zeros,
    ones_initializer=initializers.Ones,
    constant_initializer=initializers.Constant,
    random_normal_initializer=initializers.RandomNormal,
    random_uniform_initializer=initializers.RandomUniform,
    truncated_normal_initializer=initializers.TruncatedNormal,
    uniform_unit_scaling_initializer=initializers.UniformUnitScaling,
    variance_scaling_initializer=initializers.VarianceScaling,
    glorot_uniform_initializer=initializers.glorot_uniform,
    glorot_normal_initializer=initializers.glorot_normal,
    **{row.name: row for row in dtypes.DTYPES},
    **{
        name: getattr(module, name)
        for module in (build, initialization, random_values, partition, variable_scope)
        for name in module.__all__
    },
)


def build_graph(program) -> Graph:
    """Return the graph that a program makes with ours."""
    graph = Graph()
    with graph.as_default():
        program(OURS)
    return graph
