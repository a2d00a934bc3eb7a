"""Graphs as TensorFlow 1 has them: operations, tensors, variables, scopes, collections, and MetaGraph files."""
