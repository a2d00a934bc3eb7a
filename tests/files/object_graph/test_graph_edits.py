"""Graphs of objects follow their values: left out, called otherwise, put elsewhere, joined."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.object_graph.graph_columns import SlotVariable
from ckpt_magics.files.object_graph.graph_edits import NewValue, PlacedValue, ValueId, beside, edited
from ckpt_magics.files.object_graph.graph_nodes import Edge, GraphNode
from ckpt_magics.files.object_graph.node_order import numbered
from ckpt_magics.files.object_graph.object_graph import SavedAttribute
from ckpt_magics.files.object_graph.surviving_values import surviving_values
from ckpt_magics.files.object_graph.value_places import PathFinder

VALUE = "VARIABLE_VALUE"


def graph(paths, aliases=None):
    """Return the numbered graph of variables at paths such as ``model/w``, and further edges (path, name, path)."""
    ids = {(): 0}
    edges = [[]]
    saved = [()]
    for path in map(parts, paths):
        for end in range(1, len(path) + 1):
            if path[:end] not in ids:
                ids[path[:end]] = len(edges)
                edges[ids[path[: end - 1]]].append(Edge(path[end - 1], ids[path[:end]]))
                edges.append([])
                saved.append(())
        saved[ids[path]] = (SavedAttribute(VALUE, "", "/".join(path)),)
    for parent, name, child in aliases or ():
        edges[ids[parts(parent)]].append(Edge(name, ids[parts(child)]))
    nodes = zip(edges, saved, strict=True)
    return numbered([GraphNode(tuple(children), own, has_values=True) for children, own in nodes])


def parts(path):
    return tuple(path.split("/")) if path else ()


def shown(nodes):
    """Return the edges of each node, as text, by the key of its value or its number."""
    names = [node.attributes[0].checkpoint_key if node.attributes else str(at) for at, node in enumerate(nodes)]
    return {
        name: " ".join(f"{edge.name}:{names[edge.node_id]}" for edge in node.children)
        for name, node in zip(names, nodes, strict=True)
    }


def placed(nodes, change, root=0):
    """Return where each value is, and is to be by a function of its path as text."""
    found = []
    for at, node in enumerate(nodes):
        for saved in node.attributes:
            target = change(saved.checkpoint_key)
            path = parts(saved.checkpoint_key)
            new = None if target is None else parts(target)
            found.append(PlacedValue(ValueId(at + root, saved.name), path, new, root))
    return found


def after(nodes, change):
    return edited(nodes, placed(nodes, change)).nodes


def test_what_is_left_out_takes_its_objects_along():
    nodes = graph(["model/a/w", "model/b/w", "opt/iter"], [("model", "layer-1", "model/b"), ("opt", "model", "model")])
    found = after(nodes, lambda path: None if path.startswith(("opt", "model/b")) else path)
    assert shown(found) == {"0": "model:1", "1": "a:2", "2": "w:model/a/w", "model/a/w": ""}


def test_a_weight_that_an_optimizer_holds_too_stays():
    """Keras 3's optimizer holds the weights of its model, and TensorFlow names them by it."""
    nodes = graph(["model/a/w", "opt/lr"], [("opt", "_trainable_variables", "model/a/w")])
    found = after(nodes, lambda path: None if path.startswith("opt") else path)
    assert shown(found) == {"0": "model:1", "1": "a:2", "2": "w:model/a/w", "model/a/w": ""}


def test_an_object_without_values_stays_with_what_holds_it():
    nodes = graph(["model/w", "model/b"])
    nodes = (*nodes[:1], GraphNode((*nodes[1].children, Edge("empty", 4)), has_values=True), *nodes[2:], GraphNode())
    found = after(nodes, lambda path: path if path == "model/w" else None)
    assert shown(found) == {"0": "model:1", "1": "w:model/w empty:3", "model/w": "", "3": ""}


def test_a_renamed_object_keeps_its_place_and_its_other_names():
    nodes = graph(["z/a/w", "z/b/w", "z/c/w"], [("z", "layer-0", "z/b")])
    found = after(nodes, lambda path: path.replace("z/b/", "z/new/"))
    assert shown(found)["1"] == "a:2 new:3 c:4 layer-0:3"


def test_names_may_be_swapped():
    nodes = graph(["a/w", "b/w"])
    swap = {"a": "b", "b": "a"}
    assert shown(after(nodes, lambda path: swap[path[0]] + path[1:])) == {
        "0": "a:1 b:2", "1": "w:b/w", "2": "w:a/w", "b/w": "", "a/w": "",
    }  # fmt: skip


