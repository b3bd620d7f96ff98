"""A local web server that serves good files and every fault, by path; it never leaves this machine."""

from __future__ import annotations

import contextlib
import gzip
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers by the table of its server; what it was asked is counted there."""

    server: HostileServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked[self.path] += 1
        self.server.agents.add(self.headers.get("User-Agent", ""))
        answer = self.server.answers.get(self.path) or self.server.answers.get(self.path.partition("?")[0])
        self.close_connection = True
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            (answer or absent)(self)

    def log_message(self, format: str, *args: object) -> None:
        pass

    @property
    def times(self) -> int:
        """How often this path was asked, this time included."""
        return self.server.asked[self.path]

    def say(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


class HostileServer(ThreadingHTTPServer):
    """Serves `answers` (path, with or without its query -> what answers) on a port of 127.0.0.1."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.stopping = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that went away is what these tests are about

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def serving() -> Iterator[HostileServer]:
    """A running server; it is stopped at the end."""
    server = HostileServer()
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def good(body: bytes | str) -> Answer:
    content = body.encode() if isinstance(body, str) else body
    return lambda handler: handler.say(content)


def absent(handler: Handler) -> None:
    handler.say(b"no such file", 404)


def hangs(handler: Handler) -> None:
    handler.server.stopping.wait(30)


def drips(handler: Handler) -> None:
    """One byte at a time: no time-out of a socket ever fires."""
    handler.send_response(200)
    handler.send_header("Content-Length", "50000")
    handler.end_headers()
    while not handler.server.stopping.is_set():
        handler.wfile.write(b"1")
        handler.wfile.flush()
        time.sleep(0.02)


def after_faults(body: str, *statuses: int, **headers: str) -> Answer:
    """Each status once, in order, and then a good answer."""

    def answer(handler: Handler) -> None:
        if handler.times <= len(statuses):
            handler.say(b"busy", statuses[handler.times - 1], **headers)
        else:
            handler.say(body.encode())

    return answer


def always(status: int, **headers: str) -> Answer:
    return lambda handler: handler.say(b"busy", status, **headers)


def half_written(body: str) -> Answer:
    """Half of what its header promises, and then the line goes dead."""

    def answer(handler: Handler) -> None:
        content = body.encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2])

    return answer


def unmeasured(body: str) -> Answer:
    """An answer whose end nothing tells but the closed connection."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(body.encode())

    return answer


def page(handler: Handler) -> None:
    handler.say(b"<!DOCTYPE html><html><head><title>Are you a robot?</title></head></html>")


def binary(handler: Handler) -> None:
    handler.say(b"DATE,CLOSE\n\0\1\2\3" * 20)


#: Packed once: on a busy machine that takes longer than a test waits for an answer.
_BOMB = gzip.compress(b"0" * 30_000_000)


def bomb(handler: Handler) -> None:
    """A small answer that unpacks into a great deal."""
    handler.say(_BOMB, Content_Encoding="gzip")


def oversize(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**12))
    handler.end_headers()


def not_gzip(handler: Handler) -> None:
    handler.say(b"this is not gzip", Content_Encoding="gzip")


def redirect(target: str) -> Answer:
    return lambda handler: handler.say(b"", 302, Location=target)


def round_and_round(handler: Handler) -> None:
    handler.say(b"", 302, Location=handler.path)
