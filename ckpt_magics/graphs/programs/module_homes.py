"""What stands for each of TensorFlow's modules: programs import many more than the public ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["module_homes"]

_PROTOS = ("proto.messages",)
_V1 = ("compat.v1",)
_TRAIN = ("compat.v1.train",)
_NN = ("compat.v1.nn", "compat.v1")

_INTERNAL: Mapping[str, Sequence[str]] = {
    "core.framework.attr_value_pb2": _PROTOS,
    "core.framework.graph_pb2": _PROTOS,
    "core.framework.node_def_pb2": _PROTOS,
    "core.protobuf.config_pb2": _V1,
    "core.protobuf.meta_graph_pb2": _PROTOS,
    "core.protobuf.saver_pb2": _PROTOS,
    "python.client.session": _V1,
    "python.framework.constant_op": _V1,
    "python.framework.dtypes": ("compat.v1.dtypes",),
    "python.framework.errors": ("compat.v1.errors",),
    "python.framework.errors_impl": ("compat.v1.errors",),
    "python.framework.importer": _V1,
    "python.framework.ops": _V1,
    "python.framework.random_seed": _V1,
    "python.framework.tensor_shape": _V1,
    "python.ops.array_ops": _V1,
    "python.ops.control_flow_ops": _V1,
    "python.ops.init_ops": _V1,
    "python.ops.math_ops": _V1,
    "python.ops.nn": _NN,
    "python.ops.nn_ops": _NN,
    "python.ops.partitioned_variables": _V1,
    "python.ops.random_ops": _V1,
    "python.ops.state_ops": _V1,
    "python.ops.variable_scope": _V1,
    "python.ops.variables": _V1,
    "python.platform.app": ("compat.v1.app",),
    "python.platform.flags": ("compat.v1.flags",),
    "python.platform.gfile": ("compat.v1.gfile",),
    "python.platform.tf_logging": ("compat.v1.logging",),
    "python.pywrap_tensorflow": _TRAIN,
    "python.saved_model.builder": ("compat.v1.saved_model.builder",),
    "python.saved_model.constants": ("compat.v1.saved_model.constants",),
    "python.saved_model.loader": ("compat.v1.saved_model.loader",),
    "python.saved_model.main_op": ("compat.v1.saved_model.main_op",),
    "python.saved_model.signature_constants": ("compat.v1.saved_model.signature_constants",),
    "python.saved_model.signature_def_utils": ("compat.v1.saved_model.signature_def_utils",),
    "python.saved_model.simple_save": ("compat.v1.saved_model",),
    "python.saved_model.tag_constants": ("compat.v1.saved_model.tag_constants",),
    "python.saved_model.utils": ("compat.v1.saved_model.utils",),
    "python.tools.inspect_checkpoint": ("compat.inspect_checkpoint",),
    "python.training.checkpoint_management": _TRAIN,
    "python.training.checkpoint_utils": _TRAIN,
    "python.training.moving_averages": _TRAIN,
    "python.training.py_checkpoint_reader": _TRAIN,
    "python.training.saver": _TRAIN,
    "python.training.training": _TRAIN,
    "python.training.training_util": _TRAIN,
    "python.util.compat": ("compat",),
}


_CONTRIB = (".framework", ".layers", ".legacy_seq2seq", ".rnn", ".slim")
"""The modules below ``tensorflow.contrib``, which TensorFlow 1 has."""

_SAVED_MODEL = (
    ".builder",
    ".loader",
    ".main_op",
    ".signature_constants",
    ".signature_def_utils",
    ".tag_constants",
    ".utils",
)
"""The modules below ``tensorflow.saved_model``, which TensorFlow 1 has."""


def module_homes(version: int) -> Mapping[str, Sequence[str]]:
    """Return what stands for each module: modules of this package, of which the first has a name that both have.

    Packages around them are there too, and stand for nothing.

    Args:
        version: 1 or 2: whose names ``tensorflow`` has.
    """
    public = {"": (f"compat.v{version}",), "compat": ("compat",), "compat.v1": _V1, "compat.v2": ("compat.v2",)}
    if version == 1:
        public |= {f"contrib{name}": (f"compat.v1.contrib{name}",) for name in ("", *_CONTRIB)}
        public |= {f"saved_model{name}": (f"compat.v1.saved_model{name}",) for name in ("", *_SAVED_MODEL)}
    homes = {**public, **_INTERNAL}
    parts = [name.split(".") for name in homes]
    around: dict[str, Sequence[str]] = {".".join(each[:end]): () for each in parts for end in range(1, len(each))}
    return {f"tensorflow.{name}".removesuffix("."): home for name, home in {**around, **homes}.items()}
