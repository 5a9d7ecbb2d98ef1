"""SSH: the software of both ends, and the server's host key."""

from parsers.ssh.parser import Ssh

__all__ = ["Ssh"]
