"""Ship the weights of a trained model alone, in a file that PyTorch reads, with kernels as PyTorch has them."""

import tempfile
from pathlib import Path

import ckpt_magics

with tempfile.TemporaryDirectory() as folder:
    names = {"*.weight": "*/kernel", "*.bias": "*/bias"}
    steps = ["weights-only", ("layout", "torch"), ("map", names)]
    report = ckpt_magics.convert_checkpoint("models/conv_net", f"{folder}/model.safetensors", steps)

    print(report.table[["name", "shape", "from", "changed"]].to_string(index=False))
    print(len(report.dropped), "left out, such as", report.dropped["name"][0])
    print(Path(report.path).stat().st_size, "bytes")
