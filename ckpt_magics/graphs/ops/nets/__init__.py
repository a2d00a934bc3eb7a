"""Ops of neural nets: windows, normalization, activations, cells."""
