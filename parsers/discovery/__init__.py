"""Protocols by which devices announce and manage themselves in single datagrams: pure readers, bytes in."""
