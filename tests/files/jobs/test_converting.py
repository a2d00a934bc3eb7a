"""Conversions: whatever is readable through steps into whatever is writable, all of it or nothing, and checked."""

import os
import stat
from contextlib import suppress
from dataclasses import replace
from itertools import count

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from ckpt_magics import (
    CheckpointError,
    CheckpointNotFoundError,
    ChecksumError,
    ConvertOptions,
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
    TensorMismatchError,
    UnimplementedError,
    convert_checkpoint,
    export_meta_graph,
    load_checkpoint,
    save_checkpoint,
)
from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.jobs import converting
from ckpt_magics.files.kinds.known import WRITTEN_KINDS
from ckpt_magics.files.object_graph.graph_columns import SlotVariable
from ckpt_magics.files.object_graph.graph_nodes import Edge, GraphNode, decode_object_graph, encode_object_graph
from ckpt_magics.files.object_graph.object_graph import SavedAttribute
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSpec
from tests.files.faults import faulty_disk
from tests.files.saved import write_kind

MODEL = {
    "dense/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
    "dense/kernel/Adam": np.ones((2, 3), np.float32),
    "dense/bias": np.arange(3, dtype=np.float32),
    "global_step": np.int64(7),
}
SPECS = list(map(ArraySource(MODEL).spec, ArraySource(MODEL).keys()))
HOLDING = [kind.name for kind in WRITTEN_KINDS if not kind.can_hold(SPECS)]


@pytest.fixture
def model(tmp_path):
    return save_checkpoint(tmp_path / "m.ckpt", MODEL, write_state=False)


def tensors(path):
    with load_checkpoint(path) as reader:
        return {name: reader[name] for name in reader}


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert found[name].dtype == np.asarray(array).dtype
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("to", HOLDING)
@pytest.mark.parametrize("come_from", HOLDING)
def test_every_kind_becomes_every_other(tmp_path, come_from, to):
    source, target = tmp_path / "a", tmp_path / "b"
    convert_checkpoint(MODEL, source, options=ConvertOptions(to=come_from))
    report = convert_checkpoint(source, target, options=ConvertOptions(to=to))
    assert report.kind == to
    assert_same(tensors(target), MODEL)


def test_the_names_of_files_say_the_kind(model, tmp_path):
    convert_checkpoint(model, tmp_path / "x.safetensors")
    assert_same(load_file(tmp_path / "x.safetensors"), MODEL)
    with pytest.raises(InvalidArgumentError, match="Say the kind with --to"):
        convert_checkpoint(model, tmp_path / "x.docx")


def test_steps_are_done_in_order(model, tmp_path):
    steps = ["weights-only", ("map", {"*.weight": "*/kernel"}), ("transpose", {"*.weight": (1, 0)})]
    report = convert_checkpoint(model, tmp_path / "x.safetensors", steps)
    assert_same(tensors(report.path), {"dense.weight": MODEL["dense/kernel"].T, "dense/bias": MODEL["dense/bias"]})
    assert set(report.dropped["name"]) == {"dense/kernel/Adam", "global_step"}
    row = report.table.set_index("name").loc["dense.weight"]
    assert (row["from"], row["changed"], row["bytes"]) == ("dense/kernel", "transposed 1,0", 24)


def test_sources_are_merged_below_scopes(model, tmp_path):
    report = convert_checkpoint([model, {"w": np.ones(2)}], tmp_path / "both.npz", under=["a", "b/"])
    assert sorted(tensors(report.path)) == sorted([*(f"a/{name}" for name in MODEL), "b/w"])
    with pytest.raises(InvalidArgumentError, match="is in"):
        convert_checkpoint([model, MODEL], tmp_path / "both.npz")
    with pytest.raises(InvalidArgumentError, match="1 scope for 2 sources"):
        convert_checkpoint([model, MODEL], tmp_path / "both.npz", under=["a"])


