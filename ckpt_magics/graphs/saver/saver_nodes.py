"""The nodes that a Saver adds to a graph: the same, under the same names, as TensorFlow adds.

Unsharded, version 2::

    save/filename/input -> save/filename -> save/Const          the file name; fed at save/Const
    save/SaveV2 (…/tensor_names, …/shape_and_slices)            writes the variables
    save/control_dependency                                     the name again, once they are written
    save/RestoreV2 (…/tensor_names, …/shape_and_slices)         reads the values
    save/Assign, save/Assign_1, …  or
    save/Identity, save/AssignVariableOp, …                     put them into the variables
    save/restore_all                                            waits for all of that

Format: tensorflow/python/training/saver.py (BaseSaverBuilder, BulkSaverBuilder).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.build import apply, group, identity, name_scope, output, placeholder_with_default
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.saver.saveables import SaveableObject

__all__ = ["V1", "V2", "SaverNodes", "add_saver_nodes"]

V1 = 1
"""SaverDef.V1: one table of slices."""

V2 = 2
"""SaverDef.V2: index and data files."""

_REMOTE = "^s3://.*"
"""File names for which TensorFlow makes no directory for the parts of a sharded save."""


@dataclass(frozen=True, slots=True)
class SaverNodes:
    """Where the nodes of a Saver are entered.

    Attributes:
        filename: Tensor to feed with the name of the checkpoint.
        save: Tensor that saves when it is fetched; its value is the name of what was written.
        restore: Operation that restores.
    """

    filename: Tensor
    save: Tensor
    restore: Operation


def add_saver_nodes(
    saveables: Sequence[SaveableObject],
    *,
    name: str | None = None,
    sharded: bool = False,
    reshape: bool = False,
    filename: str | None = None,
    write_version: int = V2,
) -> SaverNodes:
    """Add the nodes that save and restore to the default graph.

    Args:
        saveables: What to save, in the order of the checkpoint.
        name: Scope of the nodes. Default: ``save``.
        sharded: One shard for each device that has variables.
        reshape: Bring restored values to the variables' shapes.
        filename: Default of the file name. Default: ``model``.
        write_version: `V1` or `V2`.
    """
    with name_scope(name, "save", [saveable.op for saveable in saveables]):
        default = placeholder_with_default(filename or "model", (), name="filename")
        prefix = placeholder_with_default(default, (), name="Const")
        if not sharded:
            saved = _save(prefix, saveables, write_version)
            return SaverNodes(prefix, saved, _restore(prefix, saveables, "restore_all", reshape=reshape))
        shards = _by_device(saveables)
        saved = _save_shards_v2(prefix, shards) if write_version == V2 else _save_shards_v1(prefix, shards)
        restores = []
        for device, members in shards:
            with get_default_graph().device(device):
                restores.append(_restore(prefix, members, "restore_shard", reshape=reshape))
        return SaverNodes(prefix, saved, group(*restores, name="restore_all"))


_Shards = list[tuple[str, list[SaveableObject]]]


def _by_device(saveables: Sequence[SaveableObject]) -> _Shards:
    ordered = sorted(saveables, key=lambda saveable: saveable.device)
    return [(device, list(members)) for device, members in groupby(ordered, key=lambda saveable: saveable.device)]


def _save(prefix: Tensor, saveables: Sequence[SaveableObject], write_version: int) -> Tensor:
    specs = [spec for saveable in saveables for spec in saveable.specs]
    names, slices = [spec.name for spec in specs], [spec.slice_spec for spec in specs]
    tensors = [spec.tensor for spec in specs]
    save = (
        apply("SaveV2", prefix, names, slices, tensors)
        if write_version == V2
        else apply("SaveSlices", prefix, names, slices, tensors, name="save")
    )
    graph = get_default_graph()
    with (
        graph.name_scope("control_dependency") as scope,
        graph.colocate_with(prefix),
        graph.control_dependencies([save]),
    ):
        return identity(prefix, name=scope)


def _restore(prefix: Tensor, saveables: Sequence[SaveableObject], name: str, *, reshape: bool) -> Operation:
    specs = [spec for saveable in saveables for spec in saveable.specs]
    with get_default_graph().device("cpu:0"):
        values = apply(
            "RestoreV2",
            prefix,
            [spec.name for spec in specs],
            [spec.slice_spec for spec in specs],
            dtypes=[spec.dtype for spec in specs],
        )
    remaining = iter(values)
    assigns = []
    for saveable in saveables:
        shapes = [_shape_to_restore(spec.tensor) for spec in saveable.specs] if reshape else None
        assigns.append(saveable.restore([next(remaining) for _ in saveable.specs], shapes))
    return group(*assigns, name=name)


def _shape_to_restore(tensor: Tensor) -> TensorShape | Tensor:
    return tensor.shape if tensor.shape.is_fully_defined() else output("Shape", tensor)


def _save_shards_v2(prefix: Tensor, shards: _Shards) -> Tensor:
    """Each device writes a bundle of its own; then they become one."""
    graph = get_default_graph()
    with graph.device("CPU"):
        remote = output("StaticRegexFullMatch", prefix, pattern=_REMOTE)
        suffix = output("Select", remote, constant(".part"), constant("_temp/part"))
        part = output("StringJoin", [prefix, suffix])
    num_shards = constant(len(shards), name="num_shards")
    prefixes, saves = _save_each(part, num_shards, shards, V2)
    with graph.control_dependencies([save.op for save in saves]), graph.device(_cpu_of(shards[-1][0])):
        merge = apply("MergeV2Checkpoints", prefixes, prefix)
        with graph.control_dependencies([merge]):
            return identity(prefix)


def _save_shards_v1(prefix: Tensor, shards: _Shards) -> Tensor:
    num_shards = constant(len(shards), name="num_shards")
    _, saves = _save_each(prefix, num_shards, shards, V1)
    with get_default_graph().control_dependencies([save.op for save in saves]):
        return output("ShardedFilespec", prefix, num_shards)


def _save_each(
    part: Tensor, num_shards: Tensor, shards: _Shards, write_version: int
) -> tuple[list[Tensor], list[Tensor]]:
    prefixes, saves = [], []
    for shard, (device, members) in enumerate(shards):
        with get_default_graph().device(_cpu_of(device) if write_version == V2 else device):
            filename = output("ShardedFilename", part, shard, num_shards)
            prefixes.append(filename)
            saves.append(_save(filename, members, write_version))
    return prefixes, saves


def _cpu_of(device: str) -> str:
    """The CPU beside a device: files are written from main memory."""
    parts = [part for part in device.split("/") if part and not part.startswith(("device:", "cpu:", "gpu:"))]
    return "".join(f"/{part}" for part in [*parts, "device:CPU:0"])
