"""What a variable is for, told from its name: weights, an optimizer's slot, a moving average, a step counter.

The name is all that a checkpoint says, so these are the names that TensorFlow's and Keras' own optimizers, layers and
training loops give: slots are ``VARIABLE/Adam`` in graphs, ``VARIABLE/.OPTIMIZER_SLOT/OPTIMIZER/m/...`` and
``optimizer/_variables/3/...`` in object-based checkpoints.
"""

from __future__ import annotations

import re

WEIGHTS = "weights"
OPTIMIZER_SLOT = "optimizer slot"
MOVING_AVERAGE = "moving average"
STEP = "step"

GROUPS = (WEIGHTS, OPTIMIZER_SLOT, MOVING_AVERAGE, STEP)

# Tried in this order: a slot of a moving average is a slot, and an optimizer's own step counter is a step.
_STEP = re.compile(
    r"(?:^|/)(?:global_step|save_counter|step|epoch|_?iterations?|iter|local_step|current_loss_scale_step)(?:_\d+)?$"
)
_SLOT_SUFFIX = re.compile(
    r"/(?:Adam|Adamax|Nadam|AMSGrad|LAMB|Lamb|Momentum|RMSProp|Adagrad|AdagradDA|Adadelta|Ftrl|ProximalAdagrad|"
    r"adam_[mv]|lamb_[mv]|momentum|rms|mg|vhat|accumulator|gradient_(?:squared_)?accumulator|velocity|"
    r"vr|vc|lars_momentum|linear|accum_(?:grad|var))(?:_\d+)?$"
)
_OPTIMIZER = re.compile(
    r"\.OPTIMIZER_SLOT/|(?:^|/)(?:optimizer|opt|training(?:_\d+)?/\w+)(?:_\d+)?/|(?:^|/)beta[12]_power(?:_\d+)?$"
)
_AVERAGE = re.compile(r"(?:^|/)(?:moving_(?:mean|variance|average|avg)|running_(?:mean|var)|biased)\w*$")
_AVERAGE_SUFFIX = re.compile(r"ExponentialMovingAverage(?:_\d+)?$")
_ATTRIBUTE = "/.ATTRIBUTES/"


def variable_group(name: str) -> str:
    """Return one of ``GROUPS`` for the variable of that name.

    >>> [variable_group(name) for name in ("dense/kernel", "dense/kernel/Adam_1", "bn/moving_mean", "global_step")]
    ['weights', 'optimizer slot', 'moving average', 'step']
    """
    path = name.partition(_ATTRIBUTE)[0]
    if _STEP.search(path):
        return STEP
    if _SLOT_SUFFIX.search(path) or _OPTIMIZER.search(path):
        return OPTIMIZER_SLOT
    if _AVERAGE.search(path) or _AVERAGE_SUFFIX.search(path):
        return MOVING_AVERAGE
    return WEIGHTS
