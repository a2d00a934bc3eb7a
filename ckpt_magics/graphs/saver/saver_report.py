"""Everything that stands against a Saver's restore, where its operations stop at the first."""

from __future__ import annotations

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.restore.restore import plan_restore
from ckpt_magics.files.restore.restore_report import RestoreFix, RestoreReport, problem_table, works_lines
from ckpt_magics.graphs.meta_graph.graph_variables import GraphVariables
from ckpt_magics.graphs.session import Session
from ckpt_magics.phrasing import amount
from ckpt_magics.proto.messages import SaverDef
from ckpt_magics.report import Report

__all__ = ["add_all_problems"]


def add_all_problems(error: CheckpointError, session: Session, saver_def: SaverDef, path: str) -> None:
    """Give an error of a restore a hint that lists every name, shape and dtype that does not fit.

    The hint stays as it is if the checkpoint or the saver's nodes do not tell.
    """
    try:
        variables = dict(GraphVariables(session, saver_def))
        with open_tensors(path) as tensors:
            report = plan_restore(tensors, variables, write_call=lambda fix: _saver_call(fix, list(variables))).report
    except CheckpointError:
        return
    if report.problems:
        error.hint = _listed(report)


def _listed(report: RestoreReport) -> str:
    title = f"{amount(len(report.problems), 'problem')} in all, and nothing was restored:"
    return "\n\n" + Report(title, tables=[problem_table(report)], advice=works_lines(report)).text()


def _saver_call(fix: RestoreFix, names: list[str]) -> str:
    """The Saver that would restore, with variables as their names; "" for what no Saver can do."""
    if fix.cast or fix.partial or fix.transpose:
        return ""
    kept = [name for name in names if name not in fix.exclude]
    pairs = ", ".join(f"{fix.mapping.get(name, name)!r}: {name}" for name in kept)
    listed = f"{{{pairs}}}" if fix.mapping or fix.exclude else ""
    return f"Saver({', '.join(filter(None, (listed, 'reshape=True' if fix.reshape else '')))})"
