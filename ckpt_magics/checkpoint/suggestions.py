"""Names that are near to one that was not found."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from ckpt_magics.errors import visible

MAX_COMPARED = 20_000
"""Names that are compared by spelling; beyond, only those with a part of the name in common are."""

_SHOWN = 3


def nearest_names(name: str, names: Sequence[str], *, count: int = _SHOWN) -> tuple[str, ...]:
    """Return up to ``count`` of ``names`` that are nearest to ``name``, best first.

    A name whose last parts are the same comes before one that is spelled alike: scopes change more often than layers
    are renamed.
    """
    tail = "/" + name.rpartition("/")[2]
    same_tail = [known for known in names if known.endswith(tail) or known == tail[1:] or name.endswith("/" + known)]
    pool = names if len(names) <= MAX_COMPARED else [known for known in names if tail[1:] in known][:MAX_COMPARED]
    lower = {known.lower(): known for known in pool}
    alike = [lower[match] for match in difflib.get_close_matches(name.lower(), list(lower), count, 0.6)]

    def likeness(known: str) -> float:
        return difflib.SequenceMatcher(None, name, known).ratio()

    ranked = sorted(dict.fromkeys([*same_tail[:100], *alike]), key=likeness, reverse=True)
    return tuple(ranked[:count])


def suggestion_hint(found: Sequence[str], prefix: str) -> str:
    """Return the sentence that goes with them."""
    if not found:
        return f"{visible(prefix)} has no name like it; list(reader) gives all."
    return "Nearest: " + ", ".join(f'"{visible(name)}"' for name in found) + "."
