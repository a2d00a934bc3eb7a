"""Which parts of a graph are pulled aside, so that the model stays in the middle."""

from __future__ import annotations

import re
from typing import Final

from ckpt_magics.notebook.pictures.choices import GROUPS
from ckpt_magics.notebook.pictures.model.item import Item
from ckpt_magics.notebook.pictures.model.kinds import (
    SAVE_FUNCTION,
    SAVE_OPS,
    SUMMARY_OPS,
    called_function,
    is_optimizer_op,
)

PULLED: Final = "pulled"
"""What was pulled aside by name, whatever group it is of."""
STRIP: Final = (*GROUPS, PULLED)
_GRADIENT_SCOPE: Final = re.compile(r"gradients(_\d+)?|gradient_tape")
_SAVE_SCOPE: Final = re.compile(r"save(_\d+)?")
_INITIALIZER_SCOPE: Final = re.compile(r"Initializer|IsInitialized|report_uninitialized_variables(_\d+)?")
_INITIALIZER_OP: Final = re.compile(r"init(_all_tables|_\d+)*|group_initializers|(.*_)?initializer(_\d+)?")


def assign_groups(items: list[Item]) -> None:
    """Set ``group`` of every item that belongs to one; parents come before their children in ``items``.

    A leaf's own nature (constant, summary) wins over the scope it is in: an opened gradient scope still keeps its
    constants aside.
    """
    _mark_by_content(items)
    for item in items[1:]:
        parent = items[item.parent]
        if item.is_compound:
            item.group = item.group or _group_of_scope(item) or parent.group
        else:
            item.group = _group_of_leaf(item, parent) or item.group or parent.group
    _lift(items)


def _mark_by_content(items: list[Item]) -> None:
    """Mark the scopes that hold save/restore ops or optimizer updates: their names are free, their ops are not."""
    for item in items:
        if item.op in SAVE_OPS:
            _mark_scope(items, item, "save", _SAVE_SCOPE)
        elif is_optimizer_op(item.op):
            _mark_scope(items, item, "optimizer", None)


def _mark_scope(items: list[Item], leaf: Item, group: str, inner: re.Pattern[str] | None) -> None:
    """Mark the outermost scope around a leaf that is certain to be of the group; the leaf itself without one."""
    scopes = []
    scope = items[leaf.parent]
    while scope.id != 0 and scope.kind == "scope":
        scopes.append(scope)
        scope = items[scope.parent]
    if inner is not None:
        named = [scope for scope in scopes if inner.fullmatch(scope.label)]
        (named[0] if named else leaf).group = group
    else:
        # An update lies in OPTIMIZER/update_VARIABLE/…, where VARIABLE may itself hold slashes.
        updates = [depth for depth, scope in enumerate(scopes) if scope.label.startswith("update_")]
        outer = updates[-1] + 1 if updates else len(scopes)
        (scopes[outer] if outer < len(scopes) else scopes[outer - 1] if scopes and updates else leaf).group = group


def _group_of_scope(item: Item) -> str:
    if _GRADIENT_SCOPE.fullmatch(item.label):
        return "gradients"
    if _INITIALIZER_SCOPE.fullmatch(item.label):
        return "initializers"
    return ""


def _group_of_leaf(item: Item, parent: Item) -> str:
    if item.kind == "function" and item.node is not None and SAVE_FUNCTION.fullmatch(called_function(item.node)):
        return "save"
    if item.kind == "constant":
        return "constants"
    if item.op in SUMMARY_OPS:
        return "summaries"
    if item.op == "NoOp" and _INITIALIZER_OP.fullmatch(item.label):
        return "initializers"
    if parent.kind == "variable" and item.op in {"Assign", "AssignVariableOp", "VarIsInitializedOp"}:
        return "initializers"
    return ""


def _lift(items: list[Item]) -> None:
    """Give a scope the group that all its children share, from the leaves upward."""
    for item in reversed(items[1:]):
        if item.is_compound and item.kind == "scope" and not item.group and item.children:
            groups = {items[child].group for child in item.children}
            # A summary and its constant tag: the scope is there for the summary.
            if groups == {"summaries", "constants"}:
                groups = {"summaries"}
            if len(groups) == 1:
                item.group = groups.pop()
