"""HTTP/1.x: which servers, services and products speak it, and what crosses in clear."""

from parsers.http.parser import Http

__all__ = ["Http"]
