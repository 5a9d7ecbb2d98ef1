"""What is said of whole conversations, exactly; and how messages are told apart."""

from __future__ import annotations

import pytest

from parsers.http import Http
from parsers.http.message import MAX_HEAD, MAX_HEADERS, MAX_LINE
from parsers.http.parser import MAX_PIPELINE
from parsers.malformed import Malformed
from parsers.records import Evidence, Observation
from parsers.stream import StreamBuffer
from tests.parsers.feeding import PSEUDONYM, feed, feed_every_way
from tests.parsers.http.conversations import C, S, chunked, plain, request, response, said, values

NGINX = (S, "http_server", "nginx", "peer")
SERVED = response("200 OK", "Server: nginx", body=b"hello")


def test_ordinary_pair() -> None:
    ask = request(
        "GET /a?token=1 HTTP/1.1",
        "Host: pacs.example:8042",
        "User-Agent: curl/8.5.0",
        "Referer: http://pacs.example/secret",
        "Authorization: Basic b3J0aGFuYzpvcnRoYW5j",
        "Cookie: theme=dark; JSESSIONID=1",
    )
    answer = response(
        "401 Unauthorized",
        "Server: Orthanc",
        'WWW-Authenticate: Basic realm="Orthanc Secure Area"',
        "WWW-Authenticate: Negotiate",
        "X-Powered-By: PHP/8.2",
        "Content-Type: text/HTML; charset=utf-8",
        body=b"no",
    )
    asked, answered = len(ask) - 1, len(answer) - 3
    assert feed_every_way(Http, [(C, ask), (S, answer)]) == [
        Observation(C, "http_user_agent", "curl/8.5.0", Evidence.PEER, asked),
        Observation(S, "http_host", "pacs.example:8042", Evidence.CLAIM, asked),
        Observation(C, "http_credentials", "basic", Evidence.PEER, asked),
        Observation(C, "http_credentials", "cookie", Evidence.PEER, asked),
        Observation(S, "http_server", "Orthanc", Evidence.PEER, answered),
        Observation(S, "http_powered_by", "PHP/8.2", Evidence.PEER, answered),
        Observation(S, "http_authenticate", 'Basic realm="Orthanc Secure Area"', Evidence.PEER, answered),
        Observation(S, "http_authenticate", "Negotiate", Evidence.PEER, answered),
        Observation(S, "http_content_type", "text/html", Evidence.PEER, answered),
        Observation(S, "clear_credentials", "http-basic-refused", Evidence.CLAIM, answered),
    ]


def test_proxied_headers_are_of_what_is_behind() -> None:
    ask = request("GET / HTTP/1.1", "User-Agent: IE", "Via: 1.1 squid", "X-Forwarded-For: 10.1.2.3, 10.0.0.1")
    assert said((C, ask), (S, response("200 OK", "server: IIS", "via: 1.1 front"))) == [
        (C, "http_user_agent", "IE", "object"),
        (C, "http_via", "1.1 squid", "peer"),
        (C, "http_forwarded_for", "10.1.2.3", "peer"),
        (S, "http_server", "IIS", "object"),
        (S, "http_via", "1.1 front", "peer"),
    ]


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ('Forwarded: for="[2001:db8::17]:4711";proto=http', "2001:db8::17"),
        ("Forwarded: by=203.0.113.43; For=192.0.2.60, for=198.51.100.1", "192.0.2.60"),
        ("X-Forwarded-For: 192.0.2.1:5000", "192.0.2.1"),
        ("X-Forwarded-For: DOE^JOHN", None),
        ("Forwarded: for=_hidden", None),
    ],
)
def test_forwarded_for(header: str, address: str | None) -> None:
    expected = [(C, "http_forwarded_for", address, "peer")] if address else []
    assert said((C, request("GET / HTTP/1.0", header))) == expected


def test_absolute_form_asks_a_proxy() -> None:
    ask = request("GET http://user:pw@origin.example/dicom-web/studies HTTP/1.1", "Host: other")
    assert said((C, ask), (S, SERVED)) == [
        (S, "http_host", "origin.example", "claim"),
        (S, "http_server", "nginx", "object"),
    ]


@pytest.mark.parametrize("host", ["user@h", "a b", "x" * 300, "DOE^JOHN", "h:999999", ""])
def test_host_that_is_none(host: str) -> None:
    assert said((C, request("GET / HTTP/1.1", f"Host: {host}"))) == []


