"""Op definitions: one row per op, one file per family."""
