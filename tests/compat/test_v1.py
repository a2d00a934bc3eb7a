"""compat.v1: names that load when used, sessions and their settings, readers, and what is said of a missing name."""

import re
import subprocess
import sys
from operator import attrgetter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.compat.lazy_names import WITHOUT
from tests.graphs.saver.programs import WEIGHT, fresh_session, save_two, two_variables
from tests.truth import GOLDEN

NAMESPACES = sorted(name for name in dir(tf) if isinstance(getattr(tf, name), ModuleType) and name != "compat")


def test_namespaces_are_these():
    expected = (
        "app contrib data debugging dtypes errors flags gfile graph_util image initializers layers linalg logging "
        "losses math metrics nest nn python_io queue random saved_model sparse strings summary train version"
    )
    assert " ".join(NAMESPACES) == expected


@pytest.mark.parametrize("namespace", ["", *NAMESPACES])
def test_every_name_that_is_listed_is_there(namespace):
    module = getattr(tf, namespace) if namespace else tf
    assert module.__all__ == dir(module) == sorted(module.__all__)
    for name in dir(module):
        assert hasattr(module, name)


def test_programs_may_say_the_whole_name():
    assert tf.compat.v1 is tf
    assert "as_bytes" in dir(tf.compat)


def test_text_and_bytes_become_each_other():
    assert tf.compat.as_bytes("ß") == "ß".encode() == tf.compat.as_bytes(bytearray("ß".encode()))
    assert tf.compat.as_text(b"a") == tf.compat.as_str("a") == tf.compat.as_str_any(b"a") == "a"
    assert tf.compat.as_str_any(3) == "3"
    assert tf.compat.path_to_str(Path("a")) == "a"
    for convert in (tf.compat.as_bytes, tf.compat.as_text):
        with pytest.raises(TypeError, match="Expected binary or unicode string, got 3"):
            convert(3)


def test_version_is_the_one_that_graphs_tell():
    assert tf.version.VERSION == tf.VERSION == tf.__version__


def missing(module, name):
    """What is said when a module has no such name."""
    with pytest.raises(AttributeError) as caught:
        getattr(module, name)
    return str(caught.value)


def test_missing_names_name_their_nearest_or_all_of_a_short_module():
    text = missing(tf, "reduce_summ")
    assert re.match(r"tf.reduce_summ is none of .*nearest are: reduce_sum.* dir\(tf\) lists", text)
    text = missing(tf.logging, "inform")
    assert text.startswith("tf.logging.inform is none of the ")
    assert text.endswith(f"They are: {', '.join(dir(tf.logging))}.")


@pytest.mark.parametrize("name", ["tools", "frobnicate"])
def test_missing_names_without_a_near_one_suggest_none(name):
    assert "nearest" not in missing(tf, name)


@pytest.mark.parametrize(
    ("module", "name", "advice"),
    [
        (tf.train, "AdaMaxOptimizer", "train with TensorFlow and restore its checkpoint"),
        (tf, "GradientTape", "build a graph and run it in a session"),
        (tf, "numpy_function", "fetch the tensors"),
        (tf.train, "Server", "one process"),
        (tf, "feature_column", "feed it to placeholders"),
        (tf, "estimator", "model_dir"),
        (tf, "keras", "load_checkpoint"),
        (tf, "Dataset", "tf.data.Dataset"),
    ],
)
def test_missing_names_of_training_programs_say_what_to_do(module, name, advice):
    text = missing(module, name)
    assert "Instead: " in text
    assert advice in text
    assert not hasattr(module, name)


@pytest.mark.parametrize("advice", sorted(set(WITHOUT.values())))
def test_what_to_do_without_a_name_names_what_there_is(advice):
    for name in re.findall(r"\btf\.([\w.]*\w)", advice):
        assert attrgetter(name)(tf) is not None


def test_names_can_be_imported_one_by_one():
    from ckpt_magics.compat.v1 import train
    from ckpt_magics.compat.v1.train import Saver

    assert train.Saver is Saver is tf.train.Saver


def test_import_loads_no_graph_yet():
    code = "import sys, ckpt_magics.compat.v1 as tf; assert 'ckpt_magics.graph' not in sys.modules; tf.Variable"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# Sessions and settings


def test_settings_are_taken_at_any_depth():
    config = tf.ConfigProto(allow_soft_placement=True, gpu_options=tf.GPUOptions(allow_growth=True))
    config.graph_options.optimizer_options.opt_level = 1
    assert "allow_soft_placement=True" in repr(config)
    with tf.Graph().as_default(), tf.Session("", config=config) as session:
        options, metadata = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), tf.RunMetadata()
        assert session.run(tf.constant(3), options=options, run_metadata=metadata) == 3


def test_interactive_session_is_the_default_until_it_is_closed():
    with tf.Graph().as_default():
        session = tf.InteractiveSession()
        assert tf.get_default_session() is session
        assert tf.constant([1, 2]).eval().tolist() == [1, 2]
        session.close()
        assert tf.get_default_session() is None


