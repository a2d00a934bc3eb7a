"""Which checkpoint of a directory is the latest: the one rule, for every function, magic and repair.

1. The one that the state file calls so, if it is whole: at the place that is named, or under the same name beside the
   state file, for directories are moved, also from and to Windows.
2. Else the latest whole one of the same prefix with another step; else of those that the state file lists; else of all
   in the directory. Among them the highest step of a prefix wins, and of prefixes the one that was written to last.
3. Else, if there is no whole one at all, the one that the state file calls so, however damaged: what reads it will say
   in what way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ckpt_magics.errors import CheckpointError, visible
from ckpt_magics.files.directory.state_file import places_of, read_state, state_place, stem_of
from ckpt_magics.files.directory.state_text import CheckpointState
from ckpt_magics.files.kinds.directory import (
    DatedCheckpoint,
    checkpoint_files,
    find_checkpoints,
    in_order,
    is_committed,
    is_whole,
)
from ckpt_magics.files.storage.naming import STATE_FILENAME, index_filename, split_step
from ckpt_magics.files.storage.place import Place

__all__ = ["Latest", "find_latest", "latest_in_files"]


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest checkpoint of a directory, and how it was found.

    Attributes:
        place: Its prefix, or the pattern of a V1 checkpoint in several files; None if there is none.
        note: What was looked at and why this was used, as a sentence; if there is none, the reason.
        is_substitute: Whether that is worth a warning: the state file is damaged or names another.
        doubt: What else speaks against it, as a sentence; empty if nothing does.
        named: What the state file names, where it leads to; empty if it names nothing.
        has_state: Whether there is a state file, of use or not.
        error: What is wrong with the state file.
    """

    place: Place | None
    note: str
    is_substitute: bool = False
    doubt: str = ""
    named: tuple[Place, ...] = ()
    has_state: bool = True
    error: CheckpointError | None = None

    @property
    def prefix(self) -> str | None:
        """The prefix as a name."""
        return None if self.place is None else self.place.name


def find_latest(directory: Place, latest_filename: str | None = None) -> Latest:
    """Return the latest checkpoint of a directory. Nothing is raised: what cannot be read is no checkpoint.

    Args:
        directory: The directory.
        latest_filename: Name of the state file, ``checkpoint`` by default.
    """
    named = None
    while True:
        try:
            state = read_state(directory, latest_filename)
        except CheckpointError as error:
            return _in_place_of_damaged(directory, error)
        if state is None:
            return _without_state(directory, latest_filename)
        found = _named_by(directory, state, latest_filename)
        # Another process may have saved and let this one go since the state file was read: look there once more.
        if found is not None or state.model_checkpoint_path == named:
            return _in_place_of_lost(directory, state, latest_filename) if found is None else found
        named = state.model_checkpoint_path


def latest_in_files(directory: Place) -> tuple[Place | None, str]:
    """Return the latest whole checkpoint by the files alone, and as a clause what speaks for another."""
    found = _found_in(directory)
    latest = _last_whole(found)
    return (None, "") if latest is None else (latest.place, _though(found, latest))


def _named_by(directory: Place, state: CheckpointState, latest_filename: str | None) -> Latest | None:
    """The one that the state file calls the latest, if it is whole."""
    path = state.model_checkpoint_path
    places = places_of(directory, path)
    # Far away a look at each data file costs as much as a value; the index came last, and says what should be there.
    found = next(filter(is_whole if directory.store.is_local else is_committed, places), None)
    if found is None:
        return None
    name = visible(state_place(directory, latest_filename).name)
    note = f"{visible(found.name)} is the latest that {name} names."
    if found != places[0]:
        note = f"{name} names {visible(path)}, which is not there; {visible(found.name)} of the same name was used."
    return Latest(found, note, doubt=_doubt(found.name, state), named=places)


def _doubt(found: str, state: CheckpointState) -> str:
    """Writers put the latest path last in the list; if it is not, someone edited the file, or a bit has flipped."""
    listed = state.all_model_checkpoint_paths
    same = (state.model_checkpoint_path, found)
    if not listed or listed[-1] in same or stem_of(listed[-1]) == stem_of(found):
        return ""
    return f"the state file names {visible(found)} as the latest but lists {visible(listed[-1])} last"


