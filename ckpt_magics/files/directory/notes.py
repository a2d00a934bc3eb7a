"""What is noted of checkpoints beside TensorFlow's list of them: metrics, and which are pinned.

The notes lie in a file of their own, ``checkpoint.notes.json`` beside the list: a field that TensorFlow does not know
would make it ignore the list. A JSON object, by the name of a checkpoint in the directory::

    {"model.ckpt-7": {"metrics": {"loss": 0.25}, "pinned": true}}

Whoever loses the file loses the notes and nothing else. It is as untrusted as the list: names are compared only.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from ckpt_magics.errors import NotFoundError, visible
from ckpt_magics.files.directory.state_file import state_place
from ckpt_magics.files.storage.place import Place

__all__ = ["CheckpointNotes", "best_of", "notes_place", "read_notes", "write_notes"]

_ENDING = ".notes.json"
_MAX_SIZE = 32 << 20
"""Bytes of notes beyond which they are none."""


@dataclass(slots=True)
class CheckpointNotes:
    """What is noted of the checkpoints of a directory.

    Attributes:
        metrics: Numbers by name, of each checkpoint by its name in the directory.
        pinned: Names of those that no save deletes.
    """

    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    pinned: set[str] = field(default_factory=set)

    def forget(self, names: Iterable[str]) -> None:
        """Note nothing more of some checkpoints."""
        for name in names:
            self.metrics.pop(name, None)
            self.pinned.discard(name)

    def is_pinned(self, name: str) -> bool:
        """Whether a checkpoint is pinned, by its name in the directory."""
        return name in self.pinned


def notes_place(directory: Place, latest_filename: str | None = None) -> Place:
    """Return the place of the notes of a directory."""
    state = state_place(directory, latest_filename)
    return state.at(state.name + _ENDING)


def read_notes(directory: Place, latest_filename: str | None = None) -> CheckpointNotes:
    """Return what is noted; nothing if there is no file. Of a damaged one a warning tells.

    Raises:
        CheckpointError: The file is there and cannot be read.
    """
    place = notes_place(directory, latest_filename)
    try:
        with place.open() as file:
            data = file.read_at(0, min(file.size, _MAX_SIZE), "notes")
    except NotFoundError:
        return CheckpointNotes()
    try:
        return _parsed(json.loads(data))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        text = f"{visible(place.name)} is damaged, and metrics and pins are lost: {visible(str(error))}"
        warnings.warn(text, UserWarning, stacklevel=3)
        return CheckpointNotes()


def _parsed(table: Mapping[str, Mapping[str, object]]) -> CheckpointNotes:
    notes = CheckpointNotes()
    for name, said in table.items():
        metrics = said.get("metrics", {})
        if not isinstance(metrics, dict):
            raise TypeError(f"the metrics of {name} are no object")
        if metrics:
            notes.metrics[name] = {str(metric): float(value) for metric, value in metrics.items()}
        if said.get("pinned") is True:
            notes.pinned.add(name)
    return notes


def write_notes(
    directory: Place, notes: CheckpointNotes, latest_filename: str | None = None, *, durable: bool = True
) -> None:
    """Write the notes of a directory, in one step; none where there is nothing to note and no file.

    Raises:
        CheckpointError: The disk refuses.
    """
    place = notes_place(directory, latest_filename)
    names = sorted({*notes.metrics, *notes.pinned})
    if not names and not place.is_taken:
        return
    table: dict[str, dict[str, object]] = {}
    for name in names:
        table[name] = {"metrics": notes.metrics[name]} if name in notes.metrics else {}
        if name in notes.pinned:
            table[name]["pinned"] = True
    text = json.dumps(table, indent=1)
    place.put(f"{text}\n".encode("utf-8", "surrogateescape"), durable=durable)


def best_of(notes: CheckpointNotes, names: Collection[str], metric: str, count: int, *, highest: bool) -> set[str]:
    """Return the names of the checkpoints with the best values of a metric; NaN is never among them.

    Args:
        notes: What is noted.
        names: Of the checkpoints in question, the oldest first; of equal ones the youngest is better.
        metric: Its name.
        count: How many.
        highest: Whether high values are the good ones.
    """
    known = [(notes.metrics.get(name, {}).get(metric, math.nan), at, name) for at, name in enumerate(names)]
    sign = 1 if highest else -1
    ranked = sorted((one for one in known if not math.isnan(one[0])), key=lambda one: (-sign * one[0], -one[1]))
    return {name for _, _, name in ranked[:count]}
