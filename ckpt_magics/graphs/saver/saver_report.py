"""Everything that stands against a Saver's restore, where its operations stop at the first."""

from __future__ import annotations

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.restore.report import RestoreFix, RestoreReport
from ckpt_magics.files.restore.restore import plan_restore
from ckpt_magics.graphs.saver.graph_variables import GraphVariables
from ckpt_magics.graphs.session import Session
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.proto.messages import SaverDef
from ckpt_magics.tables import text_table

__all__ = ["add_all_problems"]

MAX_LISTED = 20


def add_all_problems(error: CheckpointError, session: Session, saver_def: SaverDef, path: str) -> None:
    """Give an error of a restore a hint that lists every name, shape and dtype that does not fit.

    The hint stays as it is if the checkpoint or the saver's nodes do not tell.
    """
    try:
        variables = dict(GraphVariables(session, saver_def))
        with load_checkpoint(path) as reader:
            report = plan_restore(reader, variables, write_call=lambda fix: _saver_call(fix, list(variables))).report
    except CheckpointError:
        return
    if report.problems:
        error.hint = _listed(report)


def _listed(report: RestoreReport) -> str:
    rows = [(problem.name, problem.text) for problem in report.problems[:MAX_LISTED]]
    more = len(report.problems) - len(rows)
    rows += [(f"… and {more:,} more", "")] if more else []
    count = len(report.problems)
    head = f"\n\n{count} {'problem' if count == 1 else 'problems'} in all, and nothing was restored:"
    works = [f"This works: {report.call}"] if report.call else []
    return "\n".join([head, *(f"  {line}" for line in text_table(rows)), *works])


def _saver_call(fix: RestoreFix, names: list[str]) -> str:
    """The Saver that would restore, with variables as their names; "" for what no Saver can do."""
    if fix.cast or fix.partial or fix.transpose:
        return ""
    kept = [name for name in names if name not in fix.exclude]
    pairs = ", ".join(f"{fix.mapping.get(name, name)!r}: {name}" for name in kept)
    listed = f"{{{pairs}}}" if fix.mapping or fix.exclude else ""
    return f"Saver({', '.join(filter(None, (listed, 'reshape=True' if fix.reshape else '')))})"
