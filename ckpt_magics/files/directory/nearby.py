"""What lies near a path where no checkpoint was found, as the end of a sentence."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from ckpt_magics.errors import CheckpointError, visible
from ckpt_magics.files.directory.latest import find_latest
from ckpt_magics.files.directory.unusable import fault_of, foreign_file
from ckpt_magics.files.kinds.directory import checkpoint_files
from ckpt_magics.files.kinds.known import is_leftover
from ckpt_magics.files.storage import naming
from ckpt_magics.files.storage.place import Place
from ckpt_magics.phrasing import names_text

SAVED_MODEL_NAMES = ("saved_model.pb", "saved_model.pbtxt")

_SHOWN = 3
_STEP = re.compile(r"[0-9]{1,18}")
_MAX_INSIDE = 100
"""Entries of a directory that are looked into."""
_MAX_NAMES = 10_000
"""Names of a directory that are compared."""

_OTHER_FRAMEWORKS = (
    ("_CHECKPOINT_METADATA", "an Orbax checkpoint; load it with orbax.checkpoint"),
    ("_METADATA", "an Orbax checkpoint; load it with orbax.checkpoint"),
    ("model.safetensors", "a Hugging Face model; load its safetensors file"),
    ("pytorch_model.bin", "a Hugging Face model for PyTorch"),
    ("tf_model.h5", "a Hugging Face model for Keras, in HDF5"),
    ("keras_metadata.pb", "a part of a Keras SavedModel"),
    ("zarr.json", "a Zarr group; load it with zarr"),
)


def checkpoint_names(directory: Place) -> list[str]:
    """Return the prefixes of what looks, by its name, like a checkpoint in a directory; no file is opened."""
    try:
        names = directory.names()[:_MAX_NAMES]
    except CheckpointError:
        return []
    found = set()
    for name in names:
        shard = naming.parse_v1_shard(name)
        if name.endswith(naming.INDEX_SUFFIX) and name != naming.INDEX_SUFFIX:
            found.add(naming.prefix_of(name))
        elif shard is not None:
            found.add(naming.v1_shard_pattern(shard[0], shard[2]))
        elif f"{name}.{naming.META_GRAPH_SUFFIX}" in names:
            found.add(name)
    return sorted(found)


def missing_hint(place: Place) -> str:
    """Return what to say of a place where there is nothing: why, and what is near."""
    directory, base = place.directory, place.stem
    if not directory.shown.is_directory:
        return f"; there is no directory {visible(directory.name)}"
    try:
        names = directory.names()
    except CheckpointError as error:
        return f"; {error.message}"
    data = [name for name in names if (parts := naming.parse_data_filename(name)) and parts[0] == base]
    if data:
        return _without_index(data[0])
    known = checkpoint_names(directory)
    nearest = _nearest(directory, base, known) or describe_directory(directory.shown)
    latest = None if naming.split_step(base)[1] is None else latest_beside(place)
    return nearest if latest is None else f"{nearest}; the latest here is now {visible(latest)}"


def latest_beside(prefix: Place) -> str | None:
    """Return the latest checkpoint of the directory that a prefix is in; None if there is none."""
    return find_latest(prefix.directory).prefix


def _nearest(directory: Place, base: str, known: Sequence[str]) -> str:
    """Say which of the checkpoints known by name a missing one may be; empty if there are none."""
    steps = sorted(((int(step), name) for name in known if (step := _step_of(name, base))), reverse=True)
    if steps:
        number, latest = steps[0]
        advice = f"the step belongs to the name: give {visible(latest)}, or --step {number} on a line"
        return f"; nearest here: {_listed(directory, [name for _, name in steps])}; {advice}"
    begin = [name for name in known if name.startswith(base)]
    alike = difflib.get_close_matches(base, known, _SHOWN, 0.5)
    nearest = list(dict.fromkeys(begin + alike))[:_SHOWN]
    if nearest:
        return f"; nearest here: {_listed(directory, nearest)}"
    return f"; here are {_listed(directory, known)}" if known else ""


def missing_directory_hint(place: Place) -> str:
    """Return what to do about a place that is no directory, as a sentence."""
    plain = place.at(place.store.rules.normpath(place.name))
    above, base = plain.directory, plain.stem
    shown = visible(above.shown.name)
    if place.is_taken:
        return f"It is a file in the directory {shown}."
    try:
        names = above.names()[:_MAX_NAMES]
    except CheckpointError:
        return f"There is no directory {visible(above.name)} either."
    if f"{base}{naming.INDEX_SUFFIX}" in names:
        return f"It is a checkpoint of the directory {shown}."
    known = [name for name in names if (above / name).is_directory]
    nearest = difflib.get_close_matches(base, known, _SHOWN, 0.5) or known
    return f"Directories here: {_listed(above, nearest)}." if nearest else f"{shown} has none."


def describe_directory(directory: Place) -> str:
    """Return what to say of a directory without a checkpoint that can be used."""
    try:
        names = directory.names()
    except CheckpointError as error:
        return f"; {error.message}"
    if not names:
        return "; the directory is empty"
    for name, what in _OTHER_FRAMEWORKS:
        if name in names:
            return f"; it holds {visible(name)}: {what}"
    parts = checkpoint_names(directory)
    if parts:
        return _not_whole(directory, parts)
    data = next(filter(naming.parse_data_filename, names), None)
    if data is not None:
        return _without_index(data)
    found = _unfinished(directory, names) or foreign_file(directory, names, called_ckpt=True)
    found = found or describe_inside(directory) or foreign_file(directory, names, called_ckpt=False)
    return f"; {found or f'no file in {visible(directory.name)} is named as those of a checkpoint are'}"


def _unfinished(directory: Place, names: Sequence[str]) -> str:
    temporary = next(filter(is_leftover, names), None)
    if temporary is None:
        return ""
    return f"{visible((directory / temporary).name)} is what a save of TensorFlow left that did not finish"


def describe_inside(directory: Place) -> str:
    """Return which directories in a directory hold checkpoints or SavedModels; empty if none does."""
    try:
        names = directory.names()[:_MAX_INSIDE]
    except CheckpointError:
        return ""
    inside = [name for name in names if not is_leftover(name) and checkpoint_names(directory / name)]
    if inside:
        return f"there are checkpoints in {_listed(directory, inside)}"
    models = [name for name in names if any((directory / name / model).is_file for model in SAVED_MODEL_NAMES)]
    what = "are SavedModels" if len(models) > 1 else "is a SavedModel"
    return f"there {what} in {_listed(directory, models)}" if models else ""


def _step_of(name: str, base: str) -> str | None:
    """Return the digits of a name that is ``base`` with a step."""
    start, _, step = name.rpartition("-")
    return step if base and start == base and _STEP.fullmatch(step) else None


def _not_whole(directory: Place, parts: Sequence[str]) -> str:
    """Say of checkpoints that cannot be used what is wrong, of the one written last."""

    def written(part: str) -> float:
        return max((file.modified for file in checkpoint_files(directory / part)), default=0)

    fault = fault_of(directory / max(parts, key=written))
    # What cannot be opened has nothing good to give.
    advice = " (%ckpt_ls says what is missing; named, it gives what is good)" if fault is None or fault.opens else ""
    return f"; not whole: {_listed(directory, parts)}{advice}" + (f"; {fault.text}" if fault is not None else "")


def _without_index(data: str) -> str:
    return f"; {visible(data)} is there and its index is not: the save did not finish, or the index was not copied"


def _listed(directory: Place, names: Sequence[str]) -> str:
    return names_text([(directory / name).name for name in names], _SHOWN)
