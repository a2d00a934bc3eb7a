"""Losses and metrics: what a training makes small, and what it is judged by."""
