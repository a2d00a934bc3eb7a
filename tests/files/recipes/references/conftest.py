"""torchvision needs operators of PyTorch's builds for GPUs when it is imported, of which the models use none."""

import importlib.util

import torch

OPERATORS = torch.library.Library("torchvision", "DEF")

if importlib.util.find_spec("torchvision") is not None and not torch.cuda.is_available():
    for name in ("nms", "qnms"):
        OPERATORS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
