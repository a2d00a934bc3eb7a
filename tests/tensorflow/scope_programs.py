"""Random programs of scopes, variables, devices and control edges, as data that runs on TensorFlow and on us.

A program is a list of steps; a step is a tuple of its kind and what it takes. Earlier results are named by a number,
counted round and round.
"""

from contextlib import ExitStack

import numpy as np
from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "A", "a_1", "w", "c/d"])
SCOPES = st.sampled_from(["a", "b", "A", "a_1", "", "c/d", "w"])
DEVICES = st.sampled_from(
    ["/cpu:0", "/gpu:1", "/job:ps", "/job:ps/task:1", "cpu", "", "/device:Chip:0", None, "function", "/replica:2"]
)
NUMBERS = st.integers(0, 30)
REUSE = st.sampled_from([None, None, None, True, False, "auto"])
INITIALIZERS = st.sampled_from(
    [
        "none",
        "none",
        "zeros",
        "ones",
        "constant",
        "normal",
        "class",
        "tensor",
        "array",
        "list",
        "function",
        "bare",
        "int",
    ]
)
PARTITIONERS = st.sampled_from([None, None, None, "two", "three", "columns", "bytes", "one"])
SHAPES = st.sampled_from([None, (), (5, 4), (5, 4), (5, 4), (2,), (3, 2), [5, 4]])
RESOURCE = st.sampled_from([None, True, False])
COLLECTIONS = st.sampled_from(
    [None, None, None, ["variables"], ["local_variables"], ["variables", "mine"], ["model_variables"], []]
)
TRAINABLE = st.sampled_from([None, None, True, False])
CACHING = st.sampled_from([None, None, None, "/cpu:0", "/job:w"])
GETTERS = st.sampled_from([None, None, None, "suffix", "scaled", "scoped", "local"])
DTYPES = st.sampled_from([None, None, None, "float32", "float64", "int32"])

IMPORT_NAMES = st.sampled_from([None, "", "a", "a/", "imp", "imp/", "a/b", "captured"])


def settings():
    """What a variable scope hands down."""
    return st.fixed_dictionaries(
        {},
        optional={
            "initializer": st.sampled_from(["zeros", "constant", "normal"]),
            "caching_device": CACHING,
            "partitioner": PARTITIONERS,
            "custom_getter": GETTERS,
            "dtype": DTYPES,
            "use_resource": RESOURCE,
            "regularizer": st.just("made"),
            "auxiliary_name_scope": st.booleans(),
        },
    )


SIMPLE = st.one_of(
    st.tuples(st.just("constant"), NAMES),
    st.tuples(st.just("placeholder"), st.none() | NAMES),
    st.tuples(st.just("no_op"), st.none() | NAMES),
    st.tuples(st.just("add"), NUMBERS, NUMBERS, st.none() | NAMES),
    st.tuples(st.just("identity"), NUMBERS, st.none() | NAMES),
    st.tuples(st.just("matmul"), NUMBERS, NUMBERS),
    st.tuples(st.just("group"), NUMBERS, NUMBERS, st.none() | NAMES),
    st.tuples(st.just("read"), NUMBERS),
    st.tuples(st.just("assign"), NUMBERS, st.sampled_from(["assign", "assign_add", "assign_sub", "function"])),
    st.tuples(st.just("initialize"), st.sampled_from(["all", "local", "one"]), NUMBERS),
    st.tuples(st.just("global_step")),
    st.tuples(st.just("capture")),
    st.tuples(st.just("collect"), NUMBERS, st.sampled_from(["mine", "losses"])),
    st.tuples(
        st.sampled_from(["get_variable", "get_variable", "get_variable", "get_variable", "get_local_variable"]),
        NAMES,
        st.fixed_dictionaries(
            {"shape": SHAPES, "initializer": INITIALIZERS, "use_resource": RESOURCE},
            optional={
                "dtype": DTYPES,
                "partitioner": PARTITIONERS,
                "trainable": TRAINABLE,
                "collections": COLLECTIONS,
                "caching_device": CACHING,
                "custom_getter": GETTERS,
                "regularizer": st.sampled_from([None, "made"]),
                "validate_shape": st.booleans(),
            },
        ),
    ),
    st.tuples(
        st.just("variable"),
        st.sampled_from(["number", "array", "tensor", "function", "normal", "placeholder"]),
        st.fixed_dictionaries(
            {"use_resource": RESOURCE},
            optional={
                "name": st.none() | NAMES,
                "dtype": DTYPES,
                "trainable": TRAINABLE,
                "collections": COLLECTIONS,
                "caching_device": CACHING,
                "validate_shape": st.booleans(),
            },
        ),
    ),
    st.tuples(
        st.just("saver"),
        st.sampled_from(["all", "all", "list", "dict"]),
        st.lists(NUMBERS, min_size=1, max_size=3),
        st.fixed_dictionaries(
            {},
            optional={
                "name": NAMES,
                "sharded": st.booleans(),
                "reshape": st.booleans(),
                "write_version": st.sampled_from([1, 2]),
                "filename": st.just("other"),
            },
        ),
    ),
    st.tuples(
        st.just("import_nodes"), st.sampled_from([None, "", "a", "a/", "imp", "imp/", "a/b", "captured"]), NUMBERS
    ),
    st.tuples(
        st.just("import_meta"),
        st.fixed_dictionaries(
            {},
            optional={"import_scope": st.sampled_from(["a", "imp", "imp/", "a/b"]), "clear_devices": st.booleans()},
        ),
    ),
)


