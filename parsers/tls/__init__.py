"""TLS 1.0 to 1.3, SSL 3.0, and as much of SSL 2.0 as it takes to recognise it: what the clear handshake tells."""

from parsers.tls.parser import Tls

__all__ = ["Tls"]
