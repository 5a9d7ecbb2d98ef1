"""Who is on the network: what each host is by construction, and what its software says on the wire."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Equipment:
    """What an acquisition device writes into its objects."""

    maker: str  # present name, as the inventory shows it
    manufacturer: str  # as written
    model: str
    serial: str
    station: str
    modality: str
    sop_class: str
    software: tuple[str, ...] = ("1.0",)


@dataclass(frozen=True)
class Software:
    """What an application says of itself in associations."""

    maker: str | None  # None: a toolkit
    class_uid: str
    version: str | None


@dataclass
class Host:
    """One host; `equipment` is what it truly is, if it is an acquisition device."""

    kind: str  # modality, archive, router, workstation, ris
    ip: str
    mac: str
    ae_title: str
    software: Software
    equipment: Equipment | None = None
    behind: str | None = None  # MAC of the router that stands in front of it, as the mirror sees it
    masquerades: bool = False  # sends under the titles of those it forwards for
    seen: bool = True  # is on the mirrored network
    port: int = 104
    held: list[tuple[Host, int]] = field(default_factory=list)  # series it has: who made them, and their number


# maker, spellings of Manufacturer, root of its software's UIDs, its version names, (model, modality) it builds
MAKERS = (
    ("Siemens Healthineers", ("SIEMENS", "Siemens Healthineers"), "1.3.12.2.1107.5", ("MR_VE11C", "SIEMENS_S7VB10A"),
     (("SOMATOM Force", "CT"), ("Skyra", "MR"), ("Biograph mCT", "PT"))),
    ("GE HealthCare", ("GE MEDICAL SYSTEMS", "GE Healthcare"), "1.2.840.113619.6", ("E95_203", "LX_3000"),
     (("Revolution CT", "CT"), ("SIGNA Premier", "MR"), ("Vivid E95", "US"))),
    ("Philips", ("Philips", "Philips Medical Systems"), "1.3.46.670589.11", ("PHILIPS_MR_53",),
     (("Ingenia", "MR"), ("Brilliance 64", "CT"), ("EPIQ 7C", "US"))),
    ("Canon Medical Systems", ("TOSHIBA", "CANON_MEC"), "1.2.392.200036.9116.7", ("TM_CT_CMW_V3",),
     (("Aquilion ONE", "CT"), ("Vantage Titan", "MR"))),
    ("Fujifilm", ("FUJIFILM Corporation", "FUJI PHOTO FILM Co., ltd."), "1.2.392.200036.9125.5342", ("FUJI_CR",),
     (("FDR D-EVO", "DX"), ("FCR PROFECT", "CR"))),
)  # fmt: skip
TOOLKITS = (
    Software(None, "1.2.276.0.7230010.3.0.3.6.7", "OFFIS_DCMTK_367"),
    Software(None, "1.2.40.0.13.1.3", "dcm4che-5.29.2"),
    Software(None, "2.16.840.1.113669.632.1", "MergeCOM3_410"),
    Software(None, "1.2.826.0.1.3680043.9.3811.2.0.2", "PYNETDICOM_202"),
    Software(None, "1.3.6.1.4.1.30071.8", "fo-dicom 5.1.1"),
    Software(None, "1.2.3.4.5.6", None),  # nobody knows it
)
SOP_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
}
