"""Streams and datagrams to observations. Pure: knows nothing of packets or databases."""
