"""What came of a restore of objects: claims that are checked in TensorFlow's words, and a report.

Format: tensorflow/python/checkpoint/checkpoint.py (CheckpointLoadStatus and its siblings).
"""

# ruff: noqa: ANN401 - any object of a program

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

from ckpt_magics.files.object_graph.object_walk import LiveObject, WalkedObjects
from ckpt_magics.graphs.trackable.loading import Loading
from ckpt_magics.graphs.trackable.looking import in_session, initialize, look_at
from ckpt_magics.graphs.trackable.node_names import node_names, node_text
from ckpt_magics.phrasing import amount
from ckpt_magics.report import Report, Table

__all__ = ["CheckpointLoadStatus", "InitializationOnlyStatus", "NameBasedSaverStatus"]

SHOWN = 10
"""Objects that TensorFlow lists in a message."""

SHOWN_ROWS = 100


class CheckpointLoadStatus:
    """What came of restoring a checkpoint of objects, which may go on as objects are added to the program.

    Args:
        loading: The restore.
        walk: Walks the program's objects as they are now.
    """

    def __init__(self, loading: Loading, walk: Callable[[], WalkedObjects]) -> None:
        self._loading = loading
        self._walk = walk

    def assert_consumed(self) -> Self:
        """Check that every saved value has an object in the program, and every variable of the program a value.

        Raises:
            AssertionError: Something is left on either side.
        """
        self.assert_existing_objects_matched()
        outcome = self._loading.outcome
        slots = {slot.slot_variable_node_id for node in outcome.nodes for slot in node.slots}
        for node_id, node in enumerate(outcome.nodes):
            if not node.attributes or (self._loading.skip_slots and node_id in slots):
                continue
            if self._loading.bound(node_id) is None:
                raise AssertionError(
                    f"Unresolved object in checkpoint {node_names(outcome.nodes)[node_id]}: {node_text(node)}"
                )
        if outcome.unused:
            names = node_names(outcome.nodes)
            unused = "\n".join(
                f"{names[node_id]} ({self._loading.bound(node_id)}): {attributes}"
                for node_id, attributes in outcome.unused.items()
            )
            raise AssertionError(
                "Unused attributes in these objects (the attributes exist in the checkpoint but were not restored):\n"
                f"{unused}"
            )
        return self

    def assert_existing_objects_matched(self) -> Self:
        """Check that every variable of the program has got a value.

        Raises:
            AssertionError: One has not.
        """
        unbound = self._unbound()
        if unbound:
            shown = min(SHOWN, len(unbound))
            raise AssertionError(
                f"Found {len(unbound)} Python objects that were not bound to checkpointed values, likely due to "
                f"changes in the Python program. Showing {shown} of {len(unbound)} unmatched objects: "
                f"{[live.value for live in unbound.values()][:shown]}"
            )
        return self

    def assert_nontrivial_match(self) -> Self:
        """Check that something besides the root was found in the checkpoint.

        Raises:
            AssertionError: Nothing was.
        """
        if len(self._loading.bound_objects()) > 1:
            return self
        unbound = self._unbound()
        if unbound:
            raise AssertionError(
                "Nothing except the root object matched a checkpointed value. Typically this means that the checkpoint "
                "does not match the Python program. The following objects have no matching checkpointed value: "
                f"{[live.value for live in unbound.values()]}"
            )
        raise AssertionError(
            f"Nothing to load. No dependencies have been added to {self._walk().objects[0].value} yet."
        )

    def expect_partial(self) -> Self:
        """Give no warning of what is left when the objects go."""
        self._loading.outcome.expects_partial = True
        return self

    def run_restore_ops(self, session: object = None) -> None:
        """Give a graph's variables their values in a session, by default the default one; others have theirs."""
        with in_session(session):
            self._loading.run()

    def initialize_or_restore(self, session: object = None) -> None:
        """Do the same, and initialize the variables of the graph that the checkpoint lacks."""
        with in_session(session):
            self._loading.run()
            initialize(self._unbound().values())

    @property
    def report(self) -> Report:
        """What was restored, what the program lacks and what the checkpoint lacks."""
        outcome = self._loading.outcome
        names = node_names(outcome.nodes)
        saved = [node_id for node_id, node in enumerate(outcome.nodes) if node.attributes]
        rows: list[tuple[str, str]] = [
            (names.get(node_id, ""), "no object of the program has it yet") for node_id in outcome.unrestored()
        ]
        rows += ((key, "is not in the checkpoint, and has its former value") for key in self._unbound())
        restored = len(saved) - len(outcome.unrestored())
        title = f"Restored {restored:,} of {amount(len(saved), 'value')} from {self._loading.tensors.origin}."
        table = Table(("object", "what of it"), rows[:SHOWN_ROWS], "Left over:", more=len(rows) - SHOWN_ROWS)
        return Report(title, tables=[table] if rows else [])

    def _repr_html_(self) -> str:
        return self.report.html()

    def __repr__(self) -> str:
        return self.report.text()

    def _unbound(self) -> dict[str, LiveObject]:
        """What has values in the program and no saved ones, by key."""
        bound = {id(look_at(value).value) for value in self._loading.bound_objects()}
        walked = self._walk()
        slots = {slot.slot_variable_node_id for node in walked.nodes for slot in node.slots}
        skipped = {id(walked.objects[node_id].value) for node_id in slots} if self._loading.skip_slots else set()
        return {
            key: live
            for key, live in walked.holders.items()
            if id(live.value) not in bound and id(live.value) not in skipped
        }


