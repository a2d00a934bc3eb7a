"""Programs that save and restore do the same with TensorFlow and with compat.v1, word for word."""

import os

import pytest

import ckpt_magics.compat.v1 as compat

pytestmark = pytest.mark.tensorflow

PROGRAMS = {
    "the tutorial": """
import numpy as np
W = tf.Variable([[1, 2, 3], [3, 4, 5]], dtype=tf.float32, name='weights')
b = tf.Variable([[1, 2, 3]], dtype=tf.float32, name='biases')
init = tf.initialize_all_variables()
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(init)
    save_path = saver.save(sess, "my_net.ckpt")
    print("Save to path: ", save_path)

tf.reset_default_graph()
W = tf.Variable(np.arange(6).reshape((2, 3)), dtype=tf.float32, name="weights")
b = tf.Variable(np.arange(3).reshape((1, 3)), dtype=tf.float32, name="biases")
saver = tf.train.Saver()
with tf.Session() as sess:
    saver.restore(sess, "my_net.ckpt")
    print("weights:", sess.run(W))
    print("biases:", sess.run(b))
""",
    "some of the variables": """
tf.reset_default_graph()
v1 = tf.get_variable("v1", [3], initializer=tf.zeros_initializer)
v2 = tf.get_variable("v2", [5], initializer=tf.zeros_initializer)
inc_v1 = v1.assign(v1 + 1)
dec_v2 = v2.assign(v2 - 1)
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    inc_v1.op.run()
    dec_v2.op.run()
    print("Model saved in path: %s" % saver.save(sess, "model.ckpt"))
tf.reset_default_graph()
v1 = tf.get_variable("v1", [3], initializer=tf.zeros_initializer)
v2 = tf.get_variable("v2", [5], initializer=tf.zeros_initializer)
saver = tf.train.Saver({"v2": v2})
with tf.Session() as sess:
    v1.initializer.run()
    saver.restore(sess, "model.ckpt")
    print("v1 : %s" % v1.eval())
    print("v2 : %s" % v2.eval())
""",
    "a graph by its names": """
w1 = tf.placeholder("float", name="w1")
w2 = tf.placeholder("float", name="w2")
b1 = tf.Variable(2.0, name="bias")
w3 = tf.add(w1, w2)
w4 = tf.multiply(w3, b1, name="op_to_restore")
sess = tf.Session()
sess.run(tf.global_variables_initializer())
saver = tf.train.Saver()
print(sess.run(w4, feed_dict={w1: 4, w2: 8}))
saver.save(sess, "my_test_model", global_step=1000)
sess.close()
tf.reset_default_graph()
sess = tf.Session()
saver = tf.train.import_meta_graph("my_test_model-1000.meta")
saver.restore(sess, tf.train.latest_checkpoint("./"))
graph = tf.get_default_graph()
print([op.name for op in graph.get_operations()])
feed_dict = {graph.get_tensor_by_name("w1:0"): 13.0, graph.get_tensor_by_name("w2:0"): 17.0}
add_on_op = tf.multiply(graph.get_tensor_by_name("op_to_restore:0"), 2)
print(sess.run(add_on_op, feed_dict), add_on_op.name)
""",
    "every hundredth step": """
step = tf.Variable(0, name="global_step", trainable=False)
increment = tf.assign_add(step, 100)
saver = tf.train.Saver(max_to_keep=3, pad_step_number=True)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(6):
        sess.run(increment)
        print(saver.save(sess, "runs/model", global_step=step))
    print(saver.last_checkpoints)
state = tf.train.get_checkpoint_state("runs")
print(state.model_checkpoint_path, list(state.all_model_checkpoint_paths))
print(tf.train.latest_checkpoint("runs"))
again = tf.train.Saver(max_to_keep=2)
again.recover_last_checkpoints(state.all_model_checkpoint_paths)
with tf.Session() as sess:
    again.restore(sess, tf.train.latest_checkpoint("runs"))
    sess.run(increment)
    print(again.save(sess, "runs/model", global_step=step), again.last_checkpoints)
""",
    "relative paths and other names": """
v = tf.Variable(1.0, name="v")
import os
with tf.Session() as sess:
    sess.run(v.initializer)
    saver = tf.train.Saver(save_relative_paths=True)
    saver.save(sess, os.path.abspath("deep/m"), global_step=1, latest_filename="latest", meta_graph_suffix="graph")
    path = os.path.abspath("deep/m")
    saver.save(sess, path, global_step=2, latest_filename="latest", write_meta_graph=False)
    saver.save(sess, path, global_step=3, write_state=False)
print(tf.train.latest_checkpoint("deep", "latest"), tf.train.latest_checkpoint("deep"))
""",
    "two versions, sharded or not": """
with tf.device("/cpu:0"):
    a = tf.Variable([1.5, 2.5], name="a")
b = tf.Variable([True, False], name="b")
c = tf.Variable("text", name="c")
for version in (tf.train.SaverDef.V1, tf.train.SaverDef.V2):
    for sharded in (False, True):
        var_list = [a, b] if version == tf.train.SaverDef.V1 else [a, b, c]
        saver = tf.train.Saver(var_list, sharded=sharded, write_version=version, max_to_keep=1)
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for i in range(2):
                tf.gfile.MakeDirs("f/%d%s" % (version, sharded))
                path = saver.save(sess, "f/%d%s/m" % (version, sharded), global_step=i)
            print(path, saver.last_checkpoints)
        with tf.Session() as sess:
            saver.restore(sess, path)
            print(sess.run(var_list))
        reader = tf.train.NewCheckpointReader(path)
        print(sorted(reader.get_variable_to_shape_map().items()), reader.has_tensor("a"), reader.has_tensor("zz"))
""",
    "saver as a message": """
with tf.name_scope("outer"):
    v = tf.Variable(1.0, name="v")
    saver = tf.train.Saver(max_to_keep=7, keep_checkpoint_every_n_hours=0.1)
print(saver.to_proto(), saver.to_proto("outer"), saver.to_proto("other"))
print(tf.train.Saver.from_proto(saver.to_proto("outer"), "outer").as_saver_def())
print(tf.train.Saver(allow_empty=True, var_list=[]).saver_def, tf.train.Saver(defer_build=True).saver_def)
""",
}

