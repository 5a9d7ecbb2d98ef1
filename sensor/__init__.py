"""Bytes to packets, flows and streams. Knows nothing of DICOM and nothing of databases."""

__version__ = "0.1.0"
