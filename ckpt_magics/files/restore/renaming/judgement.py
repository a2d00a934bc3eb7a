"""Whether a proposed rule explains all that it covers: one-to-one, every shape, nothing that is wanted for itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ckpt_magics.files.object_graph.slots import AVERAGE, Slot
from ckpt_magics.files.restore.renaming.fitting import Fit
from ckpt_magics.files.restore.renaming.forms import Form
from ckpt_magics.files.restore.renaming.sides import SideVariable, suits
from ckpt_magics.files.restore.renaming.situation import Pair, Proposal, Situation

__all__ = ["TIMES_MORE", "Explanation", "is_evident", "judged"]

# Of what a change of scopes covers, so many must fit for each that does not, as a head with another number of classes.
FITTING_PER_MISFIT = 4
# What is found under its own name speaks against another scope, unless that explains so many times more.
TIMES_MORE = 4
# Each name, or each run of numbers, stands for itself.
_ONE_BY_ONE = {"spelling", "numbering"}
# A scope that was put around some layers, or taken away, explains at least so many variables.
FEW = 3


@dataclass(frozen=True, slots=True)
class Explanation:
    """A proposal that holds.

    Attributes:
        proposal: The rule.
        pairs: What it explains that nothing explained before.
    """

    proposal: Proposal
    pairs: tuple[Pair, ...]

    @property
    def weight(self) -> tuple[int, int]:
        """How much it explains: variables of the model, and everything."""
        return sum(mine.is_model for mine, _ in self.pairs), len(self.pairs)

    @property
    def layers(self) -> set[Form]:
        """The layers of the model in which it explains something."""
        return {mine.layer for mine, _ in self.pairs if mine.is_model}

    @property
    def by_key(self) -> dict[str, str]:
        """Stored by wanted key."""
        return {mine.key: theirs.key for mine, theirs in self.pairs}

    @property
    def is_replaced(self) -> bool:
        """Whether it puts one scope in the place of another, which might be that of another part of the model."""
        return self.proposal.scopes is not None and all(self.proposal.scopes)

    def contradicts(self, other: Explanation) -> bool:
        """Whether both take one variable for two, or two for one."""
        mine, theirs = self.by_key, other.by_key
        if any(theirs.get(new, old) != old for new, old in mine.items()):
            return True
        back, forth = ({old: new for new, old in pairs.items()} for pairs in (mine, theirs))
        return any(forth.get(old, new) != new for old, new in back.items())


def judged(situation: Situation, proposal: Proposal) -> Explanation | None:
    """Return what a proposal explains, None if it does not hold."""
    by_own_name = {mine.key for mine, theirs in proposal.pairs if _is_own(mine, theirs)}
    new = [pair for pair in proposal.pairs if pair[0].key not in by_own_name | situation.decided]
    allowed = [pair for pair in new if _is_allowed(situation, proposal, *pair)]
    alone = _one_to_one(allowed)
    fitting = [pair for pair in alone if suits(*pair) is not Fit.DIFFERENT]
    # A rule about many names that is wrong about one of them is another rule.
    misfits = len(alone) - len(fitting)
    is_other = len(alone) < len(new) or len(fitting) < FITTING_PER_MISFIT * misfits
    if proposal.rule not in _ONE_BY_ONE and is_other:
        return None
    return Explanation(proposal, tuple(fitting)) if fitting else None


def _is_own(wanted: SideVariable, stored: SideVariable) -> bool:
    if wanted.tensor is None:
        return wanted.key == stored.key
    return stored.tensor is not None and wanted.tensor.name == stored.tensor.name


def _is_allowed(situation: Situation, proposal: Proposal, wanted: SideVariable, stored: SideVariable) -> bool:
    """Whether a wanted variable lacks a value, and the stored one is nobody else's."""
    is_shifted = wanted.key in proposal.shifted and proposal.scopes is None
    if situation.is_settled(wanted) and not is_shifted:
        return False
    has_own_average = Slot(wanted.key, "", AVERAGE) in situation.wanted.slots
    if stored.key in situation.taken or (stored.is_average and has_own_average):
        return False
    if stored.tensor is None or stored.tensor.name not in situation.claimed:
        return True
    # The one that has its name is wanted too, and may be shifted on to the next.
    return is_shifted and any(
        mine.tensor is not None and mine.tensor.name == stored.tensor.name and mine.key in proposal.shifted
        for mine, _ in proposal.pairs
    )


def _one_to_one(pairs: Sequence[Pair]) -> list[Pair]:
    mine = Counter(wanted.key for wanted, _ in pairs)
    theirs = Counter(stored.key for _, stored in pairs)
    return [pair for pair in pairs if mine[pair[0].key] == theirs[pair[1].key] == 1]


def is_evident(situation: Situation, finding: Explanation, together: Iterable[Explanation]) -> bool:
    """Whether enough speaks for a rule that holds.

    Names that are the same but for their spelling speak for themselves. Numbers go on when a model is made again, but
    then more of it is numbered anew than is found as it is; else a layer may be a new one. A scope or an ending might
    be that of another part of the model: it has to explain several layers, or all that is wanted and stored.

    Args:
        situation: What is asked.
        finding: The rule.
        together: All rules that hold and don't contradict each other.
    """
    proposal = finding.proposal
    if proposal.rule == "spelling":
        return True
    if proposal.rule == "numbering":
        return finding.weight[0] >= situation.by_name
    if proposal.is_order:
        return not situation.known
    if situation.known:
        return _outweighs(situation, finding)
    wanted, stored = _is_all_wanted(situation, together), _is_all_stored(situation, together)
    if len(finding.layers) > 1 or (finding.layers and wanted and stored):
        return _is_half(situation, finding)
    is_around = proposal.scopes is not None and _is_outermost(situation, proposal.scopes)
    return bool(finding.layers) and is_around and (wanted or stored)


def _outweighs(situation: Situation, finding: Explanation) -> bool:
    """Whether a rule explains so much that names which are found as they are don't speak against it."""
    enough = TIMES_MORE * situation.known if finding.is_replaced else FEW
    return len(finding.layers) > 1 and finding.weight[0] >= enough


def _is_all_wanted(situation: Situation, findings: Iterable[Explanation]) -> bool:
    explained = {key for finding in findings for key in finding.by_key}
    return all(v.key in explained for v in situation.open if v.is_model and v.tensor is not None)


def _is_all_stored(situation: Situation, findings: Iterable[Explanation]) -> bool:
    explained = {key for finding in findings for key in finding.by_key.values()}
    return all(v.key in explained for v in situation.free if v.is_model and v.tensor is not None)


def _is_half(situation: Situation, finding: Explanation) -> bool:
    """Whether a rule of scopes explains half of what the one or the other scope has."""
    if finding.proposal.scopes is None:
        return True
    new, old = finding.proposal.scopes
    wanted = sum(v.is_model and v.form[: len(new)] == new for v in situation.open)
    stored = sum(v.is_model and v.form[: len(old)] == old for v in situation.free)
    return 2 * finding.weight[0] >= min(wanted, stored)


def _is_outermost(situation: Situation, scopes: tuple[Form, Form]) -> bool:
    """Whether a scope was put around everything that is stored, or around everything that is wanted."""
    new, old = scopes
    if not old:
        return True
    return not new and all(v.form[: len(old)] == old for v in situation.free if v.is_model)
