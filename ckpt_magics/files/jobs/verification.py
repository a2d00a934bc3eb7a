"""Check every block and every tensor of a checkpoint, and tell what is damaged and what is still good.

A reader verifies what it reads; this reads everything and keeps nothing. Numbers pass through one buffer of a MiB,
strings and the tensors of V1 checkpoints are decoded one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace

import numpy as np

from ckpt_magics.errors import CheckpointError, DataLossError, NotFoundError
from ckpt_magics.files.formats.table_check import check_table, unused_ranges
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.bundle.bundle import BundleStore
from ckpt_magics.files.kinds.data_files import data_files
from ckpt_magics.files.kinds.directory import checkpoint_files
from ckpt_magics.files.kinds.known import kind_named
from ckpt_magics.files.kinds.meta_graph_file import meta_graph_beside, read_sound_meta_graph
from ckpt_magics.files.kinds.prefix_source import FoundCheckpoint
from ckpt_magics.files.kinds.settled import Remains, open_remains
from ckpt_magics.files.kinds.table_file import open_table
from ckpt_magics.files.object_graph.graph_check import graph_problems
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.object_graph.graph_nodes import data_of_record
from ckpt_magics.files.object_graph.object_graph import parse_object_graph
from ckpt_magics.files.object_graph.shown_names import shown_names
from ckpt_magics.files.parallel.tensor_tasks import cut_tasks, run_tasks
from ckpt_magics.files.storage.naming import index_filename
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.progress import Progress, ProgressMeter
from ckpt_magics.files.tensors.source import MAX_ATTEMPTS, TensorFile, TensorSpec
from ckpt_magics.files.tensors.tensor_names import name_to_key
from ckpt_magics.phrasing import amount

__all__ = ["META_GRAPH", "CheckedFile", "CheckedTensor", "Finding", "Verification", "check_checkpoint"]

META_GRAPH = "meta graph"
"""Role of the one file of a checkpoint that no tensor needs."""

_OBJECT_GRAPH = OBJECT_GRAPH_KEY.encode()
_NO_RANGES = np.zeros((0, 2), np.int64)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written.

    Attributes:
        file: Path of the file.
        text: What is wrong with it.
        offset: Where, in bytes from its start, or None.
        tensor: Key of the tensor concerned; None if it is about more than one.
        is_damage: Whether something is lost; what no reader looks at is a remark only.
        role: Of the file, if it is one without tensors: then none is lost.
    """

    file: str
    text: str
    offset: int | None = None
    tensor: bytes | None = None
    is_damage: bool = True
    role: str = ""


@dataclass(frozen=True, slots=True)
class CheckedTensor:
    """One tensor that is listed.

    Attributes:
        entry: What the checkpoint says about it.
        error: Why it cannot be read; None if it is good.
    """

    entry: TensorSpec
    error: CheckpointError | None


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """One file of the checkpoint.

    Attributes:
        path: Where it is.
        role: ``index``, ``data``, ``V1`` or ``meta graph``.
        bytes: Its size; None if it is not there, or no file that can be read.
        blocks: Blocks of a table that were checked; 0 of a data file.
    """

    path: str
    role: str
    bytes: int | None
    blocks: int = 0


