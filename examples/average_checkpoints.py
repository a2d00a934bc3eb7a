"""Average the last checkpoints of a run: what is left of the noise of single steps is less."""

import tempfile

import numpy as np

import ckpt_magics

random = np.random.default_rng(seed=1)
truth = random.normal(size=1000).astype(np.float32)


def error(path):
    """Return how far a checkpoint's weights are from those that the run is after."""
    with ckpt_magics.load_checkpoint(path) as reader:
        return float(np.abs(reader["weights"] - truth).mean())


with tempfile.TemporaryDirectory() as runs:
    for step in range(1, 8):
        noisy = truth + random.normal(scale=0.1, size=1000).astype(np.float32)
        last = ckpt_magics.save_checkpoint(f"{runs}/model", {"weights": noisy, "global_step": step}, global_step=step)

    report = ckpt_magics.average_checkpoints(runs, f"{runs}/mean.ckpt", last=5)
    print(report.table[["name", "changed"]].to_string(index=False))
    print(f"error of the last {error(last):.3f}, of the mean of five {error(report.path):.3f}")