def test_a_dry_run_writes_nothing_and_refuses_as_the_run_would(model, tmp_path):
    before = sorted(os.listdir(tmp_path))
    report = convert_checkpoint(model, tmp_path / "x.npz", ["weights-only"], options=ConvertOptions(dry_run=True))
    assert report.dry_run
    assert "Would have converted" in report.summary
    strings = {"w": np.array(["a"], object)}
    with pytest.raises(UnimplementedError, match=r"strings \(w\)"):
        convert_checkpoint(strings, tmp_path / "x.safetensors", options=ConvertOptions(dry_run=True))
    assert sorted(os.listdir(tmp_path)) == before


def test_what_a_kind_cannot_hold_is_refused_by_name_with_the_step_that_helps(tmp_path):
    wide = {"a": np.ones(2, np.complex128), "b": np.ones(2, np.float32)}
    with pytest.raises(UnimplementedError, match=r"complex128 \(a\).*--dtype NAME=complex64"):
        convert_checkpoint(wide, tmp_path / "x.safetensors")
    assert not (tmp_path / "x.safetensors").exists()
    convert_checkpoint(wide, tmp_path / "x.safetensors", [("dtype", {"a": "complex64"})])
    assert tensors(tmp_path / "x.safetensors")["a"].dtype == np.complex64


def test_a_checkpoint_is_not_converted_onto_itself_unless_asked(model):
    for same in (model, os.path.relpath(model), f"{model}.index"):
        with pytest.raises(InvalidArgumentError, match="in-place"):
            convert_checkpoint(model, same, ["weights-only"], options=ConvertOptions(to="v2"))
    assert_same(tensors(model), MODEL)
    convert_checkpoint(model, model, ["weights-only"], options=ConvertOptions(in_place=True))
    assert sorted(tensors(model)) == ["dense/bias", "dense/kernel"]


class TestNothingHalf:
    @pytest.fixture
    def target(self, tmp_path):
        path = tmp_path / "there.safetensors"
        convert_checkpoint({"old": np.ones(2)}, path)
        return path

    def kept(self, target):
        assert_same(tensors(target), {"old": np.ones(2)})
        assert not [name for name in os.listdir(target.parent) if name.startswith(".ckpt_magics")]

    def test_a_damaged_tensor(self, model, target):
        data = f"{model}.data-00000-of-00001"
        with open(data, "r+b") as file:
            file.seek(4)
            file.write(b"\xff")
        with pytest.raises(ChecksumError, match="dense"):
            convert_checkpoint(model, target)
        self.kept(target)

    def test_a_value_that_does_not_fit(self, target):
        with pytest.raises(TensorMismatchError, match="do not fit in float16"):
            convert_checkpoint({"a": np.ones(3), "w": np.float64([1e300])}, target, [("dtype", {"*": "float16"})])
        self.kept(target)

    def test_an_interrupt(self, target):
        large = {"w": np.ones((1024, 1024), np.float32)}

        def interrupt(done, total):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            convert_checkpoint(large, target, options=ConvertOptions(save=SaveOptions(progress=interrupt)))
        self.kept(target)

    def test_no_tensor(self, model, target):
        with pytest.raises(InvalidArgumentError, match=r"no tensor is left"):
            convert_checkpoint(model, target, [("exclude", ["*"])])
        self.kept(target)

    def test_no_tensor_for_several_reasons(self, model, target):
        with pytest.raises(InvalidArgumentError, match=r"They are left out: --include, --exclude\."):
            convert_checkpoint(model, target, [("include", ["dense/*"]), ("exclude", ["*"])])
        self.kept(target)

    def test_no_source(self, target):
        with pytest.raises(InvalidArgumentError, match="nothing is given to be converted"):
            convert_checkpoint([], target)
        with pytest.raises(InvalidArgumentError, match=r"no tensor is left.*The sources have none"):
            convert_checkpoint({}, target)
        self.kept(target)

    @pytest.mark.parametrize("to", ["v1", "safetensors", "npz"])
    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
    def test_a_target_that_is_no_file(self, model, tmp_path, to):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(FailedPreconditionError, match=r"Not a regular file.*no device, pipe or socket"):
            convert_checkpoint(model, tmp_path / "pipe", options=ConvertOptions(to=to))
        assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)
        assert not [name for name in os.listdir(tmp_path) if name.startswith(".ckpt_magics")]

    @pytest.mark.parametrize("to", ["v2", "safetensors", "npz"])
    def test_an_interrupt_at_each_call(self, tmp_path, to):
        old, new = ({"w": np.full(20_000, value, np.float32)} for value in (1, 2))
        source = save_checkpoint(tmp_path / "m.ckpt", new, write_state=False)
        options = ConvertOptions(to=to)
        for at in count():
            folder = tmp_path / str(at)
            folder.mkdir()
            convert_checkpoint(old, folder / "t", options=options)
            with faulty_disk(at, KeyboardInterrupt, after=bool(at % 2)) as faulty, suppress(KeyboardInterrupt):
                convert_checkpoint(source, folder / "t", options=options)
            found = tensors(folder / "t")["w"]
            assert found.min() == found.max()
            assert not [name for name in os.listdir(folder) if name.startswith(".ckpt_magics")]
            if len(faulty.calls) <= at:
                break
        assert at > 8
        assert found[0] == 2

    def test_a_damaged_list(self, model, target):
        with open(f"{model}.index", "r+b") as file:
            file.write(b"\xff\xff")
        with pytest.raises(CheckpointError):
            convert_checkpoint(model, target)
        self.kept(target)


