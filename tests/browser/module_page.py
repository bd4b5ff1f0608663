"""The browser's modules without Streamlit: a small server of what is published, and an empty page."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = b"<!doctype html><html lang=en><meta charset=utf-8><link rel=icon href='data:,'><title>Modules</title>"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", "": "application/octet-stream"}
# Memory may be shared between threads only on pages that are kept apart from all others.
APART = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


@dataclass
class Site:
    """A running server: its address, the paths asked for so far, and those it answers with an error."""

    url: str
    asked: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)


@contextmanager
def site(folder: Path, apart: bool = False) -> Iterator[Site]:
    """Serve a folder and the scripts beside this file, with a bare page at its root, until the block ends."""

    class Handler(SimpleHTTPRequestHandler):
        extensions_map = _TYPES

        def __init__(self, *given):
            super().__init__(*given, directory=str(folder))

        def do_GET(self):
            path = self.path.lstrip("/")
            running.asked.append(path)
            if path in running.broken:
                return self.send_error(500)
            if path:
                if not (folder / path).is_file():
                    self.directory = str(Path(__file__).parent)
                with suppress(ConnectionError):  # its page was left while more was on its way
                    super().do_GET()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE)

        def end_headers(self):
            for name, value in APART.items() if apart else ():
                self.send_header(name, value)
            super().end_headers()

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
