"""A graph as a tree: scopes, series and functions with the ops in them, and what is known of each."""
