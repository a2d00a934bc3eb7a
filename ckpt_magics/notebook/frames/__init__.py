"""Variables as pandas DataFrames."""