class InitializationOnlyStatus:
    """What came of restoring nothing, where there is no checkpoint yet.

    Args:
        walk: Walks the program's objects.
    """

    def __init__(self, walk: Callable[[], WalkedObjects]) -> None:
        self._walk = walk

    def assert_consumed(self) -> Self:
        """Fail: nothing was restored.

        Raises:
            AssertionError: Always.
        """
        raise AssertionError("No checkpoint specified (save_path=None); nothing is being restored.")

    assert_existing_objects_matched = assert_consumed
    assert_nontrivial_match = assert_consumed

    def expect_partial(self) -> Self:
        """Do nothing: there is nothing to warn of."""
        return self

    def run_restore_ops(self, session: object = None) -> None:  # noqa: ARG002 - TensorFlow's
        """Fail: there is nothing to restore.

        Raises:
            AssertionError: Always.
        """
        raise AssertionError(
            "No checkpoint specified, so no restore ops are available (save_path=None to Saver.restore)."
        )

    def initialize_or_restore(self, session: object = None) -> None:
        """Initialize the variables of a graph in a session; others have their first values."""
        with in_session(session):
            initialize(self._walk().variables.values())

    def __repr__(self) -> str:
        return "There is no checkpoint: nothing was restored."


class NameBasedSaverStatus:
    """What came of restoring a checkpoint that goes by names of variables.

    Args:
        origin: What the checkpoint is called.
        missing: Variables whose names it lacks, with those names.
        restored: How many it has.
        run: Restores those of a graph in the default session.
    """

    def __init__(self, origin: str, missing: Iterable[tuple[Any, str]], restored: int, run: Callable[[], None]) -> None:
        self._run = run
        self._origin = origin
        self._missing = list(missing)
        self._restored = restored
        self._optional: list[Any] = []

    def add_to_optionally_restored(self, variable: Any) -> None:
        """Do not miss a variable."""
        self._optional.append(variable)

    def assert_consumed(self) -> Self:
        """Check that every variable of the program has got a value.

        Raises:
            AssertionError: One has not.
        """
        left = [one for one in self._missing if all(one[0] is not each for each in self._optional)]
        if left:
            listed = "".join(f"\n    {variable!r}: {[name]}" for variable, name in left)
            raise AssertionError(f"Some objects had attributes which were not restored: {listed}")
        return self

    assert_existing_objects_matched = assert_consumed
    assert_nontrivial_match = assert_consumed

    def expect_partial(self) -> Self:
        """Do nothing: TensorFlow gives no warning of such a restore either."""
        return self

    def run_restore_ops(self, session: object = None) -> None:
        """Give a graph's variables their values in a session; others have theirs."""
        with in_session(session):
            self._run()

    initialize_or_restore = run_restore_ops

    @property
    def report(self) -> Report:
        """What was restored, and which names the checkpoint lacks."""
        rows = [(name, "is not in the checkpoint") for _, name in self._missing[:SHOWN_ROWS]]
        table = Table(("variable", "what of it"), rows, "Left over:", more=len(self._missing) - SHOWN_ROWS)
        title = f"Restored {amount(self._restored, 'variable')} by name from {self._origin}."
        return Report(title, tables=[table] if rows else [])

    def _repr_html_(self) -> str:
        return self.report.html()

    def __repr__(self) -> str:
        return self.report.text()
