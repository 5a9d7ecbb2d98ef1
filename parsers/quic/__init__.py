"""QUIC (RFC 9000, RFC 9369): the ClientHello in a client's Initial packets. Everything after it is ciphertext."""

from parsers.quic.hello import ClientHelloReader, Introduction
from parsers.quic.versions import VERSIONS

__all__ = ["VERSIONS", "ClientHelloReader", "Introduction"]
