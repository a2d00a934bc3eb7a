"""Saver: adds the save/ nodes, saves, restores, keeps the last N; and the same for plain arrays."""
