"""Observations to facts, devices and findings, in DuckDB. Knows nothing of packets."""
