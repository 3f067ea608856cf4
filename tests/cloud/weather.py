"""Bad weather between Terraform and a service: a proxy that answers 503, or 401 to old tokens, when told."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP = {"connection", "transfer-encoding", "content-length", "host"}


class Weather:
    """Whether it storms, which tokens have ended, and how many requests were lost."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.storm = False
        self.lost = 0
        self.url = ""
        self.seen: set[str] = set()  # tokens
        self.ended: set[str] = set()

    def end_tokens(self) -> None:
        """Let every token that was shown so far have come to its end."""
        self.ended |= self.seen


@contextmanager
def proxy(target: str) -> Iterator[Weather]:
    """Stand before a service at `target` (http://HOST:PORT)."""
    weather = Weather(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, code: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(code)
            for name, value in headers.items():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if weather.storm:
                weather.lost += 1
                self.answer(503, {"Content-Type": "text/plain"}, b"no server is available")
                return
            token = self.headers.get("X-Auth-Token", "")
            if token in weather.ended:
                weather.lost += 1
                self.answer(401, {"Content-Type": "text/plain"}, b"The request requires authentication")
                return
            weather.seen.add(token)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            request = urllib.request.Request(
                weather.target + self.path, data=body or None, headers=headers, method=self.command
            )
            try:
                with urllib.request.urlopen(request, timeout=120) as said:
                    self.answer(said.status, dict(said.headers), said.read())
            except urllib.error.HTTPError as error:
                self.answer(error.code, dict(error.headers), error.read())

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = pass_on

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    weather.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield weather
    finally:
        server.shutdown()
