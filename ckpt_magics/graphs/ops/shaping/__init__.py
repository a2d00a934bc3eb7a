"""Ops that rearrange: parts, joins, orders of elements."""
