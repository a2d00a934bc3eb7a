"""Programs that restore objects, each written once for TensorFlow 2 and for what stands in for it.

A program takes the module that is ``tf`` and a directory, and returns what came of each step: values, or the kind and
the text of an error.
"""

import numpy as np


def outcome(step):
    """What a step gives: its value, or the first words of its error."""
    try:
        value = step()
    except Exception as error:  # noqa: BLE001 - TensorFlow's errors and ours are of two trees
        return f"{_kind(error)}: {getattr(error, 'message', error)}"
    return value.numpy().tolist() if hasattr(value, "numpy") else "done"


def _kind(error):
    if isinstance(error, AssertionError):
        return "AssertionError"
    if any(kind.__name__ == "NotFoundError" for kind in type(error).__mro__):
        return "NotFoundError"
    return "ValueError" if isinstance(error, ValueError) else "Error"


def saved(tf, folder, **tree):
    return tf.train.Checkpoint(**tree).save(f"{folder}/m")


def whole(tf, folder):
    path = saved(tf, folder, a=tf.Variable([1.0, 2.0]), d={"k": tf.Variable(3)})
    checkpoint = tf.train.Checkpoint(a=tf.Variable([0.0, 0.0]), d={"k": tf.Variable(0)})
    status = checkpoint.restore(path)
    status.expect_partial().run_restore_ops()
    status.initialize_or_restore()
    checks = [status.assert_consumed, status.assert_existing_objects_matched, status.assert_nontrivial_match]
    return [outcome(lambda: checkpoint.a), outcome(lambda: checkpoint.d["k"]), *map(outcome, checks)]


def by_names_only(tf, folder):
    path = saved(tf, folder, a=[tf.Variable(1.0), tf.Variable(2.0)])
    module = tf.Module()
    setattr(module, "0", tf.Variable(0.0))
    setattr(module, "1", tf.Variable(0.0))
    results = []
    for holder in ({"0": tf.Variable(0.0), "1": tf.Variable(0.0)}, (tf.Variable(0.0), tf.Variable(0.0)), module):
        checkpoint = tf.train.Checkpoint(a=holder)
        results.append(outcome(checkpoint.restore(path).assert_consumed))
    return [*results, outcome(lambda: getattr(module, "1"))]


def deferred(tf, folder):
    path = saved(tf, folder, a=tf.Variable(1.0), l=[tf.Variable(2.0)], d={"k": {"x": tf.Variable(3.0)}}, e={}, f=[[]])
    checkpoint = tf.train.Checkpoint(l=[], d={})
    status = checkpoint.restore(path)
    results = [outcome(status.assert_consumed), outcome(status.assert_existing_objects_matched)]
    checkpoint.a = tf.Variable(0.0)
    checkpoint.l.append(tf.Variable(0.0))
    checkpoint.d["k"] = {}
    checkpoint.d["k"]["x"] = tf.Variable(0.0)
    values = [checkpoint.a, checkpoint.l[0], checkpoint.d["k"]["x"]]
    return [*results, *(outcome(lambda value=value: value) for value in values), outcome(status.assert_consumed)]


def deferred_twice(tf, folder):
    first = tf.train.Checkpoint(a=tf.Variable(1.0)).write(f"{folder}/one")
    second = tf.train.Checkpoint(a=tf.Variable(2.0)).write(f"{folder}/two")
    checkpoint = tf.train.Checkpoint()
    checkpoint.read(first).expect_partial()
    checkpoint.read(second).expect_partial()
    checkpoint.a = tf.Variable(0.0)
    return [outcome(lambda: checkpoint.a)]


def module_grows(tf, folder):
    class Lazy(tf.Module):
        def build(self):
            if not hasattr(self, "w"):
                self.w = tf.Variable([0.0, 0.0], name="w")
            return self.w

    one = Lazy()
    one.build().assign([1.0, 2.0])
    path = saved(tf, folder, net=one)
    other = Lazy()
    status = tf.train.Checkpoint(net=other).restore(path)
    results = [outcome(status.assert_existing_objects_matched)]
    return [*results, outcome(other.build), outcome(status.assert_consumed)]


def more_saved(tf, folder):
    path = saved(tf, folder, a=tf.Variable(1.0), b={"c": tf.Variable(2.0)})
    checkpoint = tf.train.Checkpoint(a=tf.Variable(0.0))
    status = checkpoint.restore(path)
    status.expect_partial()
    return [
        outcome(status.assert_consumed),
        outcome(status.assert_existing_objects_matched),
        outcome(lambda: checkpoint.a),
    ]


def more_in_program(tf, folder):
    path = saved(tf, folder, a=tf.Variable(1.0))
    tree = {"a": tf.Variable(0.0), "b": [tf.Variable(float(at), name=f"b{at}") for at in range(1)]}
    status = tf.train.Checkpoint(**tree).restore(path)
    return [outcome(check) for check in (status.assert_consumed, status.assert_existing_objects_matched)]


def nothing_fits(tf, folder):
    path = tf.train.Checkpoint(a=tf.Variable(1.0)).write(f"{folder}/m")
    checkpoint = tf.train.Checkpoint(b=tf.Variable(0.0, name="b"))
    status = checkpoint.read(path)
    status.expect_partial()
    empty = tf.train.Checkpoint().restore(path)
    empty.expect_partial()
    return [outcome(status.assert_nontrivial_match), outcome(empty.assert_nontrivial_match)]


