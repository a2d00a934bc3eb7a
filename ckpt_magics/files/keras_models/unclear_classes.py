"""What the weights of a model do not tell and the user has to say: the class of a layer, or that it is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.keras_models.layer_classes import is_dictionary, layer_name
from ckpt_magics.files.keras_models.model_part import ModelPart
from ckpt_magics.phrasing import names_text

__all__ = ["held_elements", "unclear_classes"]

DICTIONARY, LAYER = "dict", "layer"
"""What the user says in place of a class where it is not clear which of the two an object is."""

_MOST_SHOWN = 5


def held_elements(
    part: ModelPart, classes: Mapping[str, str], unclear: MutableMapping[ModelPart, Sequence[str]]
) -> Iterable[ModelPart] | None:
    """Return the elements of a list or a dictionary; None of a layer.

    Args:
        part: What holds them.
        classes: What the user says, by the paths of layers.
        unclear: Takes the part with what it may be, if that is not clear.
    """
    said = classes.get(part.path)
    if said is None and is_dictionary(part) is None:
        unclear[part] = (LAYER, DICTIONARY)
    return part.parts.values() if said == DICTIONARY else part.elements


def unclear_classes(parts: Mapping[ModelPart, Sequence[str]]) -> InvalidArgumentError:
    """Return the error for what is not clear, with what each may be."""
    said = [f"'{part.path}={likely[0] if likely else _guess(part)}'" for part, likely in parts.items()]
    others = sorted({name for likely in parts.values() for name in likely[1:]})
    instead = f" (or {', '.join(others)})" if others else ""
    more = " …" if len(said) > _MOST_SHOWN else ""
    return InvalidArgumentError(
        f"the weights do not tell the class of {names_text([part.path for part in parts])}",
        hint=f"Say it behind that, if it is so: {' '.join(said[:_MOST_SHOWN])}{more}{instead}",
    )


def _guess(part: ModelPart) -> str:
    """Return the class that the name of a layer suggests."""
    return (layer_name(part) or "CLASS").rstrip("0123456789").rstrip("_") or "CLASS"
