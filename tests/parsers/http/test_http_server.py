"""Real traffic: http.client asks http.server through a relay that records every turn."""

from __future__ import annotations

import http.client
import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from parsers.http import Http
from parsers.records import Side
from tests.parsers.feeding import feed, feed_every_way
from tests.parsers.http.conversations import C, S, plain, values

Turns = list[tuple[Side, bytes]]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "TestPACS/1.0"
    sys_version = ""

    def do_GET(self) -> None:
        body = self.path.encode() * 50
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Type", "application/dicom+json")
        if "chunked" in self.path:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x;ext\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (len(body), body))
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def relayed() -> Iterator[tuple[int, Turns]]:
    """Run the server behind a relay for one connection; yield the relay's port and what it recorded."""
    turns: Turns = []
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(side: Side, source: socket.socket, sink: socket.socket) -> None:
        while data := source.recv(65536):
            turns.append((side, data))
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

    def relay() -> None:
        client = listener.accept()[0]
        upstream = socket.create_connection(("127.0.0.1", server.server_port))
        with client, upstream:
            back = threading.Thread(target=pump, args=(S, upstream, client))
            back.start()
            pump(C, client, upstream)
            back.join()

    threads = [threading.Thread(target=server.handle_request), threading.Thread(target=relay)]
    for thread in threads:
        thread.start()
    try:
        yield listener.getsockname()[1], turns
    finally:
        for thread in reversed(threads):
            thread.join(5)
        listener.close()
        server.server_close()


def test_keep_alive_conversation() -> None:
    asked = ["/dicom-web/studies", "/chunked/studies/1.2.3", "/missing/studies/1.2.3", "/plain"]
    with relayed() as (port, turns):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        for path in asked:
            for method in ("GET", "HEAD") if "chunked" not in path else ("GET",):
                client.request(method, path, headers={"User-Agent": "oracle"})
                client.getresponse().read()
        client.request("POST", "/x", body=b"GET / HTTP/1.1\r\n\r\n", headers={"User-Agent": "poster"})
        client.getresponse().read()
        client.close()
    told = [plain(one) for one in feed_every_way(Http, turns)]
    assert values(told, "http_user_agent") == ["oracle"] * 7 + ["poster"]
    assert values(told, "http_server") == ["TestPACS/1.0"] * 8
    assert values(told, "http_host") == [f"127.0.0.1:{port}"] * 8
    assert values(told, "http_path") == ["/dicom-web/studies"] * 2 + ["{base}/studies/{uid}"]
    assert values(told, "http_content_type") == ["application/dicom+json"] * 7
    alone = [plain(one) for one in feed(Http, [turn for turn in turns if turn[0] is S])]
    assert values(alone, "http_server") == ["TestPACS/1.0"] * 8
