"""One on-disk structure per module: block, table, tensor data, tensor slice, records, dtypes."""
