"""Packets to flows: every conversation counted, by columns; each TCP one followed while a parser has use for it."""
