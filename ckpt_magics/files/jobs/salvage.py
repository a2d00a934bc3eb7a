"""Write what is still good in a damaged checkpoint to a new one."""

from __future__ import annotations

import os
import time
from contextlib import closing

from ckpt_magics.errors import DataLossError, InvalidArgumentError, visible
from ckpt_magics.files.jobs.saving import SavedCheckpoint
from ckpt_magics.files.jobs.verification import Verification
from ckpt_magics.files.kinds.bundle.bundle import BundleStore
from ckpt_magics.files.kinds.copying import copy_bundle, copy_slice_table
from ckpt_magics.files.kinds.meta_graph_file import meta_graph_beside, read_sound_meta_graph
from ckpt_magics.files.kinds.settled import open_remains
from ckpt_magics.files.storage.naming import meta_graph_filename
from ckpt_magics.files.storage.place import AnyPath, local_path
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.tensors_to_save import path_text

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
    started = time.perf_counter()
    path = path_text(new_prefix)
    meta_graph = _meta_graph(verification)
    companions = None if meta_graph is None else {meta_graph_filename(path): meta_graph}
    with closing(open_remains(source)) as store:
        if isinstance(store, BundleStore):
            written = copy_bundle(store, good, path, progress=progress, companions=companions)
        else:
            written = copy_slice_table(store, good, path, progress=progress, companions=companions)
    return SavedCheckpoint(path, written, len(good), time.perf_counter() - started)


def _meta_graph(verification: Verification) -> bytes | None:
    """Return the contents of the meta graph beside a checkpoint, None if there is none that parses."""
    path = meta_graph_beside(verification.source.prefix)
    return None if path is None or verification.lost_meta_graph else read_sound_meta_graph(path)
