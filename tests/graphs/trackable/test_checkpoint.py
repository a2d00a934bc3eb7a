"""Checkpoints of objects: what is written, restored, deferred, and what happens if something does not fit."""

import gc
import os
import pickle
from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    DataLossError,
    TensorMismatchError,
    TensorNotFoundError,
)
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.object_graph.graph_nodes import decode_object_graph
from ckpt_magics.graphs.saver.array_saving import save_checkpoint
from ckpt_magics.graphs.trackable.checkpoint import Checkpoint
from ckpt_magics.graphs.trackable.checkpoint_options import CheckpointOptions
from ckpt_magics.graphs.trackable.eager_variable import EagerVariable
from ckpt_magics.graphs.trackable.module import Module
from ckpt_magics.notebook.reader import load_checkpoint

Point = namedtuple("Point", ["x", "y"])


def keys(prefix):
    with load_checkpoint(prefix) as reader:
        return [key.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE") for key in reader if key != OBJECT_GRAPH_KEY]


def test_values_come_back_into_variables_and_arrays(tmp_path):
    weights = np.arange(3.0)
    path = Checkpoint(step=EagerVariable(7), net={"w": weights, "more": [np.ones(2), 5]}).save(tmp_path / "m")
    into = {"w": np.zeros(3), "more": [np.zeros(2), 5]}
    step = EagerVariable(0)
    checkpoint = Checkpoint(step=step, net=into)
    checkpoint.restore(path).assert_consumed()
    assert (path, int(step)) == (str(tmp_path / "m-1"), 7)
    assert into["w"].tolist() == weights.tolist()
    assert into["more"][0].tolist() == [1.0, 1.0]
    assert checkpoint.save(tmp_path / "m") == str(tmp_path / "m-2")


def test_arrays_that_are_replaced_in_the_given_dict_are_saved_as_they_are_then(tmp_path):
    params = {"w": np.zeros(2)}
    checkpoint = Checkpoint(params=params)
    params["w"] = np.ones(2)
    params["b"] = np.full(1, 3.0)
    path = checkpoint.write(tmp_path / "m")
    with load_checkpoint(path) as reader:
        assert reader["params/w"].tolist() == [1.0, 1.0]
    del params["b"]
    assert keys(checkpoint.write(tmp_path / "n")) == ["params/w"]


def test_lists_and_dicts_of_an_object_work_as_such(tmp_path):
    module = Module()
    module.l, module.d = [1, EagerVariable(1)], {"a": EagerVariable(2)}
    module.l.insert(0, EagerVariable(0))
    module.l += [3, 4]
    module.l.extend([5])
    module.l.remove(4)
    assert module.l.pop() == 5
    assert (module.l.pop(1), len(module.l)) == (1, 3)
    module.l[2] = [EagerVariable(9)]
    del module.l[0]
    module.d |= {"b": EagerVariable(3)}
    assert module.d.setdefault("b") is module.d["b"]
    assert int(module.d.pop("a")) == 2
    assert module.d.pop("a", None) is None
    assert keys(Checkpoint(module).write(tmp_path / "m")) == ["d/b", "l/0", "l/1/0"]
    assert [type(one) for one in pickle.loads(pickle.dumps([module.l[1], module.d]))] == [list, dict]
    module.l.clear()
    module.d.clear()
    assert keys(Checkpoint(module).write(tmp_path / "n")) == []


def test_fields_of_a_named_tuple_are_there_twice(tmp_path):
    checkpoint = Checkpoint(p=Point(EagerVariable(1), [EagerVariable(2)]))
    with load_checkpoint(checkpoint.write(tmp_path / "m")) as reader:
        nodes = decode_object_graph(reader[OBJECT_GRAPH_KEY])
    assert [(edge.name, edge.node_id) for edge in nodes[1].children] == [("x", 2), ("y", 3), ("0", 2), ("1", 3)]
    assert int(checkpoint.p.x) == 1


def test_what_is_assigned_later_gets_its_values(tmp_path):
    path = Checkpoint(a=EagerVariable(1.0), l=[EagerVariable(2.0)], w=np.ones(2)).save(tmp_path / "m")
    checkpoint = Checkpoint(l=[])
    status = checkpoint.restore(path)
    assert "Restored 1 of 4 values" in repr(status)
    assert "(root).l.0" in status.report.text()
    checkpoint.l.append(EagerVariable(0.0))
    checkpoint.a = EagerVariable(0.0)
    with pytest.raises(AssertionError, match=r"Unresolved object in checkpoint \(root\).w"):
        status.assert_consumed()
    checkpoint.w = np.zeros(2)
    status.assert_consumed()
    assert (float(checkpoint.l[0]), float(checkpoint.a), checkpoint.w.tolist()) == (2.0, 1.0, [1.0, 1.0])


def test_what_is_assigned_later_and_does_not_fit_keeps_its_value(tmp_path):
    path = Checkpoint(a=EagerVariable([1.0])).write(tmp_path / "m")
    checkpoint = Checkpoint()
    checkpoint.read(path).expect_partial()
    with pytest.raises(ValueError, match=r"shape \(1,\) when attempting to restore variable with shape \(2,\)"):
        checkpoint.a = EagerVariable([0.0, 0.0])
    assert checkpoint.a.numpy().tolist() == [0.0, 0.0]


def test_nothing_changes_if_one_value_does_not_fit(tmp_path):
    path = Checkpoint(a=EagerVariable([1.0]), b=EagerVariable(2.0), c=EagerVariable(3.0)).save(tmp_path / "m")
    checkpoint = Checkpoint(a=EagerVariable([0.0]), b=EagerVariable([0.0, 0.0]))
    with pytest.raises(TensorMismatchError):
        checkpoint.restore(path)
    assert checkpoint.a.numpy().tolist() == [0.0]
    checkpoint.c = EagerVariable(0.0)
    assert float(checkpoint.c) == 0.0


def test_a_value_that_the_graph_names_and_the_file_lacks_is_not_found(tmp_path):
    saved = Checkpoint(a=EagerVariable(1.0), b=EagerVariable(2.0)).write(tmp_path / "m")
    with load_checkpoint(saved) as reader:
        rest = {key: reader.get_tensor(key) for key in reader if not key.startswith("b/")}
    rest[OBJECT_GRAPH_KEY] = np.array(rest[OBJECT_GRAPH_KEY], object)
    path = save_checkpoint(tmp_path / "n", rest, write_meta_graph=False)
    checkpoint = Checkpoint(a=EagerVariable(0.0), b=EagerVariable(0.0))
    with pytest.raises(TensorNotFoundError, match=r"Key b/\.ATTRIBUTES/VARIABLE_VALUE not found in checkpoint"):
        checkpoint.read(path)
    assert float(checkpoint.a) == 0.0


@pytest.mark.parametrize("data", [b"\x0a\xff", b"\x0a\x04\x0a\x02\x08\x07"])
def test_a_damaged_graph_is_lost_data(tmp_path, data):
    path = save_checkpoint(tmp_path / "m", {OBJECT_GRAPH_KEY: np.array(data, object)}, write_meta_graph=False)
    with pytest.raises(DataLossError):
        Checkpoint(a=EagerVariable(0.0)).read(path)


def test_a_missing_checkpoint_makes_no_counter(tmp_path):
    checkpoint = Checkpoint(a=EagerVariable(0.0))
    with pytest.raises(CheckpointNotFoundError, match="You may be missing the checkpoint suffix"):
        checkpoint.restore(tmp_path / "none")
    assert keys(checkpoint.write(tmp_path / "m")) == ["a"]


def test_a_save_that_fails_is_not_counted(tmp_path):
    checkpoint = Checkpoint(a=np.zeros(1))
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match="file"):
        checkpoint.save(tmp_path / "file" / "m")
    assert int(checkpoint.save_counter) == 0


