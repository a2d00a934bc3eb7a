"""A server on loopback that costs next to nothing: ranges of files by sendfile, and objects that are sent in parts.

``python -m benchmarks.loopback DIRECTORY`` prints its port. It speaks as much of S3 as clients need to read a range, to
put an object and to send one in parts; what is sent is read, and not kept.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, *words: object) -> None:
        """Say nothing."""

    def _reply(self, status: int, data: bytes = b"", **fields: object) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": len(data), "ETag": '"1"', **fields}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self) -> None:
        """Send a file or a range of it."""
        path = ROOT / unquote(urlsplit(self.path).path).lstrip("/").removeprefix("bucket/")
        if "list-type" in self.path:
            self._reply(200, b"<ListBucketResult></ListBucketResult>")
            return
        if not path.is_file():
            self._reply(404)
            return
        size = path.stat().st_size
        first, _, last = self.headers.get("Range", f"bytes=0-{size - 1}").removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or size) + 1, size)
        self.send_response(206 if "Range" in self.headers else 200)
        fields = {
            "Content-Length": end - start,
            "Content-Range": f"bytes {start}-{end - 1}/{size}",
            "ETag": f'"{size}"',
        }
        for name, value in {**fields, "Last-Modified": "Sat, 28 Nov 2026 12:00:00 GMT"}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.flush()
        if self.command == "GET":
            with path.open("rb") as file:
                self.connection.sendfile(file, start, end - start)

    do_HEAD = do_GET  # noqa: N815 - a name of its base

    def _take(self) -> None:
        left, buffer = int(self.headers.get("Content-Length", 0)), memoryview(bytearray(1 << 20))
        while left:
            left -= self.rfile.readinto1(buffer[: min(left, len(buffer))])

    def do_PUT(self) -> None:
        """Take an object or a part."""
        self._take()
        self._reply(200)

    def do_POST(self) -> None:
        """Begin or end an object of parts."""
        self._take()
        if urlsplit(self.path).query.startswith("delete"):
            self._reply(200, b"<DeleteResult><Deleted><Key>k</Key></Deleted></DeleteResult>")
            return
        kind = "Initiate" if "uploads" in urlsplit(self.path).query else "Complete"
        words = "<Bucket>bucket</Bucket><Key>k</Key><UploadId>1</UploadId><ETag>1</ETag>"
        self._reply(200, f"<{kind}MultipartUploadResult>{words}</{kind}MultipartUploadResult>".encode())

    def do_DELETE(self) -> None:
        """Drop nothing."""
        self._reply(204)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