def test_what_was_written_is_read_back(model, tmp_path, monkeypatch):
    write = converting.write_tensors

    def flip(path, *args, **options):
        sink = write(path, *args, **options)
        with open(path, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            last = file.read(1)
            file.seek(-1, os.SEEK_END)
            file.write(bytes([last[0] ^ 1]))
        return sink

    monkeypatch.setattr(converting, "write_tensors", flip)
    with pytest.raises(DataLossError, match="is something else when it is read back"):
        convert_checkpoint(model, tmp_path / "x.safetensors")
    unread = convert_checkpoint(model, tmp_path / "x.safetensors", options=ConvertOptions(verify=False))
    assert "read back" not in unread.summary


class TestBookkeeping:
    NAMES = ("w/.ATTRIBUTES/VARIABLE_VALUE", "save_counter/.ATTRIBUTES/VARIABLE_VALUE", "_CHECKPOINTABLE_OBJECT_GRAPH")

    def held(self):
        root = GraphNode((Edge("w", 1), Edge("save_counter", 2)), has_values=True)
        saved = [
            GraphNode((), (SavedAttribute("VARIABLE_VALUE", "w", key),), has_values=True) for key in self.NAMES[:2]
        ]
        graph = np.array(encode_object_graph([root, *saved]), object)
        return dict(zip(self.NAMES, (np.ones(2, np.float32), np.int64(1), graph), strict=True))

    def test_stays_where_the_names_stay(self, tmp_path):
        report = convert_checkpoint(self.held(), tmp_path / "a.ckpt", [("dtype", {"w/*": "float64"})])
        found = tensors(report.path)
        assert set(found) == set(self.NAMES)
        assert found[self.NAMES[2]] == self.held()[self.NAMES[2]].item()

    def test_the_graph_of_objects_follows_the_names(self, tmp_path):
        report = convert_checkpoint(self.held(), tmp_path / "a.ckpt", [("map", {"v": "w"}), ("exclude", ["save*"])])
        assert report.dropped["name"].tolist() == ["save_counter"]
        found = tensors(report.path)
        assert set(found) == {"v/.ATTRIBUTES/VARIABLE_VALUE", "_CHECKPOINTABLE_OBJECT_GRAPH"}
        root, saved = decode_object_graph(found["_CHECKPOINTABLE_OBJECT_GRAPH"])
        assert root.children == (Edge("v", 1),)
        assert saved.attributes == (SavedAttribute("VARIABLE_VALUE", "w", "v/.ATTRIBUTES/VARIABLE_VALUE"),)

    @pytest.mark.parametrize("steps", [[("include", ["w"])], [("exclude", ["save_counter"])], ["weights-only"]])
    def test_the_graph_of_objects_is_taken_along_by_what_it_is_of(self, tmp_path, steps):
        report = convert_checkpoint(self.held(), tmp_path / "a.ckpt", steps)
        assert set(tensors(report.path)) == {self.NAMES[0], self.NAMES[2]}

    def test_the_graph_of_objects_is_left_out_by_its_name(self, tmp_path):
        report = convert_checkpoint(self.held(), tmp_path / "a.ckpt", [("exclude", [self.NAMES[2]])])
        assert set(tensors(report.path)) == {"w", "save_counter"}

    @pytest.mark.parametrize("record", [np.array(b"\xff", object), np.float32(1), np.array([b"", b""], object)])
    def test_a_damaged_graph_stays_or_goes(self, tmp_path, record):
        held = {**self.held(), self.NAMES[2]: record}
        assert set(tensors(convert_checkpoint(held, tmp_path / "a.ckpt").path)) == set(self.NAMES)
        report = convert_checkpoint(held, tmp_path / "b.ckpt", [("exclude", ["save_counter"])])
        assert set(tensors(report.path)) == {self.NAMES[0]}
        assert "cannot be read" in report.dropped.set_index("name")["reason"]["_CHECKPOINTABLE_OBJECT_GRAPH"]

    def test_new_values_get_objects(self, tmp_path):
        steps = [("set", {"net/b": "[1, 2]"}), ("copy", {"tied": "w"})]
        found = tensors(convert_checkpoint(self.held(), tmp_path / "a.ckpt", steps).path)
        assert found["net/b/.ATTRIBUTES/VARIABLE_VALUE"].tolist() == [1, 2]
        nodes = decode_object_graph(found["_CHECKPOINTABLE_OBJECT_GRAPH"])
        assert [edge.name for edge in nodes[0].children] == ["net", "tied", "w", "save_counter"]

    def test_names_become_objects_if_that_is_asked_for(self, tmp_path):
        options = ConvertOptions(objects=True)
        report = convert_checkpoint({"net/w": np.ones(2), "b": np.ones(1)}, tmp_path / "a.ckpt", options=options)
        found = tensors(report.path)
        root, *_ = decode_object_graph(found.pop("_CHECKPOINTABLE_OBJECT_GRAPH"))
        assert [edge.name for edge in root.children] == ["b", "net"]
        assert set(found) == {"net/w/.ATTRIBUTES/VARIABLE_VALUE", "b/.ATTRIBUTES/VARIABLE_VALUE"}
        with pytest.raises(InvalidArgumentError, match=r"npz has no place for objects.*Checkpoints have: --to v2"):
            convert_checkpoint({"w": np.ones(2)}, tmp_path / "a.npz", options=options)

    def test_a_value_may_take_the_place_of_another(self, tmp_path):
        """The average of a weight, which a slot holds, becomes the weight."""
        root = GraphNode((Edge("opt", 1), Edge("w", 2)), has_values=True)
        owner = GraphNode((), (), (SlotVariable(2, "average", 3),), has_values=True)
        keys = ["w/.ATTRIBUTES/VARIABLE_VALUE", "w/.OPTIMIZER_SLOT/opt/average/.ATTRIBUTES/VARIABLE_VALUE"]
        saved = [GraphNode((), (SavedAttribute("VARIABLE_VALUE", "", key),), has_values=True) for key in keys]
        graph = np.array(encode_object_graph([root, owner, *saved]), object)
        held = {keys[0]: np.float32(1), keys[1]: np.float32(2), self.NAMES[2]: graph}
        steps = [("prefer", ["*/.OPTIMIZER_SLOT/opt/average"])]
        found = tensors(convert_checkpoint(held, tmp_path / "a.ckpt", steps).path)
        assert found[keys[0]] == 2
        assert decode_object_graph(found[self.NAMES[2]]) == (replace(root, children=(Edge("w", 1),)), saved[0])

    def test_goes_where_no_checkpoint_is_written(self, tmp_path):
        report = convert_checkpoint(self.held(), tmp_path / "a.npz")
        assert list(tensors(report.path)) == ["w"]
        assert len(report.dropped) == 2


def test_the_meta_graph_goes_along_while_it_is_right(model, tmp_path):
    (tmp_path / "m.ckpt.meta").write_bytes(b"")
    os.remove(tmp_path / "m.ckpt.meta")
    export_meta_graph(tmp_path / "m.ckpt.meta")
    same = convert_checkpoint(model, tmp_path / "same.ckpt", options=ConvertOptions(to="v1"))
    assert (tmp_path / "same.ckpt.meta").read_bytes() == (tmp_path / "m.ckpt.meta").read_bytes()
    assert {file.role for file in same.conversion.files} == {"V1", "meta graph"}
    convert_checkpoint(model, tmp_path / "other.ckpt", [("map", {"d": "dense/bias"})])
    assert not (tmp_path / "other.ckpt.meta").exists()


def test_a_source_that_is_not_there(tmp_path):
    with pytest.raises(CheckpointNotFoundError):
        convert_checkpoint(tmp_path / "none", tmp_path / "x.npz")


DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16, np.int8, np.uint16, np.int64, np.bool_, np.complex64]


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8),
        st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 3), max_size=3)),
        min_size=1,
    ),
    st.sampled_from(["v2", "safetensors"]),
)
def test_any_tensors_come_through_bit_for_bit(tmp_path_factory, shapes, to):
    directory = tmp_path_factory.mktemp("any")
    arrays = {
        name: np.arange(int(np.prod(shape))).reshape(shape).astype(dtype) for name, (dtype, shape) in shapes.items()
    }
    arrays.pop("__metadata__", None)
    if arrays:
        convert_checkpoint(arrays, directory / "x", options=ConvertOptions(to=to, save=SaveOptions(durable=False)))
        assert_same(tensors(directory / "x"), arrays)


