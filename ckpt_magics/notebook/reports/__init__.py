"""What checkpoints, graphs and directories hold, and what was done to them, as text and HTML."""
