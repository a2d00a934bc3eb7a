"""Where files are and how they are opened, written, put in place and locked."""
