"""`medspan serve`: who may ask for what, and that the page follows the inventory."""

from __future__ import annotations

import http.client
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import Mock

import pytest
from duckdb import DuckDBPyConnection

from inventory.errors import InventoryError
from sensor.cli import serving
from sensor.cli.serving import Pages, Server, open_server
from tests.conftest import ROOT
from tests.report.conftest import MakePage, Opened, Visit
from tests.report.inventories import write_hostile


@pytest.fixture
def inventory(tmp_path: Path, opened: Opened, folder: Path) -> Path:
    """An inventory that a sensor may go on with."""
    opened("hostile")  # it is written then
    return Path(shutil.copy(folder / "hostile.duckdb", tmp_path / "live.duckdb"))


@pytest.fixture
def server(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(serving, "_REST", 0)
    with open_server(0, Pages(inventory, None, None)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server: Server, path: str, host: str | None = None, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, path, headers={"Host": host or f"127.0.0.1:{server.server_port}"})
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def test_the_page_and_its_stamp(server: Server) -> None:
    status, headers, body = ask(server, "/")
    stamp = ask(server, "/stamp")[2].decode()
    assert status == 200 and f'data-stamp="{stamp}"'.encode() in body
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Resource-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    status, again, nothing = ask(server, "/", method="HEAD")
    assert (status, again["Content-Length"], nothing) == (200, headers["Content-Length"], b"")
    assert ask(server, "/", host=f"localhost:{server.server_port}")[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "{port}"]
)
def test_other_names_get_nothing(server: Server, host: str) -> None:
    for path in ("/", "/stamp"):
        status, _, body = ask(server, path, host=host.format(port=server.server_port))
        assert status == 421 and b"north" not in body


def test_nothing_else_is_there(server: Server) -> None:
    for path in ("/..%2f..%2fetc/passwd", "/../../etc/passwd", "/live.duckdb", "/?x", "/stamp/"):
        assert ask(server, path)[0] == 404
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
        assert ask(server, "/", method=method)[0] == 501


def test_nonsense_is_refused(server: Server) -> None:
    port = server.server_port
    host = f"Host: 127.0.0.1:{port}\r\n".encode()
    for request, status in (
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"421"),
        (b"GET / HTTP/1.1\r\n" + host + host + b"\r\n", b"421"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + host + b"\r\n", b"414"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + host + b"\r\n", b"431"),
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(request)
            assert status in connection.recv(1000).split(b"\r\n")[0]
    assert ask(server, "/stamp")[0] == 200


def test_idle_browsers_are_let_go(inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving.Handler, "timeout", 0.2)
    monkeypatch.setattr(serving, "_MAX_BROWSERS", 3)
    with open_server(0, Pages(inventory, None, None)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        idle = [socket.create_connection(("127.0.0.1", server.server_port), timeout=10) for _ in range(6)]
        assert all(connection.recv(10) == b"" for connection in idle)
        assert ask(server, "/stamp")[0] == 200
        server.shutdown()
        thread.join()


WRITE = """
import sys
from tests.report.inventories import Path, write_hostile
for number in range(3):
    write_hostile(Path(sys.argv[1]), f"s{number}", f"c{number}")
"""


def test_many_ask_while_a_sensor_writes(server: Server, inventory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sites(con: DuckDBPyConnection, *_: object) -> bytes:
        return " ".join(site for (site,) in con.execute("SELECT site FROM capture ORDER BY id").fetchall()).encode()

    monkeypatch.setattr("inventory.report.page.make_page", sites)  # for more of them while it writes
    monkeypatch.setattr("inventory.report.page.TABLES", ())
    writer = subprocess.Popen([sys.executable, "-c", WRITE, inventory], cwd=ROOT)

    def look(_: int) -> list[tuple[int, bytes]]:
        seen = []
        while writer.poll() is None:
            status, _, body = ask(server, "/")
            seen.append((status, body))
            time.sleep(0.05)
        return seen

    with ThreadPoolExecutor(3) as browsers:
        answers = [answer for seen in browsers.map(look, range(3)) for answer in seen]
    assert writer.wait(60) == 0
    assert len(answers) > 4
    assert {status for status, _ in answers} == {200}
    assert {body for _, body in answers} <= {
        " ".join([*["s0", "s1", "s2"][:n], "<b>north</b>"]).encode() for n in range(4)
    }
    assert ask(server, "/")[2] == b"s0 s1 s2 <b>north</b>"


def test_it_is_made_once_and_rests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inventory = tmp_path / "x.duckdb"
    inventory.write_text("one")
    monkeypatch.setattr("sensor.cli.opening.open_configured", lambda path, *_: nullcontext(path))
    monkeypatch.setattr("inventory.report.page.make_page", lambda path, *_: path.read_bytes())
    pages = Pages(inventory, None, None)
    first = pages.current()
    assert first.html == b"one" and pages.current() is first
    inventory.write_text("two, longer")
    monkeypatch.setattr(pages, "_rests_until", float("inf"))
    assert pages.current() is first  # the sensor has the inventory meanwhile
    monkeypatch.setattr(pages, "_rests_until", 0.0)
    assert pages.current().html == b"two, longer"


def test_a_fault_of_ours_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> bytes:
        raise KeyError("severity\nof \x1b[31mnothing")

    monkeypatch.setattr("inventory.report.page.make_page", broken)
    status, _, body = ask(server, "/")
    assert status == 500 and b"nothing" not in body
    told = capsys.readouterr().err
    assert re.fullmatch(r"medspan: KeyError: 'severity.*nothing' \(test_serving\.py, line \d+\)\n", told)
    monkeypatch.undo()
    assert ask(server, "/stamp")[0] == 200


def test_only_browsers_that_go_away_are_no_news(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for error, told in (
        (BrokenPipeError(), ""),
        (TimeoutError(), ""),
        (ValueError("odd"), "medspan: ValueError: odd ("),
    ):
        monkeypatch.setattr(serving.Handler, "handle", Mock(side_effect=error))
        with socket.create_connection(server.server_address, timeout=10) as connection:
            assert connection.recv(1) == b""
        assert capsys.readouterr().err.startswith(told) and bool(told) == isinstance(error, ValueError)


def test_a_thread_that_cannot_start_takes_no_place(
    inventory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serving, "_MAX_BROWSERS", 1)
    with open_server(0, Pages(inventory, None, None)) as server, monkeypatch.context() as full:
        full.setattr("socketserver.threading.Thread.start", Mock(side_effect=RuntimeError("can't start new thread")))
        for _ in range(3):
            with socket.create_connection(server.server_address, timeout=10) as connection:
                server.handle_request()
                assert connection.recv(1) == b""
    assert (
        capsys.readouterr().err.count("medspan: RuntimeError: can't start new thread (") == 3
    )  # not refused as too many


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 200), ("localhost", 200), ("localhost:80", 200),
    ("127.0.0.1:80", 200), ("evil.example", 421), ("", 421)])  # fmt: skip
