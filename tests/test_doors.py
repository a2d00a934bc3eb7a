"""Every door takes a path in every form: functions, methods, the compat names, the magics."""

import inspect
import os
from pathlib import Path

import numpy as np
import pytest

import ckpt_magics
import ckpt_magics.compat.v1 as tf
import ckpt_magics.compat.v2 as stand_in
from ckpt_magics.compat import inspect_checkpoint
from ckpt_magics.graphs.saver import from_checkpoint
from tests.graphs.saver.programs import fresh_session

VALUES = {"w": np.arange(3, dtype=np.float32)}


class PathInBytes:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return os.fsencode(self.path)


FORMS = {
    "absolute": str,
    "bytes": os.fsencode,
    "pathlib": Path,
    "path in bytes": PathInBytes,
    "home": lambda path: f"~/{path.relative_to(Path.home())}",
    "home in bytes": lambda path: os.fsencode(f"~/{path.relative_to(Path.home())}"),
    "relative": os.path.relpath,
    "URL": lambda path: f"file://{path}",
    # The directory as a service that knows no conditions, through fsspec.
    "store": lambda path: f"local://{path}",
}

pytestmark = pytest.mark.filterwarnings("ignore:local.* does not tell who puts a file first")


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def given(request, runs):
    """A function from a name in the directory to its path in one of the forms."""
    return lambda name="": request.param(runs / name if name else runs)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A directory with a checkpoint ``m-1``, its graph and its state file, inside the home directory."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "work" / "runs"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder.parent)
    ckpt_magics.save_checkpoint(folder / "m", VALUES, global_step=1, durable=False)
    return folder


def _restored(report):
    return report.values["w"].tolist() == [0.0, 1.0, 2.0]


def _closed(reader):
    with reader:
        return reader["w"].tolist() == [0.0, 1.0, 2.0]


def _graph_of_w():
    return tf.get_variable("w", [3], tf.float32, tf.zeros_initializer())


def _saves(given, runs):
    with fresh_session() as session:
        variable = _graph_of_w()
        session.run(variable.initializer)
        saver = tf.train.Saver()
        saved = saver.save(session, given("s"), global_step=2)
        saver.restore(session, saved)
        saver.restore(session, given("s-2"))
        saver.set_last_checkpoints_with_time([(given("m-1"), 0.0)])
        saver.recover_last_checkpoints([given("m-1")])
        saver.export_meta_graph(given("exported.meta"))
    return saver.last_checkpoints and {"s-2.index", "s-2.meta", "exported.meta"} <= set(os.listdir(runs))


def _meta_graphs(given, runs):
    with fresh_session():
        _graph_of_w()
        ckpt_magics.export_meta_graph(given("g.meta"))
    with fresh_session() as session:
        ckpt_magics.import_meta_graph(given("m-1.meta")).restore(session, given("m-1"))
        return (runs / "g.meta").exists()


def _initialized(given, _runs):
    with fresh_session() as session:
        variable = _graph_of_w()
        from_checkpoint.init_from_checkpoint(given("m-1"), {"/": "/"})
        session.run(tf.global_variables_initializer())
        return session.run(variable).tolist() == [0.0, 1.0, 2.0]


def _printed(given, _runs):
    inspect_checkpoint.print_tensors_in_checkpoint_file(given("m-1"), "", all_tensors=True)
    return True


def _salvaged(given, runs):
    ckpt_magics.salvage_checkpoint(given("m-1"), given("good"))
    ckpt_magics.verify_checkpoint(given("m-1"), salvage=given("none"))
    return (runs / "good.index").exists()


def _converted(given, runs):
    ckpt_magics.convert_checkpoint(given("m-1"), given("c.npz"))
    return (runs / "c.npz").exists()


def _averaged(given, runs):
    ckpt_magics.average_checkpoints([given("m-1"), given("m-1")], given("mean.ckpt"))
    ckpt_magics.save_checkpoint(runs / "m", VALUES, global_step=2, durable=False)
    ckpt_magics.average_checkpoints(given(), given("last.ckpt"), last=2)
    return {"mean.ckpt.index", "last.ckpt.index"} <= set(os.listdir(runs))


def _loaded_graph(given, _runs):
    return ckpt_magics.load_graph(given("m-1")).run("w").tolist() == [0.0, 1.0, 2.0]


def _noted(given, _runs):
    with tf.summary.FileWriter(given("log")) as writer:
        writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="loss", simple_value=2)]), 1)
    return ckpt_magics.read_scalars(given("log"))["loss"].tolist() == [2]


