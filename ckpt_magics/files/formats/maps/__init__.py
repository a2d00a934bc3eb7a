"""What each byte of a structure on disk is: trees of ranges, a module per structure."""
