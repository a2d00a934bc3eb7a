"""Names of TensorFlow APIs that this package stands in for."""

__all__ = ["v1"]
