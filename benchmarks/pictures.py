"""The first picture of a graph, from the path of its file to SVG."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import OURS, Contender, Target, Work
from benchmarks.sizes import Sizes

OPS_PER_LAYER = 20


def rows(sizes: Sizes, directory: Path) -> Iterator[Work]:
    """Yield the rows."""
    for count, seconds in zip(sizes.nodes, (1.0, 5.0), strict=True):
        path = directory / f"graph_{count}.meta"
        write_graph(path, count)
        yield Work(
            f"picture of a graph of {count} nodes, from path to SVG",
            (Contender(OURS, lambda path=path: _draw(path)),),
            (Target(seconds=seconds),),
            min(sizes.rounds, 3),
        )


def write_graph(path: Path, count: int) -> None:
    """Write the meta graph of a deep network: blocks of layers with weights, and the gradient of each op."""
    from ckpt_magics.proto import messages

    meta_graph = messages.MetaGraphDef()
    nodes = meta_graph.graph_def.node
    nodes.add(name="images", op="Placeholder").attr["dtype"].type = 1
    previous, number = "images", 0
    while len(nodes) < count:
        layer, op = divmod(number, OPS_PER_LAYER)
        scope = f"model/block_{layer // 10}/layer_{layer % 10}"
        weights = nodes.add(name=f"{scope}/w_{op}", op="VariableV2")
        weights.attr["dtype"].type = 1
        for size in (64, 64):
            weights.attr["shape"].shape.dim.add(size=size)
        product = nodes.add(name=f"{scope}/op_{op}", op="MatMul", input=[previous, weights.name])
        product.attr["T"].type = 1
        gradient = nodes.add(name=f"gradients/{product.name}_grad/MatMul", op="MatMul", input=[product.name, previous])
        gradient.attr["T"].type = 1
        previous, number = product.name, number + 1
    path.write_bytes(meta_graph.SerializeToString())


def _draw(path: Path) -> str:
    from ckpt_magics.graphs.meta_graph.graph_files import read_meta_graph
    from ckpt_magics.notebook.pictures.picture import draw_graph

    return draw_graph(read_meta_graph(path)).svg
