"""Session: runs a graph's ops with NumPy."""

from ckpt_magics.session.session import Session

__all__ = ["Session"]
