"""Running the code of a cell as the notebook runs it: its value, and its errors with the user's lines only."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from ckpt_magics.errors import CheckpointError

__all__ = ["imports_module", "is_users_own", "run_code", "transformed"]

_PACKAGE = str(Path(__file__).parents[2])


def transformed(shell: InteractiveShell, cell: str) -> str:
    """Return a cell as plain Python, its magics and shell commands as calls.

    It begins with an empty line, so that lines keep the numbers that they have in a cell with its magic above them.
    """
    code: str = shell.transform_cell(cell)  # type: ignore[no-untyped-call]
    return f"\n{code}"


def imports_module(code: str, name: str) -> bool:
    """Whether code has a statement that imports a module or a part of it; code that is no Python has none."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return False
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(found.partition(".")[0] == name for found in names):
            return True
    return False


def run_code(shell: InteractiveShell, code: str) -> Any:  # noqa: ANN401 - the user's own value
    """Run code in the notebook's namespace and return the value of its last expression, if it ends in one.

    An error goes on with its traceback: IPython shows the user's frames alone.

    Args:
        shell: The notebook.
        code: What `transformed` gave.
    """
    filename = shell.compile.cache(code, shell.execution_count)
    try:
        value = _run(shell, code, filename)
    except UsageError:
        raise
    except BaseException as error:
        _show_own_frames(error, shell, filename)
        raise
    is_silenced = DisplayHook.semicolon_at_end_of_expression(code)  # type: ignore[no-untyped-call]
    return None if is_silenced else value


def _run(shell: InteractiveShell, code: str, filename: str) -> Any:  # noqa: ANN401 - as above
    tree: Any = shell.transform_ast(  # type: ignore[no-untyped-call]
        shell.compile.ast_parse(code, filename=filename)
    )
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, filename, "exec"), shell.user_ns)  # noqa: S102 - the user's own code
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), filename, "eval"), shell.user_ns)  # noqa: S307 - the same


def is_users_own(error: BaseException) -> bool:
    """Whether an error comes from code of the user that `run_code` ran."""
    return "_render_traceback_" in vars(error)


def _show_own_frames(error: BaseException, shell: InteractiveShell, filename: str) -> None:
    """Give an error a traceback, for IPython to show, that begins in the cell."""
    start = error.__traceback__
    while start is not None and start.tb_frame.f_code.co_filename != filename:
        start = start.tb_next
    frames = start if start is not None else error.__traceback__
    if isinstance(error, CheckpointError):
        # What went wrong with a checkpoint is in the message; where it was found out helps nobody.
        frames = _until_this_package(frames)

    def render() -> list[str]:
        cause, error.__cause__ = error.__cause__, None if isinstance(error, CheckpointError) else error.__cause__
        try:
            lines: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, frames, tb_offset=0)
        finally:
            error.__cause__ = cause
        return lines

    attributes: dict[str, Callable[[], list[str]]] = vars(error)
    attributes["_render_traceback_"] = render


def _until_this_package(frames: TracebackType | None) -> TracebackType | None:
    """A copy of a traceback without the frames from the first one of this package on."""
    kept: list[TracebackType] = []
    while frames is not None and not frames.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        kept.append(frames)
        frames = frames.tb_next
    copied: TracebackType | None = None
    for frame in reversed(kept):
        copied = TracebackType(copied, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return copied
