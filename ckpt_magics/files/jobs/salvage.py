"""Write what is still good in a damaged checkpoint to a new one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from ckpt_magics.errors import CheckpointError, DataLossError, InvalidArgumentError, visible
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box, array_pieces
from ckpt_magics.files.jobs.saving import SavedCheckpoint
from ckpt_magics.files.jobs.verification import Verification
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.kinds.known import kind_named, replaced_by
from ckpt_magics.files.kinds.meta_graph_file import meta_graph_beside, read_sound_meta_graph
from ckpt_magics.files.kinds.prefix_source import FoundCheckpoint
from ckpt_magics.files.kinds.settled import open_remains, open_settled
from ckpt_magics.files.kinds.sinks import write_tensors
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.object_graph.graph_nodes import nodes_of_record, record_of_nodes
from ckpt_magics.files.object_graph.surviving_values import surviving_values
from ckpt_magics.files.storage.naming import meta_graph_filename
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.storage.save_path import save_place
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import Array, TensorFile, TensorSpec

__all__ = ["write_good_tensors"]


def write_good_tensors(
    verification: Verification, new_prefix: AnyPath, *, progress: Progress | None = None
) -> SavedCheckpoint:
    """Write the tensors that a verification found good, with the meta graph if there is one that parses.

    Names, dtypes, shapes, slices, the format and the order of the tensors in the files stay as they are; a graph of
    objects loses those of which nothing is left, so that TensorFlow restores the rest. What another
    kind of file holds stays of this kind if the new name says so by its suffix, and becomes a V2 checkpoint if not. The
    directory's state file is not touched.

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
    place = save_place(new_prefix, may_be_bare=True)
    path = place.name
    if source.place.resolved in replaced_by(place):
        raise InvalidArgumentError(
            f"{visible(source.prefix)} is the damaged checkpoint itself", hint="Give the good tensors a new prefix."
        )
    good = sorted((tensor.entry for tensor in verification.tensors if tensor.error is None), key=_place)
    if not good:
        raise DataLossError(
            "no tensor of the checkpoint is good",
            file=source.prefix,
            hint="%ckpt_verify without --salvage says what is damaged; %ckpt_ls lists what else the directory has.",
        )
    started = time.perf_counter()
    kind = _kind_of_rest(source, path)
    meta_graph = _meta_graph(verification)
    companions = None if meta_graph is None else {meta_graph_filename(path): meta_graph}
    with closing(open_remains(source) if source.version else open_settled(source)) as store:
        edited = _graph_of_rest(store, verification)
        good = [replace(spec, size=None) if spec.key in edited else spec for spec in good]
        values = _StoredValues(store, good, edited)
        sink = write_tensors(place, good, values, SaveOptions(progress=progress), kind=kind, companions=companions)
    return SavedCheckpoint(path, sink.written, sink.tensors, time.perf_counter() - started)


def _kind_of_rest(source: FoundCheckpoint, path: str) -> Kind:
    """Return the kind of file that what is good gets: a checkpoint its own, others theirs where the suffix says it."""
    kind = kind_named(source.kind_name)
    is_meant = source.version or (kind.sink and any(path.endswith(suffix) for suffix in kind.suffixes))
    return kind if is_meant else kind_named("v2")


def _graph_of_rest(store: TensorFile, verification: Verification) -> Mapping[bytes, Array]:
    """Return the record of objects without those of which nothing is left, by its key; nothing if it is right."""
    keys = {tensor.entry.name: tensor.error is None for tensor in verification.tensors}
    good = {key for key, is_good in keys.items() if is_good}
    if OBJECT_GRAPH_KEY not in good:
        return {}
    record = OBJECT_GRAPH_KEY.encode()
    try:
        rest = surviving_values(nodes_of_record(store.read(record)), good, keys.keys() - good)
    except CheckpointError:
        # It stays as it is: a verification says what is wrong with it.
        return {}
    return {} if rest is None else {record: record_of_nodes(rest)}


class _StoredValues:
    """The tensors of a checkpoint, and each slice of one as it is stored, by the keys under which a sink asks."""

    def __init__(self, store: TensorFile, specs: Iterable[TensorSpec], others: Mapping[bytes, Array]) -> None:
        self._store = store
        self._others = others
        sliced = [spec.key for spec in specs if spec.slices]
        self._slices = {key: pieces for name in sliced for key, pieces in store.slice_pieces(name)}

    def read_many(self, keys: Sequence[bytes]) -> dict[bytes, Array]:
        values = self._store.read_many([key for key in keys if key not in self._slices and key not in self._others])
        # Small ones are of one piece.
        values.update((key, piece) for key in keys if key in self._slices for _, piece in self._slices[key])
        return {**values, **{key: self._others[key] for key in keys if key in self._others}}

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        if key in self._others:
            return array_pieces(self._others[key], at_most)
        return self._slices[key] if key in self._slices else self._store.pieces(key, at_most)


def _place(spec: TensorSpec) -> tuple[int, int, bytes]:
    return spec.shard_id, spec.offset or 0, spec.key


def _meta_graph(verification: Verification) -> bytes | None:
    """Return the contents of the meta graph beside a checkpoint, None if there is none that parses."""
    meta_graph = meta_graph_beside(verification.source.place)
    return None if meta_graph is None or verification.lost_meta_graph else read_sound_meta_graph(meta_graph)
