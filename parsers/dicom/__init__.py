"""DICOM over TCP: upper layer (PS3.8), DIMSE (PS3.7) and the equipment that data sets name (PS3.3 C.7.5.1)."""

from parsers.dicom.association import Dicom

__all__ = ["Dicom"]
