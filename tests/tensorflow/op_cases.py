"""All generated inputs, by the op that they are for."""

from __future__ import annotations

from tests.tensorflow import array_cases, image_cases, kernel_cases, text_cases
from tests.tensorflow.kernel_cases import Maker

MAKERS: dict[str, Maker] = {**kernel_cases.MAKERS, **array_cases.MAKERS, **image_cases.MAKERS, **text_cases.MAKERS}
