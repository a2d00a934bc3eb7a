"""Conversions and averages as people ask for them, and the report of one: what came from where, what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.jobs.averaging import averaged, ema_factors, last_checkpoints
from ckpt_magics.files.jobs.converting import (
    Conversion,
    ConversionSource,
    ConvertOptions,
    convert_tensors,
)
from ckpt_magics.files.object_graph.named_tensors import tensors_behind
from ckpt_magics.files.objects.tensors_of import tensors_of
from ckpt_magics.files.recipes.recipe import Recipe, known_recipes, load_recipe
from ckpt_magics.files.steps.spelled_steps import spelled_steps
from ckpt_magics.files.steps.step import Step
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.notebook.reports.saved_listing import file_sentence, file_table
from ckpt_magics.phrasing import amount
from ckpt_magics.report import Report, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ConversionReport",
    "RecipeListing",
    "average_checkpoints",
    "conversion_report",
    "convert_checkpoint",
    "list_recipes",
]

Steps = Mapping[str, Any] | Iterable[tuple[str, Any] | str | Step | Recipe]
"""Steps by their words with their entries, in order; see `spelled_steps`."""

MAX_LISTED = 40
"""Tensors in a table; all of them are in the attributes."""


class ConversionReport:
    """What a conversion or an average did, or would do; shows itself in a notebook.

    Args:
        conversion: What was done.
        verb: The word for it: "Converted" or "Averaged".
        notes: What to know besides.

    Attributes:
        conversion: As given.
    """

    def __init__(self, conversion: Conversion, verb: str = "Converted", notes: Sequence[str] = ()) -> None:
        self.conversion = conversion
        self._verb = verb
        self._notes = notes

    @property
    def path(self) -> str:
        """Path of the result."""
        return self.conversion.target

    @property
    def kind(self) -> str:
        """Name of the kind of file."""
        return self.conversion.kind

    @property
    def dry_run(self) -> bool:
        """Whether nothing was written."""
        return self.conversion.dry_run

    @property
    def notes(self) -> list[str]:
        """What to know besides, such as what to set in the model that takes the result."""
        return list(self._notes)

    @property
    def table(self) -> pd.DataFrame:
        """A row per tensor of the result: name, dtype, shape, bytes, what it comes from and what was changed."""
        return _tensor_table(self.conversion, None).frame().fillna({"from": "", "changed": ""})

    @property
    def dropped(self) -> pd.DataFrame:
        """A row per tensor that the result has not: name and the reason."""
        return Table(("name", "reason"), self.conversion.dropped).frame()

    @property
    def summary(self) -> str:
        """The outcome in one line."""
        made = self.conversion
        sources = ", ".join(map(visible, made.sources))
        verb = f"Would have {self._verb.lower()}" if made.dry_run else self._verb
        counts = f"{amount(len(made.tensors), 'tensor')}, {made.bytes_before:,} to {made.bytes_after:,} bytes of values"
        if not made.dry_run:
            counts += f" in {made.seconds:.2f} s{', read back and found the same' * made.is_verified}"
        return f"{verb} {sources} to {visible(made.target)}, {made.kind}: {counts}"

    def __str__(self) -> str:
        return conversion_report(self).text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return conversion_report(self).html()


def conversion_report(made: ConversionReport, at_most: int | None = MAX_LISTED) -> Report:
    """Return what is shown of a conversion: the first tensors, what was left out, files, and what is to be known.

    Args:
        made: What was converted.
        at_most: How many tensors of each sort; None for all.
    """
    conversion = made.conversion
    tables = [_tensor_table(conversion, at_most).without_empty()]
    if conversion.dropped:
        tables.append(_dropped_table(conversion, at_most))
    if conversion.files:
        tables.append(file_table((one.path, file_sentence(one.role, one.bytes), one.bytes) for one in conversion.files))
    return Report(made.summary, [], tables, made.notes)


def _tensor_table(conversion: Conversion, at_most: int | None) -> Table:
    rows = []
    for name, (values, origins, changes) in list(conversion.tensors.items())[:at_most]:
        came_from = None if origins == (name,) else ", ".join(map(visible, origins))
        shape = format_shape(values.shape)
        rows.append((visible(name), values.dtype.name, shape, values.size, came_from, "; ".join(changes) or None))
    more = len(conversion.tensors) - len(rows)
    return Table(("name", "dtype", "shape", "bytes", "from", "changed"), rows, more=more, numeric={"bytes"})


def _dropped_table(conversion: Conversion, at_most: int | None) -> Table:
    rows = [(visible(name), reason) for name, reason in conversion.dropped[:at_most]]
    more = len(conversion.dropped) - len(rows)
    caption = f"Left out, {amount(len(conversion.dropped), 'tensor')}:"
    return Table(("name", "because of"), rows, caption, more=more, folded=True)


def convert_checkpoint(
    sources: Any,  # noqa: ANN401 - a path, or anything that holds tensors, or several
    target: AnyPath,
    steps: Steps = (),
    *,
    recipe: str | None = None,
    under: str | Sequence[str] = (),
    options: ConvertOptions | None = None,
) -> ConversionReport:
    """Write the tensors of a checkpoint, or of several, to a file of any kind, changed by steps on the way.

    Args:
        sources: A path, a reader, or what holds tensors, such as a dict of arrays, a module or a session; or a list of
            these, which are merged.
        target: Path of the result. Its ending says the kind of file, unless ``options.to`` does.
        steps: What is done, in order: ``[("exclude", ["*/Adam"]), ("map", {"new": "old"}), "weights-only"]``. They
            are those of ``%ckpt_convert``, whose help describes them.
        recipe: Name of a recipe, or a TOML file of steps, which are done first.
        under: A scope that the names of all sources get, or one for each.
        options: How it is written.

    Raises:
        InvalidArgumentError: A step cannot be done, two tensors have one name, or the target is a source.
        UnimplementedError: The kind of file cannot hold a tensor; nothing was written.
        DataLossError: A source is damaged, or what was read back is not what was written.
        CheckpointError: A file cannot be read or written. What was at the target before is as it was.
    """
    done, notes = _steps_and_notes(steps, recipe)
    given = sources if isinstance(sources, list | tuple) else [sources]
    with _opened(given, _scopes(under, len(given))) as sides:
        made = convert_tensors(sides, target, done, options or ConvertOptions())
    return ConversionReport(made, notes=notes)


def average_checkpoints(
    sources: Any,  # noqa: ANN401 - a directory, or several things that hold tensors
    target: AnyPath,
    steps: Steps = (),
    *,
    last: int | None = None,
    factors: Sequence[float] | None = None,
    ema: float | None = None,
    common: bool = False,
    options: ConvertOptions | None = None,
) -> ConversionReport:
    """Write the mean of several checkpoints, taken in float64, to a file of any kind.

    Integers, strings and steps are those of the newest.

    Args:
        sources: Paths, readers, or what holds tensors, the newest last; or, with ``last``, a directory.
        target: Path of the result. Its ending says the kind of file, unless ``options.to`` does.
        steps: What is done to the mean, as in `convert_checkpoint`.
        last: How many of the last checkpoints of the directory to take.
        factors: How much each counts; None for all as much.
        ema: Take the exponential moving average with this decay instead, which begins with the oldest.
        common: Leave out tensors that not all have, instead of refusing.
        options: How it is written.

    Raises:
        InvalidArgumentError: Names, shapes or dtypes differ, or what was asked for cannot be.
        NotFoundError: The directory has not so many checkpoints.
        CheckpointError: As `convert_checkpoint`.
    """
    given = list(sources if isinstance(sources, list | tuple) else [sources])
    if last is not None:
        if len(given) != 1:
            raise InvalidArgumentError("last is about the checkpoints of one directory")
        given = last_checkpoints(given[0], last)
    if factors is not None and ema is not None:
        raise InvalidArgumentError("factors and ema each say how much a checkpoint counts; one of them can")
    counts = ema_factors(ema, len(given)) if ema is not None else factors or [1.0] * len(given)
    done, notes = _steps_and_notes(steps)
    mean = partial(averaged, factors=counts, common=common)
    with _opened(given, [""] * len(given)) as sides:
        made = convert_tensors(sides, target, done, options or ConvertOptions(), mean)
    return ConversionReport(made, "Averaged", notes)


def _steps_and_notes(steps: Steps, recipe: str | None = None) -> tuple[list[Step], list[str]]:
    """All steps in order, those of recipes in their place, and what the recipes have to say."""
    first = [] if recipe is None else [load_recipe(recipe)]
    done: list[Step] = []
    notes: list[str] = []
    for one in (*first, *(steps.items() if isinstance(steps, Mapping) else steps)):
        done += one.steps if isinstance(one, Recipe) else spelled_steps([one])
        notes += one.notes if isinstance(one, Recipe) else ()
    return done, notes


def _scopes(under: str | Sequence[str], count: int) -> list[str]:
    """The scope of each source."""
    scopes = [under] * count if isinstance(under, str) else list(under) or [""] * count
    if len(scopes) != count:
        raise InvalidArgumentError(f"{amount(len(scopes), 'scope')} for {amount(count, 'source')}")
    return [scope if not scope or scope.endswith("/") else f"{scope}/" for scope in scopes]


@contextmanager
def _opened(sources: Sequence[Any], scopes: Sequence[str]) -> Iterator[list[ConversionSource]]:
    """Open sources; those that were open before stay so."""
    with ExitStack() as stack:
        sides = []
        for source, scope in zip(sources, scopes, strict=True):
            tensors = tensors_of(source)
            if tensors_behind(source) is None:
                stack.enter_context(tensors)
            sides.append(ConversionSource(tensors, scope))
        yield sides


class RecipeListing:
    """The recipes that there are; shows itself in a notebook.

    Attributes:
        recipes: Name, title, target, notes and steps of each.
    """

    def __init__(self) -> None:
        self.recipes: list[Recipe] = known_recipes()

    @property
    def report(self) -> Report:
        """What is shown."""
        rows = [(recipe.name, recipe.title, recipe.target) for recipe in self.recipes]
        title = f"{amount(len(rows), 'recipe')}: %ckpt_convert SOURCE TARGET --recipe NAME"
        return Report(title, tables=[Table(("name", "what it does", "result is for"), rows)])

    def __str__(self) -> str:
        return self.report.text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.report.html()


def list_recipes() -> RecipeListing:
    """Return the recipes that are shipped."""
    return RecipeListing()