def test_what_a_checkpoint_was_given_by_name_is_sorted_as_before():
    nodes = graph(["model/w", "optimizer/m", "save_counter"])
    found = after(nodes, lambda path: path.replace("model", "zebra"))
    assert [edge.name for edge in found[0].children] == ["optimizer", "zebra", "save_counter"]


def test_a_model_is_put_below_a_name():
    nodes = graph(["layer/w", "save_counter"], [("", "root", ""), ("", "layer-0", "layer")])
    found = after(nodes, lambda path: path if path == "save_counter" else f"model/{path}")
    assert shown(found) == {
        "0": "model:1 save_counter:save_counter", "1": "layer:3 layer-0:3", "save_counter": "", "3": "w:layer/w",
        "layer/w": "",
    }  # fmt: skip


def test_what_is_below_a_name_becomes_the_root():
    nodes = graph(["model/layer/w", "save_counter"], [("model", "self", "model"), ("model", "layer-0", "model/layer")])
    found = after(nodes, lambda path: path.removeprefix("model/"))
    assert shown(found) == {
        "0": "layer:1 self:0 layer-0:1 root:0 save_counter:save_counter", "1": "w:model/layer/w", "save_counter": "",
        "model/layer/w": "",
    }  # fmt: skip


def test_putting_below_a_name_and_back_gives_the_same_graph():
    nodes = graph(["layer/w", "save_counter"], [("", "layer-0", "layer")])
    nodes = (GraphNode((*nodes[0].children[:1], nodes[0].children[2], Edge("root", 0), nodes[0].children[1]),
                       has_values=True), *nodes[1:])  # fmt: skip
    nodes = numbered(nodes)
    moved = edited(nodes, placed(nodes, lambda path: path if path == "save_counter" else f"m/{path}"))
    back = [
        PlacedValue(moved.values[one.value], one.target, one.path)
        for one in placed(nodes, lambda path: path if path == "save_counter" else f"m/{path}")
    ]
    assert edited(moved.nodes, back).nodes == nodes


def test_values_that_part_get_objects_of_their_own():
    nodes = graph(["a/w", "a/b"])
    found = after(nodes, lambda path: {"a/w": "x/y/w", "a/b": "a/b"}[path])
    assert shown(found) == {"0": "a:1 x:2", "1": "b:a/b", "2": "y:4", "a/b": "", "4": "w:a/w", "a/w": ""}


def test_objects_become_one_where_they_get_one_name():
    nodes = graph(["a/l/w", "b/l/b"])
    found = after(nodes, lambda path: f"a{path[1:]}")
    assert shown(found) == {"0": "a:1", "1": "l:2", "2": "w:a/l/w b:b/l/b", "a/l/w": "", "b/l/b": ""}
    with pytest.raises(InvalidArgumentError, match="b/w would be put where another value is"):
        after(graph(["a/w", "b/w"]), lambda _: "a/w")


def test_a_variable_that_holds_others_may_go_alone():
    nodes = graph(["v", "v/w"])
    found = after(nodes, lambda path: {"v": "x", "v/w": "v/w"}[path])
    assert shown(found) == {"0": "v:1 x:v", "1": "w:v/w", "v": "", "v/w": ""}


def slots_of(nodes, optimizer, *slots):
    """Return a graph with slots m of variables, by the path of the optimizer."""
    at = next(edge.node_id for edge in nodes[0].children if edge.name == optimizer)
    new = range(len(nodes), len(nodes) + len(slots))
    held = tuple(SlotVariable(variable, "m", slot) for variable, slot in zip(slots, new, strict=True))
    owner = GraphNode(nodes[at].children, nodes[at].attributes, held, has_values=True)
    saved = [GraphNode((), (SavedAttribute(VALUE, "", f"m{slot}"),), has_values=True) for slot in slots]
    return (*nodes[:at], owner, *nodes[at + 1 :], *saved)


def test_slots_go_with_their_optimizer_and_with_their_variable():
    nodes = graph(["a", "b", "opt/iter"])
    ids = {node.attributes[0].checkpoint_key: at for at, node in enumerate(nodes) if node.attributes}
    nodes = slots_of(nodes, "opt", ids["a"], ids["b"])
    ordinary = placed(nodes[:-2], lambda path: path)
    slots = [PlacedValue(ValueId(at, VALUE), None, ()) for at in (len(nodes) - 2, len(nodes) - 1)]
    assert edited(nodes, [*ordinary, *slots]).nodes == nodes
    without = edited(nodes, [*placed(nodes[:-2], lambda path: path if path in "ab" else None), *slots])
    assert shown(without.nodes) == {"0": "a:a b:b", "a": "", "b": ""}
    assert slots[0].value not in without.values
    without = edited(nodes, [*placed(nodes[:-2], lambda path: None if path == "a" else path), *slots])
    assert [node.attributes[0].checkpoint_key for node in without.nodes if node.attributes] == ["b", "opt/iter", "m2"]
    without = edited(nodes, [*ordinary, slots[1], PlacedValue(slots[0].value, None, None)])
    assert [node.slots for node in without.nodes if node.slots] == [(SlotVariable(ids["b"], "m", 5),)]