@dataclass(frozen=True, slots=True)
class Verification:
    """What is damaged in a checkpoint and what is good.

    Attributes:
        source: The checkpoint.
        files: Its files.
        tensors: Every tensor that is listed, sorted by name. Tensors in a lost block of the index are not known.
        findings: What is wrong: files first, then tensors by name, then the meta graph.
        lost_names: Which names may be lost beside those of the tensors, as a sentence; or empty.
        names: What tensors are called, by their keys; only of those that are called otherwise.
    """

    source: FoundCheckpoint
    files: tuple[CheckedFile, ...]
    tensors: tuple[CheckedTensor, ...]
    findings: tuple[Finding, ...]
    lost_names: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is lost."""
        return not any(finding.is_damage for finding in self.findings)

    @property
    def lost_meta_graph(self) -> str | None:
        """Path of the meta graph if that is damaged."""
        return next((finding.file for finding in self.findings if finding.role == META_GRAPH), None)


def check_checkpoint(
    source: FoundCheckpoint, *, progress: Progress | None = None, executor: Executor | None = None
) -> Verification:
    """Check every block of the tables, every tensor's checksum, that no byte is left over, and that the graph parses.

    Args:
        source: The checkpoint.
        progress: Called with bytes done and bytes in all.
        executor: Who checks the tensors; None for this thread.

    Raises:
        CheckpointError: A file cannot be read at all, as without permission. Damage is no error here.
    """
    for _ in range(MAX_ATTEMPTS):
        with _watched(source) as is_replaced:
            found = _check_once(source, progress, executor)
            # One that another process saves over loses its files while they are being read.
            if found.is_whole or not is_replaced():
                break
    return found


@contextmanager
def _watched(source: FoundCheckpoint) -> Iterator[Callable[[], bool]]:
    """Give a test for whether another checkpoint was saved over this one since."""
    names = [index_filename(source.prefix)] if source.version == 2 else _file_names(source)
    held = []
    with ExitStack() as stack:
        for name in names:
            with suppress(CheckpointError):
                held.append(stack.enter_context(source.place.at(name).open()))
        yield lambda: any(file.replaced() for file in held)


def _check_once(source: FoundCheckpoint, progress: Progress | None, executor: Executor | None) -> Verification:
    check = _check_tables if source.version else _check_plain
    return check(source, progress, executor)


def _open(source: FoundCheckpoint) -> TensorFile:
    return open_remains(source) if source.version else kind_named(source.kind_name).open(source.place)


def _check_plain(source: FoundCheckpoint, progress: Progress | None, executor: Executor | None) -> Verification:
    """Check files of another kind: what they list, and that every tensor can be read."""
    names = [source.prefix]
    findings: list[Finding] = []
    tensors: list[CheckedTensor] = []
    try:
        with closing(_open(source)) as file:
            names = file.file_names()
            meter = ProgressMeter(sum(_size(source, name) or 0 for name in names), progress)
            tensors = _check_tensors(source, file, meter, executor)
            findings += (_tensor_finding(error, source) for error in file.damage)
            meter.finish()
    except CheckpointError as error:
        findings.append(_as_finding(error, source.prefix))
    findings += (_tensor_finding(tensor.error, source, tensor.entry.key) for tensor in tensors if tensor.error)
    checked = [
        CheckedFile(name, source.kind, _size(source, name))
        for name in dict.fromkeys([*names, *(one.file for one in findings)])
    ]
    return Verification(source, tuple(checked), tuple(tensors), tuple(findings))


def _check_tables(source: FoundCheckpoint, progress: Progress | None, executor: Executor | None) -> Verification:
    names = _file_names(source)
    meta_graph = meta_graph_beside(source.place)
    sizes = (_size(source, name) for name in (names if meta_graph is None else [*names, meta_graph.name]))
    meter = ProgressMeter(sum(size for size in sizes if size is not None), progress)
    findings: list[Finding] = []
    keys: list[bytes] = []
    tables = {
        name: _check_table(source.place.at(name), findings, meter, keys) for name in names if not _is_data(source, name)
    }
    tensors: list[CheckedTensor] = []
    lost_names = ""
    names_by_key: dict[str, str] = {}
    try:
        with closing(open_remains(source)) as store:
            names = store.file_names()
            _note_first_block(source, findings)
            tensors = _check_tensors(source, store, meter, executor)
            findings += _listing_damage(source, store, findings)
            findings += _orphan_slices(store, keys)
            lost_names = store.lost.sentence(store.keys())
            findings += _check_object_graph(source, store, tensors, names_by_key)
            if isinstance(store, BundleStore):
                findings += _check_data_files(source, store)
    except CheckpointError as error:
        if not any(finding.is_damage for finding in findings):
            findings.append(_as_finding(error, names[0]))
    findings += (_tensor_finding(tensor.error, source, tensor.entry.key) for tensor in tensors if tensor.error)
    checked = [
        CheckedFile(name, _role(source, name), _size(source, name), tables.get(name, 0))
        for name in dict.fromkeys(names)
    ]
    if meta_graph is not None:
        checked.append(CheckedFile(meta_graph.name, META_GRAPH, _size(source, meta_graph.name)))
        findings += _check_meta_graph(meta_graph)
    meter.finish()
    return Verification(source, tuple(checked), tuple(tensors), tuple(findings), lost_names, names_by_key)


def _file_names(source: FoundCheckpoint) -> list[str]:
    """Return the files that are known without opening any."""
    if source.version < 2:
        return [file.name for file in checkpoint_files(source.place) or [source.place]]
    return [index_filename(source.prefix), *sorted(file.name for file in data_files(source.place))]


def _is_data(source: FoundCheckpoint, name: str) -> bool:
    return source.version == 2 and name != index_filename(source.prefix)


def _role(source: FoundCheckpoint, name: str) -> str:
    if source.version == 1:
        return "V1"
    return "data" if _is_data(source, name) else "index"


def _size(source: FoundCheckpoint, name: str) -> int | None:
    try:
        return source.place.at(name).size()
    except CheckpointError:
        return None


def _as_finding(error: CheckpointError, file: str, tensor: bytes | None = None) -> Finding:
    if isinstance(error.tensor, str | bytes) and tensor is None:
        name = error.tensor
        tensor = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    return Finding(error.file or file, error.message, error.offset, tensor)


def _tensor_finding(error: CheckpointError, source: FoundCheckpoint, tensor: bytes | None = None) -> Finding:
    found = _as_finding(error, source.prefix, tensor)
    # What the system says of a missing file has the path in it, once for each tensor.
    return replace(found, text="it was in the missing file") if isinstance(error, NotFoundError) else found


def _check_table(place: Place, findings: list[Finding], meter: ProgressMeter, slice_keys: list[bytes]) -> int:
    """Check one table; returns the number of its data blocks, and adds to the keys of slices."""

    def see(keys: list[bytes]) -> None:
        slice_keys.extend(key for key in keys if key[:1] == b"\0")

    try:
        file, table = open_table(place)
    except CheckpointError as error:
        findings.append(_as_finding(error, place.name))
        return 0
    with file:
        check = check_table(file, table, meter.advance, see)
    findings += (_as_finding(error, place.name) for error in check.damage)
    findings += (Finding(place.name, remark.text, remark.offset, is_damage=False) for remark in check.remarks)
    return check.blocks


def _note_first_block(source: FoundCheckpoint, findings: list[Finding]) -> None:
    """Say so where the index could only be opened without its header, and no block was found damaged."""
    if source.version == 1 or any(finding.is_damage for finding in findings):
        return
    try:
        BundleStore(source.place).close()
    except CheckpointError as error:
        findings.append(_as_finding(error, index_filename(source.prefix)))


def _listing_damage(source: FoundCheckpoint, store: Remains, known: list[Finding]) -> list[Finding]:
    """Return what listing found broken, but for the blocks that are known already."""
    places = {(finding.file, finding.offset) for finding in known}
    found = (_as_finding(error, source.prefix) for error in store.damage)
    return [finding for finding in found if finding.tensor is not None or (finding.file, finding.offset) not in places]


def _check_tensors(
    source: FoundCheckpoint, store: TensorFile, meter: ProgressMeter, executor: Executor | None
) -> list[CheckedTensor]:
    keys = store.keys()
    if executor is None:
        sound = store.verify_small(meter.advance) if isinstance(store, BundleStore) else set()
        problems = _problems(store, (key for key in keys if key not in sound), meter.advance)
    else:
        problems = _problems_by_tasks(source, store, meter, executor)
    specs = store.specs() if isinstance(store, BundleStore) else map(store.spec, keys)
    return [CheckedTensor(spec, problems.get(spec.key)) for spec in specs]


def _problems(
    store: TensorFile, keys: Iterable[bytes], advance: Callable[[int], object]
) -> dict[bytes, CheckpointError]:
    found = {}
    for key in keys:
        try:
            store.verify(key, advance)
        except CheckpointError as error:
            found[key] = error
    return found


def _problems_by_tasks(
    source: FoundCheckpoint, store: TensorFile, meter: ProgressMeter, executor: Executor
) -> dict[bytes, CheckpointError]:
    keys = store.in_file_order()
    sizes = [spec.size or spec.nbytes for spec in map(store.spec, keys)]
    runs = cut_tasks(sizes)
    found: dict[bytes, CheckpointError] = {}
    tasks = ((source, keys[run.start : run.stop]) for run in runs)
    for run, problems in zip(runs, run_tasks(executor, _problems_elsewhere, tasks), strict=True):
        found.update(problems)
        meter.advance(sum(sizes[run.start : run.stop]))
    return found


def _problems_elsewhere(source: FoundCheckpoint, keys: Sequence[bytes]) -> dict[bytes, CheckpointError]:
    """Check some tensors with files of one's own."""
    with closing(_open(source)) as store:
        sound: set[bytes] = set()
        if isinstance(store, BundleStore):
            # What cannot be looked up says so by itself.
            with suppress(CheckpointError):
                sound = store.verify_small(_tell_nobody, keys)
        return _problems(store, (key for key in keys if key not in sound), _tell_nobody)


