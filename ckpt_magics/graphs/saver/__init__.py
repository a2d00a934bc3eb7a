"""TensorFlow's Saver on a graph, and checkpoints of plain arrays with a graph of their own."""
