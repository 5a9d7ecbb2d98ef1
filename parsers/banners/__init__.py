"""Protocols of lines and prompts: FTP, SMTP, telnet. What they greet with, and whether logins that cross in clear let in."""

from parsers.banners.ftp import Ftp
from parsers.banners.smtp import Smtp
from parsers.banners.telnet import Telnet

__all__ = ["Ftp", "Smtp", "Telnet"]