REFUSALS = {
    "nothing": "tf.train.Saver([])",
    "deferred": "tf.train.Saver([w], defer_build=True)",
    "no list": "tf.train.Saver(5)",
    "same name": "tf.train.Saver([w, w])",
    "two names": "tf.train.Saver({'a': w, 'b': w})",
    "number as a name": "tf.train.Saver({1: w})",
    "constant in a dict": "tf.train.Saver({'a': tf.constant(1.0)})",
    "constant in a list": "tf.train.Saver([tf.constant(1.0)])",
    "no slices": "tf.train.Saver({'a': [w]})",
    "saver_def": "tf.train.Saver(saver_def=3)",
    "saver_def without names": "tf.train.Saver(saver_def=tf.train.SaverDef())",
    "latest_filename": "saver.save(sess, 'm', latest_filename='a/b')",
    "collision": "saver.save(sess, 'checkpoint')",
    "no session": "saver.save(None, 'm')",
    "step": "saver.save(sess, 'm', global_step='nope')",
    "step of text": "saver.save(sess, 'm', global_step=1.5)",
    "before build": "tf.train.Saver(defer_build=True).save(sess, 'm')",
    "parent": "saver.save(sess, 'no/where/m')",
    "uninitialized": "saver.save(tf.Session(), 'empty/m')",
    "none": "saver.restore(sess, None)",
    "not there": "saver.restore(sess, 'zzz')",
    "missing": "tf.train.Saver({'zzz': w}).restore(sess, 'there')",
    "missing in V1": "tf.train.Saver({'zzz': w}).restore(sess, 'old')",
    "dtype": "tf.train.Saver({'i': w}).restore(sess, 'there')",
    "dtype in V1": "tf.train.Saver({'i': w}).restore(sess, 'old')",
    "shape": "tf.train.Saver({'s': w}).restore(sess, 'there')",
    "reshape": "tf.train.Saver({'s': w}, reshape=True).restore(sess, 'there')",
    "import": "tf.train.import_meta_graph('zzz.meta')",
    "reader": "tf.train.NewCheckpointReader('zzz')",
    "reader of a number": "tf.train.NewCheckpointReader(3)",
    "tensor": "tf.train.NewCheckpointReader('there').get_tensor('zz')",
    "tensor in V1": "tf.train.NewCheckpointReader('old').get_tensor('zz')",
    "directory": "tf.train.load_checkpoint('empty')",
}

REFUSING = """
import os
os.makedirs("empty", exist_ok=True)
w = tf.Variable([1.0, 2.0], name="w")
i = tf.Variable([1, 2], name="i")
s = tf.Variable([1.0, 2.0, 3.0], name="s")
saver = tf.train.Saver()
sess = tf.Session()
sess.run(tf.global_variables_initializer())
saver.save(sess, "there")
tf.train.Saver(write_version=1).save(sess, "old")
"""


@pytest.fixture(autouse=True)
def reference_variables(tf):
    """TensorFlow 1's variables, where programs do not say which kind they want."""
    tf.compat.v1.disable_resource_variables()
    yield
    tf.compat.v1.enable_resource_variables()


def run_program(program, api, folder):
    """Run the parts of a program, each with a graph of its own, in a directory."""
    folder.mkdir()
    os.chdir(folder)
    names = {"tf": api}
    for part in program.split("tf.reset_default_graph()\n"):
        with api.Graph().as_default():
            exec(part, names)


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_prints_and_writes_the_same(tf, name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    printed, folders = [], [tmp_path / "theirs", tmp_path / "ours"]
    for api, folder in zip((tf.compat.v1, compat), folders, strict=True):
        capsys.readouterr()
        run_program(PROGRAMS[name], api, folder)
        printed.append(capsys.readouterr().out.replace(str(folder), "FOLDER"))
    theirs, ours = folders
    assert printed[1] == printed[0]
    assert files_in(ours) == files_in(theirs)
    for file in files_in(ours):
        if not file.endswith((".meta", ".graph")):
            expected = (theirs / file).read_bytes().replace(bytes(theirs), b"FOLDER")
            assert (ours / file).read_bytes().replace(bytes(ours), b"FOLDER") == expected, file


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal_is_of_the_same_class_with_the_same_text(tf, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    caught = []
    for label, api in (("theirs", tf.compat.v1), ("ours", compat)):
        with api.Graph().as_default():
            names = {"tf": api}
            (tmp_path / label).mkdir()
            os.chdir(tmp_path / label)
            exec(REFUSING, names)
            with pytest.raises(Exception) as error:  # noqa: PT011 -- the class is compared below
                exec(REFUSALS[name], names)
        caught.append(error.value)
    theirs, ours = caught
    kind = type(theirs).__name__
    assert isinstance(ours, getattr(compat.errors, kind, None) or type(theirs))
    text = getattr(ours, "message", str(ours)).partition("\n\t [[")[0].partition("; the directory is")[0]
    for part in text.split("Original error:\n\n"):
        assert part.strip() in str(theirs)