def test_new_values_get_objects():
    found = edited(
        (), (), [NewValue(("b", "w"), SavedAttribute(VALUE, "", "b")), NewValue((), SavedAttribute("x", "", ""))]
    )
    assert shown(found.nodes) == {"": "b:1", "1": "w:b", "b": ""}
    assert found.added == [ValueId(2, VALUE), ValueId(0, "x")]


def test_graphs_are_joined_beside_each_other_and_below_a_name():
    first, second = graph(["model/a/w", "save_counter"]), graph(["model/b/w", "opt/iter", "save_counter"])
    nodes, roots = beside([first, second])
    assert roots == [0, len(first)]
    same = placed(first, lambda path: path)
    others = placed(second, lambda path: None if path == "save_counter" else path, roots[1])
    found = shown(edited(nodes, [*same, *others]).nodes)
    assert found["0"] == "model:1 opt:2 save_counter:save_counter"
    assert found["1"] == "a:4 b:5"
    below = edited(nodes, [*same, *placed(second, lambda path: f"b/{path}", roots[1])])
    assert shown(below.nodes)["0"] == "b:1 model:2 save_counter:save_counter"


def test_a_path_that_is_too_long_is_refused():
    with pytest.raises(InvalidArgumentError, match="more than 1000 attributes away"):
        edited(graph(["w"]), [PlacedValue(ValueId(1, VALUE), ("w",), ("a",) * 1001)])


paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)


@given(st.lists(paths, min_size=1, max_size=5, unique=True), st.data())
@settings(max_examples=100)
def test_values_are_where_they_were_to_be(names, data):
    """Each value that is kept is reached by its new path, and no other value is there."""
    nodes = graph(names)
    new = data.draw(st.lists(st.none() | paths, min_size=len(names), max_size=len(names)))
    targets = dict(zip(names, new, strict=True))
    kept = [target for target in new if target is not None]
    if len(set(kept)) < len(kept):
        with pytest.raises(InvalidArgumentError):
            after(nodes, targets.get)
        return
    found = after(nodes, targets.get)
    for path, target in targets.items():
        if target is not None:
            at = found[0]
            for name in parts(target):
                at = next(found[edge.node_id] for edge in at.children if edge.name == name)
            assert [saved.checkpoint_key for saved in at.attributes] == [path]
    assert sum(len(node.attributes) for node in found) == len(kept)


def test_lost_values_leave_the_graph_with_their_objects():
    nodes = graph(["a/w", "a/b", "opt/iter"])
    keys = ["a/w", "a/b", "opt/iter"]
    assert surviving_values(nodes, keys, []) is None
    found = surviving_values(nodes, keys[:1], keys[1:])
    assert shown(found) == {"0": "a:1", "1": "w:a/w", "a/w": ""}


def test_a_table_that_is_lost_in_part_is_lost():
    saved = (SavedAttribute("table", "", "t/.ATTRIBUTES/table"),)
    nodes = (GraphNode((Edge("t", 1), Edge("v", 2))), GraphNode((), saved), *graph(["v"])[1:])
    parts = [f"t/.ATTRIBUTES/table-{part}" for part in ("keys", "values")]
    assert surviving_values(nodes, [*parts, "v"], []) is None
    assert shown(surviving_values(nodes, [parts[0], "v"], [parts[1]])) == {"0": "v:v", "v": ""}


def test_a_name_leads_to_an_object_even_if_edges_have_slashes():
    nodes = (
        GraphNode((Edge("a", 1), Edge("a/b", 2))),
        GraphNode((Edge("b", 3),)),
        GraphNode((Edge("c/d", 1),)),
        GraphNode(),
    )
    finder = PathFinder(nodes)
    assert finder.path("a/b", 3) == ("a", "b")
    assert finder.path("a/b", 2) == ("a/b",)
    assert finder.path("a/b/c/d/b", 3) == ("a/b", "c/d", "b")
    assert (finder.path("a/x", 3), finder.path("", 0), finder.path("", 1)) == (None, (), None)
    assert finder.shortest(3) == ("a", "b")