def _frozen(given, runs):
    ckpt_magics.freeze_graph(given("m-1"), given("frozen.pb"), ["w"])
    with ckpt_magics.load_checkpoint(given("frozen.pb")) as reader:
        return (runs / "frozen.pb").exists() and reader["w"].tolist() == [0.0, 1.0, 2.0]


def _pictures(given, runs):
    shown = ckpt_magics.show_graph(given("m-1.meta"))
    shown.picture.save(given("g.svg"))
    ckpt_magics.show_checkpoint(given("m-1")).save_html(given("t.html"))
    ckpt_magics.show_bytes(given("m-1")).save_html(given("b.html"))
    return {"b.html", "g.svg", "t.html"} <= set(os.listdir(runs))


def _states(given, runs):
    tf.train.update_checkpoint_state(given(), given("m-1"), [given("m-1")])
    made = tf.train.generate_checkpoint_state_proto(given(), given("m-1"), [given("m-1")])
    assert [os.path.basename(path) for path in made.all_model_checkpoint_paths] == ["m-1"]
    state = ckpt_magics.get_checkpoint_state(given())
    assert state.all_model_checkpoint_paths == tf.train.get_checkpoint_state(given()).all_model_checkpoint_paths
    return _same(state.model_checkpoint_path, runs / "m-1.index")


def _objects(given, runs):
    checkpoint = ckpt_magics.Checkpoint(w=np.ones(3, np.float32))
    assert _same(checkpoint.write(given("written")), runs / "written.index")
    checkpoint.read(given("written")).assert_consumed()
    assert _same(checkpoint.save(given("new/deep/o")), runs / "new" / "deep" / "o-1.index")
    checkpoint.w[:] = 0
    checkpoint.restore(given("new/deep/o-1")).assert_consumed()
    return checkpoint.w.sum() == 3


def _managed(given, runs):
    manager = ckpt_magics.CheckpointManager(ckpt_magics.Checkpoint(w=np.ones(3)), given("new"), 1)
    assert _same(manager.save(), runs / "new" / "ckpt-1.index")
    assert next(stand_in.train.checkpoints_iterator(given("new"))) == manager.latest_checkpoint
    return manager.restore_or_initialize() == manager.latest_checkpoint


def _files(given, runs):
    gfile = tf.gfile
    gfile.MkDir(given("a"))
    gfile.MakeDirs(given("b/c"))
    with gfile.GFile(given("a/t"), "w") as file:
        file.write("text")
    assert gfile.Exists(given("a/t"))
    assert gfile.IsDirectory(given("a"))
    assert gfile.ListDirectory(given("a")) == ["t"]
    assert len(gfile.Glob(given("a/*"))) == len(gfile.Glob([given("a/t")])) == 1
    gfile.Remove(given("a/t"))
    with gfile.GFile(given("b/c/t"), "w") as file:
        file.write("text")
    gfile.DeleteRecursively(given("b"))
    return not (runs / "b" / "c" / "t").exists()


def _removed(given, runs):
    tf.train.remove_checkpoint(given("m-1"))
    return os.listdir(runs) == ["checkpoint"]


def _written_graph(given, runs):
    with fresh_session() as session:
        _graph_of_w()
        tf.train.write_graph(session.graph, given("graphs"), "g.pbtxt")
    return (runs / "graphs" / "g.pbtxt").exists()


def _same(found, path):
    return os.path.samefile(f"{found.removeprefix('file://').removeprefix('local://')}.index", path)


