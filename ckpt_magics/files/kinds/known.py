"""The kinds of files that hold tensors, beside TensorFlow's checkpoints. To add one is to add a row."""

from __future__ import annotations

from ckpt_magics.files.kinds.kind import Kind
from ckpt_magics.files.kinds.npz_file import NPZ
from ckpt_magics.files.kinds.safetensors_file import SAFETENSORS

__all__ = ["KINDS", "kind_named", "kind_of"]

KINDS = (SAFETENSORS, NPZ)


def kind_of(start: bytes) -> Kind | None:
    """Return the kind of a file by its first bytes; None of any other file."""
    return next((kind for kind in KINDS if kind.recognise(start)), None)


def kind_named(name: str) -> Kind:
    """Return the kind of a name, which has to be one of them."""
    return next(kind for kind in KINDS if kind.name == name)
