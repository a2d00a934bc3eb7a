"""Metrics and pins lie beside TensorFlow's list, keep checkpoints from being deleted, and may be lost."""

import json
import os

import pytest

from ckpt_magics import (
    CheckpointNotFoundError,
    Graph,
    InvalidArgumentError,
    Saver,
    Session,
    Variable,
    get_checkpoint_state,
    latest_checkpoint,
    list_checkpoints,
    save_checkpoint,
)
from ckpt_magics.files.directory.notes import read_notes
from ckpt_magics.files.directory.recording import checkpoints_to_go
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.save_options import SaveOptions


def save(folder, step, loss=None, **options):
    metrics = {} if loss is None else {"loss": loss}
    options = {"max_to_keep": 1, "durable": False, **options}
    return save_checkpoint(folder / "m", {"w": float(step)}, global_step=step, metrics=metrics, **options)


def steps(folder):
    return sorted(int(name.split("-")[1].split(".")[0]) for name in os.listdir(folder) if name.endswith(".index"))


def listed(folder):
    return [os.path.basename(path) for path in get_checkpoint_state(folder).all_model_checkpoint_paths]


class TestBest:
    def test_the_best_stay_beside_the_last(self, tmp_path):
        for step, loss in enumerate([0.5, 0.1, 0.9, 0.2, 0.8], 1):
            save(tmp_path, step, loss, keep_best=2)
        assert steps(tmp_path) == [2, 4, 5]
        assert listed(tmp_path) == ["m-2", "m-4", "m-5"]

    def test_the_highest_if_that_is_said(self, tmp_path):
        for step, accuracy in enumerate([0.5, 0.1, 0.9, 0.2, 0.8], 1):
            save(tmp_path, step, accuracy, keep_best=1, highest=True)
        assert steps(tmp_path) == [3, 5]

    def test_nan_is_never_the_best_and_of_equal_ones_the_youngest_is(self, tmp_path):
        for step, loss in enumerate([0.5, float("nan"), 0.5, 0.7], 1):
            save(tmp_path, step, loss, keep_best=1)
        assert steps(tmp_path) == [3, 4]

    def test_what_a_save_will_delete_is_known_before(self, tmp_path):
        save(tmp_path, 1, 0.1)
        save(tmp_path, 2, 0.5, max_to_keep=5)
        save(tmp_path, 3, 0.4, max_to_keep=5)
        options = SaveOptions(global_step=4, max_to_keep=1, metrics={"loss": 0.3}, keep_best=1)
        stem = str(tmp_path / "m")
        going = checkpoints_to_go(place_of(options.with_step(stem)), options, place_of(stem))
        saved = save(tmp_path, 4, 0.3, keep_best=1)
        assert [os.path.basename(path) for path in going] == ["m-2", "m-3"]
        assert list(saved.removed) == going

    def test_notes_of_what_was_deleted_go(self, tmp_path):
        for step in (1, 2, 3):
            save(tmp_path, step, 1.0)
        assert set(json.loads((tmp_path / "checkpoint.notes.json").read_text())) == {"m-3"}

    def test_notes_of_a_former_checkpoint_go(self, tmp_path):
        save(tmp_path, 1, 0.5)
        save(tmp_path, 1)
        assert not read_notes(place_of(tmp_path)).metrics

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"keep_best": 1}, "goes with a metric"),
            ({"loss": 0.1, "keep_best": 0}, "from 1"),
            ({"loss": "low"}, "numbers by name"),
            ({"loss": 0.1, "write_state": False}, "beside the directory's list"),
        ],
    )
    def test_what_cannot_be_is_refused_before_anything_is_written(self, tmp_path, options, message):
        with pytest.raises(InvalidArgumentError, match=message):
            save(tmp_path, 1, **options)
        assert not list(tmp_path.iterdir())

    def test_without_metrics_there_is_no_file_of_notes(self, tmp_path):
        save(tmp_path, 1)
        assert not (tmp_path / "checkpoint.notes.json").exists()


