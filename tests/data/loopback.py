"""A loopback server that can misbehave."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer


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
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if how != "endless":
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.server.sent.append(len(content) - start)
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
