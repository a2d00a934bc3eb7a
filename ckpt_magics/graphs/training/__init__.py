"""What training leaves in graphs."""
