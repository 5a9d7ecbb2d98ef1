"""The server behind `medspan serve`: two resources, read-only, for browsers of this machine that mean it.

A page from elsewhere must not read the inventory through the user's browser: the Host header has to be ours (else a
name that is rebound to 127.0.0.1 would do, https://owasp.org/www-community/attacks/DNS_Rebinding), and the answers may
not be embedded or read across origins. The inventory is open only while a page is made, so that a sensor can write.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import SHUT_RDWR, socket
from typing import Any, Final, NamedTuple

from inventory.errors import InventoryError
from sensor import __version__
from sensor.cli.output import note

_HTTP: Final = 80  # the port that browsers leave out
_PATIENCE: Final = 10  # seconds for a browser to send its request, or to take the answer
_MAX_BROWSERS: Final = 32  # requests at a time
_REST: Final = 4  # times as long as a page takes to make, the inventory is left to the sensor
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Page(NamedTuple):
    """A page as it was made."""

    stamp: str  # of the inventory it shows
    html: bytes


class Pages:
    """The page about an inventory, made anew when that has changed; by one thread at a time."""

    def __init__(self, inventory: Path, knowledge: Path | None, site: str | None) -> None:
        self._inventory = inventory
        self._knowledge = knowledge
        self._site = site
        self._making = threading.Lock()
        self._page: Page | None = None
        self._rests_until = 0.0

    def stamp(self) -> str:
        """Return what changes whenever the inventory does. Raises InventoryError if it is not there."""
        try:
            status = self._inventory.stat()
        except OSError as error:
            raise InventoryError(f"{self._inventory}: {(error.strerror or 'error').lower()}") from None
        return f"{status.st_mtime_ns:x}-{status.st_size:x}"

    def current(self) -> Page:
        """Return the page; it may be of a moment ago, if the inventory changes faster than pages should be made.

        Raises InventoryError when it cannot be made.
        """
        from inventory.report.page import TABLES, make_page
        from sensor.cli.opening import open_configured

        with self._making:
            stamp = self.stamp()  # before it is read: what is written meanwhile makes another page
            begun = time.monotonic()
            if self._page is None or (self._page.stamp != stamp and begun >= self._rests_until):
                with open_configured(self._inventory, self._knowledge, TABLES) as con:
                    html = make_page(con, __version__, self._site, stamp)
                self._page = Page(stamp, html)
                self._rests_until = time.monotonic() + _REST * (time.monotonic() - begun)
            return self._page


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1, and answers so many browsers at a time."""

    daemon_threads = True
    request_queue_size = _MAX_BROWSERS

    def __init__(self, port: int, pages: Pages) -> None:
        self.pages = pages
        self._free = threading.BoundedSemaphore(_MAX_BROWSERS)
        super().__init__(("127.0.0.1", port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except Exception:  # there is no thread that would
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """A browser that goes away, or is too slow, is no news; all else is told."""
        error = sys.exception()
        if error is not None and not isinstance(error, ConnectionError | TimeoutError):
            _tell(error)


def _tell(error: BaseException) -> None:
    """Note a fault of ours in one line, with the place it is at."""
    *_, (at, line) = traceback.walk_tb(error.__traceback__)
    text = " ".join(f"{type(error).__name__}: {error}".split())
    note(f"medspan: {text} ({Path(at.f_code.co_filename).name}, line {line})")


class Handler(BaseHTTPRequestHandler):
    """GET and HEAD of the page, and of its stamp."""

    server: Server
    server_version = "medspan"
    sys_version = ""
    timeout = _PATIENCE

    def setup(self) -> None:
        """Let whoever has not said in time what he wants go: the time-out alone is of each piece of it."""
        super().setup()
        self._deadline = threading.Timer(_PATIENCE, self._let_go)
        self._deadline.daemon = True
        self._deadline.start()

    def parse_request(self) -> bool:
        parsed = super().parse_request()
        self._deadline.cancel()
        return parsed

    def finish(self) -> None:
        self._deadline.cancel()
        super().finish()

    def _let_go(self) -> None:
        with suppress(OSError):  # it has gone by itself
            self.connection.shutdown(SHUT_RDWR)

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, body: bool) -> None:
        if self.headers.get_all("Host", []) not in ([name] for name in self._names()):
            return self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        try:
            found = self._find()
        except InventoryError as error:
            return self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, explain=str(error))
        except Exception as error:  # whatever it is, the browser and the user are told
            _tell(error)
            return self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)
        if found is None:
            return self.send_error(HTTPStatus.NOT_FOUND)
        content, kind = found
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)
        return None

    def _names(self) -> list[str]:
        """What browsers call us in the Host header: with the port, unless it is http's own (RFC 9110 4.2.1, 7.2)."""
        port = self.server.server_port
        ends = [f":{port}", ""] if port == _HTTP else [f":{port}"]
        return [name + end for name in ("127.0.0.1", "localhost") for end in ends]

    def _find(self) -> tuple[bytes, str] | None:
        """Return what is at the path, and its media type; None if nothing is. Raises InventoryError."""
        if self.path == "/":
            return self.server.pages.current().html, "text/html; charset=utf-8"
        if self.path == "/stamp":
            return self.server.pages.stamp().encode(), "text/plain; charset=utf-8"
        return None

    def end_headers(self) -> None:
        from inventory.report.page import content_policy

        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Security-Policy", content_policy(served=True) + "; frame-ancestors 'none'")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: a request may hold anything, and says nothing that matters."""


def open_server(port: int, pages: Pages) -> Server:
    """Return the server, listening. Raises InventoryError when the port cannot be had."""
    try:
        return Server(port, pages)
    except OSError as error:
        raise InventoryError(f"port {port} cannot be used: {(error.strerror or 'error').lower()}") from None
