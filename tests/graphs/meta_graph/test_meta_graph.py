"""MetaGraphs: every file of the corpus, what an export holds, and what is refused."""

import hashlib
import json

import pytest

from ckpt_magics.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    UnimplementedError,
)
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph import meta_graph_export
from ckpt_magics.graphs.meta_graph.graph_files import read_graph_def, read_saved_model, write_message
from ckpt_magics.graphs.meta_graph.meta_graph import export_scoped_meta_graph, import_scoped_meta_graph, read_meta_graph
from ckpt_magics.graphs.meta_graph.saved_model import find_meta_graph, tag_sets
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.proto.messages import CollectionDef, CondContextDef, MetaGraphDef, QueueRunnerDef, SaverDef
from tests.graphs.graph.programs import build_graph, dense_net, devices, scopes
from tests.truth import CORPUS

METAS = [path.relative_to(CORPUS).as_posix() for path in sorted(CORPUS.glob("tf*/**/*.meta"))]
DAMAGED = [path.relative_to(CORPUS).as_posix() for path in sorted(CORPUS.glob("damaged/*/*.meta"))]
SAVED_MODELS = [
    path.relative_to(CORPUS).as_posix()
    for path in sorted(CORPUS.glob("tf*/**/saved_model.pb*"))
    if path.suffix in {".pb", ".pbtxt"}
]


def node_hash(graph_def):
    lines = (f"{n.name}\t{n.op}\t{n.device}\t{','.join(n.input)}\n" for n in graph_def.node)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def attr_hash(graph_def):
    lines = (f"{n.name}\t{k}\t{n.attr[k].WhichOneof('value')}\n" for n in graph_def.node for k in sorted(n.attr))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def check_against_truth(meta_graph, truth):
    assert truth["nodes_sha256"] == node_hash(meta_graph.graph_def)
    assert truth["attr_kinds_sha256"] == attr_hash(meta_graph.graph_def)
    graph = Graph()
    import_scoped_meta_graph(meta_graph, graph=graph)
    assert truth["n_nodes"] == len(graph)
    for expected in truth["variables"]:
        names = [variable.name for variable in graph.get_collection(expected["collection"])]
        assert expected["variable"] in names
    exported, _ = export_scoped_meta_graph(graph=graph)
    assert truth["nodes_sha256"] == node_hash(exported.graph_def)
    assert meta_graph.graph_def.library == exported.graph_def.library
    return exported


@pytest.mark.parametrize("file", METAS)
def test_file_is_read_imported_and_exported_node_for_node(corpus, file):
    (truth,) = json.loads((corpus / f"{file}.summary.json").read_text())["meta_graphs"]
    meta_graph = read_meta_graph(corpus / file)
    exported = check_against_truth(meta_graph, truth)
    if file.startswith("tf2.21.0/") and "stripped" not in file:
        assert meta_graph.graph_def == exported.graph_def
        assert dict(meta_graph.collection_def) == dict(exported.collection_def)
        assert meta_graph.meta_info_def.stripped_op_list == exported.meta_info_def.stripped_op_list


@pytest.mark.parametrize("file", [file for file in METAS if file.startswith("tf2.21.0/") and "as_text" not in file])
def test_file_is_written_again_byte_for_byte(corpus, file, tmp_path):
    write_message(read_meta_graph(corpus / file), str(tmp_path / "again.meta"))
    assert (corpus / file).read_bytes() == (tmp_path / "again.meta").read_bytes()


@pytest.mark.parametrize("file", DAMAGED)
def test_damaged_file_is_imported_or_refused_with_our_error(corpus, file):
    try:
        import_scoped_meta_graph(str(corpus / file), graph=Graph())
    except CheckpointError:
        return


@pytest.mark.parametrize("file", SAVED_MODELS)
def test_saved_model_gives_every_meta_graph(corpus, file):
    truth = json.loads((corpus / f"{file}.summary.json").read_text())["meta_graphs"]
    saved_model = read_saved_model(corpus / file)
    assert [tuple(expected["tags"]) for expected in truth] == tag_sets(saved_model)
    for expected in truth:
        meta_graph = find_meta_graph(saved_model, expected["tags"])
        check_against_truth(meta_graph, expected)
        assert sorted(expected["signatures"]) == sorted(meta_graph.signature_def)
    assert saved_model == read_saved_model((corpus / file).parent)
    with pytest.raises(NotFoundError, match="Available tags: "):
        find_meta_graph(saved_model, ["nope"])