class TestPins:
    def test_a_pinned_one_leaves_the_list_and_is_never_deleted(self, tmp_path):
        for step in (1, 2, 3):
            save(tmp_path, step, max_to_keep=5)
        found = list_checkpoints(tmp_path, pin=["m-1"])
        assert listed(tmp_path) == ["m-2", "m-3"]
        assert [one.is_pinned for one in found.checkpoints] == [True, False, False]
        assert "unlisted, pinned" in str(found)
        save(tmp_path, 4)
        assert steps(tmp_path) == [1, 4]
        assert listed(tmp_path) == ["m-4"]

    def test_the_latest_stays_listed_until_the_next_save(self, tmp_path):
        save(tmp_path, 1)
        list_checkpoints(tmp_path, pin=[str(tmp_path / "m-1")])
        assert os.path.basename(latest_checkpoint(tmp_path)) == "m-1"
        save(tmp_path, 2)
        assert steps(tmp_path) == [1, 2]
        assert listed(tmp_path) == ["m-2"]

    def test_one_that_is_let_go_joins_the_list_again(self, tmp_path):
        for step in (1, 2, 3):
            save(tmp_path, step, max_to_keep=5)
        list_checkpoints(tmp_path, pin=["m-1", "m-2"])
        list_checkpoints(tmp_path, unpin=["m-2"])
        assert listed(tmp_path) == ["m-2", "m-3"]
        save(tmp_path, 4)
        assert steps(tmp_path) == [1, 4]

    def test_a_saver_leaves_a_pinned_one_alone(self, tmp_path):
        with Graph().as_default(), Session() as session:
            session.run(Variable(1.0, name="w").initializer)
            saver = Saver(max_to_keep=1)
            saver.save(session, str(tmp_path / "m"), 1)
            list_checkpoints(tmp_path, pin=["m-1"])
            saver.save(session, str(tmp_path / "m"), 2)
            saver.save(session, str(tmp_path / "m"), 3)
        assert steps(tmp_path) == [1, 3]
        assert listed(tmp_path) == ["m-3"]

    def test_repair_does_not_list_it(self, tmp_path):
        for step in (1, 2):
            save(tmp_path, step, max_to_keep=5)
        list_checkpoints(tmp_path, pin=["m-1"])
        (tmp_path / "checkpoint").write_bytes(b"\xff")
        list_checkpoints(tmp_path, repair=True)
        assert listed(tmp_path) == ["m-2"]

    @pytest.mark.parametrize("name", ["m-7", "../m-1", "/elsewhere/m-1", ""])
    def test_only_what_is_there_is_pinned(self, tmp_path, name):
        save(tmp_path, 1)
        with pytest.raises(CheckpointNotFoundError, match="is no whole checkpoint of"):
            list_checkpoints(tmp_path, pin=[name])


@pytest.mark.parametrize(
    "text", ["", "[", "[1]", '{"m-1": 3}', '{"m-1": {"metrics": [1]}}', '{"m": {"metrics": {"a": "b"}}}']
)
def test_damaged_notes_are_lost_alone(tmp_path, text):
    save(tmp_path, 1, 0.5)
    (tmp_path / "checkpoint.notes.json").write_text(text)
    with pytest.warns(UserWarning, match="metrics and pins are lost"):
        save(tmp_path, 2, 0.4)
    assert read_notes(place_of(tmp_path)).metrics == {"m-2": {"loss": 0.4}}


def test_the_listing_has_a_column_of_each_metric(tmp_path):
    save(tmp_path, 1, 0.5, max_to_keep=5)
    save(tmp_path, 2, max_to_keep=5)
    found = list_checkpoints(tmp_path)
    assert found.table["loss"].tolist()[0] == 0.5
    assert "loss 0.5" in str(found)
    assert not found.leftovers
