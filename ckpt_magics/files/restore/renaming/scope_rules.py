"""Scopes that were added, removed or replaced, whatever else is spelled or numbered otherwise below them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ckpt_magics.files.restore.renaming.forms import Form, erased, with_bases
from ckpt_magics.files.restore.renaming.sides import SideVariable
from ckpt_magics.files.restore.renaming.situation import Proposal, Situation
from ckpt_magics.files.restore.renaming.spelling import pair_up, scope_text
from ckpt_magics.files.restore.renaming.vocabulary import are_opposites

__all__ = ["scope_changes"]

# Pairs of scopes that are looked at, the most frequent first, and stored names that are compared with one wanted name.
MAX_PAIRS = 24
MAX_COMPARED = 64

Scopes = tuple[Form, Form]


def scope_changes(situation: Situation) -> Iterator[Proposal]:
    """Propose that all names below one scope are those below another."""
    words = (lambda base: situation.words.get(base, base)) if situation.words else None
    wanted, stored = list(situation.wanted.variables.values()), list(situation.stored.variables.values())
    for scopes in _likely_scopes(situation):
        found = pair_up(wanted, stored, scopes, words)
        yield Proposal("scope", scope_text(scopes), found.pairs, frozenset(found.shifted), found.doubtful, scopes)


def _likely_scopes(situation: Situation) -> list[Scopes]:
    """The pairs of scopes below which names end alike, numbers aside; the most frequent first."""
    scopes_by_end: dict[tuple[str, ...], dict[Form, None]] = {}
    for variable in situation.free:
        for form in {variable.role, variable.bare or variable.role}:
            for start in range(len(form)):
                scopes = scopes_by_end.setdefault(erased(form[start:]), {})
                if len(scopes) < MAX_COMPARED:
                    scopes[form[:start]] = None
    votes: Counter[Scopes] = Counter()
    for variable in situation.open:
        votes.update(_scopes_of(variable, situation, scopes_by_end))
    frequent = [pair for pair, _ in votes.most_common() if pair[0] != pair[1] and not _oppose(pair)]
    return frequent[:MAX_PAIRS]


def _scopes_of(
    variable: SideVariable, situation: Situation, scopes_by_end: dict[tuple[str, ...], dict[Form, None]]
) -> set[Scopes]:
    """The scopes of a wanted variable and of the stored ones that share the longest end with it."""
    for form in dict.fromkeys((variable.role, variable.bare or variable.role)):
        ends = with_bases(form, lambda base: situation.words.get(base, base))
        for start in range(len(form)):
            scopes = scopes_by_end.get(erased(ends[start:]))
            if scopes:
                return {(variable.form[:start], scope) for scope in scopes}
    return set()


def _oppose(scopes: Scopes) -> bool:
    """Whether the two are different parts of one model."""
    new, old = scopes
    beside = [*zip(new, old, strict=False), *zip(reversed(new), reversed(old), strict=False)]
    return any(are_opposites(mine.base, theirs.base) for mine, theirs in beside)
