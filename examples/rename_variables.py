"""Give the variables of a checkpoint another scope, and leave out what the optimizer kept."""

import tempfile

import numpy as np

import ckpt_magics

with tempfile.TemporaryDirectory() as folder:
    model = {
        "tower/dense/kernel": np.ones((3, 2), np.float32),
        "tower/dense/bias": np.zeros(2, np.float32),
        "tower/dense/kernel/Adam": np.zeros((3, 2), np.float32),
        "global_step": np.int64(1200),
    }
    old = ckpt_magics.save_checkpoint(f"{folder}/old", model)

    steps = [("exclude", "*/Adam"), ("map", {"encoder/": "tower/"})]
    new = ckpt_magics.convert_checkpoint(old, f"{folder}/new", steps).path

    for name, shape in ckpt_magics.list_variables(new):
        print(name, shape)