def _tell_nobody(size: int) -> None:
    """Progress is told where the results come together."""


def _orphan_slices(store: Remains, keys: list[bytes]) -> Iterator[Finding]:
    """Yield the records of slices, found under some keys, that no tensor lists."""
    if not keys:
        return
    names = frozenset(store.keys())
    owned = {part.encode_key(name) for name in names for part in store.stored_slices(name)}
    for key in keys:
        if key in owned:
            continue
        try:
            name, part = TensorSlice.decode_key(key)
        except DataLossError:
            # The name of a tensor that begins with a zero.
            continue
        is_listed = name in names
        text = f"slice {part.format()} is stored, and the tensor {'does not list it' if is_listed else 'is not listed'}"
        yield Finding(store.file_names()[0], text, tensor=name, is_damage=not is_listed)


def _check_object_graph(
    source: FoundCheckpoint, store: Remains, tensors: list[CheckedTensor], names: dict[str, str]
) -> Iterator[Finding]:
    """Yield what is wrong with the record of a TF 2 checkpoint's objects; its bytes are as they were written.

    Args:
        source: The checkpoint.
        store: What is open of it.
        tensors: What is listed.
        names: Gets what the graph calls them.
    """
    if all(tensor.entry.key != _OBJECT_GRAPH or tensor.error is not None for tensor in tensors):
        return
    try:
        graph = parse_object_graph(data_of_record(store.read(_OBJECT_GRAPH)))
    except CheckpointError as error:
        yield _as_finding(error, source.prefix, _OBJECT_GRAPH)
        return
    stored = {tensor.entry.name for tensor in tensors}
    names.update(shown_names(stored, graph).names)
    for problem in graph_problems(graph, stored):
        key = None if problem.key is None else name_to_key(problem.key)
        # What may have been in a block that is lost is told of there.
        if key is None or key not in store.lost:
            yield Finding(source.prefix, problem.text, tensor=key, is_damage=problem.is_loss)