def test_interactive_session_brings_its_graph():
    graph = tf.Graph()
    outside = tf.get_default_graph()
    session = tf.InteractiveSession(graph=graph)
    assert tf.get_default_graph() is graph
    session.close()
    assert tf.get_default_graph() is outside


def test_kind_of_variables_can_be_switched():
    assert not tf.resource_variables_enabled()
    with tf.Graph().as_default():
        assert tf.Variable(1.0).op.type == "VariableV2"
        tf.enable_resource_variables()
        try:
            assert tf.Variable(1.0).op.type == "VarHandleOp"
            assert tf.get_variable("v", []).op.type == "VarHandleOp"
            assert tf.Variable(1.0, use_resource=False).op.type == "VariableV2"
        finally:
            tf.disable_resource_variables()
        assert tf.get_variable("w", []).op.type == "VariableV2"


def test_there_are_graphs_only():
    tf.disable_eager_execution()
    tf.disable_v2_behavior()
    assert not tf.executing_eagerly()


def test_seeds_make_runs_repeat():
    def draw():
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(7)
            return session.run(tf.random.normal([3]))

    np.testing.assert_array_equal(draw(), draw())
    assert tf.get_seed(None) == (None, None)


def test_files_by_tensorflows_names(tmp_path):
    folder = tmp_path / "a" / "b"
    tf.gfile.MakeDirs(folder)
    with tf.gfile.GFile(folder / "text", "w") as file:
        file.write("größe")
    assert tf.gfile.ListDirectory(folder) == ["text"]
    assert tf.gfile.Glob(str(folder / "t*")) == [str(folder / "text")]
    with tf.gfile.Open(folder / "text") as file:
        assert file.read() == "größe"
    tf.gfile.Remove(folder / "text")
    tf.gfile.DeleteRecursively(tmp_path / "a")
    assert not tf.gfile.Exists(folder)
    with pytest.raises(tf.errors.NotFoundError):
        tf.gfile.ListDirectory(folder)


def test_logging_has_levels():
    before = tf.logging.get_verbosity()
    tf.logging.set_verbosity(tf.logging.ERROR)
    assert tf.logging.get_verbosity() == tf.logging.ERROR
    tf.logging.set_verbosity(before)


def test_errors_are_this_packages():
    assert issubclass(tf.errors.NotFoundError, tf.errors.OpError)
    assert issubclass(tf.errors.CancelledError, tf.errors.OpError)
    assert tf.OpError is tf.errors.OpError


def test_errors_have_codes(tmp_path):
    assert tf.errors.OK == 0
    for code in range(1, 17):
        kind = tf.errors.exception_type_from_error_code(code)
        assert kind.error_code == tf.errors.error_code_from_exception_type(kind) == code
        constant = re.sub("(?<=[a-z])(?=[A-Z])", "_", kind.__name__.removesuffix("Error")).upper()
        assert getattr(tf.errors, constant) == code
    with pytest.raises(tf.errors.OpError) as caught:
        tf.train.load_checkpoint(str(tmp_path / "none"))
    assert caught.value.error_code == tf.errors.NOT_FOUND


def test_scopes_and_collections():
    with tf.Graph().as_default() as graph:
        with tf.variable_scope("a"), tf.name_scope("b"), tf.device("/cpu:0"):
            weight = tf.get_variable("w", [2], initializer=tf.ones_initializer())
            total = tf.reduce_sum(weight, name="total")
        with tf.variable_scope("a", reuse=tf.AUTO_REUSE):
            assert tf.get_variable("w", [2]) is weight
        assert (weight.op.name, total.op.name, total.device) == ("a/w", "a/b/total", "/device:CPU:0")
        tf.add_to_collection("mine", total)
        assert tf.get_collection("mine") == graph.get_collection("mine") == [total]
        tf.get_collection_ref("mine").clear()
        assert tf.get_collection("mine") == []


# Checkpoints


def test_reader_takes_prefixes_and_patterns_only(tmp_path):
    path = save_two(tmp_path / "m")
    reader = tf.train.NewCheckpointReader(path)
    assert reader.debug_string() == b"biases (DT_FLOAT) [3]\nweight (DT_FLOAT) [2,3]\n"
    assert reader.get_variable_to_shape_map() == {"biases": [3], "weight": [2, 3]}
    assert reader.get_variable_to_dtype_map()["weight"] == tf.float32
    assert reader.has_tensor("weight")
    assert not reader.has_tensor("weights")
    np.testing.assert_array_equal(reader.get_tensor("weight"), WEIGHT)
    with pytest.raises(tf.errors.NotFoundError, match="Key weights not found in checkpoint"):
        reader.get_tensor("weights")
    sharded = save_two(tmp_path / "v1" / "m", write_version=1, sharded=True)
    assert tf.train.NewCheckpointReader(sharded).has_tensor("biases")


