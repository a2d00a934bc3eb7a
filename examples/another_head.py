"""Begin with a trained model and another head: everything but the head is restored, the head keeps its first values."""

import tempfile

import numpy as np

import ckpt_magics

random = np.random.default_rng(seed=1)

with tempfile.TemporaryDirectory() as folder:
    trained = {
        "encoder": {"kernel": random.normal(size=(4, 8)), "bias": np.ones(8)},
        "head": {"kernel": random.normal(size=(8, 1000)), "bias": np.ones(1000)},
    }
    checkpoint = ckpt_magics.save_checkpoint(f"{folder}/model", trained)

    model = {
        "encoder": {"kernel": np.zeros((4, 8)), "bias": np.zeros(8)},
        "head": {"kernel": np.zeros((8, 3)), "bias": np.zeros(3)},
    }
    report = ckpt_magics.restore_checkpoint(checkpoint, model, exclude=["head/"])
    print(*(f"{tensor.name} restored {tensor.how}" for tensor in report.restored), sep="\n")

    assert np.array_equal(model["encoder"]["kernel"], trained["encoder"]["kernel"])
    print("the head keeps its", model["head"]["kernel"].size, "zeros")
