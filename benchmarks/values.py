"""Work on values: statistics of all tensors, a network's forward pass."""

import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.checkpoints import big_arrays
from benchmarks.harness import OURS, Contender, Target, Work
from benchmarks.peers import Ours
from benchmarks.sizes import Sizes

LAYERS = (784, 512, 512, 10)
BATCH = 64


def rows(sizes: Sizes, directory: Path) -> Iterator[Work]:
    """Yield the rows."""
    yield _statistics(sizes, directory)
    yield _forward_pass(sizes)


def _statistics(sizes: Sizes, directory: Path) -> Work:
    from ckpt_magics import load_checkpoint
    from ckpt_magics.files.jobs.tensor_statistics import tensor_statistics

    ours = Ours(directory)
    ours.save(big_arrays(sizes))

    def statistics() -> object:
        with load_checkpoint(ours.path) as reader:
            return {name: tensor_statistics(reader[name]) for name in reader}

    def read() -> None:
        with load_checkpoint(ours.path) as reader:
            for name in reader:
                reader[name]

    return Work(
        f"statistics of all tensors, {sizes.big_bytes >> 20} MiB",
        (Contender(OURS, statistics), Contender("reading them", read)),
        (Target(3.0, "reading them"),),
        min(sizes.rounds, 5),
    )


def _forward_pass(sizes: Sizes) -> Work:
    from ckpt_magics.graphs.graph.graph import Graph
    from ckpt_magics.graphs.nodes import build
    from ckpt_magics.graphs.session import Session

    numbers = np.random.default_rng(0)
    weights = [
        (numbers.random(shape, np.float32), numbers.random(shape[1], np.float32))
        for shape in itertools.pairwise(LAYERS)
    ]
    batch = numbers.random((BATCH, LAYERS[0]), np.float32)
    graph = Graph()
    with graph.as_default():
        images = layer = build.placeholder(np.float32, (None, LAYERS[0]))
        for kernel, bias in weights:
            product = build.apply("MatMul", layer, build.constant(kernel))
            layer = build.apply("Relu", build.apply("BiasAdd", product, build.constant(bias)))
    session = Session(graph=graph)

    def bare() -> object:
        values = batch
        for kernel, bias in weights:
            values = np.maximum(values @ kernel + bias, 0)
        return values

    np.testing.assert_allclose(session.run(layer, {images: batch}), bare(), rtol=1e-5)
    return Work(
        f"forward pass of {len(weights)} dense layers, batch of {BATCH}",
        (Contender(OURS, partial(session.run, layer, {images: batch})), Contender("bare NumPy", bare)),
        (Target(1.5, "bare NumPy"),),
        50 * sizes.rounds,
    )
