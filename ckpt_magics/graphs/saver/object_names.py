"""Restore a graph's variables from an object-based (TF 2) checkpoint, by the names that its variables had in graphs.

Format: tensorflow/python/training/saver.py (object_graph_key_mapping, saver_from_object_based_checkpoint).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ckpt_magics.errors import CheckpointError, NotFoundError, TensorNotFoundError, visible
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.kinds.restored_slice import restore_slice
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.session import Session
from ckpt_magics.proto.messages import SaverDef

__all__ = ["restore_by_object_names"]


def restore_by_object_names(sess: Session, saver_def: SaverDef, path: str, missing: NotFoundError) -> bool:
    """Restore variables whose names an object-based checkpoint has as the full names of its objects.

    Args:
        sess: Whose variables to set.
        saver_def: The saver's nodes.
        path: The checkpoint.
        missing: Why restoring by names failed.

    Returns:
        False if the checkpoint is not object-based; then nothing was done.

    Raises:
        TensorNotFoundError: It is, and lacks a variable.
    """
    try:
        tensors = open_tensors(path)
    except CheckpointError:
        return False
    with tensors:
        object_graph = tensors.object_graph
        if object_graph is None:
            return False
        keys = object_graph.full_names
        wanted = dict(_restored_tensors(sess.graph.get_operation_by_name(saver_def.restore_op_name)))
        lacking = sorted({name for name, _ in wanted.values() if name not in keys})
        if lacking:
            raise _lacking(lacking, sorted(keys.keys() - {name for name, _ in wanted.values()}), wanted) from missing
        feeds: dict[Any, Any] = {
            tensor: restore_slice(tensors, keys[name], spec, tensor.dtype) for tensor, (name, spec) in wanted.items()
        }
    feeds[saver_def.filename_tensor_name] = path
    sess.run(saver_def.restore_op_name, feeds)
    return True


def _restored_tensors(restore: Operation) -> Iterator[tuple[Tensor, tuple[str, str]]]:
    """The outputs of the RestoreV2 nodes behind an operation, with the name and slice that each stands for."""
    seen = {restore}
    pending = [restore]
    while pending:
        op = pending.pop()
        if op.type == "RestoreV2":
            names, slices = (_texts(tensor.op) for tensor in op.inputs[1:3])
            yield from zip(op.outputs, zip(names, slices, strict=True), strict=True)
            continue
        for before in (*op.control_inputs, *(tensor.op for tensor in op.inputs)):
            if before not in seen:
                seen.add(before)
                pending.append(before)


def _texts(constant: Operation) -> Iterable[str]:
    return [text.decode("utf-8", "surrogateescape") for text in constant.get_attr("value").string_val]


def _lacking(names: list[str], unused: list[str], wanted: dict[Tensor, Any]) -> TensorNotFoundError:
    listed = ", ".join(map(visible, names))
    return TensorNotFoundError(
        f"\n\nExisting variables not in the checkpoint: {listed}\n\n"
        f"Variables names when this checkpoint was written which don't exist now: {', '.join(map(visible, unused))}\n\n"
        f"({len(wanted) - len(names)} variable name(s) did match)\n\n"
        "Could not find some variables in the checkpoint (see names above). It was written by tf.train.Checkpoint, "
        "so variables are matched by the names they had in a graph.",
        name=names[0],
    )
