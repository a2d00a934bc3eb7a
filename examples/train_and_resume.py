"""Train in two runs of a program: the second goes on where the latest checkpoint of the first ends."""

import tempfile

import numpy as np

import ckpt_magics.compat.v1 as tf


def build():
    """Add a small net that learns to tell two clouds of points apart, and return what a step of training runs."""
    random = np.random.default_rng(seed=1)
    labels = np.repeat([0.0, 1.0], 50).astype(np.float32)[:, None]
    points = random.normal(size=(100, 2)).astype(np.float32) + 2 * labels
    first = random.normal(size=(2, 4)).astype(np.float32)
    hidden = tf.nn.relu(tf.matmul(points, tf.get_variable("hidden", initializer=first)))
    weights = tf.get_variable("weights", [4, 1], initializer=tf.zeros_initializer())
    bias = tf.get_variable("bias", [1], initializer=tf.zeros_initializer())
    logits = tf.nn.bias_add(tf.matmul(hidden, weights), bias)
    loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits))
    step = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.1, step, decay_steps=20, decay_rate=0.8)
    train = tf.train.AdamOptimizer(rate).minimize(loss, global_step=step)
    return train, step, loss


def run(directory, steps):
    """Train for some steps, saving every tenth, from the latest checkpoint in the directory or from the start."""
    with tf.Graph().as_default(), tf.Session() as session:
        train, step, loss = build()
        saver = tf.train.Saver(max_to_keep=2)
        latest = tf.train.latest_checkpoint(directory)
        if latest is None:
            print("starting")
            session.run(tf.global_variables_initializer())
        else:
            saver.restore(session, latest)
            # So that this saver also deletes the old ones that the last run left.
            saver.recover_last_checkpoints(tf.train.get_checkpoint_state(directory).all_model_checkpoint_paths)
            print("going on from step", session.run(step))
        for _ in range(steps):
            session.run(train)
            if session.run(step) % 10 == 0:
                saver.save(session, f"{directory}/model", global_step=step)
        print(f"step {session.run(step)}, loss {session.run(loss):.3f}")


with tempfile.TemporaryDirectory() as runs:
    run(runs, 20)
    run(runs, 35)
    run(runs, 10)
    print(sorted(name for name in tf.gfile.ListDirectory(runs) if name.endswith(".index")))
