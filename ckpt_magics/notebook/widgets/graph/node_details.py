"""What the panel of a graph view says about a node or a scope: sections of facts, each with a node to jump to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.tensor_proto import tensor_proto_to_array
from ckpt_magics.notebook.pictures.graph_model import GraphModel
from ckpt_magics.notebook.pictures.model.hierarchy import CONTROL_SLOT
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.item_building import parse_input
from ckpt_magics.notebook.pictures.model.kinds import called_function, opened_function
from ckpt_magics.notebook.pictures.model.labels import shorten
from ckpt_magics.notebook.pictures.model.outputs import describe_output, dtype_name, format_dims, format_shape
from ckpt_magics.phrasing import names_text
from ckpt_magics.proto import messages

__all__ = ["Section", "attribute_lines", "describe_item", "fact"]

Section = dict[str, Any]

_MAX_LINKS = 40
_MAX_TEXT = 400
_MAX_VALUES = 12
_MAX_BYTES = 1 << 20
"""Bytes of a constant up to which its first values are shown."""
_MAX_OUTPUTS = 32


def fact(label: str, text: str, link: str | None = None) -> dict[str, Any]:
    """One line: ``link`` is the full name of a node that the text leads to."""
    return {"label": label, "text": shorten(text, _MAX_TEXT), "link": link}


def describe_item(model: GraphModel, item: Item) -> list[Section]:
    """Return the sections on a node, or on what is inside a scope."""
    sections = _node_sections(model, item) if item.node is not None else _scope_sections(model, item)
    return [section for section in sections if section["facts"]]


def _section(title: str, facts: Iterable[dict[str, Any]]) -> Section:
    return {"title": title, "facts": list(facts)}


def _node_sections(model: GraphModel, item: Item) -> Iterator[Section]:
    node = item.node
    assert node is not None  # noqa: S101 -- the caller has looked
    facts = [fact("op", node.op)]
    if node.device:
        facts.append(fact("device", node.device))
    facts.extend(fact("collection", key) for key in model.collections.get(node.name, ()))
    facts.extend(_body(model, node))
    yield _section("Node", facts)
    inputs, controls = _inputs(model, item)
    yield _section(f"Inputs ({len(inputs)})", inputs[:_MAX_LINKS])
    yield _section(f"Control inputs ({len(controls)})", controls[:_MAX_LINKS])
    yield _section("Outputs", _outputs(model, item))
    yield _consumers(model, [item.id])
    yield _section("Attributes", (fact(name, _attr_text(node.attr[name])) for name in sorted(node.attr)))


def _body(model: GraphModel, node: messages.NodeDef) -> Iterator[dict[str, Any]]:
    name = called_function(node)
    for each in (name, node.op):
        if each and model.hierarchy.find(f"functions/{each}"):
            yield fact("calls", each, f"functions/{each}")
            return


def _inputs(model: GraphModel, item: Item) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Data and control inputs in their order; those that name nothing are listed without a link."""
    node = item.node
    assert node is not None  # noqa: S101 -- the caller has looked
    scope = item.name.removesuffix(node.name)
    inputs: list[dict[str, Any]] = []
    controls: list[dict[str, Any]] = []
    for text in node.input:
        source, _, slot = parse_input(text)
        name = scope + source
        found = model.hierarchy.find(name)
        producer = model.node_item(found).node if found else None
        if slot == CONTROL_SLOT and producer is not None:
            controls.append(fact("after", name, name))
        elif producer is not None:
            what = describe_output(producer, slot, model.op_defs)
            inputs.append(fact(str(len(inputs)), f"{text}  {what}".rstrip(), name))
        elif _is_argument(model, scope, source):
            inputs.append(fact(str(len(inputs)), f"{text} (argument of {scope[:-1]})", scope[:-1]))
        else:
            inputs.append(fact(str(len(inputs)), f"{text} (not in the graph)"))
    return inputs, controls


def _is_argument(model: GraphModel, scope: str, name: str) -> bool:
    """Whether a call that is all of a scope takes an argument of this name."""
    library = {function.signature.name: function for function in model.graph_def.library.function}
    calls = [item.node for item_id in model.hierarchy.find(scope) if (item := model.hierarchy.items[item_id]).is_call]
    functions = [opened_function(call, library) for call in calls if call is not None]
    return any(argument.name == name for each in functions if each for argument in each.signature.input_arg)


