"""Programs that manage checkpoints, each written once for TensorFlow 2 and for what stands in for it.

A program takes the module that is ``tf``, a directory and a clock, and returns what came of each step.
"""

import os
from pathlib import Path

from tests.tensorflow.objects.restore_programs import outcome


class Clock:
    """Seconds since 1970, as a program has them."""

    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


def made(tf, folder, **options):
    checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
    return tf.train.CheckpointManager(checkpoint, str(folder / "runs"), **options)


def seen(manager):
    """What a manager and its directory say."""
    folder = Path(manager.directory)
    names = sorted(os.listdir(folder)) if folder.is_dir() else None
    state = (folder / "checkpoint").read_text() if names and "checkpoint" in names else None
    latest = manager.latest_checkpoint
    listed = [os.path.relpath(path, folder) for path in manager.checkpoints]
    return [names, state, listed, latest and os.path.relpath(latest, folder)]


def saves(manager, clock, count, seconds, **options):
    for _ in range(count):
        clock.now += seconds
        manager.save(**options)


def last_few(tf, folder, clock):
    manager = made(tf, folder, max_to_keep=2)
    before = seen(manager)
    saves(manager, clock, 4, 10)
    return [before, seen(manager), manager.directory == str(folder / "runs"), manager.checkpoint_interval]


def all_of_them(tf, folder, clock):
    manager = made(tf, folder, max_to_keep=None, checkpoint_name="model")
    saves(manager, clock, 3, 1.25)
    return seen(manager)


def some_for_good(tf, folder, clock):
    manager = made(tf, folder, max_to_keep=2, keep_checkpoint_every_n_hours=1)
    saves(manager, clock, 8, 1500)
    clock.now += 10
    other = made(tf, folder, max_to_keep=1, keep_checkpoint_every_n_hours=1)
    taken_over = seen(other)
    other.restore_or_initialize()
    saves(other, clock, 2, 1500)
    return [seen(manager), taken_over, seen(other)]


def numbered(tf, folder, clock):
    manager = made(tf, folder, max_to_keep=3)
    saves(manager, clock, 2, 10, checkpoint_number=10)
    saves(manager, clock, 1, 10)
    saves(manager, clock, 1, 10, checkpoint_number=tf.Variable(7))
    saves(manager, clock, 1, 10, checkpoint_number=10)
    return [*seen(manager), outcome(lambda: manager.checkpoint.save_counter)]


def begun_again(tf, folder, clock):
    saves(made(tf, folder, max_to_keep=2), clock, 4, 10)
    manager = made(tf, folder, max_to_keep=2)
    saves(manager, clock, 1, 10)
    once = seen(manager)
    saves(manager, clock, 2, 10)
    return [once, seen(manager)]


def without_times(tf, folder, clock):
    checkpoint = tf.train.Checkpoint(v=tf.Variable(1.0))
    checkpoint.save(str(folder / "runs" / "ckpt"))
    manager = made(tf, folder, max_to_keep=1)
    before = seen(manager)
    clock.now += 10
    saves(manager, clock, 1, 10, checkpoint_number=5)
    return [before, seen(manager)]


def beside_others(tf, folder, clock):
    manager = made(tf, folder, max_to_keep=2)
    saves(manager, clock, 3, 10)
    others = [tf.train.Checkpoint(v=tf.Variable(1.0)) for _ in range(2)]
    others[0].save(str(folder / "runs" / "best"))
    alone = seen(manager)
    others[1].save(str(folder / "runs" / "other"))
    others[0].save(str(folder / "runs" / "best"))
    return [alone, seen(manager), seen(made(tf, folder, max_to_keep=1))]


def clock_set_back(tf, folder, clock):
    manager = made(tf, folder, max_to_keep=1, keep_checkpoint_every_n_hours=1)
    saves(manager, clock, 4, 4000)
    clock.now -= 50_000
    other = made(tf, folder, max_to_keep=1)
    return seen(other)


def intervals(tf, folder, clock):
    step = tf.Variable(0)
    manager = made(tf, folder, max_to_keep=None, step_counter=step, checkpoint_interval=5)
    results = []
    for at, check in [(0, True), (0, False), (3, True), (3, False), (5, True), (8, True), (20, True)]:
        step.assign(at)
        clock.now += 1
        path = manager.save(check_interval=check)
        results.append(path and os.path.basename(path))
    other = made(tf, folder, max_to_keep=None, step_counter=step, checkpoint_interval=5, last_checkpoint_step=18)
    results.append(other.save())
    other.restore_or_initialize()
    return [*results, other.save(), manager.checkpoint_interval]


def restored_or_not(tf, folder, clock):
    called = []
    manager = made(tf, folder, max_to_keep=1, init_fn=lambda: called.append("called"))
    results = [manager.restore_or_initialize(), list(called)]
    manager.checkpoint.v.assign(5.0)
    saves(manager, clock, 1, 1)
    manager.checkpoint.v.assign(0.0)
    results += [os.path.basename(manager.restore_or_initialize()), outcome(lambda: manager.checkpoint.v)]
    results += [list(called), tf.train.latest_checkpoint(manager.directory) == manager.latest_checkpoint]
    for name in ("ckpt-1.index", "ckpt-1.data-00000-of-00001"):
        (folder / "runs" / name).unlink()
    return [*results, outcome(made(tf, folder, max_to_keep=1).restore_or_initialize).partition(":")[0]]


def others_files(tf, folder, clock):
    manager = made(tf, folder, max_to_keep=1)
    saves(manager, clock, 1, 1)
    for name in ("ckpt-1.meta", "ckpt-10.index", "ckpt-1.txt"):
        (folder / "runs" / name).write_text("of somebody")
    saves(manager, clock, 1, 1)
    return seen(manager)


def refused(tf, folder, clock):
    kinds = [{"max_to_keep": 0}, {"max_to_keep": -1}, {"max_to_keep": 1, "checkpoint_interval": 3}]
    return [outcome(lambda options=options: made(tf, folder, **options)) for options in kinds]


def with_callbacks(tf, folder, clock):
    called = []
    options = tf.train.CheckpointOptions(experimental_write_callbacks=[called.append, lambda: called.append("done")])
    manager = made(tf, folder, max_to_keep=1)
    saves(manager, clock, 1, 1, options=options)
    manager.sync()
    return [os.path.basename(called[0]), called[1], seen(manager)]


PROGRAMS = [
    last_few,
    all_of_them,
    some_for_good,
    numbered,
    begun_again,
    without_times,
    beside_others,
    clock_set_back,
    intervals,
    restored_or_not,
    others_files,
    refused,
    with_callbacks,
]
