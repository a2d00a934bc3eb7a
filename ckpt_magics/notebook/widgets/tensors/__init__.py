"""The views of tensors: variables, differences, values."""
