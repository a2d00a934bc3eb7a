"""Ops that bring values in and out: constants, random numbers, strings, summaries, files."""
