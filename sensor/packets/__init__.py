"""Batches to packets: headers read as columns, tunnels taken off, duplicates dropped."""
