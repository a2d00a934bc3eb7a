"""Draw the README's picture of the wings, from the imports between floors: ``python -m docs.draw_wings`` runs it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from ckpt_magics.notebook.pictures.picture import draw_graph
from ckpt_magics.proto.messages import GraphDef

PACKAGE = Path(__file__).parents[1] / "ckpt_magics"
PICTURE = Path(__file__).parent / "pictures" / "wings.svg"
WINGS = ("compat", "notebook", "graphs", "files")


def floors() -> dict[str, set[str]]:
    """Return the floors of the wings, and for each those that its modules import from."""
    used: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        floor = floor_of(path.relative_to(PACKAGE).with_suffix("").parts)
        if floor:
            used.setdefault(floor, set()).update({floor_of(parts) for parts in imported(path)} - {"", floor})
    return used


def below(floor: str, used: dict[str, set[str]]) -> set[str]:
    """Return every floor that is under one."""
    return {other for one in used[floor] for other in {one} | below(one, used)}


def floor_of(parts: tuple[str, ...]) -> str:
    """Return the floor of a module, as ``files/kinds``; nothing of common ground and of what only gathers names."""
    if parts[0] not in WINGS or parts[-1] in {"__init__", "*"}:
        return ""
    return parts[0] if parts[0] == "compat" else "/".join(parts[:2])


def imported(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield the modules of the package that a module imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ckpt_magics."):
            yield (*node.module.split(".")[1:], *(["*"] if node.module.count(".") == 1 else []))


def drawing() -> str:
    """Return the picture as SVG: a scope for each wing, a box for each floor, an arrow to the next floors below it."""
    used = floors()
    graph = GraphDef()
    for floor in used:
        graph.node.add(name=floor, op="floor")
    nodes = {node.name: node for node in graph.node}
    for floor, others in used.items():
        further = {lower for other in others for lower in below(other, used)}
        for other in sorted(others - further):
            nodes[other].input.append(floor)
    return draw_graph(graph, depth=1).svg


if __name__ == "__main__":
    PICTURE.write_text(drawing(), "utf-8")