def test_a_name_that_stands_for_the_files_of_the_source_is_the_source(tmp_path):
    write_kind(tmp_path / "m.safetensors", {"a": np.ones((8, 4)), "b": np.zeros((8, 4))}, num_shards=2)
    with pytest.raises(InvalidArgumentError, match="is what is to be converted"):
        convert_checkpoint(tmp_path / "m.safetensors", tmp_path / "m.safetensors")
    convert_checkpoint(tmp_path / "m.safetensors", tmp_path / "m.safetensors", options=ConvertOptions(in_place=True))
    convert_checkpoint(tmp_path / "m.safetensors", f"{tmp_path}/arrays/")
    assert sorted(os.listdir(tmp_path)) == ["arrays", "m.safetensors"]
    assert sorted(os.listdir(tmp_path / "arrays")) == ["a.npy", "b.npy"]


@pytest.mark.parametrize("kind", WRITTEN_KINDS, ids=[kind.name for kind in WRITTEN_KINDS])
def test_the_step_that_a_refusal_names_helps(tmp_path, kind):
    tried, name = 0, kind.name_form.format("w")
    for dtype in dtypes.DTYPES:
        arrays = {name: np.ones(2, dtype.numpy)} if dtype.itemsize and not dtype.is_quantized else {}
        for one in kind.can_hold([TensorSpec(name.encode(), dtype, (2,))] if arrays else []):
            with pytest.raises(UnimplementedError, match=f"--dtype NAME={one.value}"):
                convert_checkpoint(arrays, tmp_path / "m", options=ConvertOptions(to=kind.name))
            entry = {name: one.value}
            convert_checkpoint(arrays, tmp_path / "m", [(one.step, entry)], options=ConvertOptions(to=kind.name))
            with load_checkpoint(tmp_path / "m") as reader:
                assert reader[name].tolist() == [1, 1]
            tried += 1
    assert tried or kind.name in {"v2", "hdf5", "keras", "keras-h5"}  # which hold numbers of every dtype
