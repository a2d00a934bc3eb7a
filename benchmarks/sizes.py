"""How much work a run does."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Amounts, by default those that the targets are about.

    Attributes:
        big_bytes: Of a checkpoint of big tensors.
        big_tensors: How many it has.
        small_tensors: Tensors of 4 KiB.
        scalars: Tensors of one number.
        listed: Tensors of the checkpoint that is only listed.
        nodes: Of the graphs that are drawn.
        slices: Parts of a partitioned tensor, of 4 MiB each at full size.
        slice_bytes: Size of each of them.
        rounds: Turns that are counted.
    """

    big_bytes: int = 1 << 30
    big_tensors: int = 200
    small_tensors: int = 20_000
    scalars: int = 100_000
    listed: int = 500_000
    nodes: tuple[int, int] = (10_000, 100_000)
    slices: int = 64
    slice_bytes: int = 4 << 20
    rounds: int = 7


SIZES = {
    "full": Sizes(),
    "small": Sizes(128 << 20, 50, 4_000, 20_000, 100_000, (2_000, 20_000), 64, 1 << 20, 5),
    "tiny": Sizes(1 << 16, 4, 5, 5, 20, (50, 100), 4, 1 << 10, 1),
}
