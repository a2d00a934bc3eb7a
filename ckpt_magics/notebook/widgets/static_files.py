"""The files of the browser's half, which are built from js/."""

from __future__ import annotations

from pathlib import Path

from ckpt_magics.errors import NotFoundError

__all__ = ["read_static"]

_STATIC = Path(__file__).parent / "static"


def read_static(name: str) -> bytes:
    """Return a file of the browser's half.

    Raises:
        NotFoundError: It was never built; happens in a source checkout only.
    """
    try:
        return (_STATIC / name).read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(
            "the browser's half of the views is not built",
            file=str(_STATIC / name),
            hint="In a checkout, run `npm --prefix js ci` and `npm --prefix js run build`, which need Node 20 or newer",
        ) from error
