"""Objects that hold variables: checkpoints of them, and variables and modules without a graph."""
