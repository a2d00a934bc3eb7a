"""Whatever a graph of objects says, names for its variables come out, each once, or an error of our tree."""

import contextlib
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.keras_models.found_model import found_model, found_optimizer
from ckpt_magics.files.keras_models.legacy_weights import legacy_weights
from ckpt_magics.files.keras_models.model_part import Weight
from ckpt_magics.files.keras_models.object_paths import KERAS_2, KERAS_3, object_paths
from ckpt_magics.files.keras_models.optimizer_state import optimizer_state
from ckpt_magics.files.keras_models.weights_paths import weights_paths
from ckpt_magics.files.object_graph.graph_columns import SlotVariable
from ckpt_magics.files.object_graph.graph_nodes import Edge, GraphNode
from ckpt_magics.files.object_graph.object_graph import SavedAttribute

# fmt: off
NAMES = [
    "model", "root", "layer-0", "layer-00", "layer_with_weights-0", "_functional", "_operations", "0", "1", "cell",
    "layer", "forward_layer", "a", "kernel", "bias", "gamma", "optimizer", "_variables", "_iterations", "save_counter",
]
# fmt: on
FULL_NAMES = ["", "a", "dense_1/kernel", "a/b/c/d"]
SHAPES = [(), (2,), (2, 2), (2, 8), (1, 1, 2, 2)]


def node(edges, slots, at, *, is_variable):
    saved = (SavedAttribute("VARIABLE_VALUE", "", f"k{at}"),) if is_variable else ()
    return GraphNode(tuple(Edge(*edge) for edge in edges), saved, tuple(SlotVariable(*slot) for slot in slots))


@st.composite
def graphs(draw):
    """Graphs whose objects hold each other in any way, and the variables among them."""
    count = draw(st.integers(1, 8))
    ids = st.integers(0, count - 1)
    edges = st.lists(st.tuples(st.sampled_from(NAMES), ids), max_size=4)
    slots = st.lists(st.tuples(ids, st.just("m"), ids), max_size=2)
    drawn = draw(st.lists(st.tuples(edges, slots, st.booleans()), min_size=count, max_size=count))
    weight = st.tuples(st.sampled_from(FULL_NAMES), st.sampled_from(SHAPES))
    weights = draw(st.lists(weight, min_size=count, max_size=count))
    nodes = [node(*held, at, is_variable=variable) for at, (*held, variable) in enumerate(drawn)]
    return nodes, {f"k{at}": Weight(f"t{at}", *weights[at]) for at in range(count) if drawn[at][2]}


WAYS = [
    weights_paths,
    partial(object_paths, style=KERAS_2),
    partial(object_paths, style=KERAS_3),
    lambda model, said: {tensor: name for name, tensor in legacy_weights(model, said).items()},
]


@settings(max_examples=60)
@given(graphs())
def test_any_graph_has_names_or_an_error(graph):
    nodes, weights = graph
    tensors = {weight.tensor for weight in weights.values()}
    with contextlib.suppress(CheckpointError):
        model = found_model(nodes, weights)
        optimizer = found_optimizer(nodes, model)
        assert optimizer is None or set(optimizer_state(nodes, optimizer, weights, model)) <= tensors
        for way in WAYS:
            with contextlib.suppress(CheckpointError):
                found = way(model, {})
                assert found.keys() <= tensors
                assert len(set(found.values())) == len(found)


def test_objects_that_lie_in_each_other_many_times_over_take_no_time():
    """There are 2**60 ways through such a graph."""
    nodes = [GraphNode((Edge("a", at + 1), Edge("b", at + 1))) for at in range(60)]
    nodes.append(GraphNode((Edge("kernel", 61), Edge("bias", 62))))
    nodes += [node((), (), at, is_variable=True) for at in (61, 62)]
    model = found_model(nodes, {"k61": Weight("k", "", (2, 3)), "k62": Weight("b", "", (3,))})
    said = {"/".join("a" * depth): "layer" for depth in range(61)}
    for names in (weights_paths(model, said), object_paths(model, said, KERAS_2)):
        assert names.keys() == {"k", "b"}
