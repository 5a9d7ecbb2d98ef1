from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sensor.sources.files import open_capture
from sensor.sources.pcapng_writer import MAX_OPTION, PcapNgWriter
from tests.sensor.sources.captures import START, Row, rows


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a.pcap", "b.pcap"]),
            st.sampled_from([1, 101, 113]),
            st.integers(0, 2**62),
            st.binary(min_size=1, max_size=70),
            st.integers(0, 99),
            st.lists(st.text(max_size=40), max_size=2),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_written_is_read(tmp_path_factory, packets) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path_factory.getbasetemp() / "written.pcapng"
    with path.open("wb") as file:
        writer = PcapNgWriter(file)
        for origin, link_type, time, data, more, comments in packets:
            writer.write(origin, link_type, time, data, len(data) + more, comments)
    source = open_capture(path)
    assert rows(source) == [
        Row(frame, time, data, len(data) + more, link_type)
        for frame, (_, link_type, time, data, more, _) in enumerate(packets, 1)
    ]
    assert source.error is None


def test_wireshark_reads_the_same(tmp_path: Path, tool: Callable[[str], str]) -> None:
    path = tmp_path / "written.pcapng"
    with path.open("wb") as file:
        writer = PcapNgWriter(file)
        writer.write("ward 3.pcap", 1, START + 123_456_789, bytes(61), 1514, ["first", "naïve \ud800"])
        writer.write("lo.pcap", 101, START + 1, b"\x45" + bytes(19), 20)
    fields = ("frame.time_epoch", "frame.cap_len", "frame.len", "frame.interface_name", "frame.comment")
    command = [tool("tshark"), "-n", "-r", str(path), "-T", "fields", *(word for f in fields for word in ("-e", f))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [line.split("\t") for line in done.stdout.splitlines()] == [
        ["1700000000.123456789", "61", "1514", "ward 3.pcap", "first,naïve ?"],
        ["1700000000.000000001", "20", "20", "lo.pcap", ""],
    ]


def test_text_is_bounded() -> None:
    file = io.BytesIO()
    PcapNgWriter(file).write("x" * 10**6, 1, 0, b"", 0, ["é" * 10**6])
    assert len(file.getvalue()) < 3 * MAX_OPTION
