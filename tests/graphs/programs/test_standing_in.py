"""``import tensorflow`` gives this package's names where TensorFlow is not there, and only there."""

import os
import subprocess
import sys
import sysconfig
from importlib import import_module
from pathlib import Path

import pytest

from ckpt_magics.errors import FailedPreconditionError, InvalidArgumentError
from ckpt_magics.graphs.programs.module_homes import module_homes
from ckpt_magics.graphs.programs.standing_in import stand_in

ROOT = Path(__file__).parents[3]
THEIRS = ("tensorflow", "tf_keras", "keras", "tensorboard")

# What public programs import from TensorFlow's modules beside the public names.
IMPORTED = {
    "tensorflow.core.framework.attr_value_pb2": "AttrValue",
    "tensorflow.core.framework.graph_pb2": "GraphDef",
    "tensorflow.core.framework.node_def_pb2": "NodeDef",
    "tensorflow.core.protobuf.config_pb2": "ConfigProto GPUOptions GraphOptions OptimizerOptions RunOptions",
    "tensorflow.core.protobuf.meta_graph_pb2": "MetaGraphDef",
    "tensorflow.core.protobuf.saver_pb2": "SaverDef",
    "tensorflow.python.client.session": "Session InteractiveSession",
    "tensorflow.python.framework.constant_op": "constant",
    "tensorflow.python.framework.dtypes": "DType as_dtype float32 int64 string",
    "tensorflow.python.framework.errors": "NotFoundError OutOfRangeError InvalidArgumentError",
    "tensorflow.python.framework.errors_impl": "DataLossError NotFoundError OpError",
    "tensorflow.python.framework.importer": "import_graph_def",
    "tensorflow.python.framework.ops": "Graph GraphKeys Operation control_dependencies convert_to_tensor device "
    "get_collection get_default_graph name_scope reset_default_graph add_to_collection",
    "tensorflow.python.framework.random_seed": "get_seed set_random_seed",
    "tensorflow.python.framework.tensor_shape": "TensorShape Dimension",
    "tensorflow.python.ops.array_ops": "concat expand_dims identity ones placeholder reshape shape transpose zeros",
    "tensorflow.python.ops.control_flow_ops": "group no_op",
    "tensorflow.python.ops.init_ops": "constant_initializer ones_initializer zeros_initializer",
    "tensorflow.python.ops.math_ops": "add argmax cast matmul reduce_mean reduce_sum sigmoid tanh",
    "tensorflow.python.ops.nn": "relu softmax",
    "tensorflow.python.ops.nn_ops": "softmax bias_add",
    "tensorflow.python.ops.partitioned_variables": "fixed_size_partitioner min_max_variable_partitioner",
    "tensorflow.python.ops.random_ops": "random_normal random_uniform truncated_normal",
    "tensorflow.python.ops.state_ops": "assign assign_add",
    "tensorflow.python.ops.variable_scope": "AUTO_REUSE VariableScope get_variable get_variable_scope variable_scope",
    "tensorflow.python.ops.variables": "Variable global_variables global_variables_initializer trainable_variables",
    "tensorflow.python.platform.app": "run",
    "tensorflow.python.platform.flags": "FLAGS DEFINE_string",
    "tensorflow.python.platform.gfile": "Exists GFile Glob",
    "tensorflow.python.platform.tf_logging": "info warn",
    "tensorflow.python.saved_model.builder": "SavedModelBuilder",
    "tensorflow.python.saved_model.constants": "ASSETS_DIRECTORY VARIABLES_FILENAME",
    "tensorflow.python.saved_model.loader": "load maybe_saved_model_directory",
    "tensorflow.python.saved_model.main_op": "main_op main_op_with_restore",
    "tensorflow.python.saved_model.signature_constants": "DEFAULT_SERVING_SIGNATURE_DEF_KEY PREDICT_METHOD_NAME",
    "tensorflow.python.saved_model.signature_def_utils": "build_signature_def predict_signature_def",
    "tensorflow.python.saved_model.simple_save": "simple_save",
    "tensorflow.python.saved_model.tag_constants": "SERVING TRAINING",
    "tensorflow.python.saved_model.utils": "build_tensor_info",
    "tensorflow.python.tools.inspect_checkpoint": "print_tensors_in_checkpoint_file",
    "tensorflow.python.training.checkpoint_management": "get_checkpoint_state latest_checkpoint",
    "tensorflow.python.training.checkpoint_utils": "init_from_checkpoint list_variables load_checkpoint load_variable",
    "tensorflow.python.training.moving_averages": "ExponentialMovingAverage",
    "tensorflow.python.training.py_checkpoint_reader": "NewCheckpointReader",
    "tensorflow.python.training.saver": "Saver export_meta_graph import_meta_graph latest_checkpoint",
    "tensorflow.python.training.training_util": "get_global_step get_or_create_global_step global_step",
    "tensorflow.python.util.compat": "as_bytes as_str as_text",
}
# No more there in TensorFlow 2.21, and in programs of TensorFlow 1 all the same.
FORMER = {
    "tensorflow.contrib": "framework layers legacy_seq2seq rnn slim",
    "tensorflow.contrib.framework": "arg_scope assign_from_checkpoint_fn list_variables",
    "tensorflow.contrib.layers": "fully_connected l2_regularizer xavier_initializer",
    "tensorflow.contrib.legacy_seq2seq": "rnn_decoder sequence_loss_by_example",
    "tensorflow.contrib.rnn": "BasicLSTMCell MultiRNNCell static_rnn",
    "tensorflow.contrib.slim": "arg_scope conv2d batch_norm get_model_variables losses",
    "tensorflow.python.pywrap_tensorflow": "NewCheckpointReader",
    "tensorflow.saved_model": "Builder simple_save",
    "tensorflow.saved_model.builder": "SavedModelBuilder",
    "tensorflow.saved_model.loader": "load",
    "tensorflow.saved_model.main_op": "main_op",
    "tensorflow.saved_model.signature_constants": "DEFAULT_SERVING_SIGNATURE_DEF_KEY",
    "tensorflow.saved_model.signature_def_utils": "predict_signature_def",
    "tensorflow.saved_model.tag_constants": "SERVING",
    "tensorflow.saved_model.utils": "build_tensor_info",
    "tensorflow.python.training.training": "Saver latest_checkpoint NewCheckpointReader",
}

