"""Arrays as NumPy saves them: npz archives, .npy files and directories of them."""
