"""HL7 v2 messages over MLLP."""

from parsers.hl7.parser import Hl7

__all__ = ["Hl7"]