def test_files_that_are_no_meta_graph_are_named(tmp_path):
    path = tmp_path / "x.meta"
    with pytest.raises(CheckpointNotFoundError, match=r"File does not exist\. Received: "):
        read_meta_graph(path)
    with pytest.raises(OSError, match="does not exist"):
        read_graph_def(path)
    with pytest.raises(CheckpointNotFoundError, match="SavedModel file does not exist at: "):
        read_saved_model(tmp_path)
    path.write_text("<html>")
    with pytest.raises(DataLossError, match=r"Cannot parse file .*Expected identifier"):
        read_meta_graph(path)
    path.write_bytes(build_graph(dense_net).as_graph_def().SerializeToString())
    assert read_graph_def(path) == build_graph(dense_net).as_graph_def()
    for read in (read_saved_model, read_meta_graph):
        with pytest.raises(DataLossError, match=r"It is a GraphDef\."):
            read(path)


def test_text_and_binary_hold_the_same(tmp_path):
    graph = build_graph(dense_net)
    text, binary = str(tmp_path / "deep" / "er" / "t.meta"), str(tmp_path / "b.meta")
    export_scoped_meta_graph(text, graph=graph, as_text=True)
    exported, _ = export_scoped_meta_graph(binary, graph=graph)
    assert exported == read_meta_graph(text) == read_meta_graph(binary)
    again = (tmp_path / "b.meta").read_bytes()
    export_scoped_meta_graph(binary, graph=graph)
    assert again == (tmp_path / "b.meta").read_bytes()


def test_scope_is_exported_alone_and_comes_back_with_its_inputs():
    graph = Graph()
    with graph.as_default():
        x = build.placeholder(FLOAT, [2], name="x")
        with graph.name_scope("s"):
            v = Variable([1.0, 2.0], name="v")
            with graph.control_dependencies([x]):
                build.no_op("wait")
            y = build.apply("Mul", x, v, name="y")
        graph.add_to_collection("kept", y)
        graph.add_to_collection("left", x)
        graph.add_to_collection("number", 3)
        graph.add_to_collection("words", "s/word")
    exported, variables = export_scoped_meta_graph(graph=graph, export_scope="s")
    assert list(variables) == ["v:0"]
    nodes = {node.name: list(node.input) for node in exported.graph_def.node}
    assert nodes["y"] == ["$unbound_inputs_x", "v/read"]
    assert nodes["wait"] == ["^$unbound_inputs_x"]
    assert list(exported.collection_def["kept"].node_list.value) == ["y:0"]
    assert "left" not in exported.collection_def
    assert list(exported.collection_def["number"].int64_list.value) == [3]
    assert list(exported.collection_def["words"].bytes_list.value) == [b"s/word"]
    target = Graph()
    with target.as_default():
        feed = constant([1.0, 1.0])
        with pytest.raises(
            InvalidArgumentError, match=r"unbound inputs: \^\$unbound_inputs_x,\$unbound_inputs_x\. Must"
        ):
            import_scoped_meta_graph(exported, import_scope="t")
        given = {"$unbound_inputs_x": feed, "^$unbound_inputs_x": feed.op}
        found = import_scoped_meta_graph(exported, import_scope="t", input_map=given)
    assert found["v:0"].name == "t/v:0"
    assert target.get_operation_by_name("t/y").inputs[0] is feed
    assert target.get_collection("kept") == [target.get_tensor_by_name("t/y:0")]
    assert target.get_collection("words") == ["t/s/word"]


def test_devices_can_be_cleared_on_both_sides():
    graph = build_graph(devices)
    cleared, _ = export_scoped_meta_graph(graph=graph, clear_devices=True)
    assert {node.device for node in cleared.graph_def.node} == {""}
    exported, _ = export_scoped_meta_graph(graph=graph)
    before = exported.SerializeToString(deterministic=True)
    target = Graph()
    import_scoped_meta_graph(exported, clear_devices=True, graph=target)
    assert {op.device for op in target.get_operations()} == {""}
    assert before == exported.SerializeToString(deterministic=True)


