"""A program that is built with TensorFlow's names and with ours: the graphs, and what runs of them give."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from difflib import unified_diff
from types import SimpleNamespace
from typing import Any

import numpy as np

from ckpt_magics.compat import v1
from ckpt_magics.proto import messages
from ckpt_magics.proto.messages import GraphDef

Program = Callable[[Any], Any]
"""Called with a module of TensorFlow's names; returns a dict of feeds by placeholder, and the tensors to compute."""

IGNORED_ATTRS = frozenset({"_output_shapes", "_has_manual_control_dependencies", "_class"})


def theirs(tf: Any) -> Any:
    """Return TensorFlow's names as programs of version 1 use them, layers and cells of its Keras of then included."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tf_keras.src.layers.rnn import legacy_cell_wrappers, legacy_cells
        from tf_keras.src.legacy_tf_layers import convolutional, core, normalization, pooling

    layers = _merged(core, convolutional, normalization, pooling)
    nn = SimpleNamespace(
        **{name: getattr(tf.compat.v1.nn, name) for name in dir(tf.compat.v1.nn) if name != "rnn_cell"}
    )
    nn.rnn_cell = _merged(legacy_cells, legacy_cell_wrappers)
    module = SimpleNamespace()
    for name in dir(tf.compat.v1):
        if name not in {"layers", "nn", "keras", "estimator"}:
            setattr(module, name, getattr(tf.compat.v1, name))
    module.layers, module.nn = layers, nn
    return module


def _merged(*modules: Any) -> SimpleNamespace:
    return SimpleNamespace(**{name: getattr(module, name) for module in modules for name in dir(module)})


def nodes(graph: Any, attrs: bool = True) -> list[str]:
    """Return a graph's nodes as text, in the order of their creation."""
    message = GraphDef.FromString(graph.as_graph_def(add_shapes=True).SerializeToString())
    return [_text(node, attrs) for node in message.node]


def _text(node: Any, attrs: bool) -> str:
    inputs = ", ".join(sorted(node.input, key=lambda name: name if name.startswith("^") else ""))
    texts = [f"{node.op} {node.name} <- {inputs}"]
    texts += [
        f"  {key}: {' '.join(str(value).split())}"
        for key, value in sorted(node.attr.items())
        if attrs and key not in IGNORED_ATTRS
    ]
    return "\n".join(texts)


def compare(tf_names: Any, program: Program, *, runs: int = 1, same_graph: bool = True, rtol: float = 1e-5) -> None:
    """Check that a program makes the same graph and gives the same values, from the same values of its variables.

    Args:
        tf_names: What `theirs` returns.
        program: The program.
        runs: How often to run it; variables go on from one run to the next.
        same_graph: Whether the nodes are the same too, not only variables and values.
        rtol: Relative tolerance of the values.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        their_graph, their_feeds, their_fetches = _build(tf_names, program)
    own_graph, own_feeds, own_fetches = _build(v1, program)
    if same_graph:
        own, wanted = nodes(own_graph), nodes(their_graph)
        assert own == wanted, "\n".join(unified_diff(wanted, own, "theirs", "ours", lineterm="", n=1))
        _compare_contexts(their_graph, own_graph)
    with their_graph.as_default(), tf_names.Session(graph=their_graph) as session:
        their_variables = [*tf_names.global_variables(), *tf_names.local_variables()]
        session.run([tf_names.global_variables_initializer(), tf_names.local_variables_initializer()])
        first = dict(zip((one.op.name for one in their_variables), session.run(their_variables), strict=True))
        expected = [session.run(their_fetches, their_feeds) for _ in range(runs)]
        last = dict(zip((one.op.name for one in their_variables), session.run(their_variables), strict=True))
    with own_graph.as_default(), v1.Session(graph=own_graph) as session:
        own_variables = [*v1.global_variables(), *v1.local_variables()]
        assert [one.op.name for one in own_variables] == [one.op.name for one in their_variables]
        session.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
        for one in own_variables:
            one.load(first[one.op.name], session)
        for wanted in expected:
            check_same(session.run(own_fetches, own_feeds), wanted, rtol)
        for one, value in zip(own_variables, session.run(own_variables), strict=True):
            check_same(value, last[one.op.name], rtol)


def _compare_contexts(their_graph: Any, own_graph: Any) -> None:
    """Check that conditionals and loops are told by the same messages."""
    for key, kind in (("cond_context", "CondContextDef"), ("while_context", "WhileContextDef")):
        own = [str(context.to_proto()) for context in own_graph.get_collection(key)]
        ours = getattr(messages, kind)
        wanted = [
            str(ours.FromString(context.to_proto().SerializeToString())) for context in their_graph.get_collection(key)
        ]
        assert own == wanted


def _build(names: Any, program: Program) -> tuple[Any, dict[Any, Any], Any]:
    graph = names.Graph()
    with graph.as_default():
        feeds, fetches = program(names)
    return graph, feeds, fetches


def check_same(own: Any, wanted: Any, rtol: float) -> None:
    """Check that results are the same, in any nesting."""
    if isinstance(wanted, Mapping):
        assert list(own) == list(wanted)
        for key in wanted:
            check_same(own[key], wanted[key], rtol)
    elif isinstance(wanted, (list, tuple)):
        assert len(own) == len(wanted)
        for one, other in zip(own, wanted, strict=True):
            check_same(one, other, rtol)
    elif wanted is None:
        assert own is None
    else:
        assert np.asarray(own).dtype == np.asarray(wanted).dtype
        if np.asarray(wanted).dtype.kind in "fc":
            np.testing.assert_allclose(own, wanted, rtol=rtol, atol=rtol)
        else:
            np.testing.assert_array_equal(own, wanted)
