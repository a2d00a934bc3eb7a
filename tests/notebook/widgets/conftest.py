"""A checkpoint for views to show, and a page's half of their conversation."""

import itertools
import threading

import ml_dtypes
import numpy as np
import pytest

from ckpt_magics.files.formats.dtypes import dtype_of
from ckpt_magics.files.tensors.arrays_to_save import PartToSave
from tests.files.saved import write_bundle

TENSORS = {
    "<img src=x onerror=alert(1)>": np.zeros(2, "f4"),
    "conv/kernel": np.arange(3 * 3 * 2 * 4, dtype="f4").reshape(3, 3, 2, 4),
    "conv/kernel/Adam": np.ones((3, 3, 2, 4), "f4"),
    "dense/bias": np.array([1.0, np.nan, -2.0, np.inf], "f4"),
    "dense/kernel": np.arange(12, dtype="f8").reshape(3, 4),
    "global_step": np.array(7, "i8"),
    "half": np.array([[0.5, 1.5]], ml_dtypes.bfloat16),
    "huge": np.array([2**62 + 1, -1]),
    "phase": np.array([3 + 4j], "c8"),
    "words": np.array([b"one", b"<b>", b"\xff", b""], object),
}


MEASURES = ("min", "max", "mean", "std", "zeros", "nans", "infs", "dead")


def write(prefix, tensors):
    items = [PartToSave(name.encode(), value, dtype_of(value)) for name, value in sorted(tensors.items())]
    write_bundle(prefix, items, durable=False)
    return str(prefix)


@pytest.fixture
def prefix(tmp_path):
    """A checkpoint of `TENSORS`."""
    return write(tmp_path / "model.ckpt", TENSORS)


class Page:
    """What a browser would send and receive."""

    def __init__(self, view=None):
        self.sent = []
        self._ids = itertools.count()
        self._arrived = threading.Condition()
        self._receive = None
        if view is not None:
            view.send = self.send
            view._conversation._sender = self
            self._receive = view._conversation._receive

    # What a conversation needs of a widget.

    def send(self, content, buffers=None):
        with self._arrived:
            self.sent.append((content, list(buffers or [])))
            self._arrived.notify_all()

    def on_msg(self, callback):
        self._receive = callback

    # What a test does.

    def start(self, kind, **payload):
        request = f"r{next(self._ids)}"
        self._receive(None, {"id": request, "kind": kind, **payload}, [])
        return request

    def cancel(self, request):
        self._receive(None, {"cancel": request}, [])

    def reply(self, request):
        """Wait for the reply to a request."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self._find(request) is not None, timeout=30)
            return self._find(request)

    def ask(self, kind, **payload):
        """Content and buffers of the reply; fails when the kernel's half refused."""
        content, buffers = self.reply(self.start(kind, **payload))
        assert content["ok"], content
        return content, buffers

    def refusal(self, kind, **payload):
        content, _ = self.reply(self.start(kind, **payload))
        assert not content["ok"]
        return content["error"]

    def events(self, name):
        return [content for content, _ in self.sent if content.get("event") == name]

    def statistics(self):
        """Row to what has come of its statistics, as the page reads it."""
        found = {}
        for content, (columns, bins) in [each for each in self.sent if each[0].get("event") == "statistics"]:
            rows = content["rows"]
            numbers = np.frombuffer(columns, "<f8").reshape(8, len(rows))
            for place, row in enumerate(rows):
                known = dict(zip(MEASURES, numbers[:, place].tolist(), strict=True))
                known["bins"] = np.frombuffer(bins, "<u4").reshape(len(rows), -1)[place]
                known["extremes"] = content["extremes"].get(str(row))
                found[row] = {**known, "error": content["errors"].get(str(row))}
        return found

    def _find(self, request):
        return next((each for each in self.sent if each[0].get("id") == request and "ok" in each[0]), None)
