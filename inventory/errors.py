"""The one exception that a user of the inventory is shown."""

from __future__ import annotations


class InventoryError(Exception):
    """The inventory or its configuration cannot be used as asked. The message is one clear line for the user."""
