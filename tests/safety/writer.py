"""Save without end, in a process that may be killed: ``python -m tests.safety.writer FOLDER same|steps VERSION``.

Every tensor of save number n holds n, so that a mixture of two saves shows. A line is printed after each save.
"""

import sys
from pathlib import Path

import numpy as np

from tests.files.saved import write_checkpoint


def tensors(number):
    return {
        "w": np.full((100, 100), number, np.float64),
        "b": np.full(7, number, np.float64),
        "n": np.full((), number, np.float64),
    }


def main():
    folder, mode, version, first, count = Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6])
    name = sys.argv[6] if len(sys.argv) > 6 else "m"
    for number in range(first, first + count):
        step = None if mode == "same" else number
        write_checkpoint(
            folder / name, tensors(number), write_version=version, global_step=step, max_to_keep=3, durable=False
        )
        print(number, flush=True)


if __name__ == "__main__":
    main()