def test_other_savers_are_left_out():
    graph = Graph()
    with graph.as_default():
        for scope in ("save", "save_1"):
            with graph.name_scope(scope):
                name = constant("p", name="Const")
                build.apply("RestoreV2", name, ["a"], [""], dtypes=[FLOAT])
                build.no_op("restore_all")
        graph.add_to_collection("savers", SaverDef(save_tensor_name="save/Const:0"))
    kept = SaverDef(save_tensor_name="save_1/Const:0", restore_op_name="save_1/restore_all")
    exported, _ = export_scoped_meta_graph(graph=graph, saver_def=kept, clear_extraneous_savers=True)
    assert {node.name.partition("/")[0] for node in exported.graph_def.node} == {"save_1"}
    assert exported.saver_def == kept
    assert [SaverDef.FromString(data) for data in exported.collection_def["savers"].bytes_list.value] == [kept]


def test_collections_of_every_kind_come_back(caplog):
    graph = Graph()
    with graph.as_default():
        graph.add_to_collection("floats", 1.5)
        graph.add_to_collection("strings", b"x")
        graph.add_to_collection("bools", True)
        graph.add_to_collection("objects", object())
        graph.add_to_collection("queue_runners", QueueRunnerDef(queue_name="q", enqueue_op_name=["e1", "e2"]))
        context = CondContextDef(context_name="c", pred_name="p:0")
        context.values_def.external_values["a"] = "b"
        graph.add_to_collection("cond_context", context)
    exported, _ = export_scoped_meta_graph(graph=graph)
    assert sorted(exported.collection_def) == ["cond_context", "floats", "queue_runners", "strings"]
    assert "'bools' is left out" in caplog.text
    target = Graph()
    import_scoped_meta_graph(exported, graph=target, import_scope="s")
    assert target.get_collection("floats") == [1.5]
    assert target.get_collection("strings") == ["s/x"]
    (runner,) = target.get_collection("queue_runners")
    assert (runner.queue_name, list(runner.enqueue_op_name)) == ("s/q", ["s/e1", "s/e2"])
    (found,) = target.get_collection("cond_context")
    assert dict(found.values_def.external_values) == {"s/a": "s/b"}
    again, _ = export_scoped_meta_graph(graph=target, export_scope="s")
    assert exported.collection_def["cond_context"] == again.collection_def["cond_context"]
    only = Graph()
    import_scoped_meta_graph(exported, graph=only, restore_collections_predicate=lambda key: key == "floats")
    assert only.get_all_collection_keys() == ["floats"]


def test_collections_that_do_not_fit_are_refused():
    garbage = MetaGraphDef()
    garbage.collection_def["variables"].bytes_list.value.append(b"\xff")
    with pytest.raises(DataLossError, match="holds what is no VariableDef"):
        import_scoped_meta_graph(garbage, graph=Graph())
    missing = MetaGraphDef()
    missing.collection_def["x"].node_list.value.append("gone:0")
    with pytest.raises(InvalidArgumentError, match="collection 'x'"):
        import_scoped_meta_graph(missing, graph=Graph())
    empty = MetaGraphDef()
    empty.collection_def["x"].CopyFrom(CollectionDef())
    graph = Graph()
    import_scoped_meta_graph(empty, graph=graph)
    assert graph.get_all_collection_keys() == []


def test_old_files_tell_by_the_collection_what_is_trainable():
    graph = build_graph(scopes)
    exported, _ = export_scoped_meta_graph(graph=graph)
    exported.meta_info_def.tensorflow_version = "1.4.0-rc1"
    del exported.collection_def["trainable_variables"].bytes_list.value[0]
    target = Graph()
    import_scoped_meta_graph(exported, graph=target)
    variables = target.get_collection("variables")
    assert sorted({v.name for v in variables if not v.trainable}) == [variables[0].name]


def test_limits_are_said(monkeypatch):
    graph = build_graph(dense_net)
    monkeypatch.setattr(meta_graph_export, "GRAPH_LIMIT", 100)
    with pytest.raises(InvalidArgumentError, match=r"GraphDef cannot be larger than 2GB\. Received size: [0-9]+\."):
        export_scoped_meta_graph(graph=graph)
    with pytest.raises(UnimplementedError, match="save_debug_info"):
        export_scoped_meta_graph(graph=graph, save_debug_info=True)
