"""Protocols of lines and prompts: FTP, SMTP, telnet. What they greet with, and whether a login in clear lets in."""

from parsers.banners.ftp import Ftp
from parsers.banners.smtp import Smtp
from parsers.banners.telnet import Telnet

__all__ = ["Ftp", "Smtp", "Telnet"]