PROGRAM = """
import sys
import tensorflow as tf
from sibling import NAME

weight = tf.get_variable(NAME, [2, 3], initializer=tf.ones_initializer())
saver = tf.train.Saver()

def main(argv):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        print(saver.save(session, argv[1]), argv[2:], __name__)
    sys.exit(3)

if __name__ == "__main__":
    tf.app.run()
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """What a process needs that has every library but TensorFlow."""
    folder = tmp_path_factory.mktemp("site")
    for path in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for name in os.listdir(path):
            if not name.lower().startswith(THEIRS) and not (folder / name).exists():
                (folder / name).symlink_to(Path(path) / name)
    return {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}


@pytest.fixture
def without(environment, tmp_path):
    """Runs Python there, in an empty folder; returns what it has said."""

    def run(*words):
        # -S: without the libraries of this environment.
        command = [sys.executable, "-S", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)

    return run


def said(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_program_runs_as_it_is(without, tmp_path):
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "program.py").write_text(PROGRAM)
    (tmp_path / "programs" / "sibling.py").write_text("NAME = 'weight'")
    done = without("-m", "ckpt_magics", "run", "programs/program.py", "m.ckpt", "more")
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == "m.ckpt ['more'] __main__\n"
    assert "  weight" in said(without("-m", "ckpt_magics", "show", "m.ckpt"))


def test_what_stands_behind_the_program_is_for_it(without, tmp_path):
    (tmp_path / "program.py").write_text("import sys; print(sys.argv)")
    words = ["program.py", "-h", "--v2", "--", "x"]
    assert said(without("-m", "ckpt_magics", "run", *words)) == f"{words}\n"


def test_an_error_of_the_program_is_its_own(without, tmp_path):
    (tmp_path / "program.py").write_text("import tensorflow as tf\ntf.train.load_checkpoint('nothing')")
    done = without("-m", "ckpt_magics", "run", "program.py")
    assert done.returncode == 1
    assert 'program.py", line 2' in done.stderr


def test_a_program_of_tensorflow_2_reads_checkpoints(without, tmp_path):
    save = "import ckpt_magics; ckpt_magics.save_checkpoint('runs/m', {'w': [1.0, 2.0]}, global_step=3)"
    said(without("-c", save))
    (tmp_path / "program.py").write_text(
        "import tensorflow as tf\n"
        "found = tf.train.latest_checkpoint('runs')\n"
        "print(tf.io.gfile.exists(found + '.index'), tf.train.list_variables(found))\n"
        "print(tf.train.load_variable(found, 'w'))\n"
        "assert not hasattr(tf, 'get_variable') and tf.compat.v1.get_variable and tf.__version__\n"
    )
    assert said(without("-m", "ckpt_magics", "run", "--v2", "program.py")) == "True [('w', [2])]\n[1. 2.]\n"


def test_every_import_of_programs_is_answered(without):
    lines = ["import ckpt_magics", "ckpt_magics.stand_in()"]
    for module, names in {**IMPORTED, **FORMER}.items():
        package, _, name = module.rpartition(".")
        lines += [f"import {module}", f"from {package} import {name}", f"assert {module} is {name}"]
        lines.append(f"from {module} import {', '.join(names.split())}")
    said(without("-c", "\n".join(lines)))


def test_other_libraries_find_it_by_its_spec(without):
    said(
        without(
            "-c",
            "import importlib.util, sys, ckpt_magics\n"
            "assert importlib.util.find_spec('tensorflow') is None\n"
            "ckpt_magics.stand_in()\n"
            "ckpt_magics.stand_in()\n"
            "assert importlib.util.find_spec('tensorflow').name == 'tensorflow'\n"
            "assert 'tensorflow' not in sys.modules\n"
            "import tensorflow\n"
            "assert tensorflow.__spec__.origin == 'ckpt_magics'\n"
            "assert importlib.util.find_spec('tensorflow') is tensorflow.__spec__\n"
            "assert importlib.util.find_spec('tensorflow.estimator') is None\n"
            "assert importlib.util.find_spec('tensorflowjs') is None\n"
            "assert dir(tensorflow) == dir(ckpt_magics.compat.v1)\n"
            "assert tensorflow.python.training.saver.Saver is ckpt_magics.Saver\n"
            "import tensorflow.contrib.slim as slim\n"
            "assert slim is tensorflow.contrib.slim and slim.fully_connected is not None\n"
            "from tensorflow import *\n"
            "assert placeholder is tensorflow.compat.v1.placeholder\n",
        )
    )


def test_what_is_not_there_is_said_by_name(without):
    program = "import ckpt_magics; ckpt_magics.stand_in(); import tensorflow as tf; {}"
    done = without("-c", program.format("import tensorflow.contrib.tpu"))
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'tensorflow.contrib.tpu'\n")
    done = without("-c", program.format("tf.frobnicate"))
    assert "tf.frobnicate is none of the" in done.stderr
    done = without("-c", program.format("from tensorflow.python import keras"))
    assert "cannot import name 'keras' from 'tensorflow.python'" in done.stderr


def test_one_version_stands_in_for_good(without):
    done = without("-c", "import ckpt_magics; ckpt_magics.stand_in(2); ckpt_magics.stand_in(1)")
    assert "stands in for TensorFlow 2 already" in done.stderr
    with pytest.raises(InvalidArgumentError, match="no 3"):
        stand_in(3)


def test_a_folder_of_that_name_is_no_tensorflow(without, tmp_path):
    (tmp_path / "tensorflow" / "models").mkdir(parents=True)
    said(without("-c", "import ckpt_magics; ckpt_magics.stand_in(); import tensorflow; tensorflow.Session"))


def test_a_cell_that_imports_it_builds_the_notebooks_graph(without):
    said(
        without(
            "-c",
            "from IPython.core.interactiveshell import InteractiveShell\n"
            "import ckpt_magics\n"
            "ckpt_magics.stand_in()\n"
            "shell = InteractiveShell.instance()\n"
            "shell.run_line_magic('load_ext', 'ckpt_magics')\n"
            "cell = 'import tensorflow as tf\\nw = tf.get_variable(\"w\", initializer=[1.0, 2.0])'\n"
            "shell.run_cell_magic('graph', 'net', cell)\n"
            "assert shell.user_ns['net']['w'].tolist() == [1.0, 2.0]\n",
        )
    )


def test_the_table_has_what_programs_import():
    assert {*IMPORTED, *FORMER} == {name for name, homes in module_homes(1).items() if homes} - {
        "tensorflow", "tensorflow.compat", "tensorflow.compat.v1", "tensorflow.compat.v2",
    }  # fmt: skip


@pytest.mark.tensorflow
@pytest.mark.parametrize("module", IMPORTED)
def test_tensorflow_has_them_there(tf, module):
    theirs = import_module(module)
    assert [name for name in IMPORTED[module].split() if not hasattr(theirs, name)] == []


@pytest.mark.tensorflow
@pytest.mark.parametrize("namespace", ["", "io", "io.gfile", "train"])
def test_tensorflow_2_has_every_name_that_ours_has(tf, namespace):
    ours = import_module(f"ckpt_magics.compat.v2{'.' * bool(namespace)}{namespace.removeprefix('io.')}")
    theirs = tf.compat.v2
    for part in filter(None, namespace.split(".")):
        theirs = getattr(theirs, part)
    assert ours.__all__ == sorted(ours.__all__)
    assert [name for name in dir(ours) if not (hasattr(theirs, name) and hasattr(ours, name))] == []


@pytest.mark.tensorflow
def test_tensorflow_itself_is_left_alone(tf, tmp_path):
    before = list(sys.meta_path)
    with pytest.raises(FailedPreconditionError, match=r"imported already.*import ckpt_magics\.compat\.v1 as tf"):
        stand_in()
    assert sys.meta_path == before
    (tmp_path / "program.py").write_text("print(1)")
    command = [sys.executable, "-m", "ckpt_magics", "run", "program.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "TensorFlow is installed [file " in done.stderr
