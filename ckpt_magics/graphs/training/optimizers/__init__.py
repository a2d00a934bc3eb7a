"""Optimizers: what changes variables by their gradients, and the slots that go with the variables."""
