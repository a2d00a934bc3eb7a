"""The kernel's half of a widget's conversation with its browser: requests come in, replies and events go out.

The browser's half is js/src/kernel/messages.ts. A request is ``{id, kind, ...}``; the reply is ``{id, ok: true, ...}``
with binary buffers, or ``{id, ok: false, error: {type, message}}``; ``{id, progress}`` may come before it, and
``{cancel: id}`` from the browser ends the work early. Bulk data travels this way and never as traits, which would be
saved into every notebook.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ckpt_magics.errors import CheckpointError, FailedPreconditionError, InvalidArgumentError

__all__ = ["Buffers", "Conversation", "Handler", "Reply", "Request"]

Buffers = Sequence[bytes | memoryview]


class _Sender(Protocol):
    """What an ipywidgets.Widget offers for custom messages."""

    def send(self, content: dict[str, Any], buffers: list[bytes | memoryview] | None = None) -> None: ...

    def on_msg(self, callback: Callable[[object, object, object], None]) -> None: ...


class _CancelledError(Exception):
    """The browser no longer wants the reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: JSON content and buffers whose order the two halves agree on."""

    content: Mapping[str, Any] = field(default_factory=dict)
    buffers: Buffers = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One request on its way.

    Attributes:
        payload: The message as it came, less its id and kind. It comes from a page, so it is checked where it is used.
    """

    payload: Mapping[str, Any]
    _id: str
    _sender: _Sender
    _cancelled: threading.Event

    def check_cancelled(self) -> None:
        """Give up, through an exception that only the conversation catches, if the browser no longer waits."""
        if self._cancelled.is_set():
            raise _CancelledError

    def progress(self, share: float) -> None:
        """Tell the browser how much is done, 0 to 1."""
        self._sender.send({"id": self._id, "progress": share})

    def emit(self, event: str, content: Mapping[str, Any], buffers: Buffers = ()) -> None:
        """Send an event, which every view of the widget receives."""
        self._sender.send({**content, "event": event}, list(buffers))

    def integer(self, name: str, low: int, high: int) -> int:
        """The payload's integer of this name, which must lie in [low, high).

        Raises:
            InvalidArgumentError: It is absent, no integer, or outside.
        """
        value = self.payload.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value < high:
            raise InvalidArgumentError(f"{name} must be an integer from {low} to {high - 1}, got {value!r}")
        return value

    def rows(self, total: int) -> list[int]:
        """The payload's rows of a table that has so many.

        Raises:
            InvalidArgumentError: They are absent, no list of integers, or one lies outside.
        """
        rows = self.payload.get("rows")
        if not isinstance(rows, list) or not all(type(row) is int and 0 <= row < total for row in rows):
            raise InvalidArgumentError(f"rows must be a list of integers from 0 to {total - 1}")
        return rows


@dataclass(frozen=True, slots=True)
class Handler:
    """What answers one kind of request; in the background it runs in a thread and leaves the notebook free."""

    answer: Callable[[Request], Reply]
    background: bool = False


class Conversation:
    """Takes a widget's requests to their handlers and the replies back.

    Args:
        sender: The widget.
        handlers: Kind of request to what answers it.
    """

    def __init__(self, sender: _Sender, handlers: Mapping[str, Handler]) -> None:
        self._sender = sender
        self._handlers = handlers
        self._running: dict[str, threading.Event] = {}
        # One background job at a time: two would only take the disk and the cores from each other.
        self._turn = threading.Lock()
        self._closed = False
        sender.on_msg(self._receive)

    def close(self) -> None:
        """Answer nothing from now on but that the view was closed; what is being worked on is given up."""
        self._closed = True
        for cancelled in list(self._running.values()):
            cancelled.set()

    def _receive(self, _widget: object, message: object, _buffers: object) -> None:
        if not isinstance(message, dict):
            return
        cancel = message.get("cancel")
        if isinstance(cancel, str):
            if cancel in self._running:
                self._running[cancel].set()
            return
        request_id, kind = message.get("id"), message.get("kind")
        if not isinstance(request_id, str) or not isinstance(kind, str):
            return
        cancelled = threading.Event()
        self._running[request_id] = cancelled
        request = Request(message, request_id, self._sender, cancelled)
        handler = self._handlers.get(kind)
        if self._closed:
            self._finish(request_id, _refuse_closed)
        elif handler is None:
            self._finish(request_id, lambda: _refuse(kind))
        elif handler.background:
            job = threading.Thread(target=self._in_turn, args=(request_id, handler, request), daemon=True)
            job.start()
        else:
            self._finish(request_id, lambda: handler.answer(request))

    def _in_turn(self, request_id: str, handler: Handler, request: Request) -> None:
        def answer() -> Reply:
            with self._turn:
                request.check_cancelled()
                return handler.answer(request)

        self._finish(request_id, answer)

    def _finish(self, request_id: str, answer: Callable[[], Reply]) -> None:
        try:
            reply = answer()
        except _CancelledError:
            return
        except CheckpointError as error:
            self._fail(request_id, type(error).__name__, str(error))
        except Exception as error:  # noqa: BLE001  # the browser waits for an answer, whatever went wrong here
            self._fail(request_id, type(error).__name__, f"the view failed here, which is a bug: {error}")
        else:
            self._sender.send({**reply.content, "id": request_id, "ok": True}, list(reply.buffers))
        finally:
            self._running.pop(request_id, None)

    def _fail(self, request_id: str, kind: str, message: str) -> None:
        self._sender.send({"id": request_id, "ok": False, "error": {"type": kind, "message": message}})


def _refuse_closed() -> Reply:
    raise FailedPreconditionError("this view was closed", hint="Run the cell again.")


def _refuse(kind: str) -> Reply:
    raise InvalidArgumentError(f"this view does not know the request {kind!r}")
