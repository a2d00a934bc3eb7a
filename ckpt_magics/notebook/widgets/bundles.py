"""The browser's half of the views: each bundle reaches a page once, however many views the page has.

A widget's own script is copied into every instance and from there into saved notebooks, so it is only a loader
(js/src/kernel/loader.ts), which asks for the bundle by a message.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import anywidget
import traitlets

from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.notebook.widgets.conversation import Conversation, Handler, Reply, Request
from ckpt_magics.notebook.widgets.saved_output import MAX_DATA, SavedForm, display_view, save_page
from ckpt_magics.notebook.widgets.static_files import read_static

__all__ = ["BundledWidget"]


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
    view_key = traitlets.Unicode().tag(sync=True)
    _conversation: Conversation | None = None

    def __init__(self, bundle: str, **traits: Any) -> None:  # noqa: ANN401 - as traitlets has it
        self._bundle = bundle
        keys = {"bundle_key": _bundle(bundle)[0], "view_key": uuid.uuid4().hex}
        super().__init__(_esm=read_static("loader.js").decode(), **keys, **traits)

    def converse(self, handlers: Mapping[str, Handler]) -> None:
        """Answer the page from now on: the loader's question, and those that there are handlers for."""
        self._conversation = Conversation(self, {"bundle": Handler(self._send_bundle), **handlers})

    def close(self) -> None:
        """Take the view from the page and answer nothing any more. Closing twice is fine."""
        # ipywidgets closes what is dropped, also what failed before it was complete.
        if self._conversation is not None:
            self._conversation.close()
        super().close()

    def saved_forms(self, limit: int | None = MAX_DATA) -> Sequence[SavedForm]:
        """Return what is saved of the view, with about so many characters of data at most; None is without limit."""
        raise NotImplementedError

    def save_html(self, path: AnyPath) -> None:
        """Write the view as one HTML file that works without kernel and network.

        Args:
            path: Of the file.

        Raises:
            CheckpointError: The view's scripts are missing.
            OSError: The file cannot be written.
        """
        save_page(path, self.saved_forms(limit=None))

    def continue_from(self, former: object) -> None:
        """Look where a former view looked, if it was one of the same thing and nobody has said where to look now."""
        raise NotImplementedError

    def _ipython_display_(self) -> None:
        display_view(self)

    def _send_bundle(self, _request: Request) -> Reply:
        _, script, style = _bundle(self._bundle)
        return Reply(buffers=[script, style])
