"""Items of collections as a MetaGraph holds them: variables, other messages, nodes, strings and numbers.

Format: tensorflow/python/framework/meta_graph.py, add_collection_def and import_scoped_meta_graph.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError, Message

from ckpt_magics.errors import DataLossError, InvalidArgumentError, visible
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import REFERENCE_OPS, VARIABLE_COLLECTIONS, GraphKeys
from ckpt_magics.graphs.graph.names import prepend_scope, strip_scope
from ckpt_magics.graphs.meta_graph.imported_contexts import context_from_proto
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.proto import messages
from ckpt_magics.proto.messages import (
    CollectionDef,
    CondContextDef,
    QueueRunnerDef,
    SaverDef,
    VariableDef,
    WhileContextDef,
)

__all__ = ["CollectionReader", "MakeSaver", "collection_def"]

MakeSaver = Callable[[SaverDef, str], object]

_LOG = logging.getLogger("ckpt_magics")

_MESSAGES: dict[str, type[Message]] = {
    GraphKeys.SAVERS: SaverDef,
    GraphKeys.QUEUE_RUNNERS: QueueRunnerDef,
    GraphKeys.COND_CONTEXT: CondContextDef,
    GraphKeys.WHILE_CONTEXT: WhileContextDef,
}
"""Collections of other messages; those that the package has no objects for stay messages."""


def collection_def(items: Sequence[Any], key: str, export_scope: str | None) -> CollectionDef | None:
    """Return a collection as a message.

    Args:
        items: Its items, those that are exported.
        key: Its name.
        export_scope: Scope to take off the names.

    Returns:
        The message, or None if there is nothing in it or, as a warning says, something that no message can hold.
    """
    result = CollectionDef()
    try:
        _fill(result, items, key, export_scope)
    except (AttributeError, TypeError, ValueError) as error:
        _LOG.warning("collection %r is left out: %s", key, error)
        return None
    return result if result.WhichOneof("kind") else None


def _fill(result: CollectionDef, items: Sequence[Any], key: str, export_scope: str | None) -> None:
    first = items[0]
    if (key in VARIABLE_COLLECTIONS and hasattr(first, "to_proto")) or key in _MESSAGES:
        result.bytes_list.value.extend(_serialized(items, export_scope))
    elif isinstance(first, (str, bytes)):
        result.bytes_list.value.extend(item.encode() if isinstance(item, str) else item for item in items)
    elif isinstance(first, bool):
        raise TypeError("a MetaGraph has no collections of bools")
    elif isinstance(first, int):
        result.int64_list.value.extend(items)
    elif isinstance(first, float):
        result.float_list.value.extend(items)
    elif isinstance(first, messages.Any):
        result.any_list.value.extend(items)
    else:
        names = [item.name for item in items]
        result.node_list.value.extend(strip_scope(name, export_scope) for name in names)


def _serialized(items: Sequence[Any], export_scope: str | None) -> Iterator[bytes]:
    for item in items:
        if isinstance(item, Message):
            message: Message | None = _renamed(item, lambda name: strip_scope(name, export_scope))
        else:
            message = item.to_proto(export_scope=export_scope)
        if message is not None:
            yield message.SerializeToString(deterministic=True)


def _renamed(message: Message, rename: Callable[[str], str]) -> Message:
    """Return a copy of a message with every name in it changed: in these messages every string is one."""
    result = type(message)()
    result.CopyFrom(message)
    _rename_inside(result, rename)
    return result


def _rename_inside(message: Message, rename: Callable[[str], str]) -> None:
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            renamed = {rename(key): rename(name) for key, name in value.items()}
            value.clear()
            value.update(renamed)
        elif field.message_type is not None:
            for part in value if _is_repeated(value) else (value,):
                _rename_inside(part, rename)
        elif isinstance(value, str):
            setattr(message, field.name, rename(value))
        elif _is_repeated(value) and value and isinstance(value[0], str):
            value[:] = [rename(name) for name in value]


def _is_repeated(value: object) -> bool:
    return hasattr(value, "append")


@dataclass(slots=True)
class CollectionReader:
    """Adds the collections of one MetaGraph to a graph.

    Attributes:
        graph: Where the nodes are.
        scope: Scope into which they were imported, or an empty string.
        trainable_is_told: Whether a VariableDef says itself if the variable is trainable; older ones leave that to
            the collection they are in.
        make_saver: Makes a saver from a SaverDef and ``scope``; without it SaverDefs stay messages.
    """

    graph: Graph
    scope: str
    trainable_is_told: bool
    make_saver: MakeSaver | None
    _variables: dict[bytes, Variable]

    @classmethod
    def for_import(
        cls, graph: Graph, scope: str, *, trainable_is_told: bool, make_saver: MakeSaver | None = None
    ) -> CollectionReader:
        """Return a reader that has seen no variables yet."""
        return cls(graph, scope, trainable_is_told, make_saver, {})

    def read(self, key: str, collection: CollectionDef) -> None:
        """Add one collection.

        Raises:
            DataLossError: An item is not the message that it should be.
            InvalidArgumentError: An item names a node that the graph does not have.
        """
        kind = collection.WhichOneof("kind")
        if kind is None:
            _LOG.warning("collection %r says not what is in it and is left out", key)
            return
        for value in getattr(collection, kind).value:
            if key == GraphKeys.SAVEABLE_OBJECTS and not self._is_saveable(kind, value):
                _LOG.warning(
                    "collection %r names %s, which is no variable but an object of the program that made the graph, as "
                    "cuDNN's parameters are: a Saver made here does not save it",
                    key,
                    visible(value) if isinstance(value, (str, bytes)) else value,
                )
                continue
            self.graph.add_to_collection(key, self._item(key, kind, value))

    def _is_saveable(self, kind: str, value: Any) -> bool:  # noqa: ANN401 -- what a collection holds
        """Return whether an entry of the saveable objects leads to what a Saver can take: a variable's tensor."""
        if kind != "node_list" or ":" not in value:
            return False
        op = self.graph.find_operation(prepend_scope(value.partition(":")[0], self.scope))
        return op is not None and op.type in {*REFERENCE_OPS, "ReadVariableOp"}

    def _item(self, key: str, kind: str, value: Any) -> Any:  # noqa: ANN401 -- what a collection holds
        if kind == "bytes_list" and key in VARIABLE_COLLECTIONS:
            return self._variable(key, value)
        if kind == "bytes_list" and key in _MESSAGES:
            return self._object(_parse(_MESSAGES[key], value, key))
        if kind == "node_list":
            return self._node(key, value)
        if kind == "bytes_list" and self.scope:
            return prepend_scope(value.decode("utf-8", "surrogateescape"), self.scope)
        return value

    def _object(self, message: Message) -> object:
        """Return what a message stands for, or the message where the package has nothing for it."""
        if isinstance(message, SaverDef) and self.make_saver is not None:
            return self.make_saver(message, self.scope)
        context = self._context(message) if isinstance(message, (CondContextDef, WhileContextDef)) else None
        if context is not None:
            return context
        return _renamed(message, lambda name: prepend_scope(name, self.scope) if name else name)

    def _context(self, message: CondContextDef | WhileContextDef) -> object | None:
        """Return the context of a conditional or loop, or None if the graph has not all of it."""
        try:
            return context_from_proto(message, self.graph, self.scope)
        except (KeyError, ValueError) as error:
            _LOG.warning("context %r stays as it is: %s", visible(message.context_name), error.args[0])
            return None

    def _variable(self, key: str, value: bytes) -> Variable:
        """Return the variable that a VariableDef tells; equal messages tell the same one."""
        found = self._variables.get(value)
        if found is None:
            message = _parse(VariableDef, value, key)
            assert isinstance(message, VariableDef)  # noqa: S101 -- parsed as one
            if not self.trainable_is_told:
                message.trainable = key == GraphKeys.TRAINABLE_VARIABLES
            with self.graph.as_default():
                found = Variable.from_proto(message, import_scope=self.scope)
            self._variables[value] = found
        return found

    def _node(self, key: str, name: str) -> object:
        try:
            return self.graph.as_graph_element(prepend_scope(name, self.scope))
        except (KeyError, ValueError) as error:
            raise InvalidArgumentError(f"collection '{visible(key)}': {error.args[0]}") from error


def _parse(message_class: type[Message], data: bytes, key: str) -> Message:
    try:
        return message_class.FromString(data)
    except DecodeError as error:
        raise DataLossError(f"collection '{visible(key)}' holds what is no {message_class.__name__}") from error
