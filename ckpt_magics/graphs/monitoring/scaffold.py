"""What a session needs to begin: initializers, tests whether all is there, and a saver.

Format: tensorflow/python/training/monitored_session.py, Scaffold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.nodes.arrays import concat
from ckpt_magics.graphs.nodes.build import group
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.summaries import merge_all
from ckpt_magics.graphs.saver.saver import Saver
from ckpt_magics.graphs.variables.initialization import (
    global_variables,
    global_variables_initializer,
    local_variables_initializer,
    report_uninitialized_variables,
)

__all__ = ["Scaffold"]

Node = Any
"""An operation, a tensor or None."""

PARTS = ("init_op", "init_feed_dict", "ready_op", "ready_for_local_init_op", "local_init_op", "summary_op", "saver",
         "local_init_feed_dict")  # fmt: skip


class Scaffold:
    """What a session needs to begin; what is not given comes from the graph's collections or is made.

    Args:
        init_op: Gives the global variables their first values.
        init_feed_dict: What to feed it.
        init_fn: Called with the scaffold and the session after it.
        ready_op: Names of the variables without a value; none when all is there.
        ready_for_local_init_op: The same, before the local variables get theirs.
        local_init_op: Gives the local variables their first values.
        summary_op: Summary of all.
        saver: Saves and restores.
        copy_from_scaffold: Where to take from what is not given.
        local_init_feed_dict: What to feed ``local_init_op``.

    Raises:
        TypeError: ``copy_from_scaffold`` is none.
    """

    init_feed_dict: Node
    local_init_feed_dict: Node

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        init_op: Node = None,
        init_feed_dict: Node = None,
        init_fn: Callable[[Scaffold, Any], object] | None = None,
        ready_op: Node = None,
        ready_for_local_init_op: Node = None,
        local_init_op: Node = None,
        summary_op: Node = None,
        saver: Node = None,
        copy_from_scaffold: Scaffold | None = None,
        local_init_feed_dict: Node = None,
    ) -> None:
        if copy_from_scaffold is not None and not isinstance(copy_from_scaffold, Scaffold):
            raise TypeError("copy_from_scaffold is not a Scaffold instance.")
        given = locals()
        for part in PARTS:
            own = given[part]
            setattr(self, part, getattr(copy_from_scaffold, part, None) if own is None else own)
        self._user_init_fn = init_fn or getattr(copy_from_scaffold, "_user_init_fn", None)

    @property
    def init_fn(self) -> Callable[[Any], object] | None:
        """Function of the session to call after ``init_op``, or None."""
        function = self._user_init_fn
        return None if function is None else lambda session: function(self, session)

    def finalize(self) -> Scaffold:
        """Make what is missing, and let the graph no longer be changed."""
        self.init_op = self._found("init_op", GraphKeys.INIT_OP, lambda: group(global_variables_initializer()))
        self.ready_op = self._found("ready_op", GraphKeys.READY_OP, lambda: _missing(None))
        self.ready_for_local_init_op = self._found(
            "ready_for_local_init_op", GraphKeys.READY_FOR_LOCAL_INIT_OP, lambda: _missing(global_variables())
        )
        self.local_init_op = self._found("local_init_op", GraphKeys.LOCAL_INIT_OP, self.default_local_init_op)
        self.summary_op = self._found("summary_op", GraphKeys.SUMMARY_OP, merge_all)
        self.saver = self._found("saver", GraphKeys.SAVERS, lambda: Saver(sharded=True, allow_empty=True))
        self.saver.build()
        get_default_graph().finalize()
        return self

    def _found(self, part: str, key: str, make: Callable[[], Node]) -> Node:
        own = getattr(self, part)
        return self.get_or_default(part, key, make) if own is None else own

    @staticmethod
    def get_or_default(arg_name: str, collection_key: str, default_constructor: Callable[[], Node]) -> Node:
        """Return the one item of a collection, or make it.

        Raises:
            RuntimeError: There are several.
        """
        graph = get_default_graph()
        items = graph.get_collection(collection_key)
        if len(items) > 1:
            raise RuntimeError(
                f'More than one item in the collection "{collection_key}". Please indicate which one to use by passing '
                f"it to the tf.Scaffold constructor as:  tf.Scaffold({arg_name}=item to use)"
            )
        if items:
            return items[0]
        made = default_constructor()
        if made is not None:
            graph.add_to_collection(collection_key, made)
        return made

    @staticmethod
    def default_local_init_op() -> Node:
        """Add what gives the local variables their first values."""
        return group(local_variables_initializer())


def _missing(variables: list[Any] | None) -> Node:
    """Add the names of the variables without a value."""
    return concat([report_uninitialized_variables(variables), constant([], "string")], 0)
