"""SMB 1 to 3: dialect, signing, systems and names, from the negotiation and the session setup."""

from parsers.smb.parser import Smb

__all__ = ["Smb"]
