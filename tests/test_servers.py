"""Real servers and clients, recorded as they talk: DCMTK stores to Orthanc and queries it, curl asks it and nginx."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Medspan
from tests.images import write_orthanc_settings, write_series
from tests.network import ARCHIVE, SCANNER, Network

NGINX = """daemon off; pid {0}/nginx.pid; error_log /dev/null; events {{}}
http {{ access_log off; server {{ listen 8080; root {0}; }} }}"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> Path:
    for name in ("Orthanc", "storescu", "findscu", "nginx", "curl", "tcpdump", "ip"):
        tool(name)
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    folder = tmp_path_factory.mktemp("servers")
    write_series(folder / "ct", 3, rows=64)
    (folder / "index.html").write_text("a page")
    (folder / "nginx.conf").write_text(NGINX.format(folder))
    folder.chmod(0o755)
    path = folder / "servers.pcap"
    with Network() as network:
        network.start(ARCHIVE, "Orthanc", write_orthanc_settings(folder / "orthanc"))
        network.start(ARCHIVE, "nginx", "-c", folder / "nginx.conf")
        for port in (11112, 8042, 8080):
            network.wait_for_port(ARCHIVE, port)
        with network.recorded(path):
            dicom = ["-aet", "AQONE", "-aec", "VNA1"]
            network.run(SCANNER, "storescu", *dicom, "+sd", ARCHIVE, "11112", folder / "ct")
            keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "PatientName=LABPHI*", "-k", "StudyInstanceUID"]
            network.run(SCANNER, "findscu", "-S", *dicom, *keys, ARCHIVE, "11112")
            network.run(SCANNER, "curl", "-s", "-u", "orthanc:orthanc", f"http://{ARCHIVE}:8042/system")
            network.run(SCANNER, "curl", "-s", f"http://{ARCHIVE}:8080/index.html")
    return path


def test_what_orthanc_and_nginx_show(recording: Path, medspan: Medspan) -> None:
    medspan("read", recording)
    devices = {
        ip: row for row in json.loads(medspan("devices", "--format", "json").stdout) for ip in row["ip_addresses"]
    }
    archive, scanner = devices[ARCHIVE], devices[SCANNER]
    assert archive["role"] == "archive"
    assert archive["ae_titles"] == ["VNA1"]
    assert archive["manufacturer"] is archive["manufacturer_model_name"] is archive["device_serial_number"] is None
    assert any(toolkit.startswith("OFFIS DCMTK") for toolkit in archive["toolkits"])
    services = {service["port"]: (service["protocol"], service["product"]) for service in archive["services"]}
    assert services == {11112: ("dicom", None), 8042: ("http", "Orthanc"), 8080: ("http", "nginx")}
    assert scanner["ae_titles"] == ["AQONE"]
    # It sends original images and never takes any, but it queries as workstations do, and only its word says CT.
    assert scanner["device_serial_number"] is None or scanner["confidence"]["device_serial_number"] != "high"


def test_no_patient_and_no_password(recording: Path, medspan: Medspan, tmp_path: Path) -> None:
    medspan("read", recording)
    default = medspan("sql", "SELECT value FROM observation WHERE attribute = 'default_credential'", "--format", "csv")
    assert "Orthanc" in default.stdout
    medspan("export", "-f", "json", "-o", tmp_path / "devices.json")
    for path in tmp_path.iterdir():
        assert b"LABPHI" not in path.read_bytes()
        assert b"b3J0aGFuYzpvcnRoYW5j" not in path.read_bytes()  # orthanc:orthanc in base64
