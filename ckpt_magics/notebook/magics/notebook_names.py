"""The names that tensors of a checkpoint get in a notebook, where the first part has to be a variable's."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Mapping
from dataclasses import replace

from ckpt_magics.files.restore.matching import NameMatching
from ckpt_magics.files.restore.restore_options import RestoreOptions
from ckpt_magics.files.restore.stored import StoredTensors

__all__ = ["notebook_matching"]


def notebook_matching(stored: StoredTensors, options: RestoreOptions) -> NameMatching:
    """Return the matching in which every stored tensor has a name that a notebook variable can have.

    Args:
        stored: What there is.
        options: What the line says.
    """
    matching = NameMatching(stored, options)
    renamed = _renamed(matching.origins)
    if not renamed:
        return matching
    return NameMatching(stored, replace(options, mapping={**options.mapping, **renamed}))


def _renamed(places: Mapping[str, str]) -> dict[str, str]:
    """Entries of a map for names that no variable can have.

    The first part of a name becomes the variable, so it has to be an identifier that means nothing else. A tensor
    below another tensor (``weight/Adam``) gets a variable of its own (``weight_Adam``).

    Args:
        places: Stored name by the name that it would be restored to.

    >>> names = ["conv-1/w", "conv-1/b", "weight", "weight/Adam"]
    >>> _renamed(dict(zip(names, names)))
    {'conv_1/': 'conv-1/', 'weight_Adam': 'weight/Adam'}
    """
    taken = {new.partition("/")[0] for new in places}
    renamed: dict[str, str] = {}
    for new, old in places.items():
        head, slash, rest = new.partition("/")
        whole = bool(rest) and head in places
        wanted = new if whole else head
        if not whole and _is_free(head):
            continue
        name = _identifier(wanted)
        is_scope = bool(slash) and not whole
        entry = f"{name}/" if is_scope else name
        origin = old[: len(old) - len(rest)] if is_scope and rest and old.endswith(rest) else old
        if renamed.get(entry) == origin:
            continue
        while entry in renamed or name in taken:
            name += "_"
            entry = f"{name}/" if is_scope else name
            if renamed.get(entry) == origin:
                break
        renamed[entry] = origin
    return renamed


def _is_free(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name) and name not in _RESERVED and not name.startswith("_")


def _identifier(text: str) -> str:
    name = re.sub(r"\W+", "_", text).strip("_") or "tensor"
    name = name if name[0].isalpha() else f"t_{name}"
    return name if _is_free(name) else f"{name}_"


_RESERVED = {*dir(builtins), "In", "Out", "exit", "quit", "get_ipython"}
