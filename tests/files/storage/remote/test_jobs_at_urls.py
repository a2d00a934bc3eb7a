"""Each job on checkpoints at URLs: those that `test_doors` does not knock at."""

import fsspec
import numpy as np
import pytest

import ckpt_magics
import ckpt_magics.compat.v1 as tf
from ckpt_magics.files.jobs.converting import ConvertOptions
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.notebook.commands.command_line import main
from ckpt_magics.notebook.magics.path_completion import complete_path

VALUES = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(3)}
RUN = "memory://run"

pytestmark = pytest.mark.filterwarnings("ignore:memory.* does not tell who puts a file first")


@pytest.fixture(autouse=True)
def memory():
    system = fsspec.filesystem("memory")
    system.store.clear()
    # Directories outlive what was in them, also those of other tests.
    system.pseudo_dirs[:] = [""]
    ckpt_magics.save_checkpoint(f"{RUN}/m", VALUES, global_step=1)
    yield system.store
    system.store.clear()


def names():
    return place_of(RUN).names()


def is_same(path):
    with ckpt_magics.load_checkpoint(path) as reader:
        return all(np.array_equal(reader[name], value) for name, value in VALUES.items())


def test_checkpoints_are_converted_from_there_and_back(tmp_path):
    for target in ("m.safetensors", "m.npz", "v1", "copy"):
        options = ConvertOptions(save=SaveOptions(write_version=1 if target == "v1" else 2))
        here, back = str(tmp_path / target), f"{RUN}/{target}"
        ckpt_magics.convert_checkpoint(f"{RUN}/m-1", here, options=options)
        ckpt_magics.convert_checkpoint(here, back, options=options)
        assert is_same(here)
        assert is_same(back)
    shards = f"{RUN}/shards.safetensors"
    ckpt_magics.convert_checkpoint(f"{RUN}/m-1", shards, options=ConvertOptions(save=SaveOptions(num_shards=2)))
    assert is_same(shards)


def test_what_is_damaged_is_found_and_the_rest_salvaged(memory):
    name = next(name for name in memory if "data" in name)
    data = bytearray(memory[name].getvalue())
    data[1] ^= 1
    with fsspec.open(f"memory://{name}", "wb") as file:
        file.write(data)
    report = ckpt_magics.verify_checkpoint(f"{RUN}/m-1")
    assert not report.is_whole
    assert "m-1.data-00000-of-00001" in str(report)
    ckpt_magics.salvage_checkpoint(f"{RUN}/m-1", f"{RUN}/saved")
    with ckpt_magics.load_checkpoint(f"{RUN}/saved") as reader:
        assert len(reader) == 1


def test_old_ones_go_and_leftovers_are_listed(memory, capsys):
    for step in range(2, 7):
        ckpt_magics.save_checkpoint(f"{RUN}/m", VALUES, global_step=step, max_to_keep=2)
    assert [name for name in names() if name.endswith(".index")] == ["m-5.index", "m-6.index"]
    del memory["/run/checkpoint"]
    fsspec.filesystem("memory").pipe_file("memory://run/m-9.data-00000-of-00001", b"left")
    assert main(["ls", RUN]) == 1
    assert "m-9" in capsys.readouterr().out
    assert ckpt_magics.repair_state(RUN).latest == f"{RUN}/m-6"
    assert "checkpoint" in names()


def test_commands_take_urls_and_options(capsys):
    assert main(["show", f"{RUN}/m-1", "--stats", "--storage", "x_y=1"]) == 0
    assert "w" in capsys.readouterr().out
    assert main(["diff", f"{RUN}/m-1", RUN]) == 0
    assert main(["convert", f"{RUN}/m-1", f"{RUN}/out.safetensors"]) == 0
    assert is_same(f"{RUN}/out.safetensors")


def test_tab_completes_what_is_there():
    ckpt_magics.save_checkpoint(f"{RUN}/deep/n", VALUES)
    assert complete_path(f"{RUN}/", ".index") == [f"{RUN}/deep/", f"{RUN}/m-1"]
    assert complete_path(f"{RUN}/deep/n", ".index") == [f"{RUN}/deep/n"]
    assert complete_path("memory://r", ".index") == [f"{RUN}/"]


def test_a_saved_model_is_written_loaded_and_read():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None], name="x")
        words = tf.constant("memory://run/words", name="words")
        tf.gfile.GFile("memory://run/words", "w").close()
        tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, words)
        y = x * tf.get_variable("w", initializer=2.0)
        session.run(tf.global_variables_initializer())
        tf.saved_model.simple_save(session, f"{RUN}/model", {"x": x}, {"y": y})
    with tf.Session(graph=tf.Graph()) as session:
        tf.saved_model.loader.load(session, ["serve"], f"{RUN}/model")
        assert session.run("mul:0", {"x:0": [3.0]}) == [6.0]
    assert tf.gfile.Exists(f"{RUN}/model/assets/words")
    with ckpt_magics.load_checkpoint(f"{RUN}/model") as reader:
        assert reader["w"] == 2
    assert "x" in str(ckpt_magics.show_graph(f"{RUN}/model"))


def test_statistics_and_slices_are_read():
    with ckpt_magics.load_checkpoint(RUN) as reader:
        assert set(reader.statistics()["max"]) == {0.0, 5.0}
        assert reader.get_slice("w", (1, slice(0, 2))).tolist() == [3, 4]
        assert list(reader.pieces("w", at_most=12))[1][1].tolist() == [[3, 4, 5]]
