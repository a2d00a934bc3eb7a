"""The view of bytes: what each byte of a checkpoint's files is, as a tree, beside the bytes themselves."""