def _check_meta_graph(place: Place) -> Iterator[Finding]:
    try:
        read_sound_meta_graph(place)
    except CheckpointError as error:
        text = ". ".join(filter(None, (error.message, error.hint.rstrip(".") if error.hint else None)))
        yield Finding(place.name, f"{text}; the tensors do not need it", error.offset, role=META_GRAPH)


def _check_data_files(source: FoundCheckpoint, store: BundleStore) -> Iterator[Finding]:
    """Yield what is odd about the data files beside the values in them: files that are not there, bytes left over."""
    used = store.value_ranges()
    is_listed_whole = not store.damage
    missing = 0
    for shard_id, path in enumerate(store.file_names()[1:]):
        ranges = used.get(shard_id, _NO_RANGES)
        size = _size(source, path)
        if size is None:
            if len(ranges):
                yield Finding(path, f"the file is missing, and {amount(len(ranges), 'value')} with it")
            missing += not len(ranges)
            continue
        needed = int(ranges[:, 1].max(initial=0))
        if needed > size:
            yield Finding(path, f"the file has {size} bytes, and the index says {needed}", size)
        for start, end in unused_ranges(ranges, size) if is_listed_whole else ():
            where = "after the last tensor" if end == size else "between tensors"
            yield Finding(path, f"{end - start} bytes {where} belong to none", start, is_damage=False)
    if missing:
        which = "1 data file without a tensor is" if missing == 1 else f"{missing} data files without a tensor are"
        yield Finding(source.prefix, f"{which} missing", is_damage=False)
