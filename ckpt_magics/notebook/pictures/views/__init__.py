"""What is visible of a graph: a cut through its tree, as boxes and edges within a budget."""