def test_reader_says_what_a_path_is_instead(tmp_path):
    path = save_two(tmp_path / "m")
    for other in (str(tmp_path), f"{path}.data-00000-of-00001", f"{path}.meta", f"{path}.index"):
        with pytest.raises(tf.errors.DataLossError, match=r"Unable to open table file .* not an sstable") as caught:
            tf.train.NewCheckpointReader(other)
        assert f"The prefix of the checkpoint there is {path}." in str(caught.value)
    message = "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for"
    with pytest.raises(tf.errors.NotFoundError, match=message):
        tf.train.NewCheckpointReader(str(tmp_path / "nothing"))
    with pytest.raises(TypeError, match="Expected binary or unicode string, got PosixPath"):
        tf.train.NewCheckpointReader(Path(path))


def test_one_call_functions(tmp_path):
    path = save_two(tmp_path / "m")
    assert tf.train.list_variables(tmp_path) == [("biases", [3]), ("weight", [2, 3])]
    np.testing.assert_array_equal(tf.train.load_variable(tmp_path, "weight:0"), WEIGHT)
    assert sorted(tf.train.load_checkpoint(tmp_path)) == ["biases", "weight"]
    assert tf.train.checkpoint_exists(path)
    assert len(tf.train.get_checkpoint_mtimes([path, f"{path}-gone"])) == 1
    tf.train.remove_checkpoint(path)
    assert not tf.train.checkpoint_exists(path)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint"]


@pytest.mark.parametrize("function", ["load_checkpoint", "list_variables"])
def test_directory_without_a_checkpoint_is_a_value_error(tmp_path, function):
    """And a file that is not found, as everywhere here."""
    for kind in (ValueError, FileNotFoundError, tf.errors.NotFoundError):
        with pytest.raises(kind, match="Couldn't find 'checkpoint' file or checkpoints in given directory"):
            getattr(tf.train, function)(tmp_path)


def test_state_file_is_written_and_described(tmp_path):
    paths = [str(tmp_path / "m-1"), str(tmp_path / "m-2")]
    state = tf.train.generate_checkpoint_state_proto(tmp_path, paths[1], paths)
    assert list(state.all_model_checkpoint_paths) == paths
    assert tf.train.update_checkpoint_state(tmp_path, paths[1], paths) is None
    assert tf.train.get_checkpoint_state(tmp_path).model_checkpoint_path == paths[1]


def test_graphs_are_written(tmp_path):
    with fresh_session() as session:
        two_variables()
        step = tf.train.create_global_step()
        session.run(tf.global_variables_initializer())
        assert tf.train.global_step(session, step) == 0
        path = tf.train.write_graph(session.graph, tmp_path / "logs", "graph.pbtxt")
        binary = tf.train.write_graph(session.graph.as_graph_def(), tmp_path, "graph.pb", as_text=False)
    assert path == str(tmp_path / "logs" / "graph.pbtxt")
    assert Path(path).read_text().startswith("node {")
    assert tf.GraphDef.FromString(Path(binary).read_bytes()).node[0].name == "weight/initial_value"


@pytest.mark.parametrize("case", ["tf0.12.1/seed_v1", "tf0.12.1/seed_v2", "tf2.21.0/seed_v2"])
def test_restores_the_tutorials_net_of_every_time(case):
    with fresh_session() as session:
        weight = tf.Variable(np.zeros((2, 3), np.float32), name="weight")
        biases = tf.Variable(np.zeros(3, np.float32), name="biases")
        tf.train.Saver().restore(session, str(GOLDEN / case / "my_net" / "save_net.ckpt"))
        assert session.run(weight).shape == (2, 3)
        assert session.run(biases).any()


# Sessions as functions, and moving averages


def test_session_makes_functions_of_runs():
    with tf.Graph().as_default() as graph, tf.Session() as session:
        x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
        power = session.make_callable(tf.pow(x, y), [x, y])
        assert power(2.0, 3.0) == 8.0
        assert session.make_callable([x], feed_list=(x,), accept_options=True)(1.0, options=None) == [1.0]
        with pytest.raises(TypeError, match="`feed_list` must be a list or tuple"):
            session.make_callable(x, x)
        assert session.graph_def == graph.as_graph_def()


def test_averages_are_restored_in_place_of_the_variables(tmp_path):
    with tf.Graph().as_default(), tf.Session() as session:
        tf.get_variable("w/ExponentialMovingAverage", initializer=[3.0])
        tf.get_variable("step", initializer=7, trainable=False)
        session.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(session, str(tmp_path / "model.ckpt"))
    with tf.Graph().as_default(), tf.Session() as session:
        w = tf.get_variable("w", [1])
        step = tf.get_variable("step", initializer=0, trainable=False)
        averages = tf.train.ExponentialMovingAverage(0.99)
        assert averages.variables_to_restore() == {"w/ExponentialMovingAverage": w, "step": step}
        tf.train.Saver(averages.variables_to_restore()).restore(session, path)
        assert (session.run(w), session.run(step)) == (3.0, 7)
        assert averages.variables_to_restore([]) == {"w": w, "step": step}
        assert tf.train.ExponentialMovingAverage(0.9, name="Mean").average_name(w) == "w/Mean"
