"""Ops that calculate: element by element, along axes, with matrices."""
