"""DICOM objects with a known maker, as small as they may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
US, MG = "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.1.2"
CAPTURE, SEGMENTATION = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.66.4"
REPORT, KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.22", "1.2.840.10008.5.1.4.1.1.88.59"

Equipment = dict[str, Any]  # DICOM keywords and their values

CANON_CT: Final[Equipment] = {
    "SOPClassUID": CT,
    "Modality": "CT",
    "Manufacturer": "TOSHIBA",
    "ManufacturerModelName": "Aquilion ONE",
    "DeviceSerialNumber": "1CA1952201",
    "StationName": "AQ1",
    "SoftwareVersions": "V6.00ER006",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
}
SIEMENS_MR: Final[Equipment] = {
    "SOPClassUID": MR,
    "Modality": "MR",
    "Manufacturer": "SIEMENS",
    "ManufacturerModelName": "Skyra",
    "DeviceSerialNumber": "45123",
    "StationName": "MRC45123",
    "SoftwareVersions": "syngo MR E11",
    "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"],
}
GE_US: Final[Equipment] = {
    "SOPClassUID": US,
    "Modality": "US",
    "Manufacturer": "GE Vingmed Ultrasound",
    "ManufacturerModelName": "Vivid E95",
    "DeviceSerialNumber": "VE95-001234",
    "StationName": "VIVIDE95-1",
    "SoftwareVersions": ["EchoPAC", "203.66"],
    "ImageType": ["ORIGINAL", "PRIMARY"],
}
GE_CT: Final[Equipment] = {
    "SOPClassUID": CT,
    "Modality": "CT",
    "Manufacturer": "GE MEDICAL SYSTEMS",
    "ManufacturerModelName": "Revolution CT",
    "DeviceSerialNumber": "REVO50012",
    "StationName": "CT01OC0",
    "SoftwareVersions": "revo_ct_22bc.50",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
}

# Implementation Class UID and Version Name, under the makers' own roots.
CANON_SOFTWARE = ("1.2.392.200036.9116.2.6.1", "TM_CT_CMW_V3.00")
SIEMENS_SOFTWARE = ("1.3.12.2.1107.5.2.19.45123", "MR_VE11C")
GE_SOFTWARE = ("1.2.840.113619.6.391", "E95_203")
GE_CT_SOFTWARE = ("1.2.840.113619.6.407", "REVO_22")


def write(folder: Path, equipment: Equipment, count: int = 1) -> list[Path]:
    """Write one series of `count` objects of 8 x 8 pixels into `folder`; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    study, series = generate_uid(), generate_uid()
    paths = []
    for number in range(count):
        image, meta = Dataset(), FileMetaDataset()
        meta.MediaStorageSOPClassUID = equipment["SOPClassUID"]
        image.SOPInstanceUID = meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        for keyword, value in equipment.items():
            setattr(image, keyword, value)
        image.InstitutionName = "Example Clinic"
        image.PatientName, image.PatientID = "LABPHI^PATIENT", "LABPHI1"
        image.StudyInstanceUID, image.SeriesInstanceUID, image.InstanceNumber = study, series, number + 1
        image.StudyDate, image.StudyTime, image.AccessionNumber = "20260301", "120000", "LABPHI2"
        image.Rows = image.Columns = 8
        image.SamplesPerPixel, image.PhotometricInterpretation, image.PixelRepresentation = 1, "MONOCHROME2", 0
        image.BitsAllocated, image.BitsStored, image.HighBit = 16, 12, 11
        image.PixelData = bytes(128)
        image.file_meta = meta
        path = folder / f"{len(list(folder.iterdir())):04d}.dcm"
        image.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def study_of(path: Path) -> str:
    """Return the Study Instance UID of a file."""
    return str(dcmread(path, stop_before_pixels=True).StudyInstanceUID)
