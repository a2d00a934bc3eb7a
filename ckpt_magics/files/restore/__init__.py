"""A restore: planned, put in place with an undo, and, where it is refused, the change that makes it work."""
