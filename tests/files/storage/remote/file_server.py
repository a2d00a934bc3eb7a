"""A web server on loopback that counts what it is asked, and answers as badly as it is told to."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import unquote, urlsplit


class Request(NamedTuple):
    method: str
    path: str
    range: str | None
    authorization: str | None


class FileServer(ThreadingHTTPServer):
    """Files by path; a fault by path is called with the handler and a number, and tells whether it answered."""

    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {}
        self.faults = {}
        self.requests = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, folder, files):
        self.files.update({f"/{folder}/{file.name}": file.read_bytes() for file in files})

    def take(self):
        """Return what was asked since the last time."""
        found, self.requests = self.requests, []
        return found

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *words):
        pass

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        self._answer()

    def _answer(self):
        server = self.server
        path = unquote(urlsplit(self.path).path)
        server.requests.append(Request(self.command, self.path, self.headers["Range"], self.headers["Authorization"]))
        fault = server.faults.get(path)
        number = sum(urlsplit(one.path).path == path for one in server.requests)
        if fault is not None and fault(self, number):
            return
        if path not in server.files:
            self.reply(404, b"")
            return
        data = server.files[path]
        wanted = self.headers["Range"]
        if wanted is None:
            self.reply(200, data, ETag=self.tag(data))
            return
        first, last = wanted.removeprefix("bytes=").split("-")
        start, end = int(first), min(int(last) + 1, len(data))
        if start >= len(data):
            self.reply(416, b"", **{"Content-Range": f"bytes */{len(data)}"})
            return
        self.reply(
            206, data[start:end], ETag=self.tag(data), **{"Content-Range": f"bytes {start}-{end - 1}/{len(data)}"}
        )

    def tag(self, data):
        return f'"{hash(data):x}"'

    def reply(self, status, data, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": len(data), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
