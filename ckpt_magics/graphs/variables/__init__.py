"""Variables: made, shared by name, initialized, partitioned."""