def blocks(body):
    """Steps that hold steps."""
    inside = st.lists(body, min_size=1, max_size=5)
    return st.one_of(
        st.tuples(st.just("name_scope"), SCOPES | st.none() | st.just("captured"), st.none() | NAMES, inside),
        st.tuples(
            st.just("variable_scope"),
            SCOPES | st.sampled_from(["captured", "current", "default", "default"]),
            REUSE,
            settings(),
            inside,
        ),
        st.tuples(st.just("variable_scope"), SCOPES | st.just("default"), REUSE, st.just({}), inside),
        st.tuples(st.just("reuse_variables"), inside),
        st.tuples(st.just("device"), DEVICES, inside),
        st.tuples(st.just("colocate"), NUMBERS, st.booleans(), inside),
        st.tuples(st.just("after"), st.none() | st.lists(NUMBERS, min_size=1, max_size=3), inside),
        st.tuples(st.just("init_scope"), inside),
        st.tuples(st.just("twice"), SCOPES | st.just("default"), inside),
    )


STEPS = st.recursive(SIMPLE, lambda body: st.one_of(SIMPLE, blocks(body), blocks(body)), max_leaves=14)
PROGRAMS = st.lists(STEPS, min_size=2, max_size=10)


REFUSALS = (ValueError, TypeError, KeyError, RuntimeError, AttributeError)


