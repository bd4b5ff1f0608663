"""Pages of other sites, with Retake in a frame."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html><html lang=en><meta charset=utf-8><link rel=icon href="data:,"><title>Around</title>
<script>window.got = [];
addEventListener("message", ({{ data, origin }}) => {{
  if (data?.source === "retake") got.push({{ ...data, origin }});
}});
</script><iframe title="Photo" allow="camera" width=370 height=780 src="{address}"></iframe>"""


@dataclass
class Sites:
    """The addresses of the pages, and what all of them show in their frame."""

    urls: tuple[str, ...] = ()
    shown: str = ""


@contextmanager
def other_sites(count: int) -> Iterator[Sites]:
    """Serve so many, each of an origin of its own, until the block ends."""
    sites = Sites()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.format(address=sites.shown).encode())

        def log_message(self, *_words):
            pass

    with ExitStack() as stack:
        for _each in range(count):
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            sites.urls += (f"http://localhost:{server.server_port}",)
        yield sites
