"""Write what is still good in a damaged checkpoint to a new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

from ckpt_magics.checkpoint.meta_graph import meta_graph_beside, read_sound_meta_graph
from ckpt_magics.checkpoint.opening import Store, open_remains
from ckpt_magics.checkpoint.place import AnyPath, local_path
from ckpt_magics.checkpoint.progress import Progress
from ckpt_magics.checkpoint.saving import SavedCheckpoint, write_checkpoint
from ckpt_magics.checkpoint.store import TensorEntry
from ckpt_magics.checkpoint.tensors_to_save import TensorToSave
from ckpt_magics.checkpoint.verification import Verification
from ckpt_magics.errors import DataLossError, InvalidArgumentError, visible

__all__ = ["write_good_tensors"]


def write_good_tensors(
    verification: Verification, new_prefix: AnyPath, *, progress: Progress | None = None
) -> SavedCheckpoint:
    """Write the tensors that a verification found good, with the meta graph if there is one that parses.

    Names, dtypes, shapes, slices and the format stay as they are. The directory's state file is not touched.

    Args:
        verification: What was found.
        new_prefix: Prefix of the new checkpoint.
        progress: Called with bytes done and bytes in all.

    Raises:
        InvalidArgumentError: ``new_prefix`` is that of the damaged checkpoint.
        DataLossError: No tensor is good; or one, or the graph, has become damaged since it was verified.
        CheckpointError: The disk refuses.
    """
    source = verification.source
    if os.path.realpath(local_path(new_prefix)) == os.path.realpath(source.prefix):
        raise InvalidArgumentError(
            f"{visible(source.prefix)} is the damaged checkpoint itself", hint="Give the good tensors a new prefix."
        )
    good = [tensor.entry for tensor in verification.tensors if tensor.error is None]
    if not good:
        raise DataLossError(
            "no tensor of the checkpoint is good",
            file=source.prefix,
            hint="%ckpt_verify without --salvage says what is damaged; %ckpt_ls lists what else the directory has.",
        )
    # In the order of the files, so that each is read front to back; numbers of V2 checkpoints are views of the files.
    good.sort(key=lambda entry: (entry.shard_id, entry.offset or 0, entry.name))
    with closing(open_remains(source, mmap=True)) as store:
        return write_checkpoint(
            new_prefix,
            [part for entry in good for part in _parts_of(store, entry)],
            write_version=source.version,
            write_state=False,
            progress=progress,
            meta_graph=_meta_graph(verification),
        )


def _parts_of(store: Store, entry: TensorEntry) -> Iterator[TensorToSave]:
    """Yield a tensor to be saved, or each slice that it is stored in."""
    if not entry.slices:
        yield TensorToSave(entry.name, store.read(entry.name), entry.dtype)
        return
    sizes = " ".join(map(str, entry.shape))
    for part in entry.slices:
        yield TensorToSave(entry.name, store.read(entry.name, part), entry.dtype, f"{sizes} {part.format()}")


def _meta_graph(verification: Verification) -> bytes | None:
    """Return the contents of the meta graph beside a checkpoint, None if there is none that parses."""
    path = meta_graph_beside(verification.source.prefix)
    return None if path is None or verification.lost_meta_graph else read_sound_meta_graph(path)
