"""compat.v1 has TensorFlow's names and arguments, and what it adds to graphs are TensorFlow's nodes and values."""

import inspect
from types import ModuleType

import numpy as np
import pytest

import ckpt_magics.compat.v1 as compat
from ckpt_magics.proto.messages import GraphDef

pytestmark = pytest.mark.tensorflow

MATRIX = np.array([[1.5, -2.0, 0.25], [0.5, 3.0, -1.0]], np.float32)
OTHER = np.array([[2.0, 0.5, -1.0], [4.0, -3.0, 1.0]], np.float32)
NUMBERS = np.array([3, 1, 2], np.int32)
TRUTH = np.array([[True, False, True], [False, False, True]])

ELEMENTWISE = """
abs ceil cos exp expm1 floor is_finite is_inf is_nan negative reciprocal rint round sigmoid sign sin square
tan tanh nn.elu nn.relu nn.relu6 nn.selu nn.softplus nn.softsign nn.leaky_relu nn.softmax nn.log_softmax
nn.l2_loss reduce_max reduce_mean reduce_min reduce_prod reduce_sum argmax argmin cumsum cumprod identity
stop_gradient shape size rank transpose zeros_like ones_like to_double to_int32
"""
PAIRS = """
add subtract multiply divide truediv div floordiv realdiv div_no_nan floormod mod maximum minimum equal
not_equal less less_equal greater greater_equal squared_difference
"""

