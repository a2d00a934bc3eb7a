"""Graphs as pictures and text."""