def _in_place_of_lost(directory: Place, state: CheckpointState, latest_filename: str | None) -> Latest:
    """What takes the place of a latest checkpoint that is gone or damaged."""
    name = visible(state_place(directory, latest_filename).name)
    path = state.model_checkpoint_path
    places = places_of(directory, path)
    here = _found_in(directory)
    listed = _listed_by(directory, state)
    stems = {split_step(place.name)[0] for place in places if split_step(place.name)[1] is not None}
    series = [one for one in (*here, *listed) if split_step(one.prefix)[0] in stems]
    for candidates in (series, listed, here):
        found = in_order({one.place.identity: one for one in reversed(candidates)}.values())
        latest = _last_whole(found)
        if latest is not None:
            why = "which is not whole; the newest whole one is used"
            note = f"{name} names {visible(path)}, {why}: {visible(latest.prefix)}{_though(found, latest)}"
            if _is_among(latest, listed):
                why = "the latest, which is not there or not whole"
                note = f"{name} calls {visible(path)} {why}; {visible(latest.prefix)}, which it lists too, was used."
            return Latest(latest.place, note, is_substitute=True, named=places)
    damaged = next((place for place in places if checkpoint_files(place)), None)
    if damaged is not None:
        return Latest(damaged, f"{visible(damaged.name)} is the latest that {name} names.", named=places)
    why = f"{name} names {visible(path)}, which is not there, and there is no other whole checkpoint beside it"
    return Latest(None, why, is_substitute=True, named=places)


def _in_place_of_damaged(directory: Place, error: CheckpointError) -> Latest:
    """What takes the place of a state file that cannot be read or understood."""
    latest, though = latest_in_files(directory)
    if latest is None:
        why = f"{error}; there is no whole checkpoint in the directory either"
        return Latest(None, why, is_substitute=True, error=error)
    note = f"{error}; the newest whole checkpoint in the directory is used instead: {visible(latest.name)}{though}"
    return Latest(latest, note, is_substitute=True, error=error)


def _without_state(directory: Place, latest_filename: str | None) -> Latest:
    shown = visible(directory.shown.name)
    if latest_filename not in {None, "", STATE_FILENAME}:
        # Whoever asks for the latest of a list of its own, such as the best ones, does not want another's.
        name = visible(state_place(directory, latest_filename).name)
        return Latest(None, f"there is no file {name}", has_state=False)
    latest, though = latest_in_files(directory)
    if latest is None:
        return Latest(None, f"{shown} has no state file and no whole checkpoint", has_state=False)
    note = f"{shown} has no state file; its newest checkpoint {visible(latest.name)}{though} was used."
    return Latest(latest, note, doubt=note if though else "", has_state=False)


def _last_whole(found: Sequence[DatedCheckpoint]) -> DatedCheckpoint | None:
    return next((one for one in reversed(found) if is_whole(one.place)), None)


def _though(found: Iterable[DatedCheckpoint], latest: DatedCheckpoint) -> str:
    """Say of a step that another of its prefix was written after it; empty if none was."""
    stem, step = split_step(latest.prefix)
    if step is None:
        return ""
    later = [one for one in found if one.modified > latest.modified and _is_step_below(one.prefix, stem, step)]
    if not later:
        return ""
    youngest = max(later, key=lambda one: one.modified)
    return f" (the highest step of its name; {visible(youngest.place.stem)} was written later)"


def _is_step_below(prefix: str, stem: str, limit: int) -> bool:
    own_stem, step = split_step(prefix)
    return own_stem == stem and step is not None and step < limit


def _is_among(one: DatedCheckpoint, others: Iterable[DatedCheckpoint]) -> bool:
    return one.place.identity in {other.place.identity for other in others}


def _found_in(directory: Place) -> list[DatedCheckpoint]:
    try:
        return find_checkpoints(directory)
    except CheckpointError:
        return []


def _listed_by(directory: Place, state: CheckpointState) -> list[DatedCheckpoint]:
    """What lies where the listed paths lead, whole or not."""
    places = (
        next(filter(checkpoint_files, places_of(directory, path)), None) for path in state.all_model_checkpoint_paths
    )
    found = ((place, checkpoint_files(place)) for place in places if place is not None)
    return [
        DatedCheckpoint(place, 2 if files == [place.at(index_filename(place.name))] else 1, _youngest(files))
        for place, files in found
        if files
    ]


def _youngest(files: Iterable[Place]) -> float:
    return max(file.modified for file in files)
