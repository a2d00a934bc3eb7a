"""Asking a view what its page would ask, without a page."""

import json
import threading
from typing import Any

from ckpt_magics.notebook.widgets.conversation import Reply, Request


class Page:
    """Stands in for the browser's half: asks, and keeps the events that come besides."""

    def __init__(self, view: Any) -> None:
        self._view = view
        self.events: list[dict[str, Any]] = []

    def send(self, content: dict[str, Any], buffers: object = None) -> None:
        self.events.append(content)

    def ask(self, kind: str, **payload: object) -> dict[str, Any]:
        """Return the reply's content, as the JSON that would travel."""
        return json.loads(json.dumps(self.reply(kind, **payload).content))

    def reply(self, kind: str, **payload: object) -> Reply:
        request = Request(payload, "1", self, threading.Event())
        return self._view._conversation._handlers[kind].answer(request)
