"""The rules of renaming that explain what is wanted, and those that fit equally well and contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ckpt_magics.files.object_graph.slots import Slot
from ckpt_magics.files.restore.renaming.fitting import Fit, fit
from ckpt_magics.files.restore.renaming.judgement import TIMES_MORE, Explanation, is_evident, judged
from ckpt_magics.files.restore.renaming.layer_order import layer_orders
from ckpt_magics.files.restore.renaming.scope_rules import scope_changes
from ckpt_magics.files.restore.renaming.sides import SideTensor, SideVariable, side_of
from ckpt_magics.files.restore.renaming.situation import Pair, Proposal, Situation
from ckpt_magics.files.restore.renaming.spelling import endings, respelled, spellings

__all__ = ["RULES", "Renaming", "find_renaming"]

# How each rule proposes itself, the plainest first: of rules that say the same, the first is taken.
RULES: tuple[Callable[[Situation], Iterator[Proposal]], ...] = (spellings, scope_changes, endings, layer_orders)
# Rules that one renaming is made of at most.
MAX_ROUNDS = 12


@dataclass(frozen=True)
class Renaming:
    """What is known of wanted names that are not in the checkpoint, or don't fit there.

    Attributes:
        names: Name in the checkpoint by name in the program, of all that a rule explains.
        alternatives: Renamings that fit equally well with different results; none of them is in ``names``.
        is_doubtful: Whether names that are in the checkpoint may be meant otherwise, since numbers overlap; then the
            alternative to them as they are is the only one.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    alternatives: tuple[Mapping[str, str], ...] = ()
    is_doubtful: bool = False


def find_renaming(
    wanted: Sequence[SideTensor], stored: Sequence[SideTensor], there: Mapping[str, str], settled: Iterable[str]
) -> Renaming:
    """Return the renaming that explains most of what is wanted.

    Args:
        wanted: The program's tensors.
        stored: The checkpoint's, by their own names; those that go by others too have these in ``called``.
        there: Name in the checkpoint of what is wanted and there, by its own name or by a map.
        settled: Names of wanted tensors that are there and fit.
    """
    settled, claimed = frozenset(settled), frozenset(there.values())
    views = [[SideTensor(one.name, one.shape, one.family) for one in stored]]
    views += [list(stored)] if any(one.called for one in stored) else []
    found = [_Search(Situation(side_of(wanted), side_of(view), claimed, settled)).renaming() for view in views]
    return max(found, key=lambda renaming: (not renaming.is_doubtful, len(renaming.names), -len(renaming.alternatives)))


