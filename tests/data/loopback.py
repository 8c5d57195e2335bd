"""A loopback server that can misbehave."""

import contextlib
import itertools
import socket
import threading
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace


class Handler(BaseHTTPRequestHandler):
    """Serves `server.content` for any path but SHA256SUMS; `server.plan` says how the next requests are answered."""

    def do_GET(self):
        if self.path.endswith("SHA256SUMS"):
            return self.send_error(404)
        asked = self.headers.get("Range")
        self.server.asked.append(asked)
        how = self.server.plan.pop(0) if self.server.plan else self.server.manner
        content = self.server.content
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and how in ("ranges", "cut", "shifted") else 0
        if isinstance(how, int):
            return self.send_error(how)
        if asked and how == "416":
            return self.send_error(416)
        if how == "shifted" and asked:
            start += 7
        self.server.sent.append(len(content) - start)  # before the other end knows of it, and may ask again
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if how != "endless":
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start : start + 10_000] if how == "cut" else content[start:])
        return None

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def speaking(*pieces, pause=0.0, most=1 << 28):
    """A server that answers any request with these bytes, the last of them again and again, up to `most` bytes."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = SimpleNamespace(url=f"http://127.0.0.1:{listening.getsockname()[1]}", sent=0, over=threading.Event())

    def answer():
        with contextlib.suppress(OSError):
            while not server.over.is_set():
                with listening.accept()[0] as connection:
                    connection.settimeout(10)
                    connection.recv(65536)
                    with contextlib.suppress(OSError):
                        for piece in itertools.chain(pieces, itertools.repeat(pieces[-1])):
                            if server.sent > most or server.over.wait(pause):
                                break
                            connection.sendall(piece)
                            server.sent += len(piece)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)