def test_a_checkpoint_by_names_is_restored_by_names(tmp_path):
    path = save_checkpoint(tmp_path / "m", {"net/w": np.ones(2, np.float32), "other": np.zeros(1)})
    checkpoint = Checkpoint(w=EagerVariable([0.0, 0.0], name="net/w"))
    status = checkpoint.restore(path).assert_consumed()
    assert checkpoint.w.numpy().tolist() == [1.0, 1.0]
    assert "Restored 1 variable by name" in repr(status)
    checkpoint.b = EagerVariable(0.0, name="b")
    with pytest.raises(AssertionError, match=r"Some objects had attributes which were not restored: (.|\n)*\['b'\]"):
        checkpoint.restore(path).assert_consumed()


def test_callbacks_are_called_with_the_path_if_they_take_it(tmp_path):
    called = []
    options = CheckpointOptions(experimental_write_callbacks=[called.append, lambda: called.append("done")])
    Checkpoint(a=EagerVariable(0.0)).write(tmp_path / "m", options)
    assert called == [str(tmp_path / "m"), "done"]
    with pytest.raises(ValueError, match="take no argument or the path"):
        CheckpointOptions(experimental_write_callbacks=[lambda _a, _b: None])
    with pytest.raises(ValueError, match="one data file"):
        CheckpointOptions(experimental_sharding_callback=object())


def test_objects_go_with_the_last_reference(tmp_path):
    """A restore that waits for more does not keep what it has restored alive."""
    path = Checkpoint(a=EagerVariable(1.0), b=EagerVariable(1.0)).save(tmp_path / "m")
    checkpoint = Checkpoint(a=EagerVariable(0.0))
    status = checkpoint.restore(path).expect_partial()
    del checkpoint.a
    gc.collect()
    with pytest.raises(AssertionError, match=r"Unresolved object in checkpoint \(root\)\.a"):
        status.assert_consumed()


leaves = st.builds(EagerVariable, st.floats(width=32, allow_nan=False) | st.integers(-9, 9))
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)


def zeroed(tree):
    if isinstance(tree, EagerVariable):
        return EagerVariable(np.zeros_like(tree.numpy()))
    if isinstance(tree, dict):
        return {key: zeroed(item) for key, item in tree.items()}
    return [zeroed(item) for item in tree]


def plain(tree):
    if isinstance(tree, EagerVariable):
        return tree.numpy().item()
    if isinstance(tree, dict):
        return {key: plain(item) for key, item in tree.items()}
    return [plain(item) for item in tree]


@given(st.lists(trees, max_size=3) | st.dictionaries(names, trees, max_size=3))
@settings(max_examples=25)
def test_any_tree_comes_back(tmp_path_factory, tree):
    folder = tmp_path_factory.mktemp("tree")
    path = Checkpoint(tree=tree).save(os.path.join(folder, "m"))
    other = zeroed(tree)
    Checkpoint(tree=other).restore(path).assert_consumed()
    assert plain(other) == plain(tree)
