"""Inventories to make pages of."""

from __future__ import annotations

from pathlib import Path

from inventory.recorder import Recorder
from inventory.store import Capture, Store
from parsers.records import CaptureHealth, Endpoint, Evidence
from tests.cli.conftest import SECOND, START, flow

# Each would run, break out of where it stands, or turn the text around it, if it were not taken as text.
HOSTILE = (
    "<script>pwned()</script>",
    '"><img src=x onerror=pwned()>',
    "</script><script>pwned()</script>",
    "'-pwned()-'<!--",
    "\u202egnp.exe\u202d\u2067",
    "{{ 7 * 7 }}{% raw %}",
)


def write_hostile(path: Path, site: str = "<b>north</b>", capture_id: str = "cafe") -> None:
    """A CT and an archive, one of which talks outside, with names that nobody should have."""
    recorder = Recorder(site, "core-1", capture_id)
    ct = Endpoint(None, "00:11:22:33:44:01", "10.1.0.10", None, "tcp")
    archive = Endpoint(None, "00:11:22:33:44:02", "10.1.0.20", 104, "tcp")
    for at, text in enumerate(HOSTILE):
        recorder.observe(ct, "dicom", "calling_ae_title", text, Evidence.PEER, START + SECOND, 5 + at)
        recorder.observe(archive, "dicom", "accepted_ae_title", text, Evidence.PEER, START + SECOND, 20 + at)
        recorder.observe(ct, "dicom", "implementation_version_name", text, Evidence.PEER, START + SECOND, 5 + at)
    recorder.observe(ct, "dicom", "implementation_class_uid", "1.2.276.0.7230010.3.0.3.6.7", Evidence.PEER, START, 5)
    recorder.flow(flow("10.1.0.10", "10.1.0.20", 104, "dicom"))
    recorder.flow(flow("10.1.0.20", "8.8.8.8", 104, "dicom"))
    recorder.flow(flow("9.9.9.9", "10.1.0.20", 443, "tls", encrypted=True))
    health = CaptureHealth(
        packets=1234,
        bytes=56_789,
        first_packet=START,
        last_packet=START + 10 * SECOND,
        gaps=2,
        gap_bytes=2920,
        parser_errors=1,
    )
    capture = Capture(capture_id, HOSTILE[1], capture_id * 16, site, "core-1", "0.1.0", health, True)
    Store(path).write(capture, recorder.drain())


def write_many(path: Path, number: int) -> None:
    """A site of so many modalities with one archive."""
    recorder = Recorder("large", "core-1", "beef")
    archive = Endpoint(None, "00:11:22:33:44:02", "10.1.0.20", 104, "tcp")
    recorder.observe(archive, "dicom", "accepted_ae_title", "PACS", Evidence.PEER, START + SECOND, 6)
    for at in range(number):
        ip, mac = f"10.2.{at // 250}.{at % 250 + 1}", f"00:11:23:00:{at // 250:02x}:{at % 250:02x}"
        device = Endpoint(None, mac, ip, None, "tcp")
        recorder.observe(device, "arp", "link_layer_address", mac, Evidence.PEER, START, 5)
        recorder.observe(device, "dicom", "calling_ae_title", f"CT{at}", Evidence.PEER, START + SECOND, 5)
    health = CaptureHealth(packets=number, bytes=number, first_packet=START, last_packet=START + SECOND)
    Store(path).write(Capture("beef", "large.pcap", "beef" * 16, "large", "core-1", "0.1.0", health, True),
        recorder.drain())  # fmt: skip
