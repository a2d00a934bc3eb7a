"""Graph, Operation, Tensor, Variable, and the MetaGraphs they are read from and written to."""
