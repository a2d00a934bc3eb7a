"""Bytes to numbers and back: varints, ordered code, protobuf fields, CRC-32C."""
