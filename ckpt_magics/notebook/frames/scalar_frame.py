"""The numbers that runs note for TensorBoard, as a DataFrame."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ckpt_magics.errors import CheckpointNotFoundError, DataLossError, visible
from ckpt_magics.files.formats.tensor_proto import tensor_proto_to_array
from ckpt_magics.files.storage.damage_warning import warn_each_time
from ckpt_magics.files.storage.place import AnyPath, Place, place_of
from ckpt_magics.graphs.meta_graph.event_file import read_events
from ckpt_magics.proto.messages import Summary

__all__ = ["read_scalars"]

_EVENT_FILE = ".tfevents."
"""What the names of event files have in them."""


def read_scalars(path: AnyPath) -> pd.DataFrame:
    """Return the numbers that a run noted with ``tf.summary.scalar``, here or in TensorFlow 1 or 2.

    Args:
        path: An event file, or the directory of a run with several, as there are when it was broken off and went on.

    Returns:
        A column per tag, in the order in which they appear; a row per step, in order; NaN where a tag has no number. Of
        several numbers for a step the last one counts: a run that goes on from an older checkpoint repeats steps.

    Raises:
        CheckpointNotFoundError: There is no event file.
        DataLossError: The file is none. A warning says where one is damaged, or not whole yet; what stands before that
            is read.
    """
    found: dict[str, dict[int, float]] = {}
    for step, tag, value in (one for name in _event_files(place_of(path)) for one in _scalars(name)):
        found.setdefault(tag, {})[step] = value
    columns = {tag: pd.Series(values, dtype=np.float64) for tag, values in found.items()}
    frame = pd.DataFrame(columns)
    frame.index = frame.index.astype(np.int64)
    return frame.sort_index().rename_axis("step")


def _event_files(place: Place) -> list[str]:
    if not place.is_directory:
        return [place.name]
    # The names have the time of the start, and numbers of as many digits for centuries.
    names = sorted(name for name in place.names() if _EVENT_FILE in name)
    if not names:
        raise CheckpointNotFoundError(f"there is no event file in {visible(place.name)}")
    return [(place / name).name for name in names]


def _scalars(name: str) -> Iterator[tuple[int, str, float]]:
    any_read = False
    try:
        for event in read_events(name):
            any_read = True
            for value in event.summary.value:
                number = _number(value)
                if number is not None:
                    yield event.step, value.tag, number
    except DataLossError as error:
        if not any_read:
            raise
        warn_each_time(f"the numbers end where the file is damaged, or not whole yet: {error}")


def _number(value: Summary.Value) -> float | None:
    """Return the number that a value is; None of pictures, texts and what else there is."""
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return value.simple_value
    if kind != "tensor" or value.metadata.plugin_data.plugin_name not in {"", "scalars"}:
        return None
    array = tensor_proto_to_array(value.tensor)
    return float(array.item()) if array.size == 1 and array.dtype.kind in "fiub" else None
