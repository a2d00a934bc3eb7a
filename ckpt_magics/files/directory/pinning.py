"""Pin checkpoints, so that no save deletes them, and let go of them again.

A pinned checkpoint leaves TensorFlow's list, whose keepers delete what is on it; one that is let go joins it again. The
latest stays on it, for a list has to name one, until the next save.
"""

from __future__ import annotations

from collections.abc import Collection

from ckpt_magics.errors import CheckpointNotFoundError, visible
from ckpt_magics.files.directory.inventory import LISTED, UNLISTED, Inventory, take_inventory
from ckpt_magics.files.directory.listed import Listed, read_list, replace_list, written
from ckpt_magics.files.directory.notes import read_notes, write_notes
from ckpt_magics.files.directory.state import update_checkpoint_state
from ckpt_magics.files.storage.place import Place, is_bare
from ckpt_magics.files.storage.store import Absent, Version
from ckpt_magics.files.tensors.suggestions import Suggester, nearest_sentence

__all__ = ["change_pins"]


def change_pins(
    directory: Place, pin: Collection[str] = (), unpin: Collection[str] = (), latest_filename: str | None = None
) -> None:
    """Pin checkpoints of a directory, and let go of others.

    Args:
        directory: The directory.
        pin: Their names in it, or prefixes.
        unpin: Names of those to let go of, which need not be there any more.
        latest_filename: Name of the state file, ``checkpoint`` by default.

    Raises:
        CheckpointNotFoundError: One to pin is not there, or not whole.
        CheckpointError: The disk refuses.
    """

    def change(former: Version | Absent | None) -> None:
        inventory = take_inventory(directory, latest_filename)
        pinned = [_name_of(inventory, name) for name in pin]
        freed = [directory.at(name).stem for name in unpin]
        notes = read_notes(directory, latest_filename)
        notes.pinned |= set(pinned)
        notes.pinned -= set(freed)
        write_notes(directory, notes, latest_filename)
        _list_again(inventory, set(pinned), set(freed), latest_filename, former)

    replace_list(directory, latest_filename, change)


def _name_of(inventory: Inventory, given: str) -> str:
    directory = inventory.directory
    place = directory.at(given)
    name = place.stem
    whole = [one.place.stem for one in inventory.checkpoints if one.status in {LISTED, UNLISTED}]
    if name not in whole or (not is_bare(given) and place.directory.identity != directory.identity):
        near = Suggester(dict.fromkeys(whole, ())).nearest(name)
        raise CheckpointNotFoundError(
            f"{visible(given)} is no whole checkpoint of {visible(directory.shown.name)}",
            hint=nearest_sentence(near),
        )
    return name


def _list_again(
    inventory: Inventory,
    pinned: set[str],
    freed: set[str],
    latest_filename: str | None,
    former: Version | Absent | None,
) -> None:
    """Write the list without what is pinned, and with what was let go of, by the times of their files."""
    directory = inventory.directory
    latest = next((one.place for one in inventory.checkpoints if one.is_latest), None)
    if latest is None or not inventory.has_state:
        return
    listed, state, is_damaged = read_list(directory, latest_filename)
    if is_damaged:
        return

    def when(one: Listed) -> float:
        return written(one, directory)

    known = {directory.at(one.path).stem for one in listed}
    back = [one for one in inventory.checkpoints if one.place.stem in freed - known]
    stay = [one for one in listed if directory.at(one.path).stem not in pinned]
    stay = sorted([*stay, *(Listed(one.prefix, one.modified) for one in back)], key=when)
    stay = [one for one in stay if one.path != latest.name]
    latest_time = when(Listed(latest.name, None))
    update_checkpoint_state(
        directory,
        latest,
        [*(one.path for one in stay), latest.name],
        latest_filename,
        [*map(when, stay), latest_time] if state.all_model_checkpoint_timestamps else None,
        state.last_preserved_timestamp or None,
        save_relative_paths=not any(map(directory.store.rules.isabs, state.all_model_checkpoint_paths)),
        if_match=former,
    )
