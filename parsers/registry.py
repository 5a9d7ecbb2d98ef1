"""The protocols medspan reads, in the order in which a stream is offered to them."""

from __future__ import annotations

from typing import Final

from parsers.dicom import Dicom
from parsers.hl7 import Hl7
from parsers.http import Http
from parsers.protocol import DatagramParser, Parser
from parsers.tls import Tls

PARSERS: Final[tuple[type[Parser], ...]] = (Dicom, Hl7, Http, Tls)

# UDP datagrams, in the order in which those that share a port are tried.
DATAGRAMS: Final[tuple[type[DatagramParser], ...]] = ()

# Link-layer frames that are no IP.
FRAMES: Final[tuple[type[DatagramParser], ...]] = ()
