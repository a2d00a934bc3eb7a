"""What lies in a directory of checkpoints: whole ones, half-written ones, those that are gone, and leftovers.

Two witnesses are heard, the files and the state file, and where they differ both are told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from ckpt_magics.errors import CheckpointError, NotFoundError, visible
from ckpt_magics.files.directory.latest import find_latest
from ckpt_magics.files.directory.nearby import missing_directory_hint
from ckpt_magics.files.directory.notes import read_notes
from ckpt_magics.files.directory.state_file import places_of, read_state
from ckpt_magics.files.directory.state_text import CheckpointState
from ckpt_magics.files.kinds.bundle.bundle_index import BundleIndex
from ckpt_magics.files.kinds.directory import in_order, is_whole
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.kinds.known import WRITTEN_KINDS, is_leftover, kind_of
from ckpt_magics.files.kinds.table_file import is_slice_table, table_version
from ckpt_magics.files.storage.atomic import is_journal_name, is_temporary_name
from ckpt_magics.files.storage.foreign import START_SIZE
from ckpt_magics.files.storage.naming import (
    INDEX_SUFFIX,
    META_GRAPH_SUFFIX,
    data_filename,
    index_filename,
    meta_graph_filename,
    parse_data_filename,
    parse_v1_shard,
    split_step,
    v1_shard_pattern,
)
from ckpt_magics.files.storage.place import Place, PlaceIdentity

__all__ = [
    "HALF",
    "LISTED",
    "MISSING",
    "SALVAGE_HINT",
    "UNLISTED",
    "FoundFiles",
    "Inventory",
    "Leftover",
    "OtherFile",
    "take_inventory",
]

LISTED, UNLISTED, HALF, MISSING = "listed", "unlisted", "half-written", "missing"
"""What a checkpoint can be: whole and in the state file, whole and not, with files that are lost or damaged, and in the
state file only."""


MAX_OPENED = 200
"""Files of other kinds whose tensors are counted."""

SALVAGE_HINT = "%ckpt_verify PREFIX says what a half-written one lost; with --salvage NEW_PREFIX it writes the rest."
"""What to do where no checkpoint is whole."""


@dataclass(slots=True)
class FoundFiles:
    """One checkpoint of a directory.

    Attributes:
        place: Its prefix; the pattern of a V1 checkpoint in shards.
        version: 1 or 2; None if there is no file to tell it.
        status: ``listed``, ``unlisted``, ``half-written`` or ``missing``.
        is_latest: Whether it is the latest, which a reader of the directory gets.
        is_listed: Whether the state file names it.
        files: Names of its files, the meta graph included.
        bytes: What they take.
        modified: When the youngest of them was written, in seconds since 1970; None if there is none.
        problem: What is wrong with it, or "".
        metrics: What a save noted of it, numbers by name.
        is_pinned: Whether no save deletes it.
        is_kept: Whether a manager, such as TensorFlow's, keeps it for good; its list no longer has it then.
    """

    place: Place
    version: int | None = None
    status: str = UNLISTED
    is_latest: bool = False
    is_listed: bool = False
    files: list[str] = field(default_factory=list)
    bytes: int = 0
    modified: float | None = None
    problem: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    is_pinned: bool = False
    is_kept: bool = False

    @property
    def prefix(self) -> str:
        """The prefix as a name, joined to the directory."""
        return self.place.name

    @property
    def step(self) -> int | None:
        """The number at the end of its name."""
        return split_step(self.prefix)[1]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file that no checkpoint needs.

    Attributes:
        name: Its name in the directory.
        bytes: Its size.
        what: What it is.
    """

    name: str
    bytes: int
    what: str


