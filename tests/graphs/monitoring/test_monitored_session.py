"""Monitored sessions: they go on from the latest checkpoint, save, stop, and call hooks around each run."""

import logging
import threading

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf


@pytest.fixture(autouse=True)
def graph():
    """A graph with a global step and a training step that counts it."""
    tf.summary.FileWriterCache.clear()
    with tf.Graph().as_default() as made:
        step = tf.train.get_or_create_global_step()
        weight = tf.get_variable("weight", [2], initializer=tf.zeros_initializer())
        with tf.control_dependencies([tf.assign_add(weight, [1.0, 2.0])]):
            tf.assign_add(step, 1, name="train")
        yield made
    tf.summary.FileWriterCache.clear()


TRAIN = "train:0"


def train(**options):
    """Train until the session stops; returns the last step."""
    last = 0
    with tf.train.MonitoredTrainingSession(**options) as session:
        while not session.should_stop():
            last = session.run(TRAIN)
    return last


def test_stops_at_a_step_and_goes_on_from_there(tmp_path, graph):
    assert train(checkpoint_dir=tmp_path, hooks=[tf.train.StopAtStepHook(last_step=3)]) == 3
    assert tf.train.latest_checkpoint(tmp_path) == str(tmp_path / "model.ckpt-3")
    assert not graph.finalized
    np.testing.assert_array_equal(tf.train.load_variable(tmp_path, "weight"), [3, 6])
    assert train(checkpoint_dir=tmp_path, hooks=[tf.train.StopAtStepHook(num_steps=2)]) == 5
    np.testing.assert_array_equal(tf.train.load_variable(tmp_path, "weight"), [5, 10])


def test_saves_every_so_many_steps_and_at_the_end(tmp_path):
    train(checkpoint_dir=tmp_path, save_checkpoint_steps=2, hooks=[tf.train.StopAtStepHook(last_step=5)])
    state = tf.train.get_checkpoint_state(tmp_path)
    names = [path.rpartition("-")[2] for path in state.all_model_checkpoint_paths]
    assert names == ["0", "2", "4", "5"]
    assert (tmp_path / "graph.pbtxt").is_file()


def test_notes_summaries_and_the_rate(tmp_path, graph):
    tf.summary.scalar("first", graph.get_tensor_by_name("weight:0")[0])
    train(
        checkpoint_dir=tmp_path,
        save_summaries_steps=2,
        log_step_count_steps=2,
        hooks=[tf.train.StopAtStepHook(last_step=5)],
    )
    (events,) = tmp_path.glob("events.*")
    noted = [(event.step, value.tag) for event in tf.train.summary_iterator(events) for value in event.summary.value]
    assert [step for step, tag in noted if tag == "first"] == [1, 3, 5]
    assert {tag for _, tag in noted} == {"first", "global_step/sec"}


class Recording(tf.train.SessionRunHook):
    """Notes when it is called."""

    def __init__(self):
        self.calls = []

    def begin(self):
        self.calls.append("begin")

    def after_create_session(self, session, coord):
        assert isinstance(coord, tf.train.Coordinator)
        self.calls.append("created")

    def before_run(self, run_context):
        self.calls.append("before")
        return tf.train.SessionRunArgs({"step": TRAIN})

    def after_run(self, run_context, run_values):
        self.calls.append(int(run_values.results["step"]))
        if run_values.results["step"] == 2:
            run_context.request_stop()

    def end(self, session):
        self.calls.append("end")


def test_hooks_are_called_in_order():
    hook = Recording()
    with tf.train.MonitoredSession(hooks=[hook]) as session:
        while not session.should_stop():
            session.run("weight:0")
        with pytest.raises(RuntimeError, match="should_stop"):
            session.run("weight:0")
    assert hook.calls == ["begin", "created", "before", 1, "before", 2, "end"]


def test_an_error_leaves_the_end_out_and_the_end_of_data_is_none():
    hook = Recording()
    with pytest.raises(ValueError, match="mine"), tf.train.MonitoredSession(hooks=[hook]):
        raise ValueError("mine")
    assert hook.calls == ["begin", "created"]
    with tf.train.MonitoredSession():
        raise tf.errors.OutOfRangeError("no more")


