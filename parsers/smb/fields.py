"""What both versions of the protocol have in common."""

from __future__ import annotations

from parsers import ntlm

Said = list[tuple[str, str]]  # what a message says of its sender: attribute and value


def signing(enabled: bool, required: bool) -> tuple[str, str]:
    """Return the statement of how a server wants messages signed."""
    return "smb_signing", "required" if required else "enabled" if enabled else "disabled"


def token_says(token: bytes) -> Said:
    """Return what the NTLM message in a security token says, if it holds one."""
    message = ntlm.read(token)
    return message.said if message else []