def test_browsers_leave_out_the_port_of_http(
    server: Server, monkeypatch: pytest.MonkeyPatch, host: str, status: int
) -> None:
    _, port = server.server_address
    monkeypatch.setattr(server, "server_port", 80)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/stamp", headers={"Host": host})
    assert connection.getresponse().status == status


def test_a_missing_inventory_is_told(server: Server, inventory: Path) -> None:
    inventory.unlink()
    status, _, body = ask(server, "/")
    assert status == 503 and b"no such file" in body


def test_the_page_follows(server: Server, inventory: Path, window: Visit) -> None:
    address = f"http://127.0.0.1:{server.server_port}/"
    seen, page = window, window.page
    page.clock.install()
    seen.open(address)
    page.fill("#search", "8.8.8.8")
    (name,) = seen.names()
    page.locator("#device-table tbody a").click()
    write_hostile(inventory, "south", "c1")
    with page.expect_response(address):
        page.clock.run_for(6000)
    page.locator("#device-table tbody tr").nth(1).wait_for()
    assert page.input_value("#search") == "8.8.8.8"
    assert seen.names() == [name, name]
    assert page.locator("#card").is_visible()
    assert page.locator("#by-site option").all_inner_texts() == ["all", "<b>north</b>", "south"]
    page.keyboard.press("Escape")
    page.locator("th.c-name button").click()  # what was taken over still works
    assert page.locator("th.c-name").get_attribute("aria-sort") == "ascending"
    assert seen.complaints == []
    assert {re.sub("^" + address, "/", url) for url in seen.requests} == {"/", "/stamp"}
    assert page.evaluate("typeof pwned") == "undefined"
    page.goto("about:blank")
    page.clock.resume()  # for others


def run(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sensor.cli.main", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_command_line(inventory: Path) -> None:
    process = run("serve", "--port", "0", "--inventory", inventory)
    assert process.stderr
    address = re.match(r"http://127\.0\.0\.1:(\d+)/", process.stderr.readline())
    assert address
    with pytest.raises(InventoryError, match=rf"^port {address[1]} cannot be used: address already in use$"):
        open_server(int(address[1]), Pages(inventory, None, None))
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 130


def test_report_command(
    inventory: Path,
    pages: MakePage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from sensor.cli.main import main

    def call(*arguments: str | Path) -> tuple[object, str]:
        monkeypatch.setattr("sys.argv", ["medspan", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        return left.value.code or 0, capsys.readouterr().err

    page = tmp_path / "page.html"
    page.write_text("old")
    assert call("report", page, "--inventory", inventory) == (
        2, f"medspan: {page} is there already: --force overwrites it\n",
    )  # fmt: skip
    assert call("report", inventory, "--force", "--inventory", inventory)[0] == 2
    code, said = call("report", page, "--force", "--inventory", inventory)
    assert (code, said) == (0, f"{page.stat().st_size:,} bytes written to {page}\n")
    assert page.read_bytes() == pages("hostile").read_bytes()  # where the inventory is, is not in it
    code, said = call("serve", "--port", "0", "--inventory", tmp_path / "none.duckdb")
    assert code == 2 and "no such file" in said
