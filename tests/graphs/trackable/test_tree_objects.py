"""A save of objects gives the files of a checkpoint that holds the same tree."""

from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.restore.restore import restore_checkpoint
from ckpt_magics.graphs.saver.array_saving import save_checkpoint
from ckpt_magics.graphs.trackable.checkpoint import Checkpoint
from ckpt_magics.graphs.trackable.eager_variable import EagerVariable
from ckpt_magics.graphs.trackable.module import Module
from ckpt_magics.notebook.reader import load_checkpoint

Point = namedtuple("Point", ["x", "y"])


def contents(prefix):
    return [Path(f"{prefix}{suffix}").read_bytes() for suffix in (".index", ".data-00000-of-00001")]


def tree():
    shared = np.arange(3.0)
    module = Module()
    module.w, module.me = EagerVariable([1.0], name="w"), module
    return {
        "z": {"b": shared, "a": [np.ones(2), {"p/q": np.zeros(1)}]},
        "point": Point(np.ones(1), [np.ones(1)]),
        "empty": [],
        "net": module,
        "again": shared,
        "v": EagerVariable(2, name="two"),
    }


def test_files_are_those_of_a_checkpoint_of_the_same_tree(tmp_path):
    given = tree()
    checkpoint = Checkpoint(**given)
    without = save_checkpoint(tmp_path / "a", given, objects=True)
    assert contents(without) == contents(checkpoint.write(tmp_path / "b"))
    with_step = save_checkpoint(tmp_path / "a", given, objects=True, global_step=1)
    assert contents(with_step) == contents(checkpoint.save(tmp_path / "b"))


def test_numbers_and_text_are_saved_too_and_none_is_not(tmp_path):
    saved = save_checkpoint(tmp_path / "m", {"a": 1, "b": [1, "x", 2.5], "c": None, "d": {"e": 1}}, objects=True)
    assert saved.left_out == ("c",)
    with load_checkpoint(saved) as reader:
        values = {name: np.asarray(reader[name]).item() for name in ("a", "b/0", "b/1", "b/2", "d/e")}
        assert len(reader) == 6
        assert OBJECT_GRAPH_KEY in reader
    assert values == {"a": 1, "b/0": 1, "b/1": b"x", "b/2": 2.5, "d/e": 1}


def test_what_was_saved_is_restored_into_the_same_tree(tmp_path):
    saved = save_checkpoint(tmp_path / "m", tree(), objects=True)
    into = tree()
    for array in (into["again"], into["z"]["a"][0], into["point"].y[0]):
        array[:] = -1
    into["net"].w.assign([-1.0])
    report = restore_checkpoint(saved, into)
    assert report.unused == ()
    assert into["again"].tolist() == [0.0, 1.0, 2.0]
    assert (into["z"]["a"][0].tolist(), into["point"].y[0].tolist()) == ([1.0, 1.0], [1.0])
    assert into["net"].w.numpy().tolist() == [1.0]


def test_a_module_alone_is_the_root(tmp_path):
    module = Module()
    module.w = EagerVariable([1.0])
    saved = save_checkpoint(tmp_path / "a", module, objects=True)
    assert contents(saved) == contents(Checkpoint(module).write(tmp_path / "b"))
    with_step = save_checkpoint(tmp_path / "a", module, objects=True, global_step=1)
    assert contents(with_step) == contents(Checkpoint(module).save(tmp_path / "b"))
    module.w.assign([0.0])
    restore_checkpoint(tmp_path / "a", module)
    assert module.w.numpy().tolist() == [1.0]


def test_what_is_no_object_is_refused(tmp_path):
    for value in (np.ones(2), {}, {"a": None}, {"a": object()}):
        with pytest.raises(InvalidArgumentError):
            save_checkpoint(tmp_path / "m", value, objects=True)
    with pytest.raises(InvalidArgumentError, match="version 1 has none"):
        save_checkpoint(tmp_path / "m", {"a": 1}, objects=True, write_version=1)
    assert list(tmp_path.iterdir()) == []