DOORS = {
    "load_checkpoint": lambda given, _: _closed(ckpt_magics.load_checkpoint(given("m-1"))),
    "load_checkpoint of a directory": lambda given, _: _closed(ckpt_magics.load_checkpoint(given())),
    "list_variables": lambda given, _: ckpt_magics.list_variables(given("m-1")) == [("w", [3])],
    "load_variable": lambda given, _: ckpt_magics.load_variable(given("m-1"), "w").sum() == 3,
    "save_checkpoint": lambda given, runs: _same(ckpt_magics.save_checkpoint(given("n"), VALUES), runs / "n.index"),
    "restore_checkpoint": lambda given, _: _restored(ckpt_magics.restore_checkpoint(given("m-1"))),
    "restore_checkpoint at a step": lambda given, _: _restored(ckpt_magics.restore_checkpoint(given("m"), step=1)),
    "latest_checkpoint": lambda given, runs: _same(ckpt_magics.latest_checkpoint(given()), runs / "m-1.index"),
    "get_checkpoint_state": _states,
    "checkpoint_exists": lambda given, _: (
        ckpt_magics.checkpoint_exists(given("m-1")) and not ckpt_magics.checkpoint_exists(given("x"))
    ),
    "list_checkpoints": lambda given, _: len(ckpt_magics.list_checkpoints(given()).checkpoints) == 1,
    "repair_state": lambda given, runs: _same(ckpt_magics.repair_state(given()).latest, runs / "m-1.index"),
    "verify_checkpoint": lambda given, _: ckpt_magics.verify_checkpoint(given("m-1")).is_whole,
    "salvage_checkpoint": _salvaged,
    "convert_checkpoint": _converted,
    "average_checkpoints": _averaged,
    "compare_checkpoints": lambda given, _: len(ckpt_magics.compare_checkpoints(given("m-1"), given())) == 1,
    "describe_bytes": lambda given, _: ckpt_magics.describe_bytes(given("m-1")).file(".index").size > 0,
    "describe_checkpoint": lambda given, _: len(ckpt_magics.describe_checkpoint(given("m-1")).variables) == 1,
    "zarr_references": lambda given, _: "w/zarr.json" in ckpt_magics.zarr_references(given("m-1"))["refs"],
    "show_bytes": _pictures,
    "show_checkpoint": _pictures,
    "show_graph": _pictures,
    "freeze_graph": _frozen,
    "load_graph": _loaded_graph,
    "read_scalars": _noted,
    "export_meta_graph": _meta_graphs,
    "import_meta_graph": _meta_graphs,
    "Saver": _saves,
    "Checkpoint": _objects,
    "CheckpointManager": _managed,
    "tf.train.load_checkpoint": lambda given, _: _closed(tf.train.load_checkpoint(given())),
    "tf.train.list_variables": lambda given, _: tf.train.list_variables(given("m-1")) == [("w", [3])],
    "tf.train.load_variable": lambda given, _: tf.train.load_variable(given("m-1"), "w").sum() == 3,
    "tf.train.latest_checkpoint": lambda given, runs: _same(tf.train.latest_checkpoint(given()), runs / "m-1.index"),
    "tf.train.get_checkpoint_mtimes": lambda given, _: len(tf.train.get_checkpoint_mtimes([given("m-1")])) == 1,
    "tf.train.checkpoint_exists": lambda given, _: tf.train.checkpoint_exists(given("m-1")),
    "tf.train.remove_checkpoint": _removed,
    "tf.train.init_from_checkpoint": _initialized,
    "tf.train.write_graph": _written_graph,
    "tf.gfile": _files,
    "inspect_checkpoint": _printed,
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_every_door_takes_every_form(door, given, runs):
    assert door(given, runs)


def test_every_public_function_with_a_path_is_a_door_here():
    words = ("AnyPath", "CheckpointPath", "PathLike")
    for name in ckpt_magics.__all__:
        function = getattr(ckpt_magics, name)
        if inspect.isfunction(function):
            takes_path = any(word in str(inspect.signature(function)) for word in words)
            assert not takes_path or name in DOORS, name


def test_new_checkpoint_reader_takes_text_and_bytes_as_in_tensorflow(runs):
    for form in ("home", "home in bytes", "absolute", "relative", "URL"):
        assert _closed(tf.train.NewCheckpointReader(FORMS[form](runs / "m-1"))), form


def test_a_url_is_answered_with_a_url_under_the_compat_names(runs):
    """As in TensorFlow, so that a program that cuts off or compares its own beginning goes on to work."""
    assert tf.train.latest_checkpoint(f"file://{runs}") == f"file://{runs}/m-1"
    with fresh_session() as session:
        session.run(_graph_of_w().initializer)
        assert tf.train.Saver().save(session, f"file://{runs}/s", global_step=2) == f"file://{runs}/s-2"


MAGICS = (
    "ckpt_show {m} --static",
    "ckpt_show {d} --static",
    "ckpt_ls {d}",
    "ckpt_bytes {m} --static",
    "ckpt_ls {d} --repair",
    "ckpt_verify {m} -q",
    "ckpt_verify {m} --salvage {n} -q",
    "ckpt_diff {m} {d}",
    "ckpt_restore {m} --into kept -q",
    "ckpt_restore {d} --into kept -q",
    "ckpt_save {n} values -q",
    "graph {g}",
)


@pytest.mark.parametrize("line", MAGICS)
@pytest.mark.parametrize("form", ["absolute", "home", "relative", "URL", "store"])
def test_every_magic_takes_every_form(line, form, runs, magics):
    magics.user_ns["values"] = dict(VALUES)
    places = {"m": "m-1", "d": "", "n": "n", "g": "m-1.meta"}
    words = {sign: FORMS[form](runs / name if name else runs) for sign, name in places.items()}
    name, _, rest = line.format(**words).partition(" ")
    assert magics.run_line_magic(name, rest) is not None
