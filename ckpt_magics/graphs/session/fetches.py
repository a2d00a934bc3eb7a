"""What a run is to fetch: graph elements in any nesting of lists, tuples and dicts, and the results in the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Operation, Tensor

__all__ = ["Fetches"]

Results = Sequence[Any]


class Fetches:
    """The fetches of one run.

    Args:
        graph: The graph of the session.
        structure: A tensor, operation, variable or name, or a nesting of these.

    Attributes:
        elements: The tensors and operations in order.

    Raises:
        TypeError: Something in the structure cannot be fetched.
        ValueError: A name is not in the graph, or an element belongs to another one.
    """

    def __init__(self, graph: Graph, structure: object) -> None:
        self._graph = graph
        self.elements: list[Tensor | Operation] = []
        self._build = self._flatten(structure)

    def build(self, results: Results) -> Any:  # noqa: ANN401 -- the structure of the fetches
        """Return one result per element, in the structure of the fetches."""
        return self._build(results)

    def _flatten(self, item: object) -> Callable[[Results], Any]:
        if isinstance(item, (Tensor, Operation, str, bytes)):
            return self._leaf(item)
        if hasattr(item, "component_tensors"):
            return self._flatten_composite(item)
        if isinstance(item, tuple) and hasattr(item, "_fields"):
            named, parts = type(item), [self._flatten(part) for part in item]
            return lambda results: named(*[part(results) for part in parts])
        if isinstance(item, (list, tuple)):
            kind, parts = type(item), [self._flatten(part) for part in item]
            return lambda results: kind([part(results) for part in parts])
        if isinstance(item, Mapping):
            return self._flatten_mapping(item)
        names = _field_names(item)
        return self._flatten_record(item, names) if names else self._leaf(item)

    def _flatten_record(self, item: object, names: Sequence[str]) -> Callable[[Results], Any]:
        record, slots = type(item), {name: self._flatten(getattr(item, name)) for name in names}
        return lambda results: record(**{name: part(results) for name, part in slots.items()})

    def _flatten_composite(self, item: Any) -> Callable[[Results], Any]:  # noqa: ANN401 -- a sparse tensor or slices
        kind = item.value_type
        parts = [(lambda _: None) if part is None else self._flatten(part) for part in item.component_tensors]
        return lambda results: kind(*[part(results) for part in parts])

    def _flatten_mapping(self, item: Mapping[Any, object]) -> Callable[[Results], Any]:
        # Not every class of mapping can be built from pairs alone, so others come back as a dict.
        kind = type(item) if isinstance(item, OrderedDict) else dict
        parts = {key: self._flatten(part) for key, part in item.items()}
        return lambda results: kind((key, part(results)) for key, part in parts.items())

    def _leaf(self, item: object) -> Callable[[Results], Any]:
        position = len(self.elements)
        self.elements.append(self._find(item))
        return lambda results: results[position]

    def _find(self, item: object) -> Tensor | Operation:
        if item is None:
            raise TypeError('Argument `fetch` = None has invalid type "NoneType". Cannot be None')
        try:
            element = self._graph.as_graph_element(item)
        except TypeError as error:
            kind = type(item).__name__
            raise TypeError(
                f'Argument `fetch` = {item} has invalid type "{kind}" must be a string or Tensor. ({error})'
            ) from error
        except (ValueError, KeyError) as error:
            raise ValueError(f"Argument `fetch` = {item} cannot be interpreted as a Tensor. ({error})") from error
        if not self._graph.is_fetchable(element):
            raise ValueError(f"Operation {element.name!r} has been marked as not fetchable.")
        return element


def _field_names(item: object) -> list[str]:
    """Return the names of the fields of a dataclass or of a class of attrs; none of other things."""
    if isinstance(item, type) or hasattr(item, "as_graph_element"):
        return []
    if is_dataclass(item):
        return [field.name for field in fields(item)]
    return [field.name for field in getattr(type(item), "__attrs_attrs__", ())]
