"""Ops of control flow: branches, loops, calls, and what loops keep their values in."""