@pytest.mark.parametrize(
    ("authorization", "kind"),
    [
        ("Basic !!!", "basic"),
        ('DIGEST username="x"', "digest"),
        ("Bearer abc.def", "bearer"),
        ("Negotiate YII", "negotiate"),
        ("NTLM TlRM", "ntlm"),
        ("sk-1234567890", "other"),
    ],
)
def test_credential_kinds(authorization: str, kind: str) -> None:
    asked, shown = request("GET / HTTP/1.1", f"Authorization: {authorization}"), [(C, "http_credentials", kind, "peer")]
    assert said((C, asked)) == shown  # the answer was not seen
    told = [(S, "clear_credentials", f"http-{kind}", "claim")] if kind in ("basic", "bearer") else []
    assert said((C, asked), (S, response())) == shown + told


@pytest.mark.parametrize(
    ("challenge", "status", "lets_in"),
    [
        (None, "200 OK", True),
        (None, "302 Found", True),
        (None, "404 Not Found", False),  # it was not asked for, and may not have been looked at
        (None, "401 Unauthorized", False),
        ('Negotiate, Basic realm="x"', "404 Not Found", True),
        ("BASIC", "500 Internal Server Error", True),
        ('Basic realm="x"', "403 Forbidden", False),
        ('Digest realm="not Basic"', "404 Not Found", False),
    ],
)
def test_which_logins_let_in(challenge: str | None, status: str, lets_in: bool) -> None:
    login = request("GET / HTTP/1.1", "Authorization: Basic YTpi")
    before = [(C, request()), (S, response("401 Unauthorized", f"WWW-Authenticate: {challenge}"))] if challenge else []
    outcome = "http-basic" if lets_in else "http-basic-refused"
    assert values(said(*before, (C, login), (S, response(status))), "clear_credentials") == [outcome]


def test_cookie_that_lets_nobody_in() -> None:
    assert said((C, request("GET / HTTP/1.1", "Cookie: theme=session; lang=token"))) == []


