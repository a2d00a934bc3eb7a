"""%ckpt_convert and %ckpt_average from a cell."""

from pathlib import Path

import numpy as np
import pytest
from IPython.core.error import UsageError

from ckpt_magics import load_checkpoint, save_checkpoint

WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture
def model(notebook):
    tensors = {"a/kernel": WEIGHT, "a/kernel/Adam": WEIGHT, "a/bias": np.ones(3), "global_step": np.int64(3)}
    return save_checkpoint("m.ckpt", tensors, write_state=False)


def tensors(path):
    with load_checkpoint(path) as reader:
        return {name: reader[name] for name in reader}


def test_steps_are_done_in_the_order_of_the_line(notebook, model):
    line = "m.ckpt x.safetensors --weights-only --map '*/weight=*/kernel' --transpose '*/weight=1,0' --map /=a/"
    report = notebook.run_line_magic("ckpt_convert", line)
    found = tensors("x.safetensors")
    assert list(found) == ["bias", "weight"]
    np.testing.assert_array_equal(found["weight"], WEIGHT.T)
    assert str(report).startswith("Converted m.ckpt to x.safetensors, safetensors: 2 tensors")
    with pytest.raises(UsageError, match="matches no tensor"):
        notebook.run_line_magic("ckpt_convert", "m.ckpt x.npz --map /=a/ --transpose 'a/kernel=1,0'")


def test_sources_with_names_are_merged(notebook, model):
    notebook.push({"more": {"w": np.ones(2)}})
    notebook.run_line_magic("ckpt_convert", "first:m.ckpt second:more both.npz --include first/a second/")
    assert sorted(tensors("both.npz")) == ["first/a/bias", "first/a/kernel", "first/a/kernel/Adam", "second/w"]
    notebook.run_line_magic("ckpt_convert", "m.ckpt below.npz --under net --include net/a/bias")
    assert list(tensors("below.npz")) == ["net/a/bias"]


def test_set_takes_a_variable_and_evaluates_nothing(notebook, model):
    notebook.push({"mine": np.full(3, 9.0)})
    notebook.run_line_magic("ckpt_convert", "m.ckpt x.npz --set a/bias=mine global_step=0 --exclude '*/Adam'")
    assert tensors("x.npz")["a/bias"].tolist() == [9, 9, 9]
    with pytest.raises(UsageError, match="no number, text or list"):
        notebook.run_line_magic("ckpt_convert", "m.ckpt y.npz --set a/bias=mine+1")


def test_a_recipe_of_ones_own(notebook, model, tmp_path):
    (tmp_path / "mine.toml").write_text('notes = ["Set the seed."]\n[[steps]]\nexclude = "*/Adam"\n', "utf-8")
    report = notebook.run_line_magic("ckpt_convert", "m.ckpt x.npz --recipe mine.toml --include a/")
    assert list(tensors("x.npz")) == ["a/bias", "a/kernel"]
    assert report.notes == ["Set the seed."]
    assert "Set the seed." in report._repr_html_()
    with pytest.raises(UsageError, match="is no recipe and no file"):
        notebook.run_line_magic("ckpt_convert", "m.ckpt x.npz --recipe none")


def test_lists_recipes(notebook):
    assert "recipe" in str(notebook.run_line_magic("ckpt_convert", "--recipes"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("m.ckpt", "a SOURCE or more and a TARGET"),
        ("none.ckpt x.npz", "none.ckpt"),
        ("m.ckpt x.npz --transpos w=1,0", "nearest: --transpose"),
        ("m.ckpt x.npz --to nothing", "no kind of file called"),
        ("m.ckpt x.npz --map a", "is nothing for --map"),
        ("m.ckpt m.ckpt --weights-only", "--in-place"),
    ],
)
def test_what_is_wrong_is_said(notebook, model, line, message):
    with pytest.raises(UsageError, match=message):
        notebook.run_line_magic("ckpt_convert", line)


def test_average(notebook):
    for step in (1, 2, 6):
        save_checkpoint("run/m.ckpt", {"w": np.float32([step])}, global_step=step)
    line = "run/m.ckpt-1 run/m.ckpt-2 mean.ckpt --factors 1,3"
    assert str(notebook.run_line_magic("ckpt_average", line)).startswith(
        "Averaged run/m.ckpt-1, run/m.ckpt-2 to mean.ckpt"
    )
    assert tensors("mean.ckpt")["w"] == 1.75
    notebook.run_line_magic("ckpt_average", "run mean.ckpt --last 2")
    assert tensors("mean.ckpt")["w"] == 4
    notebook.run_line_magic("ckpt_average", "run mean.ckpt --last 3 --ema 0.5")
    assert tensors("mean.ckpt")["w"] == 3.75
    with pytest.raises(UsageError, match="are no factors"):
        notebook.run_line_magic("ckpt_average", "run/m.ckpt-1 run/m.ckpt-2 mean.ckpt --factors a,b")


def test_files_of_a_size(notebook, model):
    notebook.run_line_magic("ckpt_convert", "m.ckpt x.safetensors --max-shard-size 40B")
    assert sorted(tensors("x.safetensors")) == ["a/bias", "a/kernel", "a/kernel/Adam", "global_step"]
    assert sorted(path.name for path in Path().glob("x*")) == [
        *(f"x-{number:05d}-of-00003.safetensors" for number in (1, 2, 3)),
        "x.safetensors.index.json",
    ]
    with pytest.raises(UsageError, match="'5 apples' is no size; one is 5GB, 200MB or 1GiB"):
        notebook.run_line_magic("ckpt_convert", "m.ckpt y.safetensors --max-shard-size '5 apples'")
