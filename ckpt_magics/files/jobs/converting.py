"""Tensors of sources, through steps, into a file of any kind: source -> steps -> sink.

Nothing is written before every step has been thought through, and nothing is visible before all is written. What was
written is read back and compared by its checksums.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.files.jobs.kept_objects import KeptObjects, ScopedSide
from ckpt_magics.files.jobs.reading_back import CheckedValues, read_back
from ckpt_magics.files.jobs.writing_by_tasks import write_by_tasks
from ckpt_magics.files.kinds.holding import check_held
from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.kinds.known import kind_to_write, replaced_by
from ckpt_magics.files.kinds.meta_graph_file import meta_graph_beside, read_sound_meta_graph
from ckpt_magics.files.kinds.open_checkpoint import OpenCheckpoint
from ckpt_magics.files.kinds.sinks import write_tensors
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.object_graph.groups import OBJECT_GRAPH, variable_group
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.object_graph.stored_values import is_save_counter
from ckpt_magics.files.steps.choosing_steps import EXCLUDE
from ckpt_magics.files.steps.known_steps import STEP_KINDS
from ckpt_magics.files.steps.step import Step
from ckpt_magics.files.steps.stepped_tensors import Dropped, SteppedTensors, merged, stepped
from ckpt_magics.files.storage.disk import enough_memory
from ckpt_magics.files.storage.naming import meta_graph_filename
from ckpt_magics.files.storage.place import AnyPath, Place
from ckpt_magics.files.storage.save_path import save_place
from ckpt_magics.files.storage.store import WrittenFile
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSource
from ckpt_magics.phrasing import names_text

__all__ = ["Combine", "Conversion", "ConversionSource", "ConvertOptions", "convert_tensors"]


@dataclass(frozen=True, slots=True)
class ConversionSource:
    """A source of a conversion.

    Attributes:
        tensors: What it has.
        scope: What its names get in front, as ``a/``; empty for nothing.
    """

    tensors: NamedTensors[TensorSource]
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertOptions:
    """How a conversion is written.

    Attributes:
        to: The kind of file by its name; None for the one that the target's name says.
        dry_run: Only work out what would be written.
        verify: Read back what was written.
        in_place: The target may be one of the sources.
        objects: Make a checkpoint of objects of names, whose parts are then what holds the next one.
        save: How the files are written.
        executor: Who makes, writes and reads back the tensors of a V2 checkpoint, each task a data file of 64 MiB or
            more: threads, processes, or ``client.get_executor()`` of a dask cluster. None for this thread.
    """

    to: str | None = None
    dry_run: bool = False
    verify: bool = True
    in_place: bool = False
    objects: bool = False
    save: SaveOptions = field(default_factory=SaveOptions)
    executor: Executor | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was converted, or would be.

    Attributes:
        sources: What the sources are called.
        target: Path of the result.
        kind: Name of its kind.
        tensors: The tensors of the result, with what each was made of.
        bytes_before: Bytes of all values in the sources.
        files: What was written; nothing by a dry run.
        dry_run: Whether nothing was written.
        is_verified: Whether it was read back.
        seconds: How long it took.
    """

    sources: tuple[str, ...]
    target: str
    kind: str
    tensors: SteppedTensors
    bytes_before: int
    files: tuple[WrittenFile, ...]
    dry_run: bool
    is_verified: bool
    seconds: float

    @property
    def dropped(self) -> tuple[Dropped, ...]:
        """What the sources have and the result has not, with the reason."""
        return self.tensors.dropped

    @property
    def bytes_after(self) -> int:
        """Bytes of all values in the result, strings not counted."""
        return sum(tensor.values.size or 0 for _, tensor in self.tensors.items())


Combine = Callable[[Sequence[SteppedTensors]], SteppedTensors]


def convert_tensors(
    sources: Sequence[ConversionSource],
    target: AnyPath,
    steps: Sequence[Step],
    options: ConvertOptions,
    combine: Combine | None = None,
) -> Conversion:
    """Write the tensors of sources, changed by steps, to a file of any kind, all or nothing.

    Args:
        sources: Where the tensors come from.
        target: Path of the result.
        steps: What is done to them, in order.
        options: How.
        combine: Makes one set of tensors of those of all sources, the last one being the newest; None to merge them.

    Raises:
        InvalidArgumentError: A step cannot be done; two tensors have one name; the target is a source.
        UnimplementedError: The kind of file cannot hold a tensor; nothing was written.
        DataLossError: A source is damaged, or what was read back is not what was written.
        CheckpointError: A file cannot be read, or the disk refuses. What was there before is as it was.
    """
    started = time.perf_counter()
    if not sources:
        raise InvalidArgumentError("nothing is given to be converted", hint="Give a path, or what holds tensors.")
    place = save_place(target, may_be_bare=True)
    path = place.name
    kind = kind_to_write(place, options.to)
    for source in sources:
        _check_apart(source.tensors.source, place, in_place=options.in_place)
    sides = [stepped(one.tensors, one.scope) for one in sources]
    scopes = (one.scope for one in sources) if combine is None else ("",)
    is_anew = any(step.kind.makes_objects for step in steps)
    objects = KeptObjects(() if is_anew else map(ScopedSide, sides if combine is None else sides[-1:], scopes))
    tensors = combine(sides) if combine is not None else _merged(sides)
    names = set(tensors)
    for step in [*steps, *_naming(steps, kind)]:
        tensors = step.apply(tensors)
    is_as_before = names == set(tensors)
    companions = _meta_graph(sources[-1], path, kind) if is_as_before and sides[-1].keys() == tensors.keys() else {}
    options = replace(options, objects=options.objects or is_anew)
    tensors = _with_objects(tensors, objects, kind, options, is_as_before=is_as_before)
    files = _write(tensors, place, kind, options, companions)
    return Conversion(
        tuple(one.tensors.origin for one in sources),
        path,
        kind.name,
        tensors,
        sum(tensor.values.size or 0 for side in sides for _, tensor in side.items()),
        files,
        options.dry_run,
        options.verify and not options.dry_run,
        time.perf_counter() - started,
    )


