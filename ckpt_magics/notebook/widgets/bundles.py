"""The browser's half of the views: each bundle reaches a page once, however many views the page has.

A widget's own script is copied into every instance and from there into saved notebooks, so it is only a loader
(js/src/kernel/loader.ts), which asks for the bundle by a message.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ckpt_magics.errors import NotFoundError
from ckpt_magics.notebook.widgets.conversation import Conversation, Handler, Reply, Request

__all__ = ["BundledWidget", "read_static"]

_STATIC = Path(__file__).parent / "static"


def read_static(name: str) -> bytes:
    """Return a file of the browser's half.

    Raises:
        NotFoundError: It was never built; happens in a source checkout only.
    """
    try:
        return (_STATIC / name).read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(
            "the browser's half of the views is not built",
            file=str(_STATIC / name),
            hint="In a checkout, run `npm --prefix js ci` and `npm --prefix js run build`, which need Node 20 or newer",
        ) from error


@cache
def _bundle(name: str) -> tuple[str, bytes, bytes]:
    """Key that names the content, script and style sheet."""
    script, style = read_static(f"{name}.js"), read_static(f"{name}.css")
    return f"{name}-{hashlib.sha256(script + style).hexdigest()[:16]}", script, style


class BundledWidget(anywidget.AnyWidget):
    """A widget whose script comes from a bundle, and which answers its page once `converse` was called.

    Args:
        bundle: Stem of the bundle's files.
        **traits: Values of the widget's own traits.
    """

    # As a trait of this class: anywidget would read a file when the class is made, before anything could be built.
    _esm = traitlets.Unicode().tag(sync=True)
    bundle_key = traitlets.Unicode().tag(sync=True)
    _conversation: Conversation | None = None

    def __init__(self, bundle: str, **traits: Any) -> None:  # noqa: ANN401 - as traitlets has it
        self._bundle = bundle
        super().__init__(_esm=read_static("loader.js").decode(), bundle_key=_bundle(bundle)[0], **traits)

    def converse(self, handlers: Mapping[str, Handler]) -> None:
        """Answer the page from now on: the loader's question, and those that there are handlers for."""
        self._conversation = Conversation(self, {"bundle": Handler(self._send_bundle), **handlers})

    def close(self) -> None:
        """Take the view from the page and answer nothing any more. Closing twice is fine."""
        # ipywidgets closes what is dropped, also what failed before it was complete.
        if self._conversation is not None:
            self._conversation.close()
        super().close()

    def _send_bundle(self, _request: Request) -> Reply:
        _, script, style = _bundle(self._bundle)
        return Reply(buffers=[script, style])
