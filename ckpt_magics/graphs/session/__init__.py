"""Session: runs a graph's ops with NumPy.

Reading order: ``session`` (what a program calls), ``fetches`` and ``feeds`` (what goes in and comes out), ``order``
(which operations that takes), ``accesses`` (who comes first at a variable), ``run_plan`` (all of them, one after the
other), ``plan_step`` (one of them), ``shared`` (values that change with a reference variable). A plan is made once per
fetches and feeds and kept.
"""

from ckpt_magics.graphs.session.session import Session

__all__ = ["Session"]
