"""PyTorch files: an archive with a pickle and storages, or the format of before version 1.6."""