CASES = {
    "add with a number": lambda tf, x, y: tf.add(x, 2.0),
    "add strings": lambda tf, x, y: tf.add(tf.constant("a"), "b"),
    "number minus": lambda tf, x, y: tf.subtract(1.0, x),
    "division of integers": lambda tf, x, y: tf.divide(tf.constant(NUMBERS), 2),
    "named division": lambda tf, x, y: tf.divide(x, y, name="quotient"),
    "div of integers": lambda tf, x, y: tf.div(tf.constant(NUMBERS), 2),
    "power": lambda tf, x, y: tf.pow(x, 2.0, name="cube"),
    "round integers": lambda tf, x, y: tf.round(tf.constant(NUMBERS)),
    "sqrt": lambda tf, x, y: tf.sqrt(tf.abs(x)),
    "log": lambda tf, x, y: tf.log(tf.square(x)),
    "log1p": lambda tf, x, y: tf.log1p(tf.abs(x)),
    "rsqrt": lambda tf, x, y: tf.rsqrt(tf.abs(x)),
    "logic": lambda tf, x, y: tf.logical_not(tf.logical_or(tf.constant(TRUTH), tf.logical_and(TRUTH, TRUTH))),
    "xor": lambda tf, x, y: tf.logical_xor(tf.constant(TRUTH), ~TRUTH),
    "all": lambda tf, x, y: tf.reduce_all(tf.constant(TRUTH), 1),
    "any": lambda tf, x, y: tf.reduce_any(tf.constant(TRUTH)),
    "sum by axes": lambda tf, x, y: tf.reduce_sum(x, [0, 1], keepdims=True, name="total"),
    "mean with old names": lambda tf, x, y: tf.reduce_mean(x, reduction_indices=[1], keep_dims=True),
    "argmax as int32": lambda tf, x, y: tf.argmax(x, 1, output_type=tf.int32),
    "arg_max": lambda tf, x, y: tf.arg_max(x, 1),
    "matmul": lambda tf, x, y: tf.matmul(x, y, transpose_b=True, name="product"),
    "matmul of stacks": lambda tf, x, y: tf.matmul(tf.reshape(x, [1, 2, 3]), tf.reshape(y, [1, 3, 2])),
    "add_n": lambda tf, x, y: tf.add_n([x, y, x]),
    "add_n of one": lambda tf, x, y: tf.add_n([x], name="alone"),
    "cast": lambda tf, x, y: tf.cast(x, tf.int64, name="whole"),
    "cast from truth": lambda tf, x, y: tf.cast(TRUTH, "float32"),
    "clip": lambda tf, x, y: tf.clip_by_value(x, -1.0, 1.0),
    "scalar_mul": lambda tf, x, y: tf.scalar_mul(2.0, x),
    "range": lambda tf, x, y: tf.range(5),
    "one_hot of a list": lambda tf, x, y: tf.one_hot([1, 0], 2, dtype=tf.int64),
    "long shape": lambda tf, x, y: tf.reshape(x, np.array([3, 2])),
    "reshape": lambda tf, x, y: tf.reshape(x, [-1]),
    "transpose by order": lambda tf, x, y: tf.transpose(x, [1, 0], name="turned"),
    "concat": lambda tf, x, y: tf.concat([x, y], 1),
    "concat of one": lambda tf, x, y: tf.concat([x], 0),
    "stack": lambda tf, x, y: tf.stack([x, y]),
    "stack along another": lambda tf, x, y: tf.stack([x, y], axis=2, name="deep"),
    "stack of numbers": lambda tf, x, y: tf.stack([1.0, 2.0]),
    "unstack": lambda tf, x, y: tf.unstack(x),
    "split": lambda tf, x, y: tf.split(x, 3, axis=1),
    "split by sizes": lambda tf, x, y: tf.split(x, [1, 2], 1),
    "squeeze": lambda tf, x, y: tf.squeeze(tf.reshape(x, [1, 2, 3, 1])),
    "squeeze by axis": lambda tf, x, y: tf.squeeze(tf.reshape(x, [1, 2, 3, 1]), [0]),
    "expand_dims": lambda tf, x, y: tf.expand_dims(x, 1),
    "zeros_like another type": lambda tf, x, y: tf.zeros_like(x, dtype=tf.int32),
    "one_hot": lambda tf, x, y: tf.one_hot(NUMBERS, 4),
    "one_hot with values": lambda tf, x, y: tf.one_hot(NUMBERS, 4, on_value=5, off_value=-1, axis=0),
    "gather": lambda tf, x, y: tf.gather(x, [1, 0]),
    "gather columns": lambda tf, x, y: tf.gather(x, [2, 0], axis=1),
    "gather_nd": lambda tf, x, y: tf.gather_nd(x, [[1, 2], [0, 0]]),
    "tile": lambda tf, x, y: tf.tile(x, [2, 1]),
    "broadcast_to": lambda tf, x, y: tf.broadcast_to(x, [2, 2, 3]),
    "where": lambda tf, x, y: tf.where(TRUTH, x, y),
    "where alone": lambda tf, x, y: tf.where(tf.constant(TRUTH)),
    "slice": lambda tf, x, y: tf.slice(x, [0, 1], [-1, 2]),
    "pad": lambda tf, x, y: tf.pad(x, [[1, 0], [0, 2]]),
    "pad with a value": lambda tf, x, y: tf.pad(x, [[1, 0], [0, 2]], constant_values=7.0),
    "reverse": lambda tf, x, y: tf.reverse(x, [1]),
    "fill": lambda tf, x, y: tf.fill([2, 2], 3),
    "zeros": lambda tf, x, y: tf.zeros([2, 3]),
    "ones": lambda tf, x, y: tf.ones([1500], tf.int32),
    "softmax along the first": lambda tf, x, y: tf.nn.softmax(x, axis=-1),
    "bias_add": lambda tf, x, y: tf.nn.bias_add(x, [1.0, 2.0, 3.0]),
    "xw_plus_b": lambda tf, x, y: tf.nn.xw_plus_b(x, tf.transpose(y), [1.0, 2.0]),
    "relu_layer": lambda tf, x, y: tf.nn.relu_layer(x, tf.transpose(y), [1.0, 2.0]),
    "placeholder_with_default": lambda tf, x, y: tf.placeholder_with_default(x, [None, 3]),
    "scopes": lambda tf, x, y: scoped(tf, x),
}
"""Programs whose nodes are the same."""

