"""Lists of what people say of devices."""

from __future__ import annotations

import pytest

from inventory.errors import InventoryError
from inventory.word_list import Said, read_list


def read(text: str) -> tuple[list[str], list[Said]]:
    return read_list(text, "list.csv")


def test_an_export_with_some_cells_filled_in() -> None:
    text = "device_id,role,owner,location,asset_tag\nd1,modality,Radiology,,'=7\n\nd2,archive,,,\n"
    assert read(text) == (
        ["owner", "location", "asset_tag"],
        [Said(2, "d1", {"owner": "Radiology", "asset_tag": "=7"}), Said(4, "d2", {})],
    )


def test_as_spreadsheets_of_other_countries_write_it() -> None:
    assert read("device_id;owner\nd1;Radiology, 2nd floor\n")[1] == [Said(2, "d1", {"owner": "Radiology, 2nd floor"})]


def test_any_name_of_a_device() -> None:
    assert read("owner,device\r\nRadiology,10.0.0.1\r\n") == (["owner"], [Said(2, "10.0.0.1", {"owner": "Radiology"})])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "list.csv:1: a column device_id is needed (or device: an id, IP, MAC or AE title)"),
        ("name,owner\n", "list.csv:1: a column device_id is needed (or device: an id, IP, MAC or AE title)"),
        ("device,ownr\n", "list.csv:1: a column of owner, location, asset_tag, note, same-as, not-same-as is needed"),
        ("device,owner,owner\n", "list.csv:1: column owner is here twice"),
        ("device,device,owner\n", "list.csv:1: column device is here twice"),
        ("device,owner\nd1\n", "list.csv:2: 1 cells for 2 columns"),
        ("device,owner\n,x\n", "list.csv:2: device is empty"),
        ("device,owner\nd1,x\n\nd1,y\n", "list.csv:4: 'd1' is in line 2, too"),
        ('device,owner\nd1,"a\nb"\n', "list.csv:3: owner must be one line of at most 1000 printable characters"),
        ('device,owner\nd1,"a', "list.csv:2: not CSV: unexpected end of data"),
    ],
)
def test_what_it_may_not_hold(text: str, message: str) -> None:
    with pytest.raises(InventoryError) as error:
        read(text)
    assert str(error.value) == message
