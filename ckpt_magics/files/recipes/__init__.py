"""Steps for families of models, as TOML files that hold no code."""