@pytest.mark.parametrize(
    "answers",
    [
        [response("204 No Content", "Content-Length: 5", length=False), SERVED],
        [response("304 Not Modified", "Content-Length: 5", length=False), SERVED],
        [response("200 OK", "Transfer-Encoding: gzip, Chunked", length=False) + chunked(b"a", b"bb" * 99), SERVED],
        [response("200 OK", "Transfer-Encoding: chunked", "Content-Length: 3", length=False) + chunked(b"abc"), SERVED],
        [b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n4;n=\"v\"\r\nHTTP\r\n00;x\r\nServer: no\r\n\r\n", SERVED],
        [b"HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n\n2 ; e\nab\n0\n\n", SERVED],
        [b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx", SERVED],
        [response("100 Continue", length=False) + response("103 Early Hints", length=False) + response(), SERVED],
        [response("200 OK", body=b"HTTP/1.1 200 OK\r\nServer: quoted\r\n\r\n"), SERVED],
    ],
)  # fmt: skip
def test_bodies_are_passed_over(answers: list[bytes]) -> None:
    pipelined = request() + request()
    assert said((C, pipelined), (S, b"".join(answers))) == [NGINX]
    assert said((C, request()), (S, answers[0]), (C, request()), (S, answers[1])) == [NGINX]


def test_head_has_no_body() -> None:
    head = response("200 OK", "Content-Length: 1000", length=False)
    assert said((C, request("HEAD / HTTP/1.1")), (S, head), (C, request()), (S, SERVED)) == [NGINX]


def test_request_bodies() -> None:
    posts = request("POST / HTTP/1.1", "Content-Length: 3", body=b"GET")
    posts += request("PUT / HTTP/1.1", "Transfer-Encoding: chunked", body=chunked(b"GET / HTTP/1.1\r\n\r\n"))
    assert said((C, posts + request("GET / HTTP/1.1", "User-Agent: x"))) == [(C, "http_user_agent", "x", "peer")]


def test_folded_and_bare_line_ends() -> None:
    folded = b"GET / HTTP/1.1\r\nUser-Agent: two\r\n  lines\r\n\tthree\r\nHost: h\r\n\r\n"
    bare = request("GET / HTTP/1.1", "USER-AGENT: x", "host: h", end="\n")
    mixed = b"GET / HTTP/1.1\r\nUser-Agent: y\n\r\n"
    assert said((C, folded + bare + mixed)) == [
        (C, "http_user_agent", "two lines three", "peer"),
        (S, "http_host", "h", "claim"),
        (C, "http_user_agent", "x", "peer"),
        (S, "http_host", "h", "claim"),
        (C, "http_user_agent", "y", "peer"),
    ]


def test_first_of_duplicates_counts() -> None:
    ask = request("GET / HTTP/1.1", "Host: one", "Host: two", "X-Host: three")
    assert said((C, ask), (S, response("200 OK", "Server: a", "Server: b"))) == [
        (S, "http_host", "one", "claim"),
        (S, "http_server", "a", "peer"),
    ]


def test_one_way_captures() -> None:
    asks = request("GET /dicom-web/studies HTTP/1.1") + request("GET /other HTTP/1.1")
    assert said((C, asks)) == [
        (S, "http_service", "dicomweb-qido", "claim"),
        (S, "http_path", "/dicom-web/studies", "claim"),
    ]
    head = response("200 OK", "Content-Length: 1000", "Server: a", length=False)  # to HEAD, which was not seen
    unsized = response("200 OK", "Server: b", length=False)
    assert values(said((S, head + unsized + SERVED + SERVED)), "http_server") == ["a", "b", "nginx", "nginx"]


def test_pipeline_is_bounded() -> None:
    asks = request("GET /dicom-web/studies HTTP/1.1") * (MAX_PIPELINE + 1)
    assert values(said((C, asks)), "http_path") == ["/dicom-web/studies"] * (MAX_PIPELINE + 1)


def test_answered_after_the_client_closed() -> None:
    parser, client, server = Http(PSEUDONYM), StreamBuffer(), StreamBuffer()
    client.append(request("GET /ui/app/ HTTP/1.0"))
    client.closed = True
    server.append(response())
    told = [*parser.read(C, client), *parser.read(C, client), *parser.read(S, server)]
    assert [(one.value, str(one.evidence)) for one in told] == [
        ("orthanc-explorer", "claim"), ("/ui/app", "claim"), ("orthanc-explorer", "peer"), ("/ui/app", "peer"),
    ]  # fmt: skip


def test_sides_by_content() -> None:
    ask, answer = request("GET / HTTP/1.1", "User-Agent: x"), response("200 OK", "Server: s")
    assert said((S, ask), (C, answer)) == [(S, "http_user_agent", "x", "peer"), (C, "http_server", "s", "peer")]
    parser, stream = Http(PSEUDONYM), StreamBuffer()
    assert parser.client is None
    stream.append(answer)
    list(parser.read(C, stream))
    assert parser.client is S


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (request("GET / HTTP/1.1", "X: " + "a" * MAX_LINE), "header line too long"),
        (request("GET / HTTP/1.1", *["X: y"] * (MAX_HEADERS + 1)), "too many headers"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * MAX_HEAD, "header block too long"),
        (request("POST / HTTP/1.1", "Content-Length: 1", "Content-Length: 2"), "conflicting Content-Length headers"),
        (request("POST / HTTP/1.1", "Content-Length: -1"), "invalid Content-Length"),
        (request("POST / HTTP/1.1", "Content-Length: 1, 2"), "invalid Content-Length"),
        (request("POST / HTTP/1.1", "Transfer-Encoding: gzip"), "request body without a length"),
        (request("POST / HTTP/1.1", "Transfer-Encoding: chunked", body=b"xyz\r\n"), "invalid chunk size"),
        (request("POST / HTTP/1.1", "Transfer-Encoding: chunked", body=b"1;" + b"x" * MAX_LINE), "chunk line too long"),
        (
            request("POST / HTTP/1.1", "Transfer-Encoding: chunked", body=b"0\r\n" + b"a: b\r\n" * MAX_HEAD),
            "trailer section too long",
        ),
    ],
)
def test_malformed(data: bytes, reason: str) -> None:
    for step in (None, 977):
        with pytest.raises(Malformed) as caught:
            feed(Http, [(C, data)], step)
        assert caught.value.reason == reason


def test_most_headers_that_are_read() -> None:
    most = request("GET / HTTP/1.1", *["X: y"] * (MAX_HEADERS - 1), "User-Agent: x")
    assert said((C, most)) == [(C, "http_user_agent", "x", "peer")]
    long = request("GET / HTTP/1.1", *[f"X: {'a' * 8000}"] * 7, "User-Agent: x")
    assert [plain(one) for one in feed(Http, [(C, long)], 1000)] == [(C, "http_user_agent", "x", "peer")]
