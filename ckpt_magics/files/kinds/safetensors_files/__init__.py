"""safetensors: one file, or several with their index."""