VALUES = {
    "softmax along the first": lambda tf, x, y: tf.nn.softmax(x, axis=0),
    "transpose of unknown rank": lambda tf, x, y: tf.transpose(tf.placeholder_with_default(x, None)),
    "sum of unknown rank": lambda tf, x, y: tf.reduce_sum(tf.placeholder_with_default(x, None)),
    "l2_normalize": lambda tf, x, y: tf.nn.l2_normalize(x, 1),
    "zero_fraction": lambda tf, x, y: tf.nn.zero_fraction(tf.nn.relu(x)),
    "range of floats": lambda tf, x, y: tf.range(1, 3.5, 0.5, name="steps"),
    "moments": lambda tf, x, y: tf.nn.moments(x, [0]),
    "moments that keep": lambda tf, x, y: tf.nn.moments(x, [0], keep_dims=True),
    "batch_normalization": lambda tf, x, y: tf.nn.batch_normalization(x, 0.5, 2.0, y, 3.0, 1e-3),
    "dropout of nothing": lambda tf, x, y: tf.nn.dropout(x, rate=tf.constant(0.0)),
    "embedding_lookup": lambda tf, x, y: tf.nn.embedding_lookup(x, [1, 1, 0]),
    "sigmoid cross entropy": lambda tf, x, y: tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x),
    "softmax cross entropy": lambda tf, x, y: tf.nn.softmax_cross_entropy_with_logits(labels=y, logits=x),
    "softmax cross entropy v2": lambda tf, x, y: tf.nn.softmax_cross_entropy_with_logits_v2(y, x),
    "softmax cross entropy of a stack": lambda tf, x, y: tf.nn.softmax_cross_entropy_with_logits(
        labels=tf.reshape(y, [2, 1, 3]), logits=tf.reshape(x, [2, 1, 3])
    ),
    "sparse cross entropy": lambda tf, x, y: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[2, 0], logits=x),
    "sparse cross entropy of a stack": lambda tf, x, y: tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=[[2], [0]], logits=tf.reshape(x, [2, 1, 3])
    ),
    "invert_permutation": lambda tf, x, y: tf.invert_permutation([2, 0, 1]),
}
"""Programs that TensorFlow makes of other nodes, for its gradients or for rarer arguments."""


def scoped(tf, x):
    with tf.name_scope("outer"), tf.device("/cpu:0"), tf.control_dependencies([tf.no_op()]):
        return tf.identity(x, name="inner")


def run(tf, program):
    with tf.Graph().as_default() as graph:
        x, y = tf.placeholder(tf.float32, MATRIX.shape, name="x"), tf.placeholder(tf.float32, OTHER.shape, name="y")
        result = program(tf, x, y)
        with tf.Session() as session:
            values = session.run(result, {x: MATRIX, y: OTHER})
    many = isinstance(values, (list, tuple))
    shapes = [str(tensor.shape).replace("None", "?") for tensor in (result if many else [result])]
    return graph, [np.asarray(value) for value in (values if many else [values])], shapes


def nodes_of(graph):
    nodes = GraphDef.FromString(graph.as_graph_def().SerializeToString()).node
    for node in nodes:
        for key in ("_has_manual_control_dependencies", "grad_x", "grad_y", "grad_a", "grad_b"):
            node.attr.pop(key, None)
    return list(nodes)


def check_values(found, expected):
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == theirs.dtype
        if theirs.dtype.kind == "f":
            np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=1e-6)
        else:
            np.testing.assert_array_equal(ours, theirs)


def named(path, *arguments):
    def program(tf, x, y):
        function = tf
        for part in path.split("."):
            function = getattr(function, part)
        return function(x, y) if arguments else function(x)

    return program


SAME_NODES = (
    {name: named(name) for name in ELEMENTWISE.split()} | {name: named(name, "y") for name in PAIRS.split()} | CASES
)


@pytest.mark.parametrize("name", SAME_NODES)
def test_nodes_and_values_are_tensorflows(tf, name):
    theirs, expected, shapes = run(tf.compat.v1, SAME_NODES[name])
    ours, found, our_shapes = run(compat, SAME_NODES[name])
    assert nodes_of(ours) == nodes_of(theirs)
    assert our_shapes == shapes
    check_values(found, expected)