class Run:
    """One program on one module.

    Args:
        tf: ``tensorflow.compat.v1``, or ours.
        graph: An empty graph.

    Attributes:
        trail: What every step came to: nothing, or the class of its error, which is the last.
        error: That error.
        exports: The MetaGraphDefs that steps exported.
    """

    def __init__(self, tf, graph):
        self.tf = tf
        self.graph = graph
        self.tensors, self.ops, self.variables, self.scopes, self.name_scopes = [], [], [], [], []
        self.trail = []
        self.exports = []
        self.error = None
        self.loss = None

    def program(self, steps):
        """Run the steps until one fails."""
        with self.graph.as_default():
            self.loss = self.tf.constant(0.5, name="loss")
            self.tensors.append(self.loss)
            self.ops.append(self.loss.op)
            self.steps(steps)
        return self

    def steps(self, steps):
        return all(self.step(step) for step in steps)

    def step(self, step):
        kind, *rest = step
        try:
            done = getattr(self, f"do_{kind}")(*rest)
        except REFUSALS as error:
            self.trail.append((kind, builtin(error)))
            self.error = error
            return False
        self.trail.append((kind, None))
        return done is not False

    def pick(self, pool, number):
        return pool[number % len(pool)] if pool else self.loss

    def note(self, result):
        """Keep what a step made, for later ones."""
        for one in result if isinstance(result, (list, tuple)) else [result]:
            if hasattr(one, "value_index"):
                self.tensors.append(one)
            op = getattr(one, "op", None)
            if op is not None and hasattr(op, "control_inputs"):
                self.ops.append(op)
            elif hasattr(one, "control_inputs"):
                self.ops.append(one)

    # Steps without a body

    def do_constant(self, name):
        self.note(self.tf.constant(1.5, name=name))

    def do_placeholder(self, name):
        self.note(self.tf.placeholder(self.tf.float32, [5, 4], name=name))

    def do_no_op(self, name):
        self.note(self.tf.no_op(name=name))

    def floats(self, number):
        pool = [one for one in self.tensors if one.dtype.base_dtype.name == "float32"]
        return self.pick(pool, number)

    def do_add(self, first, second, name):
        self.note(self.tf.add(self.pick(self.tensors, first), self.pick(self.tensors, second), name=name))

    def do_identity(self, number, name):
        self.note(self.tf.identity(self.pick([*self.tensors, *self.variables], number), name=name))

    def do_matmul(self, first, second):
        self.note(self.tf.matmul(self.floats(first), self.floats(second)))

    def do_group(self, first, second, name):
        self.note(self.tf.group(self.pick(self.ops, first), self.pick(self.tensors, second), name=name))

    def do_read(self, number):
        variable = self.pick(self.variables, number)
        self.note(self.tf.identity(variable))
        if hasattr(variable, "read_value"):
            self.note(variable.read_value())
            self.note(variable + 1)

    def do_assign(self, number, how):
        singles = [one for one in self.variables if hasattr(one, "read_value")]
        if not singles:
            return
        variable = self.pick(singles, number)
        value = self.tf.zeros([int(size) for size in variable.shape.as_list()], variable.dtype.base_dtype)
        if how == "function":
            self.note(self.tf.assign(variable, value))
        else:
            self.note(getattr(variable, how)(value))

    def do_initialize(self, which, number):
        if which == "all":
            self.note(self.tf.global_variables_initializer())
        elif which == "local":
            self.note(self.tf.local_variables_initializer())
        else:
            singles = [one for one in self.variables if hasattr(one, "read_value")]
            self.note(self.tf.variables_initializer([self.pick(singles, number)] if singles else []))

    def do_global_step(self):
        self.tf.train.get_or_create_global_step()

    def do_capture(self):
        self.scopes.append(self.tf.get_variable_scope())
        self.name_scopes.append(self.graph.get_name_scope())

    def do_collect(self, number, key):
        self.tf.add_to_collection(key, self.pick(self.tensors, number))

    def do_get_variable(self, name, options):
        self._variable(self.tf.get_variable(name, **self.options(options)))

    def do_get_local_variable(self, name, options):
        self._variable(self.tf.get_local_variable(name, **self.options(options)))

    def _variable(self, variable):
        self.variables.append(variable)
        for one in variable if not hasattr(variable, "op") else [variable]:
            if hasattr(one, "op"):
                self.ops.append(one.op)

    def do_variable(self, initial, options):
        tf = self.tf
        first = {
            "number": lambda: 2.5,
            "array": lambda: np.arange(6.0).reshape(2, 3),
            "tensor": lambda: tf.zeros([5, 4]),
            "function": lambda: lambda: tf.ones([2]),
            "normal": lambda: tf.random_normal([2, 3]),
            "placeholder": lambda: tf.placeholder(tf.float32),
        }[initial]()
        made = self.options(options)
        if initial == "placeholder" and made["use_resource"] is not False:
            made["validate_shape"] = False  # we refuse what TensorFlow takes: a resource of unknown shape
        self._variable(tf.Variable(first, **made))

    def do_saver(self, how, numbers, options):
        chosen = [self.pick(self.variables, number) for number in numbers] if self.variables else []
        if how == "all":
            var_list = None
        elif how == "list":
            var_list = [one for one in chosen if not isinstance(one, (list, tuple))]
        else:
            var_list = {f"key{index}": one for index, one in enumerate(chosen)}
        saver = self.tf.train.Saver(var_list, **options)
        self.tf.add_to_collection("savers", saver)

    def do_import_nodes(self, name, number):
        if len(self.graph.get_operations()) > 80:
            return
        graph_def = self.graph.as_graph_def()
        if name == "captured":
            name = f"{self.pick(self.name_scopes, number)}/" if self.name_scopes and self.name_scopes[0] else None
        self.tf.import_graph_def(graph_def, name=name)

    def do_import_mapped(self, number, position, name):
        if len(self.graph.get_operations()) > 80:
            return
        graph_def = self.graph.as_graph_def()
        inputs = [text for node in graph_def.node for text in node.input if not text.startswith("^")]
        if not inputs:
            return
        source = inputs[number % len(inputs)]
        element = graph_def.node[position % len(graph_def.node)].name
        wanted = self.graph.as_graph_element(source if ":" in source else f"{source}:0")
        pool = [one for one in self.tensors if one.dtype == wanted.dtype]
        if name == "captured" or not pool:
            return
        found = self.tf.import_graph_def(
            graph_def, input_map={source: self.pick(pool, number)}, return_elements=[element], name=name
        )
        self.note(found)
        self.trail.append(found[0].name)

    def do_export(self, options):
        self.exports.append(self.tf.train.export_meta_graph(**options))

    def do_import_meta(self, options):
        if len(self.graph.get_operations()) > 80:
            return
        meta_graph = self.tf.train.export_meta_graph()
        self.tf.train.import_meta_graph(meta_graph, **options)

    # Steps with a body

    def do_name_scope(self, name, default, body):
        if name == "captured":
            name = f"{self.name_scopes[-1]}/" if self.name_scopes and self.name_scopes[-1] else "captured"
        if name is None and default is None:
            with self.tf.name_scope(None):
                return self.steps(body)
        with self.tf.name_scope(name, default, [self.loss]) as scope:
            self.tf.constant(0, name=scope) if len(self.trail) % 7 == 0 and scope else None
            return self.steps(body)

    def do_variable_scope(self, name, reuse, given, body):
        with self.variable_scope(name, reuse, given) as scope:
            self.trail.append((scope.name, scope.original_name_scope))
            return self.steps(body)

    def variable_scope(self, name, reuse, given):
        options = self.options(given)
        if reuse is not None:
            options["reuse"] = self.tf.AUTO_REUSE if reuse == "auto" else reuse
        if name == "captured" and self.scopes:
            return self.tf.variable_scope(self.scopes[-1], **options)
        if name == "current":
            return self.tf.variable_scope(self.tf.get_variable_scope(), **options)
        if name == "default":
            return self.tf.variable_scope(None, "net", **options)
        return self.tf.variable_scope(name, **options)

    def do_reuse_variables(self, body):
        with self.tf.variable_scope("a"):
            self.tf.get_variable_scope().reuse_variables()
            return self.steps(body)

    def do_twice(self, name, body):
        scope = self.variable_scope(name, None, {})
        with scope:
            if not self.steps(body):
                return False
        with scope:
            return self.steps([("constant", "again")])

    def do_device(self, device, body):
        if device == "function":
            device = place
        with self.tf.device(device):
            return self.steps(body)

    def do_colocate(self, number, ignore, body):
        with self.tf.colocate_with(self.pick(self.ops, number), ignore_existing=ignore):
            return self.steps(body)

    def do_after(self, numbers, body):
        awaited = None if numbers is None else [self.pick([*self.ops, *self.tensors], number) for number in numbers]
        with self.tf.control_dependencies(awaited):
            return self.steps(body)

    def do_init_scope(self, body):
        with self.tf.init_scope(), ExitStack():
            return self.steps(body)

    # What options stand for

    def options(self, given):
        made = dict(given)
        for key, make in (
            ("initializer", self.initializer),
            ("partitioner", self.partitioner),
            ("custom_getter", self.getter),
            ("dtype", lambda name: None if name is None else getattr(self.tf, name)),
            ("regularizer", lambda name: None if name is None else lambda _: self.loss),
            ("collections", lambda names: None if names is None else list(names)),
        ):
            if key in made:
                made[key] = make(made[key])
        return made

    def initializer(self, name):
        tf = self.tf
        return {
            "none": lambda: None,
            "zeros": tf.zeros_initializer,
            "ones": tf.ones_initializer,
            "constant": lambda: tf.constant_initializer(2),
            "normal": lambda: tf.random_normal_initializer(seed=3),
            "class": lambda: tf.zeros_initializer,
            "tensor": lambda: tf.constant(np.arange(20.0, dtype=np.float32).reshape(5, 4)),
            "array": lambda: np.arange(20.0, dtype=np.float32).reshape(5, 4),
            "list": lambda: [1.0, 2.0],
            "int": lambda: tf.constant([1, 2]),
            "function": lambda: lambda size, dtype: tf.ones(size, dtype=dtype),
            "bare": lambda: lambda: tf.zeros([3, 2]),
        }[name]()

    def partitioner(self, name):
        tf = self.tf
        return {
            None: lambda: None,
            "one": lambda: tf.fixed_size_partitioner(1),
            "two": lambda: tf.fixed_size_partitioner(2),
            "three": lambda: tf.fixed_size_partitioner(3),
            "columns": lambda: self.columns,
            "bytes": lambda: tf.variable_axis_size_partitioner(32),
        }[name]()

    def columns(self, shape, **options):
        """Cut the columns of a matrix, and the only dimension of a vector, which has none."""
        axis = max(0, min(1, len(shape) - 1))
        return self.tf.fixed_size_partitioner(2, axis=axis)(shape=shape, **options)

    def getter(self, name):
        tf = self.tf

        def suffix(getter, name, *args, **kwargs):
            return getter(f"{name}/s", *args, **kwargs)

        def scaled(getter, *args, **kwargs):
            variable = getter(*args, **kwargs)
            with tf.name_scope("getter"):
                return tf.identity(variable, name="seen")

        def scoped(getter, *args, **kwargs):
            with tf.name_scope("made"):
                return getter(*args, **kwargs)

        def local(getter, name, shape=None, dtype=None, **kwargs):
            return getter(name, shape, dtype, trainable=False, collections=["local_variables"], reuse=kwargs["reuse"])

        return {None: None, "suffix": suffix, "scaled": scaled, "scoped": scoped, "local": local}[name]


def place(op):
    """A device function."""
    return "/job:f/device:GPU:0" if op.type == "Const" else op.device or "/job:g"


def builtin(error):
    """Return the built-in class of an error: both packages have classes of their own below these.

    Names that a graph lacks are KeyErrors there, and here, where a file names them, ValueErrors.
    """
    return ValueError if isinstance(error, KeyError) else next(kind for kind in REFUSALS if isinstance(error, kind))
