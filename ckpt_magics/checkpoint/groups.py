"""What a tensor is for, told from its name: weights, an optimizer's slot, a moving average, a step, the object graph.

The name is all that a checkpoint says, so these are the names that TensorFlow's and Keras' own optimizers, layers and
training loops give: slots are ``VARIABLE/Adam`` in graphs, ``VARIABLE/.OPTIMIZER_SLOT/OPTIMIZER/m/...`` and
``optimizer/_variables/3/...`` in object-based checkpoints. Those also hold what tells whose the variables are.
"""

from __future__ import annotations

import re

from ckpt_magics.checkpoint.object_graph import OBJECT_GRAPH_KEY

WEIGHTS = "weights"
OPTIMIZER_SLOT = "optimizer slot"
MOVING_AVERAGE = "moving average"
STEP = "step"
OBJECT_GRAPH = "object graph"

GROUPS = (WEIGHTS, OPTIMIZER_SLOT, MOVING_AVERAGE, STEP, OBJECT_GRAPH)

_LAST_PART = re.compile(
    # Tried in this order: an optimizer's own step counter is a step.
    r"(?P<step>(?:global_step|save_counter|step|epoch|_?iterations?|iter|local_step|current_loss_scale_step)(?:_\d+)?)|"
    r"(?P<slot>(?:Adam|Adamax|Nadam|AMSGrad|LAMB|Lamb|Momentum|RMSProp|Adagrad|AdagradDA|Adadelta|Ftrl|ProximalAdagrad|"
    r"adam_[mv]|lamb_[mv]|momentum|rms|mg|vhat|accumulator|gradient_(?:squared_)?accumulator|velocity|"
    r"vr|vc|lars_momentum|linear|accum_(?:grad|var))(?:_\d+)?)|"
    r"(?P<average>(?:moving_(?:mean|variance|average|avg)|running_(?:mean|var)|biased)\w*)"
)
_OPTIMIZER = re.compile(
    r"\.OPTIMIZER_SLOT/|(?:^|/)(?:optimizer|opt|training(?:_\d+)?/\w+)(?:_\d+)?/|(?:^|/)beta[12]_power(?:_\d+)?$"
)
_AVERAGE_SUFFIX = re.compile(r"ExponentialMovingAverage(?:_\d+)?$")
_ATTRIBUTE = "/.ATTRIBUTES/"
_OBJECT_CONFIG = "OBJECT_CONFIG_JSON"
"""How a Keras layer is set up, which TensorFlow 2.0 to 2.2 saved beside its variables."""


def variable_group(name: str) -> str:
    """Return one of ``GROUPS`` for the tensor of that name.

    >>> [variable_group(name) for name in ("dense/kernel", "dense/kernel/Adam_1", "bn/moving_mean", "global_step")]
    ['weights', 'optimizer slot', 'moving average', 'step']
    """
    # A listing asks for each of up to a million names: a search through all of a name is for those that may have it.
    path, _, attribute = name.partition(_ATTRIBUTE)
    if attribute == _OBJECT_CONFIG or name == OBJECT_GRAPH_KEY:
        return OBJECT_GRAPH
    scope, _, last = path.rpartition("/")
    found = _LAST_PART.fullmatch(last)
    kind = None if found is None else found.lastgroup
    if kind == "step":
        return STEP
    if kind == "slot" and len(scope) < len(path) - len(last):
        return OPTIMIZER_SLOT
    if ("opt" in path or "OPT" in path or "training" in path or "beta" in path) and _OPTIMIZER.search(path):
        return OPTIMIZER_SLOT
    if kind == "average" or ("Average" in last and _AVERAGE_SUFFIX.search(path)):
        return MOVING_AVERAGE
    return WEIGHTS
