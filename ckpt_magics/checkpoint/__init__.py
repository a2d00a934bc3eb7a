"""The only floor that opens checkpoint files."""
