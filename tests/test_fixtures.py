"""The shared fixtures give what their docstrings promise."""

import pytest


def test_shell_runs_cells(shell):
    result = shell.run_cell("kept = 6 * 7")
    assert result.success
    assert shell.user_ns["kept"] == 42


def test_shell_forgets_what_the_test_before_left(shell):
    assert "kept" not in shell.user_ns


def test_golden_checkpoints_are_there(golden):
    assert (golden / "tf2.21.0" / "seed_v2" / "my_net" / "save_net.ckpt.index").is_file()


@pytest.mark.tensorflow
def test_tensorflow_works_without_warnings(tf, tmp_path):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        weight = tf.compat.v1.get_variable("weight", initializer=[1.0, 2.0])
        session.run(weight.initializer)
        prefix = tf.compat.v1.train.Saver([weight]).save(session, str(tmp_path / "model.ckpt"))
    assert tf.train.load_checkpoint(prefix).get_tensor("weight").tolist() == [1.0, 2.0]
