"""What a client shows to be let in: only the kind, and whether it is a product's well-known default login."""

from __future__ import annotations

import binascii
import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Final

_KINDS: Final = {  # IANA HTTP Authentication Schemes
    b"basic": "basic",  # RFC 7617
    b"digest": "digest",  # RFC 7616
    b"bearer": "bearer",  # RFC 6750
    b"negotiate": "negotiate",  # RFC 4559
    b"ntlm": "ntlm",  # MS-NTHT
}
_BEARS_SECRET: Final = frozenset(("basic", "bearer"))  # whoever overhears one of these can show it, too
_CHALLENGE = re.compile(rb"(?:^|,)[ \t]*(basic|bearer)(?=[ ,]|$)", re.IGNORECASE)  # RFC 9110 11.6.1
_SESSION_COOKIE = re.compile(rb"sess|auth|token|jwt|sid$", re.IGNORECASE)
_MAX_BASIC: Final = 512  # characters of base64; no default login is that long
_MAX_CHALLENGE: Final = 1024  # bytes of a WWW-Authenticate that are looked at
_MAX_COOKIES: Final = 64


@cache
def _default_logins() -> dict[bytes, str]:
    """user:password -> the product, or the products, whose default it is."""
    products: dict[bytes, set[str]] = defaultdict(set)
    table = files(__package__).joinpath("default_credentials.csv").read_text("utf-8")
    for row in csv.DictReader(table.splitlines()):
        products[f"{row['user']}:{row['password']}".encode()].add(row["product"])
    return {login: " or ".join(sorted(names, key=str.lower)) for login, names in products.items()}


def credential_kind(authorization: bytes) -> str:
    """Return the kind of credential in an Authorization header; "other" for a scheme this table does not know.

    The scheme itself is never passed on: some clients send a bare secret there.
    """
    return _KINDS.get(authorization.partition(b" ")[0].lower(), "other")


def shown_secret(authorization: bytes) -> str:
    """Return the kind of a secret that everybody on the way can read; empty where the header shows none."""
    kind = credential_kind(authorization) if authorization else ""
    return kind if kind in _BEARS_SECRET else ""


def asked_for(challenges: Iterable[bytes]) -> Iterator[str]:
    """Yield the kinds of such secrets that WWW-Authenticate headers ask for."""
    for challenge in challenges:
        yield from (found[1].decode().lower() for found in _CHALLENGE.finditer(challenge, 0, _MAX_CHALLENGE))


def default_product(authorization: bytes) -> str | None:
    """Return the product whose well-known default login Basic credentials are; None when they are nobody's."""
    scheme, _, encoded = authorization.partition(b" ")
    if scheme.lower() != b"basic" or len(encoded) > _MAX_BASIC:
        return None
    try:
        return _default_logins().get(binascii.a2b_base64(encoded))
    except binascii.Error:
        return None


def is_session_cookie(cookies: bytes) -> bool:
    """Whether a Cookie header holds one that, by its name, lets its bearer in. Values are not looked at."""
    return any(_SESSION_COOKIE.search(pair.partition(b"=")[0].strip()) for pair in cookies.split(b";", _MAX_COOKIES))