def _outputs(model: GraphModel, item: Item) -> Iterator[dict[str, Any]]:
    node = item.node
    assert node is not None  # noqa: S101 -- the caller has looked
    count = _MAX_OUTPUTS
    if node.op not in model.op_defs:
        # Nothing says how many there are, but the shapes in the node and the outputs that somebody takes.
        used = model.hierarchy.slots[model.hierarchy.sources == item.id].tolist()
        shapes = len(node.attr["_output_shapes"].list.shape) if "_output_shapes" in node.attr else 0
        count = min(max(shapes, *(slot + 1 for slot in used), 1), _MAX_OUTPUTS)
    for slot in range(count):
        what = describe_output(node, slot, model.op_defs)
        if what:
            yield fact(str(slot), what)


def _consumers(model: GraphModel, leaves: Iterable[int]) -> Section:
    inside = set(leaves)
    targets = dict.fromkeys(
        target for leaf in inside for target in model.consumers.get(leaf, ()) if target not in inside
    )
    items = [model.hierarchy.items[target] for target in targets]
    facts = [fact(item.op, item.name, item.name) for item in items[:_MAX_LINKS]]
    return _section(f"Consumers ({len(items):,})", facts)


def _scope_sections(model: GraphModel, item: Item) -> Iterator[Section]:
    leaves = list(model.hierarchy.leaves(item.id))
    nodes = [leaf.node for leaf in leaves if leaf.node is not None]
    kinds = Counter(leaf.kind for leaf in leaves)
    facts = [fact("inside", model.hierarchy.counted(item.op_count))]
    facts.extend(fact(f"{kind}s", f"{count:,}") for kind, count in kinds.items() if kind in {"variable", "placeholder"})
    devices = Counter(node.device for node in nodes if node.device)
    facts.extend(fact("device", f"{device} ({count:,})") for device, count in devices.most_common(5))
    yield _section("Scope" if item.kind != "function" else "Function", facts)
    ops = Counter(node.op for node in nodes)
    yield _section("Ops", (fact(op, f"{count:,}") for op, count in ops.most_common(_MAX_LINKS)))
    variables = [leaf for leaf in leaves if leaf.kind == "variable"]
    yield _section("Variables", (fact(leaf.label, leaf.name, leaf.name) for leaf in variables[:_MAX_LINKS]))
    yield _consumers(model, (leaf.id for leaf in leaves))


def attribute_lines(node: messages.NodeDef) -> list[str]:
    """Return the attributes of a node as ``name=value``."""
    return [f"{name}={_attr_text(node.attr[name])}" for name in sorted(node.attr)]


def _attr_text(value: messages.AttrValue) -> str:
    kind = value.WhichOneof("value")
    if kind is None:
        return ""
    if kind == "list":
        return _list_text(value.list)
    return _one_text(kind, getattr(value, kind))


def _one_text(kind: str, content: Any) -> str:  # noqa: ANN401, PLR0911 -- one line for each kind of attribute
    if kind == "type":
        # A reference type is its base type and 100.
        return dtype_name(content) + (" (reference)" if content > 100 else "") or str(content)
    if kind == "shape":
        return "unknown rank" if content.unknown_rank else format_shape(content)
    if kind == "s":
        return repr(content[:_MAX_TEXT].decode("utf-8", "backslashreplace"))
    if kind == "func":
        return str(content.name)
    if kind == "tensor":
        return _tensor_text(content)
    if kind == "f":
        return f"{content:g}"
    return str(content)


def _list_text(content: messages.AttrValue.ListValue) -> str:
    for field, values in content.ListFields():
        shown = [_one_text(field.name, value) for value in values[:_MAX_VALUES]]
        return f"[{names_text(shown, _MAX_VALUES, count=len(values))}]"
    return "[]"


def _tensor_text(tensor: messages.TensorProto) -> str:
    dims = [dim.size for dim in tensor.tensor_shape.dim]
    head = f"{dtype_name(tensor.dtype)} {format_dims(dims)}".strip()
    if tensor.ByteSize() > _MAX_BYTES or _elements(dims) > _MAX_BYTES:
        return head
    try:
        values = tensor_proto_to_array(tensor).reshape(-1)
    except CheckpointError as error:
        return f"{head}, damaged: {error}"
    shown = ", ".join(str(value) for value in values[:_MAX_VALUES])
    return f"{head}: {shown}{', …' if values.size > _MAX_VALUES else ''}"


def _elements(dims: Sequence[int]) -> int:
    product = 1
    for size in dims:
        product *= max(size, 0)
    return product
