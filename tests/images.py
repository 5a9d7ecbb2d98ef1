"""CT images with a known maker, to be sent by real software."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def write_series(folder: Path, slices: int, rows: int = 512) -> None:
    """Write one CT series of square slices into `folder`."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(2)
    study, series = generate_uid(), generate_uid()
    for number in range(slices):
        image, meta = Dataset(), FileMetaDataset()
        image.SOPClassUID = meta.MediaStorageSOPClassUID = CTImageStorage
        image.SOPInstanceUID = meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image.ImageType, image.Modality, image.Manufacturer = ["ORIGINAL", "PRIMARY"], "CT", "TOSHIBA"
        image.ManufacturerModelName, image.DeviceSerialNumber = "Aquilion ONE", "1CA1952201"
        image.StationName, image.SoftwareVersions = "AQ1", "V6.00ER006"
        image.PatientName, image.PatientID = "LABPHI^PATIENT", "LABPHI1"
        image.StudyInstanceUID, image.SeriesInstanceUID, image.InstanceNumber = study, series, number + 1
        image.Rows = image.Columns = rows
        image.SamplesPerPixel, image.PhotometricInterpretation, image.PixelRepresentation = 1, "MONOCHROME2", 0
        image.BitsAllocated, image.BitsStored, image.HighBit = 16, 12, 11
        image.PixelData = rng.integers(0, 4096, rows * rows, dtype=np.uint16).tobytes()
        image.file_meta = meta
        image.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)


def write_orthanc_settings(folder: Path, **more: object) -> Path:
    """Write the settings of an Orthanc that takes everything, its database in `folder`; return their path."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "DicomAet": "VNA1",
        "DicomPort": 11112,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True,
        "RemoteAccessAllowed": True,
        "HttpPort": 8042,
        **more,
    }
    path = folder / "orthanc.json"
    path.write_text(json.dumps(settings))
    return path
