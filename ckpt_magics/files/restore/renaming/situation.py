"""What is wanted, what is stored, and what of both has found its like by name already."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ckpt_magics.files.restore.renaming.forms import Form
from ckpt_magics.files.restore.renaming.sides import Side, SideVariable

__all__ = ["Pair", "Proposal", "Situation"]

Pair = tuple[SideVariable, SideVariable]


@dataclass(frozen=True)
class Situation:
    """A renaming to be found.

    Attributes:
        wanted: The program's variables.
        stored: The checkpoint's.
        claimed: Names of stored tensors that are wanted under their own names.
        settled: Names of wanted tensors that are in the checkpoint and fit.
        decided: Keys of wanted variables that an earlier rule explained or that can't be told; no rule asks for them.
        taken: Keys of stored variables that are gone with those.
        explained: How many variables of the model earlier rules explained.
        words: New base by base for what the program spells otherwise.
    """

    wanted: Side
    stored: Side
    claimed: frozenset[str]
    settled: frozenset[str]
    decided: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    explained: int = 0
    words: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def open(self) -> list[SideVariable]:
        """Wanted variables that are not in the checkpoint under their own names, or don't fit there."""
        return [v for v in self.wanted.variables.values() if v.key not in self.decided and not self.is_settled(v)]

    @cached_property
    def free(self) -> list[SideVariable]:
        """Stored variables that nothing asks for by name."""
        return [
            v
            for v in self.stored.variables.values()
            if v.key not in self.taken and (v.tensor is None or v.tensor.name not in self.claimed)
        ]

    @cached_property
    def by_name(self) -> int:
        """How many variables of the model are found under their own names."""
        return sum(v.is_model and v.tensor is not None and self.is_settled(v) for v in self.wanted.variables.values())

    def is_settled(self, variable: SideVariable) -> bool:
        """Whether a wanted variable is in the checkpoint by its own name; one of slots alone never is."""
        return variable.tensor is not None and variable.tensor.name in self.settled

    @property
    def known(self) -> int:
        """How many variables of the model are known by their own names or by earlier rules."""
        return self.by_name + self.explained

    def without(self, pairs: Collection[Pair], explained: int) -> Situation:
        """Return the situation when some variables have been dealt with, so many of them explained."""
        wanted, stored = {mine.key for mine, _ in pairs}, {theirs.key for _, theirs in pairs}
        decided, taken = self.decided | wanted, self.taken | stored
        return replace(self, decided=decided, taken=taken, explained=self.explained + explained)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule of renaming, applied.

    Attributes:
        rule: What kind of rule it is.
        text: The rule in this case, such as ``new/=old/``.
        pairs: All that it covers: wanted variables and the stored ones that it takes them for.
        shifted: Keys of wanted variables whose numbers it shifted.
        doubtful: Variables whose numbers could be meant as they are or shifted, paired as if they were shifted.
        scopes: The wanted and the stored scope of a rule of scopes.
        is_order: Whether it goes by the order of layers alone, so that every shape has to agree.
    """

    rule: str
    text: str
    pairs: Sequence[Pair]
    shifted: frozenset[str] = frozenset()
    doubtful: Sequence[Pair] = ()
    scopes: tuple[Form, Form] | None = None
    is_order: bool = False