@dataclass(frozen=True, slots=True)
class OtherFile:
    """A file of another kind that can be read as a checkpoint can, or an index of several.

    Attributes:
        name: Its name in the directory.
        kind: What kind of file it is.
        tensors: How many it has; None if it was not opened, or cannot be.
        bytes: What it takes, with the files that it names.
        problem: Why it cannot be opened, or "".
    """

    name: str
    kind: str
    tensors: int | None
    bytes: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What lies in a directory.

    Attributes:
        directory: The directory.
        checkpoints: The oldest first, the steps of one prefix together; those that are gone come before all others.
        leftovers: Files that no checkpoint needs.
        state_problem: What is wrong with the state file, or "".
        has_state: Whether there is a state file.
        others: Files of other kinds that can be read.
    """

    directory: Place
    checkpoints: tuple[FoundFiles, ...]
    leftovers: tuple[Leftover, ...]
    state_problem: str
    has_state: bool
    others: tuple[OtherFile, ...] = ()


def take_inventory(directory: Place, latest_filename: str | None = None) -> Inventory:
    """Look at every file of a directory, and at what its state file says.

    Args:
        directory: The directory.
        latest_filename: Name of the state file, ``checkpoint`` by default.

    Raises:
        NotFoundError: There is no such directory.
        CheckpointError: It cannot be listed.
    """
    try:
        names = directory.names()
    except NotFoundError as error:
        raise error.locate(hint=missing_directory_hint(directory)) from None
    found = _group_files(directory, names)
    leftovers = _find_leftovers(directory, names, found)
    notes = read_notes(directory, latest_filename)
    for checkpoint in found.values():
        _describe(checkpoint)
        checkpoint.is_pinned = notes.is_pinned(checkpoint.place.stem)
        checkpoint.metrics = notes.metrics.get(checkpoint.place.stem, {})
    state, problem = _state_of(directory, latest_filename)
    _compare(directory, found, state or CheckpointState())
    _mark_kept(found.values(), state or CheckpointState())
    named = None if state is None else _place_among(found, directory, state.model_checkpoint_path)
    if named is not None and found[named].status in {HALF, MISSING}:
        shown = visible(found[named].place.stem)
        problem = problem or f"it calls {shown} the latest, which is {found[named].status}"
    latest = find_latest(directory, latest_filename)
    if latest.place is not None and (one := found.get(latest.place.identity)):
        one.is_latest = True
    known = {name for one in found.values() for name in one.files} | {one.name for one in leftovers}
    others = _find_others(directory, [name for name in names if name not in known])
    return Inventory(directory, tuple(in_order(found.values())), tuple(leftovers), problem, latest.has_state, others)


def _group_files(directory: Place, names: Iterable[str]) -> dict[PlaceIdentity, FoundFiles]:
    """Return the checkpoints that the files of a directory belong to, by the identity of the prefix."""
    found: dict[PlaceIdentity, FoundFiles] = {}

    def add(prefix: str, name: str, version: int) -> None:
        place = directory / prefix
        one = found.setdefault(place.identity, FoundFiles(place, version))
        one.version = version
        one.files.append(name)

    present = [name for name in names if not (_is_ours(name) or is_leftover(name)) and (directory / name).is_file]
    rest = []
    for name in present:
        data = parse_data_filename(name)
        if name.endswith(INDEX_SUFFIX) and len(name) > len(INDEX_SUFFIX):
            add(name.removesuffix(INDEX_SUFFIX), name, 2)
        elif data:
            add(data[0], name, 2)
        elif not name.endswith(f".{META_GRAPH_SUFFIX}") and is_slice_table(directory / name):
            shard = parse_v1_shard(name)
            add(v1_shard_pattern(shard[0], shard[2]) if shard else name, name, 1)
        else:
            rest.append(name)
    for one in found.values():
        graph = meta_graph_filename(one.place.stem)
        one.files += [name for name in rest if name == graph]
    return found


def _find_leftovers(directory: Place, names: Iterable[str], found: dict[PlaceIdentity, FoundFiles]) -> list[Leftover]:
    """Return the files that no checkpoint needs, and take them away from the checkpoints that they are named after."""
    leftovers = []
    for name in names:
        place = directory / name
        if _is_ours(name):
            leftovers.append(Leftover(name, _size(place), "of a save that was killed or is under way"))
        elif is_leftover(name):
            leftovers.append(Leftover(name, _size(place), "temporary, of another program's save"))
        elif not any(name in one.files for one in found.values()) and table_version(place) == 2:
            leftovers.append(Leftover(name, _size(place), "the index of a V2 checkpoint under another name"))
        elif name.endswith(f".{META_GRAPH_SUFFIX}") and not any(name in one.files for one in found.values()):
            leftovers.append(Leftover(name, _size(place), "a meta graph without its checkpoint"))
    for one in found.values():
        for name in _data_of_other_saves(one):
            one.files.remove(name)
            leftovers.append(Leftover(name, _size(directory / name), "data of another save of the prefix"))
    return leftovers


def _find_others(directory: Place, names: Iterable[str]) -> tuple[OtherFile, ...]:
    """Return the files of other kinds; those that an index names count with it."""
    found: list[OtherFile] = []
    named: set[str] = set()
    for name in names:
        kind = _other_kind(directory / name)
        if kind is not None:
            other, paths = _look_into(directory, name, kind, is_opened=len(found) < MAX_OPENED)
            found.append(other)
            named.update(directory.at(path).stem for path in paths)
    return tuple(other for other in found if other.name not in named)


def _other_kind(place: Place) -> Kind | None:
    try:
        kind = kind_of(place.read_start(START_SIZE))
    except CheckpointError:
        return None
    return kind if kind in WRITTEN_KINDS else None


def _look_into(directory: Place, name: str, kind: Kind, *, is_opened: bool) -> tuple[OtherFile, list[str]]:
    """Return what a file is, and the paths of others that belong to it."""
    place = directory / name
    if not is_opened:
        return OtherFile(name, kind.name, None, _size(place)), []
    try:
        with closing(kind.open(place)) as file:
            paths = file.file_names()
            return OtherFile(name, kind.name, len(file.keys()), sum(map(_size, map(place.at, paths)))), paths[1:]
    except CheckpointError as error:
        return OtherFile(name, kind.name, None, _size(place), error.message), []


def _data_of_other_saves(one: FoundFiles) -> list[str]:
    """Return the data files of a checkpoint whose count of shards is not the one in its index."""
    counts = {name: data[2] for name in one.files if (data := parse_data_filename(name))}
    if len(set(counts.values())) < 2:
        return []
    try:
        index = BundleIndex(one.place)
    except CheckpointError:
        return []
    index.close()
    return [name for name, count in counts.items() if count != index.header.num_shards]


def _describe(one: FoundFiles) -> None:
    """Fill in sizes, times, and whether a checkpoint is whole."""
    places = list(map(one.place.beside, one.files))
    one.bytes = sum(map(_size, places))
    one.modified = max(place.modified for place in places)
    if not is_whole(one.place):
        one.status, one.problem = HALF, _problem_of(one)


def _problem_of(one: FoundFiles) -> str:
    """Say why a checkpoint is not whole."""
    if one.version == 1:
        shards = parse_v1_shard(one.prefix)
        wanted = shards[2] if shards else 1
        have = sum(parse_v1_shard(name) is not None for name in one.files) if shards else 1
        return f"{have} of {wanted} files are here" if have != wanted else "the table is damaged"
    index = index_filename(one.place.stem)
    if index not in one.files:
        return "the data has no index: the save was killed, or the index was not copied"
    try:
        opened = BundleIndex(one.place)
    except CheckpointError as error:
        return f"the index cannot be read: {error.message}"
    with opened.file:
        damage = opened.listing().damage
    count = opened.header.num_shards
    names = (data_filename(one.place.stem, shard_id, count) for shard_id in range(count))
    missing = sum(name not in one.files for name in names)
    if missing:
        return f"{missing} of {count} data files are missing"
    return f"the index is damaged: {damage[0].message}" if damage else "a data file is shorter than the index says"


def _state_of(directory: Place, latest_filename: str | None) -> tuple[CheckpointState | None, str]:
    """Return what the state file says, and what is wrong with it."""
    try:
        return read_state(directory, latest_filename), ""
    except CheckpointError as error:
        return None, error.message


def _compare(directory: Place, found: dict[PlaceIdentity, FoundFiles], state: CheckpointState) -> None:
    """Mark what the state file lists, and add what it lists and is not there."""
    for path in dict.fromkeys([*state.all_model_checkpoint_paths, state.model_checkpoint_path]):
        if not path:
            continue
        one = found.setdefault(_place_among(found, directory, path), FoundFiles(directory / path, None, MISSING))
        one.is_listed = True
        if one.status == UNLISTED:
            one.status = LISTED


def _mark_kept(found: Collection[FoundFiles], state: CheckpointState) -> None:
    """Mark what a manager took from its list for good: steps of what it lists that are older than the last one kept."""
    stems = {split_step(one.prefix)[0] for one in found if one.is_listed and state.all_model_checkpoint_timestamps}
    for one in found:
        is_step = one.step is not None and split_step(one.prefix)[0] in stems
        if is_step and one.status == UNLISTED and not one.is_pinned:
            one.is_kept = int(one.modified or 0) <= state.last_preserved_timestamp


def _place_among(found: Mapping[PlaceIdentity, FoundFiles], directory: Place, path: str) -> PlaceIdentity:
    """Return which of the checkpoints a path of a state file means, by identity; or where it leads to."""
    places = [place.identity for place in places_of(directory, path)]
    return next((place for place in places if place in found), places[0])


def _is_ours(name: str) -> bool:
    """Tell whether a file is a temporary one, or a journal's entry, of a save of this package."""
    return is_temporary_name(name) or is_journal_name(name)


def _size(place: Place) -> int:
    """Return the bytes of what is at a place, of a link its own; 0 if nothing is."""
    entry = place.entry() if place.is_taken else None
    return 0 if entry is None else entry.size
