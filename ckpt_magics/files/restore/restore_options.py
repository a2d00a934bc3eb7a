"""The options of a restore, said once: every door fills them in and hands them on whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.restore.restore_report import RestoreFix

__all__ = ["PERMISSIONS", "RestoreOptions", "python_call"]

PERMISSIONS = ("by_order", "reshape", "cast", "partial", "damaged", "slots")
"""The options that are given or not, as they are spelled in a call; in a line with dashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions:
    r"""What is restored, from which names, and what is permitted.

    Attributes:
        include: Names, scopes (``layer/``), globs (``*/kernel``) and regular expressions (``re:layer_[0-9]/.*``) of
            what to restore; none for all.
        exclude: The same of what to leave alone; their optimizer slots stay too.
        mapping: ``{new: old}`` names, scopes and patterns.
        transpose: ``{pattern: axes}`` of what has its dimensions in another order.
        by_order: Pair the weights of models with stored ones in the order of their layers, whatever they are called.
        reshape: Permit another shape of as many elements.
        cast: Permit another numeric dtype, where every value fits.
        partial: Leave alone what is not there.
        damaged: Take what is left if the listing is damaged, and leave alone what may be lost.
        slots: Take the optimizer slots and moving averages of what ``include`` names along.
        add_new: Restore stored tensors that nothing has a place for too, as new values.

    Raises:
        InvalidArgumentError: The patterns or the map are of another type.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    transpose: Mapping[str, Sequence[int]] = field(default_factory=dict)
    by_order: bool = False
    reshape: bool = False
    cast: bool = False
    partial: bool = False
    damaged: bool = False
    slots: bool = False
    add_new: bool = False

    def __post_init__(self) -> None:
        _check_patterns("include", self.include)
        _check_patterns("exclude", self.exclude)
        _check_map(self.mapping)

    def with_pairs(self, pairs: Mapping[str, str]) -> RestoreOptions:
        """Return the options for names that are paired by order: these and no others are restored."""
        return replace(self, mapping=pairs, include=self.include or tuple(pairs), by_order=False)

    def with_fix(self, fix: RestoreFix) -> RestoreOptions:
        """Return the options with what makes the restore work."""
        return replace(
            self,
            mapping={**self.mapping, **fix.mapping},
            exclude=tuple(dict.fromkeys((*self.exclude, *fix.exclude))),
            transpose={**self.transpose, **fix.transpose},
            reshape=self.reshape or fix.reshape,
            cast=self.cast or fix.cast,
            partial=self.partial or fix.partial,
        )


def _check_patterns(word: str, patterns: object) -> None:
    # A text would be taken for a pattern per letter.
    if not isinstance(patterns, Sequence) or isinstance(patterns, str) or not all(map(_is_text, patterns)):
        raise InvalidArgumentError(f"{word} is a list of names or patterns, not {patterns!r:.100}")


def _check_map(mapping: object) -> None:
    if not isinstance(mapping, Mapping):
        raise InvalidArgumentError(f"mapping is a dict of new names to stored ones, not {mapping!r:.100}")
    for new, old in mapping.items():
        if not (_is_text(new) and _is_text(old)):
            raise InvalidArgumentError(f"mapping takes names to names, and {new!r:.100} to {old!r:.100} is none")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def python_call(source: str, options: RestoreOptions) -> str:
    """Return the call of a restore, with ``targets`` standing for the targets."""
    arguments = [repr(source), *([] if options.add_new else ["targets"])]
    for name in ("include", "exclude"):
        arguments += [f"{name}={list(getattr(options, name))!r}"] if getattr(options, name) else []
    for name in ("mapping", "transpose"):
        arguments += [f"{name}={dict(getattr(options, name))!r}"] if getattr(options, name) else []
    arguments += [f"{name}=True" for name in PERMISSIONS if getattr(options, name)]
    return f"restore_checkpoint({', '.join(arguments)})"