def other_shape(tf, folder):
    path = saved(tf, folder, a=tf.Variable([1.0, 2.0]), b=tf.Variable(1.0))
    checkpoint = tf.train.Checkpoint(a=tf.Variable(np.zeros(5, np.float32)))
    return [outcome(lambda: checkpoint.restore(path)), outcome(lambda: checkpoint.a)]


def other_dtype(tf, folder):
    path = saved(tf, folder, a=tf.Variable([1.0, 2.0]))
    checkpoint = tf.train.Checkpoint(a=tf.Variable([1, 2]))
    text = outcome(lambda: checkpoint.restore(path))
    return ["expected dtype int32 does not equal original dtype float" in text, outcome(lambda: checkpoint.a)]


def no_file(tf, folder):
    checkpoint = tf.train.Checkpoint(a=tf.Variable(1.0))
    text = outcome(lambda: checkpoint.restore(f"{folder}/none"))
    return [text.replace(" for ", " for ").partition("\n")[0][:90], "You may be missing the checkpoint suffix" in text]


def none_at_all(tf, folder):
    checkpoint = tf.train.Checkpoint(a=tf.Variable(1.0))
    status = checkpoint.restore(tf.train.latest_checkpoint(folder))
    status.initialize_or_restore()
    checks = [status.assert_consumed, status.assert_existing_objects_matched, status.assert_nontrivial_match]
    return [outcome(check) for check in (*checks, status.run_restore_ops)]


def written_and_restored(tf, folder):
    path = tf.train.Checkpoint(a=tf.Variable(1.0)).write(f"{folder}/m")
    status = tf.train.Checkpoint(a=tf.Variable(0.0)).restore(path)
    read = tf.train.Checkpoint(a=tf.Variable(0.0)).read(path)
    text = outcome(status.assert_consumed)
    return [text[: text.index("[")], outcome(read.assert_consumed)]


def saved_and_read(tf, folder):
    path = saved(tf, folder, a=tf.Variable(1.0))
    checkpoint = tf.train.Checkpoint(a=tf.Variable(0.0))
    status = checkpoint.read(path)
    result = outcome(status.assert_consumed)
    return [result, outcome(lambda: checkpoint.save_counter), outcome(status.assert_consumed)]


def counting_on(tf, folder):
    path = saved(tf, folder, a=tf.Variable(1.0))
    checkpoint = tf.train.Checkpoint(a=tf.Variable(0.0))
    checkpoint.restore(path)
    return [checkpoint.save(f"{folder}/m")[-3:], outcome(lambda: checkpoint.save_counter)]


def shared_in_file(tf, folder):
    one = tf.Variable(1.0)
    path = saved(tf, folder, a=one, b=one)
    checkpoint = tf.train.Checkpoint(a=tf.Variable(0.0, name="a"), b=tf.Variable(0.0, name="b"))
    status = checkpoint.restore(path)
    return [outcome(lambda: checkpoint.a), outcome(lambda: checkpoint.b), outcome(status.assert_consumed)]


def shared_in_program(tf, folder):
    path = saved(tf, folder, a=tf.Variable(1.0), b=tf.Variable(2.0))
    one = tf.Variable(0.0)
    status = tf.train.Checkpoint(a=one, b=one).restore(path)
    return [outcome(lambda: one), outcome(status.assert_consumed)]


def roots(tf, folder):
    net, step = tf.Module(), tf.Variable(5)
    net.w, net.inner = tf.Variable([1.0]), tf.Module()
    path = tf.train.Checkpoint(net, step=step).save(f"{folder}/m")
    other = tf.Module()
    other.w = tf.Variable([0.0])
    checkpoint = tf.train.Checkpoint(other, step=tf.Variable(0))
    status = checkpoint.restore(path)
    results = [outcome(status.assert_consumed), outcome(lambda: other.w), outcome(lambda: checkpoint.step)]
    read = tf.train.Checkpoint(other, step=tf.Variable(0))
    status = read.read(path)
    results += [outcome(status.assert_consumed), outcome(lambda: read.save_counter), outcome(status.assert_consumed)]
    inner = tf.train.Checkpoint(model=tf.Module()).restore(path)
    inner.expect_partial()
    return [*results, outcome(lambda: tf.train.Checkpoint(net, inner=other))]


def refused_kinds(tf, folder):
    refused = [1, "a", None, {1, 2}, 1.5, (1, 2)]
    texts = [outcome(lambda value=value: tf.train.Checkpoint(a=value)) for value in refused]
    checkpoint = tf.train.Checkpoint(d={1: tf.Variable(1.0)})
    return [*(text.partition(". If you")[0].partition(". Give")[0] for text in texts),
            outcome(lambda: checkpoint.write(f"{folder}/m")).partition("{")[0]]  # fmt: skip


PROGRAMS = [
    whole,
    by_names_only,
    deferred,
    deferred_twice,
    module_grows,
    more_saved,
    more_in_program,
    nothing_fits,
    other_shape,
    other_dtype,
    no_file,
    none_at_all,
    written_and_restored,
    saved_and_read,
    counting_on,
    shared_in_file,
    shared_in_program,
    roots,
    refused_kinds,
]