def test_a_step_function_gets_the_session_itself():
    hook = Recording()
    with tf.train.SingularMonitoredSession(hooks=[hook]) as session:
        weight = session.run_step_fn(lambda step_context: step_context.session.run("weight:0"))
        np.testing.assert_array_equal(weight, [0, 0])
        assert session.raw_session().graph is tf.get_default_graph()
        session.run_step_fn(lambda step_context: step_context.run_with_hooks("weight:0"))
    assert hook.calls == ["begin", "created", "before", 1, "end"]


def test_what_is_no_number_ends_a_training():
    loss = tf.log(-tf.cast(tf.train.get_global_step(), tf.float32) - 1.0)
    with (
        pytest.raises(tf.train.NanLossDuringTrainingError),
        tf.train.MonitoredSession(hooks=[tf.train.NanTensorHook(loss)]) as session,
    ):
        session.run(TRAIN)


def test_logs_values_now_and_then(caplog):
    hooks = [tf.train.LoggingTensorHook({"step": TRAIN}, every_n_iter=2), tf.train.StopAtStepHook(last_step=4)]
    with caplog.at_level(logging.INFO, "ckpt_magics"):
        train(hooks=hooks)
    lines = [record.getMessage() for record in caplog.records if record.getMessage().startswith("step = ")]
    assert [line.partition(" (")[0] for line in lines] == ["step = 1", "step = 3"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (tf.train.StopAtStepHook, "One of num_steps or last_step"),
        (lambda: tf.train.StopAtStepHook(1, 2), "Only one of num_steps or last_step"),
        (lambda: tf.train.LoggingTensorHook([]), "exactly one of every_n_iter"),
        (lambda: tf.train.CheckpointSaverHook("x"), "Either every_secs or every_steps"),
        (lambda: tf.train.CheckpointSaverHook("x", 1, saver=1, scaffold=1), "both saver and scaffold"),
        (lambda: tf.train.SummarySaverHook(1), "Exactly one of scaffold or summary_op"),
    ],
)
def test_hooks_are_told_when_to_act(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_hooks_need_a_global_step():
    with (
        tf.Graph().as_default(),
        pytest.raises(RuntimeError, match="Global step should be created to use StopAtStepHook"),
    ):
        tf.train.MonitoredSession(hooks=[tf.train.StopAtStepHook(1)])


def test_session_manager_prepares_and_recovers(tmp_path):
    saver = tf.train.Saver()
    init = tf.global_variables_initializer()
    manager = tf.train.SessionManager(ready_op=tf.report_uninitialized_variables())
    with pytest.raises(RuntimeError, match="Model is not initialized"):
        manager.prepare_session("", saver=saver, checkpoint_dir=tmp_path)
    with pytest.raises(RuntimeError, match="Variables not initialized: global_step, weight"):
        manager.prepare_session("", init_op=tf.no_op())
    with manager.prepare_session("", init_op=init) as session:
        session.run(TRAIN)
        saver.save(session, tmp_path / "model", global_step=1)
    session, is_restored = manager.recover_session("", saver=saver, checkpoint_dir=tmp_path)
    assert is_restored
    np.testing.assert_array_equal(session.run("weight:0"), [1, 2])
    assert not manager.recover_session("", saver=saver, checkpoint_dir=tmp_path / "none")[1]


def test_coordinator_stops_threads_and_hands_on_errors():
    coordinator = tf.train.Coordinator()

    def work():
        with coordinator.stop_on_exception():
            raise KeyError("broken")

    threads = [threading.Thread(target=work), threading.Thread(target=coordinator.wait_for_stop)]
    for thread in threads:
        thread.start()
    with pytest.raises(KeyError, match="broken"):
        coordinator.join(threads)
    assert coordinator.should_stop()
    coordinator.clear_stop()
    coordinator.request_stop(tf.errors.OutOfRangeError("no more"))
    coordinator.join()
    assert tf.train.start_queue_runners(coord=coordinator) == []
