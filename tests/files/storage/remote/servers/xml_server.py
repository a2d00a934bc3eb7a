"""A stand-in for the XML API of Google's storage on loopback: objects with generations, conditions, uploads in parts.

Format: https://cloud.google.com/storage/docs/xml-api/reference-methods.
"""

import hashlib
import itertools
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Stored(NamedTuple):
    data: bytes
    generation: int

    @property
    def fields(self):
        tag = hashlib.md5(self.data, usedforsecurity=False).hexdigest()
        return {"ETag": f'"{tag}"', "x-goog-generation": self.generation, "Last-Modified": formatdate(usegmt=True)}


class XmlServer(ThreadingHTTPServer):
    """One bucket, called ``bucket``."""

    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects, self.uploads = {}, {}
        self.lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def port(self):
        return self.server_address[1]

    def put(self, key, data, generation=None):
        """Put an object where the one of a generation is, 0 for none; None if another is."""
        with self.lock:
            found = self.objects.get(key)
            if generation is not None and int(generation) != (found.generation if found else 0):
                return None
            self.objects[key] = Stored(data, next(self._numbers))
            return self.objects[key]

    def begin(self):
        with self.lock:
            number = str(next(self._numbers))
            self.uploads[number] = {}
            return number

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

    def _asked(self):
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return unquote(parts.path).lstrip("/").partition("/")[2], query

    def _body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _reply(self, status, data=b"", fields=()):
        self.send_response(status)
        for name, value in {"Content-Length": len(data), **dict(fields)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self):
        key, query = self._asked()
        found = self.server.objects.get(key)
        if not key:
            self._reply(200, self._listed(query.get("prefix", ""), query.get("delimiter")).encode())
        elif found is None:
            self._reply(404)
        elif (wanted := self.headers["Range"]) is None:
            self._reply(200, found.data, found.fields)
        else:
            first, last = wanted.removeprefix("bytes=").split("-")
            start, end = int(first), min(int(last) + 1, len(found.data))
            if start >= len(found.data):
                self._reply(416, fields={"Content-Range": f"bytes */{len(found.data)}"})
                return
            place = {"Content-Range": f"bytes {start}-{end - 1}/{len(found.data)}"}
            self._reply(206, found.data[start:end], {**found.fields, **place})

    def do_HEAD(self):
        found = self.server.objects.get(self._asked()[0])
        if found is None:
            self._reply(404)
        else:
            self._reply(200, b"", {**found.fields, "Content-Length": len(found.data)})

    def do_PUT(self):
        (key, query), data = self._asked(), self._body()
        if "uploadId" in query:
            self.server.uploads[query["uploadId"]][int(query["partNumber"])] = data
            self._reply(200, fields={"ETag": f'"{query["partNumber"]}"'})
            return
        if source := self.headers["x-goog-copy-source"]:
            data = self.server.objects[unquote(source).lstrip("/").partition("/")[2]].data
        self._answer(self.server.put(key, data, self.headers["x-goog-if-generation-match"]))

    def _answer(self, stored, data=b""):
        self._reply(412) if stored is None else self._reply(200, data, stored.fields)

    def do_POST(self):
        (key, query), _ = self._asked(), self._body()
        if "uploads" in query:
            number = self.server.begin()
            words = f"<Bucket>bucket</Bucket><Key>{escape(key)}</Key><UploadId>{number}</UploadId>"
            self._reply(200, f"<InitiateMultipartUploadResult>{words}</InitiateMultipartUploadResult>".encode())
            return
        parts = self.server.uploads.pop(query["uploadId"])
        stored = self.server.put(key, b"".join(parts[number] for number in sorted(parts)))
        tag = escape(stored.fields["ETag"])
        words = f"<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>"
        self._answer(stored, words.encode())

    def do_DELETE(self):
        key, query = self._asked()
        gone = self.server.uploads.pop(query["uploadId"], None) if query else self.server.objects.pop(key, None)
        self._reply(404 if gone is None else 204)

    def _listed(self, prefix, delimiter):
        contents, prefixes = [], set()
        for key, stored in sorted(self.server.objects.items()):
            if not key.startswith(prefix):
                continue
            inner, mark, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            if mark:
                prefixes.add(prefix + inner + mark)
            else:
                contents.append(
                    f"<Contents><Key>{escape(key)}</Key><Size>{len(stored.data)}</Size>"
                    f"<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                    f"<ETag>{escape(stored.fields['ETag'])}</ETag></Contents>"
                )
        common = [f"<CommonPrefixes><Prefix>{escape(one)}</Prefix></CommonPrefixes>" for one in sorted(prefixes)]
        return f"<ListBucketResult>{''.join(contents)}{''.join(common)}</ListBucketResult>"
