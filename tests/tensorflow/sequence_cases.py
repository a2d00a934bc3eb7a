"""Generated inputs for ops on sequences."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckpt_magics.files.formats.dtypes import DType
from tests.tensorflow.kernel_cases import Case, Maker, Rng, data


def reverse_sequence(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, lengths, along, across in [
        ((3, 4, 2), [2, 4, 0], 1, 0), ((4, 3), [1, 2, 4], 0, 1), ((2, 3, 5), [5, 3, 0], 2, 1), ((2, 3), [4, 1], 1, 0),
        ((2, 3), [1, 1], 0, 0),
    ]:  # fmt: skip
        yield Case([data(rng, dtype, shape), np.array(lengths)], {"seq_dim": along, "batch_dim": across})


MAKERS: dict[str, Maker] = {"ReverseSequence": reverse_sequence}