class _Search:
    """Rules found one after the other, each for what those before it left."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._found: list[Explanation] = []
        self._alternatives: list[dict[str, str]] = []
        self._doubtful: dict[str, str] = {}

    def renaming(self) -> Renaming:
        """Return what all rules together say."""
        for _ in range(MAX_ROUNDS):
            if not self._situation.open or not self._round():
                break
        if self._doubtful:
            return Renaming({}, (self._doubtful,), is_doubtful=True)
        return Renaming(self._names(), tuple(self._alternatives))

    def _round(self) -> bool:
        holding = [finding for proposal in self._proposals() if (finding := judged(self._situation, proposal))]
        at_once = holding if not _contradict(holding) else []
        evident = _beside_plainer([one for one in holding if is_evident(self._situation, one, at_once or [one])])
        evident = evident or [one for one in holding if self._goes_along(one)]
        if not evident:
            self._leave_open([one for one in holding if one.proposal.rule == "numbering" and one.weight[0]])
            return False
        best = max(evident, key=lambda finding: finding.weight)
        rivals = [one for one in evident if one.weight == best.weight]
        chosen = _without_rivals(best, rivals)
        if chosen is None:
            self._leave_open([one for one in rivals if any(one.contradicts(other) for other in rivals)])
        else:
            self._take(_together(chosen, evident))
        return True

    def _goes_along(self, finding: Explanation) -> bool:
        """Whether it takes steps and the like along with a model's change of scopes."""
        scopes = finding.proposal.scopes
        if scopes is None or finding.weight[0] or finding.is_replaced:
            return False
        changes = [one.proposal.scopes for one in self._found if one.proposal.scopes is not None]
        return any(new[: len(scopes[0])] == scopes[0] and old[: len(scopes[1])] == scopes[1] for new, old in changes)

    def _proposals(self) -> Iterator[Proposal]:
        spelled = respelled(self._situation)
        for situation in filter(None, (self._situation, spelled)):
            for rule in RULES:
                for proposal in rule(situation):
                    self._note_doubt(proposal)
                    yield proposal

    def _note_doubt(self, proposal: Proposal) -> None:
        """Numbers that overlap, ``dense_1, dense_2`` for ``dense, dense_1``: each reading may be the one meant."""
        if proposal.doubtful and proposal.scopes is None:
            self._doubtful |= _tensor_names(proposal.doubtful)

    def _leave_open(self, findings: Sequence[Explanation]) -> None:
        self._alternatives += [names for one in findings if (names := _tensor_names(one.pairs))]
        self._situation = self._situation.without([pair for one in findings for pair in one.pairs], 0)

    def _take(self, findings: Sequence[Explanation]) -> None:
        self._found += findings
        explained = sum(one.weight[0] for one in findings)
        self._situation = self._situation.without([pair for one in findings for pair in one.pairs], explained)

    def _names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        used: set[str] = set(self._situation.claimed)
        shifted = {mine.tensor.name for one in self._found for mine, _ in one.pairs if mine.tensor is not None}
        used -= shifted
        for mine, theirs in (pair for finding in self._found for pair in finding.pairs):
            if mine.tensor is not None and not mine.is_average and theirs.tensor is not None:
                names[mine.tensor.name] = theirs.tensor.name
            names |= self._slot_names(mine, theirs, used)
        return names

    def _slot_names(self, mine: SideVariable, theirs: SideVariable, used: set[str]) -> dict[str, str]:
        """The slots of a variable, which go along with it."""
        found: dict[str, str] = {}
        for slot, tensor in self._situation.wanted.slots_by_variable.get(mine.key, ()):
            stored = self._situation.stored.slots.get(Slot(theirs.key, slot.before, slot.after))
            if stored is not None and stored.name not in used and _is_alike(tensor, stored):
                found[tensor.name] = stored.name
        return found


def _tensor_names(pairs: Iterable[Pair]) -> dict[str, str]:
    named = ((mine.tensor, theirs.tensor) for mine, theirs in pairs)
    return {mine.name: theirs.name for mine, theirs in named if mine is not None and theirs is not None}


def _is_alike(wanted: SideTensor, stored: SideTensor) -> bool:
    shape = tuple(length or 0 for length in stored.shape or ())
    return fit(wanted.shape, shape) is not Fit.DIFFERENT and wanted.family in {"", stored.family}


def _beside_plainer(findings: Sequence[Explanation]) -> list[Explanation]:
    """Findings without the scopes that are put in the place of others, where a plainer rule explains much."""
    plain = max((one.weight[0] for one in findings if not one.is_replaced), default=0)
    return [one for one in findings if not one.is_replaced or one.weight[0] >= TIMES_MORE * plain]


def _together(chosen: Explanation, evident: Sequence[Explanation]) -> list[Explanation]:
    """A scope in the place of another, with those that were so for other parts of the model at once."""
    taken = [chosen]
    if chosen.is_replaced:
        for one in evident:
            keys = {mine.key for found in taken for mine, _ in found.pairs}
            is_other = one.is_replaced and not keys & set(one.by_key)
            taken += [one] if is_other and not any(one.contradicts(other) for other in evident) else []
    return taken


def _contradict(findings: Sequence[Explanation]) -> bool:
    taken: dict[str, str] = {}
    given: dict[str, str] = {}
    pairs = [pair for finding in findings for pair in finding.by_key.items()]
    return any(taken.setdefault(new, old) != old or given.setdefault(old, new) != new for new, old in pairs)


def _without_rivals(best: Explanation, rivals: Sequence[Explanation]) -> Explanation | None:
    """The finding that no rival contradicts; where some do, the one whose scopes begin alike, if it is one."""
    against = [one for one in rivals if one.contradicts(best)]
    if not against:
        return best
    alike = [one for one in (best, *against) if _begin_alike(one)]
    return alike[0] if len({tuple(one.by_key.items()) for one in alike}) == 1 else None


def _begin_alike(finding: Explanation) -> bool:
    """Whether one scope is the other's abbreviation, as ``G`` is of ``generator``."""
    if finding.proposal.scopes is None or not all(finding.proposal.scopes):
        return False
    new, old = (scope[-1].base for scope in finding.proposal.scopes)
    return bool(new and old) and (new.startswith(old) or old.startswith(new))
