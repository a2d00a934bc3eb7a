"""Checkpoints for the browser tests: one with something of every kind, one to compare it with, one of many tensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from ckpt_magics.files.formats.dtypes import FLOAT, dtype_of
from ckpt_magics.files.tensors.arrays_to_save import PartToSave
from tests.files.saved import write_bundle

HOSTILE = '<img src=x onerror="window.hacked=1">'


def write(prefix: Path, tensors: Mapping[str, Any]) -> None:
    """Write arrays under their names."""
    items = [PartToSave(name.encode(), value, dtype_of(value)) for name, value in sorted(tensors.items())]
    write_bundle(prefix, items, durable=False)


def model() -> dict[str, Any]:
    """A small network with its optimizer's slots, and tensors of the odd kinds."""
    rng = np.random.default_rng(0)
    down, across = np.mgrid[-3:4, -3:4]
    waves = [np.cos((np.cos(angle) * down + np.sin(angle) * across) * 1.5) for angle in np.linspace(0, 3, 8)]
    tensors: dict[str, Any] = {
        f"{HOSTILE}/evil\nname": np.zeros(3, "f4"),
        "bn/moving_variance": np.array([1.0, np.nan, 2.0, np.inf, -1.0], "f4"),
        "embedding/table": rng.normal(size=(2000, 64)).astype("f4"),
        "embedding/words": np.array([b"the", b"<b>of</b>", b"\xff", b""], object),
        "global_step": np.array(1234, "i8"),
        "head/cube": np.arange(2 * 3 * 4 * 5, dtype="f8").reshape(2, 3, 4, 5),
        "head/logits": rng.normal(size=(64, 10)).astype(ml_dtypes.bfloat16),
        "head/phase": (rng.normal(size=(4, 4)) + 1j).astype("c8"),
        "stem/conv/bias": np.sin(np.arange(40) / 6).astype("f4"),
        "stem/conv/kernel": np.stack(waves, -1)[:, :, None, :].astype("f4") * np.ones((1, 1, 3, 1), "f4"),
    }
    for block in range(8):
        for name in ("query", "key", "value", "output"):
            kernel = rng.normal(size=(32, 16)).astype("f4")
            scope = f"encoder/block_{block}/{name}"
            tensors |= {f"{scope}/kernel": kernel, f"{scope}/kernel/Adam": kernel * 0.1, f"{scope}/bias": kernel[0]}
    return tensors


def scalars() -> dict[str, Any]:
    """Single values that are no measurements."""
    return {"count": np.array(123456789012345), "done": np.array(True), "note": np.array(b"hello", object)}


def later(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """The same network after some steps, with a tensor more, one less, one reshaped."""
    changed = {name: value + 1 if name.startswith("encoder/block_0") else value for name, value in tensors.items()}
    del changed["head/phase"]
    return {**changed, "head/cube": changed["head/cube"][:1], "head/new": np.zeros(2, "f4")}


def many(prefix: Path, count: int) -> None:
    """Write so many small tensors."""
    value = np.zeros(2, "f4")
    names = (f"model/stack_{at // 1000:03d}/layer_{at // 10 % 100:02d}/part_{at % 10}/kernel" for at in range(count))
    write_bundle(prefix, [PartToSave(name.encode(), value, FLOAT) for name in names], durable=False)
