"""A proxy on loopback that counts requests and cuts the connection of one of them."""

import asyncio
import threading
from contextlib import suppress


class CuttingProxy:
    """Stands before a server of HTTP/1.1 on loopback.

    Args:
        port: Of the server.
    """

    def __init__(self, port):
        self._server_port = port
        self.requests = 0
        self._at, self._reaches, self._dead = None, False, False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def cut(self, at, *, reaches=False):
        """Count from 0 again, and cut the connection of request ``at``, before or after the server has it.

        From then on nothing reaches the server, as if the client were gone.
        """
        self._at, self._reaches, self._dead, self.requests = at, reaches, False, 0

    def __enter__(self):
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self._server = started.result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *exception):
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    async def _serve(self, reader, writer):
        try:
            await self._answer_all(reader, writer)
        finally:
            writer.close()

    async def _answer_all(self, reader, writer):
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                request = await _message(reader)
                number, self.requests = self.requests, self.requests + 1
                is_cut = number == self._at
                if self._dead or (is_cut and not self._reaches):
                    self._dead = True
                    break
                answer = await self._asked(request)
                if is_cut:
                    self._dead = True
                    break
                writer.write(answer)
                await writer.drain()

    async def _asked(self, request):
        reader, writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        try:
            head, _, body = request.partition(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
            writer.write(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body)
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()


async def _message(reader):
    """Return a request with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line)
    if b"chunked" in fields.get(b"transfer-encoding", b""):
        return head + await _chunks(reader)
    return head + await reader.readexactly(int(fields.get(b"content-length", b"0")))


async def _chunks(reader):
    parts = []
    while True:
        line = await reader.readline()
        parts += [line, await reader.readexactly(int(line.split(b";")[0], 16) + 2)]
        if parts[-1] == b"\r\n" and int(line.split(b";")[0], 16) == 0:
            return b"".join(parts)
