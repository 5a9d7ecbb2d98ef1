"""Syslog (RFC 5424, RFC 3164): the names in a message's header. Never its text, never process ids.

RFC 3164 has no grammar that tells a header from text, and text may speak of people: there, a host name is believed
only in front of a tag with a process id, of a program that is known to write none, or of Cisco's message codes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import ClassVar, Final

from parsers.records import Announcement, Datagram, Evidence

_MAX_PRIORITY: Final = 191  # RFC 5424 6.2.1
_PRIORITY = re.compile(rb"<(\d{1,3})>")
_RFC_3339: Final = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)"
# RFC 5424 6: version, TIMESTAMP, HOSTNAME, APP-NAME, PROCID, MSGID, STRUCTURED-DATA
_RFC_5424 = re.compile(rb"1 (?:-|" + _RFC_3339 + rb") ([!-~]{1,255}) ([!-~]{1,48}) [!-~]{1,128} [!-~]{1,32} (?:-|\[)")
# RFC 3164 4.1.2, or with the time stamp of RSYSLOG_ForwardFormat:
# https://www.rsyslog.com/doc/reference/templates/templates-reserved-names.html
_RFC_3164 = re.compile(
    rb"(?:(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-3]\d (?:\d{4} )?\d\d:\d\d:\d\d|" + _RFC_3339 + rb")"
    rb" ([!-~]{1,255}) (?:"
    rb"([A-Za-z][\w./-]{0,47})\[\d{1,10}\]:"
    rb"|(kernel|sudo|logger|rsyslogd|syslogd|systemd|snmpd|ntpd|dhcpd|named|sshd|crond?|CROND?):"
    rb"|([A-Za-z][\w./-]{0,47}): %[A-Z0-9_]{1,32}-[0-7]-[A-Z0-9_]{1,48}:)"
)
_NAME = re.compile(rb"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?")
_APPLICATION = re.compile(rb"([A-Za-z][\w./+-]{0,47})(?:\[\d{0,10}\])?")


class Syslog:
    """Messages of hosts to their log server, perhaps passed on for others."""

    name: ClassVar[str] = "syslog"
    ports: ClassVar[frozenset[int]] = frozenset({514})  # RFC 5426 3.3

    @staticmethod
    def probe(datagram: Datagram) -> bool:
        """Say whether it begins with a priority."""
        priority = _PRIORITY.match(datagram.payload)
        return priority is not None and int(priority[1]) <= _MAX_PRIORITY

    @staticmethod
    def read(datagram: Datagram) -> Iterator[Announcement]:
        """Yield the host name and the application of a header that is plainly one."""
        payload = datagram.payload
        start = payload.find(b">", 0, 5) + 1
        header = _RFC_5424.match(payload, start)
        if header is not None:
            host, application = header[1], header[2]
        else:
            header = _RFC_3164.match(payload, start)
            if header is None:
                return
            host, application = header[1], header[header.lastindex or 2]
        if _is_host(host):
            yield Announcement("syslog_hostname", host.decode("ascii"), Evidence.OBJECT)
        named = _APPLICATION.fullmatch(application)
        if named is not None:
            yield Announcement("syslog_application", named[1].decode("ascii"), Evidence.OBJECT)


def _is_host(host: bytes) -> bool:
    """Whether this is an address, or a name with a letter in it."""
    try:
        ip_address(host.decode("ascii"))
    except ValueError:
        return _NAME.fullmatch(host) is not None and any(byte >= 65 for byte in host)
    return True