@pytest.mark.parametrize("name", VALUES)
def test_values_are_tensorflows(tf, name):
    _, expected, _ = run(tf.compat.v1, VALUES[name])
    _, found, _ = run(compat, VALUES[name])
    check_values(found, expected)


def iter_names(ours, theirs, path=""):
    for name in dir(ours):
        value = getattr(ours, name)
        if name in {"compat", "contrib", "layers", "rnn_cell"}:
            continue  # leads back to where it is; what TensorFlow has no more, or not beside Keras 3
        if isinstance(value, ModuleType):
            yield from iter_names(value, getattr(theirs, name), f"{path}{name}.")
        else:
            yield f"{path}{name}", value, getattr(theirs, name)


OTHER_ARGUMENTS = {
    # Fewer options at the end, or options of the runtime.
    "einsum",
    "fill",
    "gather_nd",
    "get_local_variable",
    "group",
    "lin_space",
    "linalg.diag",
    "linalg.diag_part",
    "linalg.einsum",
    "linalg.matmul",
    "linalg.set_diag",
    "linspace",
    "matmul",
    "matrix_diag",
    "matrix_diag_part",
    "matrix_set_diag",
    "meshgrid",
    "nest.assert_same_structure",
    "nest.flatten",
    "nest.map_structure",
    "nest.pack_sequence_as",
    "nn.embedding_lookup_sparse",
    "nn.safe_embedding_lookup_sparse",
    "ones",
    "random.stateless_normal",
    "random.stateless_truncated_normal",
    "random.stateless_uniform",
    "saved_model.build_signature_def",
    "saved_model.signature_def_utils.build_signature_def",
    "string_split",
    "train.export_meta_graph",
    "zeros",
    # Without names that only TensorFlow 2 has, or that do nothing.
    "convert_to_tensor",
    "import_graph_def",
    # Without an argument that has no use since TensorFlow 1.
    "graph_util.import_graph_def",
    # Their own arguments in front of the common ones, all of them by name too.
    "losses.absolute_difference",
    "losses.hinge_loss",
    "losses.huber_loss",
    "losses.log_loss",
    "losses.mean_squared_error",
    # First argument, never given by name.
    "as_dtype",
    "dtypes.as_dtype",
    "make_ndarray",
    # Without bounds and the options of the library that TensorFlow takes flags from.
    *(f"{module}.{name}" for module in ("flags", "app.flags") for name in dir(compat.flags) if name != "FLAGS"),
}


def test_every_name_is_tensorflows_and_takes_its_arguments(tf):
    different = set()
    for name, ours, theirs in iter_names(compat, tf.compat.v1):
        if inspect.isfunction(ours) and callable(theirs):
            wanted = list(inspect.signature(theirs).parameters)
            if list(inspect.signature(ours).parameters)[: len(wanted)] != wanted:
                different.add(name)
    assert different == OTHER_ARGUMENTS


def test_errors_have_the_codes_of_tensorflow(tf):
    for name in dir(compat.errors):
        if name.isupper():
            assert getattr(compat.errors, name) == getattr(tf.errors, name)


@pytest.mark.parametrize("use", [iter, bool, len, np.asarray, np.sum, lambda x: [*x], lambda x: 1 in x])
@pytest.mark.parametrize("make", [lambda tf: tf.constant([1.0]), lambda tf: tf.Variable([1.0], use_resource=True)])
def test_symbolic_tensors_refuse_as_in_tensorflow(tf, use, make):
    kinds = []
    for module in (tf.compat.v1, compat):
        with module.Graph().as_default(), pytest.raises((TypeError, NotImplementedError)) as caught:
            use(make(module))
        kinds.append(NotImplementedError if caught.errisinstance(NotImplementedError) else TypeError)
    assert kinds[0] is kinds[1]
