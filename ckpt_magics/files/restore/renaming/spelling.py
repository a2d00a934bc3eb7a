"""The plainest rules: separators, known words, numbers in order, what ends a name, and words misspelt or shortened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from ckpt_magics.files.restore.renaming.forms import Form, all_bases, flat, form_text, with_bases
from ckpt_magics.files.restore.renaming.numbering import Alignment, FormedVariable, align
from ckpt_magics.files.restore.renaming.sides import SideVariable
from ckpt_magics.files.restore.renaming.situation import Pair, Proposal, Situation
from ckpt_magics.files.restore.renaming.vocabulary import is_kin

__all__ = ["endings", "pair_up", "respelled", "spellings"]

Reading = Callable[[SideVariable], Form]
# From the letter to the meaning: a name by its own words, by what its last one means, without one that says nothing.
READINGS: tuple[Reading, ...] = (
    lambda variable: variable.form,
    lambda variable: variable.role,
    lambda variable: variable.bare or variable.role,
)


def pair_up(
    wanted: Sequence[SideVariable],
    stored: Sequence[SideVariable],
    scopes: tuple[Form, Form] = ((), ()),
    words: Callable[[str], str] | None = None,
) -> Alignment:
    """Return what belongs together below two scopes, in every reading of names.

    Args:
        wanted: The program's variables.
        stored: The checkpoint's.
        scopes: Parts that the wanted names begin with, and those that the stored ones have in their place.
        words: Changes the bases of wanted names.
    """
    new, old = scopes
    mine = [variable for variable in wanted if variable.form[: len(new)] == new]
    theirs = [variable for variable in stored if variable.form[: len(old)] == old]

    def items(
        variables: Iterable[SideVariable], reading: Reading, scope: Form, *, is_new: bool
    ) -> list[FormedVariable]:
        forms = ((reading(variable)[len(scope) :], variable) for variable in variables)
        return [
            FormedVariable(with_bases(form, words) if is_new and words else form, variable) for form, variable in forms
        ]

    found = Alignment()
    for reading in READINGS:
        read = align(items(mine, reading, new, is_new=True), items(theirs, reading, old, is_new=False))
        _add(found, read.pairs)
        found.shifted |= read.shifted
        found.doubtful += read.doubtful
    _add(
        found, _by_letters(items(mine, READINGS[-1], new, is_new=True), items(theirs, READINGS[-1], old, is_new=False))
    )
    return found


def _add(found: Alignment, pairs: Iterable[Pair]) -> None:
    done = {wanted.key for wanted, _ in found.pairs}
    taken = {stored.key for _, stored in found.pairs}
    found.pairs += [(mine, theirs) for mine, theirs in pairs if mine.key not in done and theirs.key not in taken]


def _by_letters(wanted: Sequence[FormedVariable], stored: Sequence[FormedVariable]) -> list[Pair]:
    """Pair names of the same letters and numbers, such as ``h0`` and ``h.0``, if both sides start counting alike."""
    mine, theirs = _unique(wanted), _unique(stored)
    starts = [_starts(keys) for keys in (mine, theirs)]
    words = {key: tuple(token for token in key if isinstance(token, str)) for key in mine}
    return [
        (mine[key], theirs[key]) for key in mine if key in theirs and starts[0][words[key]] == starts[1][words[key]]
    ]


def _unique(items: Sequence[FormedVariable]) -> dict[tuple[str | int, ...], SideVariable]:
    count = Counter(flat(item.form) for item in items)
    return {flat(item.form): item.variable for item in items if count[flat(item.form)] == 1}


def _starts(keys: Iterable[tuple[str | int, ...]]) -> dict[tuple[str, ...], tuple[int, ...]]:
    """The lowest numbers under each sequence of words."""
    lowest: dict[tuple[str, ...], tuple[int, ...]] = {}
    for key in keys:
        words = tuple(token for token in key if isinstance(token, str))
        numbers = tuple(token for token in key if isinstance(token, int))
        lowest[words] = min(lowest.get(words, numbers), numbers)
    return lowest


def spellings(situation: Situation) -> Iterator[Proposal]:
    """Propose the same names spelled otherwise, and those numbered otherwise."""
    wanted, stored = situation.wanted.variables, situation.stored.variables
    found = pair_up(list(wanted.values()), list(stored.values()), words=_changer(situation))
    text = ", ".join(f"{new} is {old}" for new, old in situation.words.items()) or "spelling and numbers"
    shifted = frozenset(found.shifted)
    yield Proposal("spelling", text, [pair for pair in found.pairs if pair[0].key not in shifted])
    numbered = [pair for pair in found.pairs if pair[0].key in shifted]
    yield Proposal("numbering", text, numbered, shifted, found.doubtful)


def _changer(situation: Situation) -> Callable[[str], str] | None:
    return (lambda base: situation.words.get(base, base)) if situation.words else None


def respelled(situation: Situation) -> Situation | None:
    """Return the situation with the program's words in the checkpoint's spelling, None where no word differs so.

    A word counts only if it is nowhere on the other side, and has one word of its kin there.
    """
    mine = all_bases(v.form for v in situation.wanted.variables.values())
    theirs = all_bases(v.form for v in situation.stored.variables.values())
    asked = all_bases(v.form for v in situation.open) - theirs
    offered = all_bases(v.form for v in situation.free) - mine
    kin = {new: [old for old in offered if is_kin(new, old)] for new in sorted(asked)}
    count = Counter(old for olds in kin.values() for old in olds)
    words = {new: olds[0] for new, olds in kin.items() if len(olds) == 1 and count[olds[0]] == 1}
    return replace(situation, words=words) if words else None


def endings(situation: Situation) -> Iterator[Proposal]:
    """Propose one text that all names of one side end with, beyond those of the other."""
    wanted = {v.key: v for v in situation.open}
    stored = {v.key: v for v in situation.free}
    longer = _ends(wanted, stored)
    if longer:
        pairs = [(v, stored[key[: -len(longer)]]) for key, v in wanted.items() if _stem(key, longer) in stored]
        yield Proposal("ending", f"*{longer}=*", pairs)
    shorter = _ends(stored, wanted)
    if shorter:
        pairs = [(v, stored[key + shorter]) for key, v in wanted.items() if key + shorter in stored]
        yield Proposal("ending", f"*=*{shorter}", pairs)


def _stem(name: str, ending: str) -> str:
    return name[: -len(ending)] if name.endswith(ending) else ""


def _ends(long: Iterable[str], short: Iterable[str]) -> str:
    """The most frequent text that names have beyond names of the other side; never a number alone."""
    stems = set(short)
    lengths = sorted({len(stem) for stem in stems}, reverse=True)
    votes: Counter[str] = Counter()
    for name in long:
        stem = next((name[:length] for length in lengths if length < len(name) and name[:length] in stems), None)
        if stem is not None and not name[len(stem) :].strip("_-").isdecimal():
            votes[name[len(stem) :]] += 1
    return max(votes, key=lambda ending: (votes[ending], ending), default="")


def scope_text(scopes: tuple[Form, Form]) -> str:
    """Return a rule of scopes as a map has it."""
    return "=".join(form_text(scope) for scope in scopes)
