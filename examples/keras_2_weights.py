"""Turn a checkpoint of a Keras 2 model into weights that Keras 3 loads, which by itself refuses TensorFlow's format."""

import tempfile
from pathlib import Path

import ckpt_magics

with tempfile.TemporaryDirectory() as folder:
    source, target = "models/keras/ckpt-1", Path(folder, "model.weights.h5")
    report = ckpt_magics.convert_checkpoint(source, target)
    print(report.table[["name", "shape", "from"]].iloc[:12].to_string(index=False))
    print(len(report.table), "tensors; left out:", *report.dropped["name"])

    # keras.Model.load_weights(target) takes it from here, by the classes of layers and their order.
    with ckpt_magics.load_checkpoint(source) as old, ckpt_magics.load_checkpoint(target) as new:
        print((new["layers/dense/vars/0"] == old["model/layer_with_weights-3/kernel"]).all())

    # The optimizer comes along, in the order of Keras 3: iteration, learning rate, then both moments of each variable.
    with ckpt_magics.load_checkpoint(target) as new:
        print("step", int(new["optimizer/vars/0"]), "learning rate", round(float(new["optimizer/vars/1"]), 6))
