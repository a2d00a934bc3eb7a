"""What stays of a view without its kernel: an output of its own, which the live view hides while it is there.

A front end that prefers a widget shows nothing but an error where the widget's kernel has gone, so the saved form does
not stand in the widget's bundle, but in an output above it: plain HTML, the view's data, and a script that makes the
same view of them, which is put into the notebook once. The page's half is js/src/page/saved_output.ts.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, Protocol

from ckpt_magics.files.storage.file_system import open_file
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.notebook.reports.report_page import html_page
from ckpt_magics.notebook.widgets.static_files import read_static

__all__ = ["MAX_DATA", "SavedForm", "SavedView", "display_view", "pack_data", "save_page", "saved_page"]

MAX_DATA: Final = 100_000
"""Characters of one view's data in a notebook, which is read and sent around with them."""

_UNPACK: Final = """async packed => {
  const bytes = Uint8Array.from(atob(packed), character => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
}"""
"""Runs a script that was packed: it is a third as long then."""

_EMPTY: Final = {"text/html": "", "text/plain": ""}


@dataclass(frozen=True, slots=True)
class SavedForm:
    """One view as it is saved.

    Attributes:
        key: The view's own, by which the live view finds what stands for it.
        kind: Which view.
        title: Its headline.
        html: For pages without scripts.
        text: For those without HTML.
        data: What the view shows, by :func:`pack_data`.
    """

    key: str
    kind: Literal["variables", "graph", "bytes"]
    title: str
    html: str
    text: str
    data: str


class SavedView(Protocol):
    """A view that has saved forms."""

    def saved_forms(self) -> Sequence[SavedForm]:
        """Its own, or those of its parts."""
        ...

    def _repr_mimebundle_(self, **options: Any) -> Any:  # noqa: ANN401 - IPython's protocol
        """What it looks like."""
        ...


@dataclass(slots=True)
class _ScriptPlace:
    """The cell of this kernel's notebook whose output has the script, and the run of it that put it there.

    Front ends say which cell they run by an id; where one says none, cells run once, as in ``nbconvert --execute``.
    """

    cell: str = ""
    run: str = ""

    def wants_script(self, cell: str, run: str) -> bool:
        """Whether a view that a cell shows now brings the script along: none has, or that cell's output went."""
        if self.run and (not cell or cell != self.cell or run == self.run):
            return False
        self.cell, self.run = cell, run
        return True


_PLACE: Final = _ScriptPlace()


def pack_data(data: Mapping[str, Any]) -> str:
    """Return JSON as the page's half takes it: zlib (RFC 1950) in Base64."""
    return _packed(json.dumps(data, ensure_ascii=True, separators=(",", ":")))


def display_view(view: SavedView) -> None:
    """Show a view in the cell that runs: first what is saved of it, then the widget."""
    from IPython import get_ipython
    from IPython.display import display

    shell = get_ipython()
    forms = view.saved_forms()
    plain = {"text/plain": "\n\n".join(form.text for form in forms)}
    if getattr(shell, "kernel", None) is None:
        display(plain, raw=True)  # type: ignore[no-untyped-call]
        return
    script = _script() if _PLACE.wants_script(*_running_cell(shell)) else ""
    display({**plain, "text/html": script + "".join(map(_form_html, forms))}, raw=True)  # type: ignore[no-untyped-call]
    data, metadata = view._repr_mimebundle_()
    display({**data, **_EMPTY}, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]


def saved_page(forms: Sequence[SavedForm]) -> str:
    """Return a page of its own with the views, which needs neither kernel nor network."""
    return html_page(forms[0].title, "".join(map(_form_html, forms)) + _script())


def save_page(path: AnyPath, forms: Sequence[SavedForm]) -> None:
    """Write :func:`saved_page` to a file.

    Raises:
        CheckpointError: The file cannot be written.
    """
    page = saved_page(forms)
    with open_file(path, "w") as file:
        file.write(page)


def _running_cell(shell: Any) -> tuple[str, str]:  # noqa: ANN401 - ipykernel has no types
    """The id of the cell that runs, and that of this run of it."""
    request = shell.get_parent() or {}
    cell, run = request.get("metadata", {}).get("cellId", ""), request.get("header", {}).get("msg_id", "no request")
    return str(cell), str(run)


@cache
def _script() -> str:
    sheets = ("variables_view.css", "graph_view.css", "bytes_view.css")
    style = b"".join(map(read_static, sheets)).decode()
    script = f"globalThis.ckptMagicsStyle={json.dumps(style)};{read_static('saved_views.js').decode()}"
    return f"<script>({_UNPACK})({json.dumps(_packed(script))})</script>"


def _form_html(form: SavedForm) -> str:
    call = json.dumps({"key": form.key, "kind": form.kind, "data": form.data})
    return (
        f'<div data-ckpt-saved="{form.key}"><div>{form.html}</div></div>'
        f"<script>(globalThis.ckptMagicsSaved??=[]).push({call})</script>"
    )


def _packed(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")
