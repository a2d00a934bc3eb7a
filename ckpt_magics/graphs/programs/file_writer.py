"""Writing what a run notes for TensorBoard: ``tf.summary.FileWriter``.

Format: tensorflow/core/util/event.proto in a file of records (`record_file`), whose first event says the version.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import IO, Self

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.record_file import encode_record
from ckpt_magics.files.storage.file_system import exists, make_directories, open_file
from ckpt_magics.files.storage.place import AnyPath, is_url, name_of, place_of
from ckpt_magics.files.storage.system_errors import system_errors
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.meta_graph_export import export_scoped_meta_graph
from ckpt_magics.proto.messages import Event, GraphDef, MetaGraphDef, SessionLog, SourceMetadata, Summary

__all__ = ["FileWriter", "FileWriterCache"]

_VERSION = "brain.Event:2"
_WRITER = "ckpt_magics"


class FileWriter:
    """Writes summaries, graphs and logs of a run to an event file of its own in a directory.

    Args:
        logdir: The directory; made if it is missing. A file at a URL is there when the writer is closed.
        graph: A graph to note.
        max_queue: Events that may wait until they are written.
        flush_secs: Seconds after which they are.
        graph_def: Nodes to note, in place of a graph.
        filename_suffix: What the name of the file ends with.
        session: Accepted; events are written to the file at once, without its nodes.

    Raises:
        CheckpointError: The directory or the file cannot be made.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        logdir: AnyPath,
        graph: Graph | GraphDef | None = None,
        max_queue: int = 10,
        flush_secs: float = 120,
        graph_def: GraphDef | None = None,
        filename_suffix: str | None = None,
        session: object = None,  # noqa: ARG002 -- see Args
    ) -> None:
        self._directory = name_of(logdir)
        self._suffix = filename_suffix or ""
        self._max_queue, self._flush_secs = max_queue, flush_secs
        self._lock = threading.RLock()
        self._file: IO[bytes] | None = None
        self._waiting, self._flushed = 0, 0.0
        self._described: set[str] = set()
        self.reopen()
        if graph is not None or graph_def is not None:
            self.add_graph(graph if graph is not None else graph_def)

    def get_logdir(self) -> str:
        """Return the directory."""
        return self._directory

    def add_summary(self, summary: bytes | Summary, global_step: int | None = None) -> None:
        """Write a summary, a message or its bytes as a session gives them.

        What a value's metadata say is written with the first value of each tag only.
        """
        message = Summary.FromString(summary) if isinstance(summary, bytes) else summary
        kept = Summary()
        for value in message.value:
            added = kept.value.add()
            added.CopyFrom(value)
            if value.HasField("metadata"):
                if value.tag in self._described:
                    added.ClearField("metadata")
                self._described.add(value.tag)
        self._add(Event(summary=kept), global_step)

    def add_graph(
        self,
        graph: Graph | GraphDef | None,
        global_step: int | None = None,
        graph_def: GraphDef | None = None,
    ) -> None:
        """Write a graph, with its collections where it is more than nodes.

        Raises:
            InvalidArgumentError: Both or none are given.
        """
        if (graph is None) == (graph_def is None):
            raise InvalidArgumentError("one graph is wanted, either as graph or as graph_def")
        given = graph if graph is not None else graph_def
        if isinstance(given, GraphDef):
            self._add(Event(graph_def=given.SerializeToString()), global_step)
            return
        if not isinstance(given, Graph):
            raise InvalidArgumentError(f"a Graph or a GraphDef is wanted, not {type(given).__name__}")
        nodes = given.as_graph_def(add_shapes=True)
        self._add(Event(graph_def=nodes.SerializeToString()), global_step)
        self.add_meta_graph(export_scoped_meta_graph(graph=given, graph_def=nodes)[0], global_step)

    def add_meta_graph(self, meta_graph_def: MetaGraphDef, global_step: int | None = None) -> None:
        """Write a meta graph."""
        if not isinstance(meta_graph_def, MetaGraphDef):
            raise TypeError(f"meta_graph_def must be type MetaGraphDef, saw type: {type(meta_graph_def)}")
        self._add(Event(meta_graph_def=meta_graph_def.SerializeToString()), global_step)

    def add_session_log(self, session_log: SessionLog, global_step: int | None = None) -> None:
        """Write that a session started, stopped or saved."""
        self._add(Event(session_log=session_log), global_step)

    def add_run_metadata(self, run_metadata: object, tag: str, global_step: int | None = None) -> None:
        """Do nothing: nothing is measured here that this would hold."""

    def add_event(self, event: Event) -> None:
        """Write an event as it is; nothing once the writer is closed."""
        with self._lock:
            if self._file is None:
                return
            with system_errors(self._directory):
                self._file.write(encode_record(event.SerializeToString()))
            self._waiting += 1
            if self._waiting >= self._max_queue or time.monotonic() - self._flushed > self._flush_secs:
                self.flush()

    def _add(self, event: Event, global_step: int | None) -> None:
        event.wall_time = time.time()
        if global_step is not None:
            event.step = int(global_step)
        self.add_event(event)

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            if self._file is not None:
                with system_errors(self._directory):
                    self._file.flush()
            self._waiting, self._flushed = 0, time.monotonic()

    def close(self) -> None:
        """Write what waits and give the file back; closing twice is fine."""
        with self._lock:
            self.flush()
            if self._file is not None:
                self._file.close()
                self._file = None

    def reopen(self) -> None:
        """Go on in a new file of the directory after `close`; nothing if the writer is open."""
        with self._lock:
            if self._file is not None:
                return
            with system_errors(self._directory):
                make_directories(self._directory)
                self._file = _open_new(self._directory, self._suffix)
            start = Event(file_version=_VERSION, source_metadata=SourceMetadata(writer=_WRITER))
            self._add(start, None)
            self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _open_new(directory: str, suffix: str) -> IO[bytes]:
    """Open a new file whose name has the second, and a number where another writer began in the same one."""
    host, attempt = socket.gethostname(), 0
    while True:
        number = f".{attempt}" if attempt else ""
        name = f"events.out.tfevents.{int(time.time()):010d}.{host}{number}{suffix}"
        path = (place_of(directory) / name).name
        if is_url(directory):
            if not exists(path):
                return open_file(path, "wb")
        else:
            with suppress(FileExistsError):
                return open(path, "xb")
        attempt += 1


class FileWriterCache:
    """The writers of a process, one per directory."""

    _lock = threading.Lock()
    _writers: dict[str, FileWriter] = {}  # noqa: RUF012 -- one for the process, as TensorFlow's

    @classmethod
    def get(cls, logdir: AnyPath) -> FileWriter:
        """Return the writer of a directory, a new one if there is none yet."""
        directory = name_of(logdir)
        with cls._lock:
            if directory not in cls._writers:
                cls._writers[directory] = FileWriter(directory)
            return cls._writers[directory]

    @classmethod
    def clear(cls) -> None:
        """Forget all writers, after closing them."""
        with cls._lock:
            for writer in cls._writers.values():
                writer.close()
            cls._writers.clear()
