"""Run models of TensorFlow 1 forward with NumPy: a checkpoint with its graph, and a SavedModel by its signatures."""

import numpy as np

import ckpt_magics

# The graph is in the .meta beside the checkpoint. Its likely input and output have names, and values are restored.
net = ckpt_magics.load_graph("models/conv_net")
images = np.random.default_rng(seed=1).normal(size=(4, 12, 12, 1)).astype(np.float32)
probabilities = net.run(inputs={"images": images}, outputs="prob")
print("classes", probabilities.argmax(axis=1), "sums", probabilities.sum(axis=1).round(3))

# Any tensor of the graph can be asked for, and several at once.
features, logits = net.run(["conv2/Relu", "fc/add"], inputs={"images": images})
print("features", features.shape, "logits", logits.shape)

# The last layer by hand: what is between is arrays.
pooled = features.reshape(4, 3, 2, 3, 2, 6).max(axis=(2, 4))
by_hand = pooled.reshape(4, -1) @ net["fc/kernel"] + net["fc/bias"]
print("as by hand", np.allclose(logits, by_hand, atol=1e-6))

# A SavedModel says itself what it takes and gives.
model = ckpt_magics.load_graph("models/saved_model")
print(model.signatures)
serve = model.signatures["serving_default"]
print(serve(x=np.eye(3, dtype=np.float32))["y"].round(3))