def _merged(sides: Sequence[SteppedTensors]) -> SteppedTensors:
    """Return the tensors of several sources as one set, with the number of saves of the first that has one."""
    first, *others = sides
    merging = [first]
    for side in others:
        known = {name for one in merging for name in one if is_save_counter(name) or _is_object_graph(name)}
        merging.append(side.kept((name for name in side if name not in known), "that of the source before stays"))
    return merged(merging)


def _naming(steps: Sequence[Step], kind: Kind) -> list[Step]:
    """Return the step that gives tensors the names that a kind needs, if there is one and it was not asked for."""
    is_asked = any(step.kind.word == kind.names_step for step in steps)
    return [STEP_KINDS[kind.names_step].given([])] if kind.names_step and not is_asked else []


def _check_apart(source: TensorSource, target: Place, *, in_place: bool) -> None:
    """Refuse to convert a checkpoint onto itself unless that is asked for."""
    own = [source.found.place, *map(source.found.place.at, source.files)] if isinstance(source, OpenCheckpoint) else []
    if not in_place and not replaced_by(target).isdisjoint(one.resolved for one in own):
        raise InvalidArgumentError(
            f"{visible(target.name)} is what is to be converted",
            hint="Give the result a name of its own, or say --in-place (in_place=True) to replace it in one step.",
        )


def _with_objects(
    tensors: SteppedTensors, objects: KeptObjects, kind: Kind, options: ConvertOptions, *, is_as_before: bool
) -> SteppedTensors:
    """Return tensors with the graph of their objects, or without what TensorFlow notes for itself.

    Args:
        tensors: What is to be written.
        objects: Of the sources.
        kind: As what.
        options: Whether the result is to have objects that the sources have not.
        is_as_before: Whether their names are those of the sources: a single graph is still right then, and a damaged
            one no worse.
    """
    if not _is_checkpoint(kind):
        if options.objects:
            raise InvalidArgumentError(f"{kind.name} has no place for objects", hint="Checkpoints have: --to v2.")
        reason = f"{kind.name} has no place for it"
        return tensors.kept((name for name, one in tensors.items() if not objects.is_bookkeeping(one)), reason)
    is_left_out = any(one.reason == f"--{EXCLUDE.word}" and _is_object_graph(one.name) for one in tensors.dropped)
    if (objects and not is_left_out) or options.objects:
        return objects.followed(tensors)
    if is_as_before:
        return tensors
    return tensors.kept((name for name in tensors if not _is_object_graph(name)), objects.lost or "it is left out")


def _is_checkpoint(kind: Kind) -> bool:
    """Tell whether a kind of file is a checkpoint of TensorFlow's."""
    return kind.name in {"v1", "v2"}


def _is_object_graph(name: str) -> bool:
    return variable_group(name) == OBJECT_GRAPH


def _meta_graph(side: ConversionSource, path: str, kind: Kind) -> Mapping[str, bytes]:
    """The meta graph beside a source, where the result can have it beside it."""
    source = side.tensors.source
    if not _is_checkpoint(kind) or not isinstance(source, OpenCheckpoint):
        return {}
    beside = meta_graph_beside(source.found.place)
    return {} if beside is None else {meta_graph_filename(path): read_sound_meta_graph(beside)}


@enough_memory("write the tensors")
def _write(
    tensors: SteppedTensors, place: Place, kind: Kind, options: ConvertOptions, companions: Mapping[str, bytes]
) -> tuple[WrittenFile, ...]:
    """Write tensors as a kind of file, read them back, and return the files; none of a dry run.

    Raises:
        InvalidArgumentError: There is no tensor.
        UnimplementedError: The kind cannot hold one.
        DataLossError: What was read back is not what was written.
        CheckpointError: The disk refuses, or a source does.
    """
    if not len(tensors):
        reasons = dict.fromkeys(one.reason for one in tensors.dropped)
        hint = f"They are left out: {names_text(reasons)}." if reasons else "The sources have none."
        raise InvalidArgumentError("no tensor is left to be written", hint=hint)
    is_ordered = kind.is_ordered or OBJECT_GRAPH_KEY in tensors
    specs = list(map(tensors.spec, tensors.in_file_order() if is_ordered else tensors.keys()))
    check_held(kind.name, kind.can_hold(specs))
    if options.executor is not None and kind.name != "v2":
        raise UnimplementedError(
            f"{kind.name} is written by one process, and an executor was given",
            hint="A V2 checkpoint (--to v2) is written by many; that can be converted to another kind without one.",
        )
    if options.dry_run:
        return ()
    if options.executor is not None:
        return write_by_tasks(
            options.executor, place, specs, tensors, options.save, companions=companions, verify=options.verify
        )
    values = CheckedValues(tensors, tensors.piece_size)
    sink = write_tensors(place, specs, values, options.save, kind=kind, companions=companions)
    if options.verify:
        read_back(place.at(sink.path), values.checksums, sink.copied)
    return sink.written
