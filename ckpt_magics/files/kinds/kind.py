"""What a kind of file says about itself: one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ckpt_magics.files.kinds.byte_map import FileMap
from ckpt_magics.files.kinds.holding import Unheld
from ckpt_magics.files.storage.place import AnyPath, Place
from ckpt_magics.files.tensors.records import Specs
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.sink import TensorSink
from ckpt_magics.files.tensors.source import TensorFile, TensorSpec

__all__ = ["Kind", "OpenSink"]


def _never(_: object) -> bool:
    return False


def _nothing(_: object) -> None:
    return None


def _none_unheld(_: object) -> list[Unheld]:
    return []


OpenSink = Callable[[AnyPath, Specs, SaveOptions, Mapping[str, bytes] | None], AbstractContextManager[TensorSink]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of file, or of several that belong together, that holds named tensors.

    Attributes:
        name: What it is called, also where people choose it.
        suffixes: What the name of a file ends with that is written as this kind if nothing else is said; the empty one
            stands for names without a suffix.
        open: Opens it for reading, by the place of the file or prefix. What is in no file of this kind is a
            DataLossError.
        name_form: What names have to look like, with ``{}`` for what is free; ``{}`` alone where most names do.
        names_step: The word of the step that gives names of such a form to what has others; empty if none is needed.
        is_ordered: Whether the order of tensors in a file means something.
        can_hold: Returns which of some tensors it cannot hold; nothing of a kind that is only read.
        sink: Opens what takes the tensors of a new one: path, all specs, options, and contents of other files by path
            that appear with it. At the end of the block everything is there, or nothing is; see `sinks.open_sink`. None
            of a kind that is only read.
        byte_map: Returns what each byte of each of its files is, by the same place; of damaged ones too, as far as
            can be told.
        recognise: Tells it from its first bytes, `START_SIZE` or all of a shorter one. Checkpoints are found by the
            names of their files.
        find: Returns what to open where a name was given that is neither a file nor a checkpoint, such as a directory;
            None if there is nothing of this kind.
        leftovers: Tells by the name of a file whether another program's killed save of this kind left it; those of this
            package are the same ones for every kind, see `atomic.is_temporary_name`.
    """

    name: str
    suffixes: tuple[str, ...] = ()
    open: Callable[[Place], TensorFile]
    name_form: str = "{}"
    names_step: str = ""
    is_ordered: bool = False
    can_hold: Callable[[Sequence[TensorSpec]], list[Unheld]] = _none_unheld
    sink: OpenSink | None = None
    byte_map: Callable[[Place], Sequence[FileMap]]
    recognise: Callable[[bytes], bool] = _never
    find: Callable[[Place], Place | None] = _nothing
    leftovers: Callable[[str], bool] = _never
