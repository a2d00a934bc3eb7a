"""What a tensor is for, told from its name: weights, an optimizer's slot, a moving average, a step, a metric.

The name is all that a checkpoint says, so these are the names that TensorFlow's and Keras' own optimizers, layers and
training loops give, and those of BERT's and Mesh TensorFlow's optimizers:

======================================  ==============================================
``VARIABLE/Adam``                       a slot in a graph
``VARIABLE/adam_m``                     a slot of BERT's AdamWeightDecayOptimizer
``VARIABLE_slot_vr``                    a slot of Mesh TensorFlow, as T5 has them
``training/Adam/VARIABLE/m``            a slot of Keras 2, by name
``Adam/m/VARIABLE``                     a slot of Keras 2.11 and later, by name
``adam/VARIABLE_momentum``              a slot of Keras 3, by name
``VARIABLE/.OPTIMIZER_SLOT/OPT/m/...``  a slot in a checkpoint of objects
``optimizer/_variables/3/...``          the same of a later Keras
``keras_api/metrics/0/total/...``       a metric in a checkpoint of objects
======================================  ==============================================

Checkpoints of objects also hold what tells whose the variables are. What an optimizer has besides slots, such as its
learning rate, counts among them.
"""

from __future__ import annotations

import re

from ckpt_magics.files.object_graph.graph_keys import ATTRIBUTES, OBJECT_GRAPH_KEY

WEIGHTS = "weights"
OPTIMIZER_SLOT = "optimizer slot"
MOVING_AVERAGE = "moving average"
STEP = "step"
METRIC = "metric"
OBJECT_GRAPH = "object graph"

GROUPS = (WEIGHTS, OPTIMIZER_SLOT, MOVING_AVERAGE, STEP, METRIC, OBJECT_GRAPH)

_OPTIMIZERS = (
    "Adam|AdamW|AdamWeightDecay|Adamax|Nadam|AMSGrad|SGD|SGDW|RMSprop|RMSProp|Adagrad|AdagradDA|Adadelta|Adafactor|"
    "Ftrl|LAMB|Lamb|LAMBOptimizer|LARS|LARSOptimizer|LazyAdam|Lion|Momentum|MomentumW|NovoGrad|ProximalAdagrad|"
    "ProximalGradientDescent|AddSign|PowerSign"
)
_LAST_PART = re.compile(
    # Tried in this order: an optimizer's own step counter is a step.
    r"(?P<step>(?:global_step|save_counter|step|epoch|_?iterations?|iter|local_step|current_loss_scale_step)(?:_\d+)?)|"
    rf"(?P<slot>(?:(?:Distributed)?(?:{_OPTIMIZERS})|adam_[mv]|lamb_[mv]|momentum|rms|mg|vhat|accumulator|"
    r"gradient_(?:squared_)?accumulator|velocity|vr|vc|lars_momentum|linear|accum_(?:grad|var))(?:_\d+)?)|"
    r"(?P<optimizer>(?:beta_?[12]_power|current_loss_scale|good_steps)(?:_\d+)?)|"
    r"(?P<average>(?:moving_(?:mean|variance|average|avg)|running_(?:mean|var)|biased)\w*)|"
    r"(?P<metric>(?:true|false)_(?:positives|negatives)(?:_\d+)?|total_confusion_matrix)|"
    r"(?P<part_of_metric>total|count)"
)
"""What the last part of a name says; a slot is one only of something, so not alone."""

MESH_SLOTS = ("_slot_vr", "_slot_vc", "_slot_v", "_slot_m")
"""What the names of slots end in, directly behind the variable's, in Mesh TensorFlow."""
_AVERAGE = re.compile(r"ExponentialMovingAverage(?:_\d+)?$")
_METRIC_SCOPE = re.compile(r"(?:.*/)?(?:accuracy|auc|precision|recall|mean(?:_\w+)?|\w*loss)(?:_\d+)?")
_METRICS = re.compile(r"(?:^|/)(?:_?(?:compile_)?metrics|_loss_tracker)/")
_OPTIMIZER = re.compile(r"\.OPTIMIZER_SLOT/|(?:^|/)(?:optimizer|opt|training(?:_\d+)?/\w+)(?:_\d+)?/")
_KERAS_NAMES = frozenset(_OPTIMIZERS.split("|"))
_KERAS_3_NAMES = frozenset(_OPTIMIZERS.lower().split("|"))
_KERAS_3_PART = re.compile(
    r"[^/]+_(?:momentum|velocity|velocity_hat|accumulator|linear|norm|average_gradient|accumulated_grad|"
    r"accumulated_delta_var|slow)|learning_rate"
)
_OBJECT_CONFIG = "OBJECT_CONFIG_JSON"
"""How a Keras layer is set up, which TensorFlow 2.0 to 2.2 saved beside its variables."""


def variable_group(name: str) -> str:
    """Return one of ``GROUPS`` for the tensor of that name.

    >>> [variable_group(name) for name in ("dense/kernel", "dense/kernel/Adam_1", "bn/moving_mean", "global_step")]
    ['weights', 'optimizer slot', 'moving average', 'step']
    """
    path, _, attribute = name.partition(ATTRIBUTES)
    if attribute == _OBJECT_CONFIG or name == OBJECT_GRAPH_KEY:
        return OBJECT_GRAPH
    # Saved from a dictionary by the variables' names, which end in an output index.
    scope, _, last = path.removesuffix(":0").rpartition("/")
    found = _LAST_PART.fullmatch(last)
    kind = None if found is None else found.lastgroup
    if kind == "step":
        return STEP
    if _is_metric(path, scope, kind):
        return METRIC
    if kind == "optimizer" or (kind == "slot" and scope) or last.endswith(MESH_SLOTS) or _is_of_optimizer(path):
        return OPTIMIZER_SLOT
    is_average = kind == "average" or ("Average" in last and _AVERAGE.search(last) is not None)
    return MOVING_AVERAGE if is_average else WEIGHTS


# A listing asks for each of up to a million names: a search through all of a name is for those that may have it.


def _is_metric(path: str, scope: str, kind: str | None) -> bool:
    if kind == "part_of_metric" and _METRIC_SCOPE.fullmatch(scope):
        return True
    return kind == "metric" or (("metrics/" in path or "_loss_tracker/" in path) and bool(_METRICS.search(path)))


def _is_of_optimizer(path: str) -> bool:
    if ("opt" in path or "OPT" in path or "training" in path) and _OPTIMIZER.search(path):
        return True
    first, _, rest = path.removeprefix("train/").partition("/")
    name = first.rstrip("0123456789").removesuffix("_")
    return bool(rest) and (name in _KERAS_NAMES or (name in _KERAS_3_NAMES and bool(_KERAS_3_PART.fullmatch(rest))))
