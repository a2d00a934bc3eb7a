"""The words of a line and their order."""
