"""Session: runs a graph's ops with NumPy.

Reading order: ``session`` (what a program calls), ``fetches`` and ``feeds`` (what goes in and comes out), ``order``
(which operations that takes), ``loop_frames`` (which of them run again and again), ``accesses`` (who comes first at a
variable), ``run_plan`` (all of them, one after the other), ``plan_step`` (one of them), ``loop_step`` (a loop of them),
``shared`` (values that change with a reference variable), ``functions`` (what a graph calls) and ``function_body`` (one
of these as a graph). A plan is made once per fetches and feeds and kept.
"""

from ckpt_magics.graphs.session.session import Session

__all__ = ["Session"]
