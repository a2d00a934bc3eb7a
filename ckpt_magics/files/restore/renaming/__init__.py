"""Which stored tensor each wanted name is, where names differ: found by rules of renaming, never by likeness alone."""
