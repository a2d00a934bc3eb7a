"""All generated inputs, by the op that they are for."""

from __future__ import annotations

from tests.tensorflow import kernel_cases, sequence_cases
from tests.tensorflow.kernel_cases import Maker

MAKERS: dict[str, Maker] = {**kernel_cases.MAKERS, **sequence_cases.MAKERS}
