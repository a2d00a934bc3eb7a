"""What is done to tensors on the way: chosen, renamed, cast, transposed."""
