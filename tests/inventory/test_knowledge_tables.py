"""Tables that somebody broke: every problem is found, at its line; and a site's own rows win."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from inventory.errors import InventoryError
from inventory.knowledge_tables import create_tables, main, site_tables

ROOTS = "root,organisation,kind,product,product_kind,source,example,version_suffix\n"
VERSIONS = (
    "pattern,toolkit,version_group,version_style,manufacturer,product,product_kind,source,example,example_version\n"
)
HTTP = "field,pattern,product,version_group,kind,manufacturer,source,example,example_version\n"
OS = "pattern,operating_system,source,example\n"
MAKERS = "spelling,manufacturer,kind,source\n"
Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        path = tmp_path / f"{name}.csv"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return path

    return write


def problems(folder: Path) -> list[str]:
    with pytest.raises(InventoryError) as raised:
        site_tables(folder, duckdb.connect())
    return [line.removeprefix(f"{folder}/") for line in str(raised.value).split("\n")]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("uid_roots", "", ["uid_roots.csv: the header is missing"]),
        ("uid_roots", "root,kind\n1.2,maker\n", ["uid_roots.csv:1: columns organisation, source, example missing"]),
        (
            "uid_roots",
            ROOTS.replace("kind,", "kin\x1bd,", 1),
            [
                "uid_roots.csv:1: column kind missing",
                "uid_roots.csv:1: no column 'kin d' here: there are root, organisation, kind, product, product_kind, "
                "source, example, version_suffix",
            ],
        ),
        (
            "user_agent_os",
            OS.replace("source", "pattern"),
            ["user_agent_os.csv:1: column pattern is here twice", "user_agent_os.csv:1: column source missing"],
        ),
        ("user_agent_os", OS + "\n^A,B,s\n", ["user_agent_os.csv:3: 3 values for 4 columns"]),
        (
            "user_agent_os",
            OS + '^A,"B\nC",s,A\n^D,"E',
            [
                "user_agent_os.csv:2: operating_system has unprintable characters",
                "user_agent_os.csv:4: not CSV: unexpected end of data",
            ],
        ),
        ("user_agent_os", OS + "^A,\udcff,s,A\n", ["user_agent_os.csv:2: not UTF-8"]),
        ("user_agent_os", OS + "^A,B,,A\n", ["user_agent_os.csv:2: source is empty"]),
        (
            "user_agent_os",
            OS + "^A,B\u202e,s,A\n",
            ["user_agent_os.csv:2: operating_system has unprintable characters"],
        ),
        ("user_agent_os", OS + "^A, B,s,A\n", ["user_agent_os.csv:2: operating_system has blanks too many"]),
        ("user_agent_os", OS + "A,B,s,A\n", ["user_agent_os.csv:2: pattern does not begin with ^"]),
        ("user_agent_os", OS + "^A(?=B),B,s,A\n", ["user_agent_os.csv:2: pattern is not RE2: "]),
        ("user_agent_os", OS + "^A(,B,s,A\n", ["user_agent_os.csv:2: pattern is not RE2: "]),
        ("user_agent_os", OS + "^A,B,s,B\n", ["user_agent_os.csv:2: pattern does not match its example 'B'"]),
        (
            "user_agent_os",
            OS + "^A,One,s,AB\n\n^AB,Two,s,ABC\n^A,Three,s,AC\n",
            [
                "user_agent_os.csv:2: its example 'AB' is matched by line 4, too",
                "user_agent_os.csv:2: its example 'AB' is matched by line 5, too",
                "user_agent_os.csv:4: its example 'ABC' is matched by line 2, too",
                "user_agent_os.csv:4: its example 'ABC' is matched by line 5, too",
                "user_agent_os.csv:5: '^A' is at line 2 already",
                "user_agent_os.csv:5: its example 'AC' is matched by line 2, too",
            ],
        ),
        (
            "http_products",
            HTTP + "http_sever,^A,B,,server,,s,A,\nhttp_server,^A,B,,daemon,Acme,s,A,\n",
            [
                "http_products.csv:2: field 'http_sever' is none of http_authenticate, http_path, http_powered_by, "
                "http_server, http_service, http_software, http_user_agent",
                "http_products.csv:3: 'Acme' is not in manufacturers.csv",
                "http_products.csv:3: kind 'daemon' is none of application, browser, library, proxy, server",
            ],
        ),
        (
            "implementation_versions",
            VERSIONS + r"^A_(\d+)$,A,1,digits,,,,s,A_12,12" + "\n^B,B,1,dotted,,,,s,B,\n^C,C,,,SIEMENS,,,s,C,1\n",
            [
                "implementation_versions.csv:2: the version in the example is '1.2', not '12'",
                "implementation_versions.csv:3: pattern has no group 1 for a version",
                "implementation_versions.csv:4: 'SIEMENS' is 'Siemens Healthineers' in manufacturers.csv",
                "implementation_versions.csv:4: example_version without a version_group",
            ],
        ),
        (
            "uid_roots",
            ROOTS + "1.2.3,A,software,,,s,1.2.3.4.5,\n1.2.3.4,A,software,,,s,1.2.34,\n1.2.3,B,software,,,s,1.2.3,\n"
            "1.02,C,software,,,s,1.02,\n1.2.9,D,maker,,toaster,s,1.2.9,\n",
            [
                "uid_roots.csv:2: example 1.2.3.4.5 is answered by line 3",
                "uid_roots.csv:3: example 1.2.34 is not under 1.2.3.4",
                "uid_roots.csv:4: '1.2.3' is at line 2 already",
                "uid_roots.csv:5: example '1.02' is no UID",
                "uid_roots.csv:5: root '1.02' is no UID",
                "uid_roots.csv:6: 'D' is not in manufacturers.csv",
                "uid_roots.csv:6: product_kind 'toaster' is none of archive, modality, printer, router, worklist, "
                "workstation",
            ],
        ),
        (
            "uid_roots",
            ROOTS + "1.2.3,A,software,,,s,1.2.3,\n1.2.3.4,A,software,,,s,1.2.3.4,\n",
            ["uid_roots.csv:3: says what line 2 says already"],
        ),
        (
            "manufacturers",
            MAKERS + "Acme Inc.,Acme,maker,s\nx,Acme,unknown,s\ny,,maker,s\nz,Zed,maker,s\n",
            [
                "manufacturers.csv:2: 'Acme' is not a spelling of its own",
                "manufacturers.csv:2: spelling 'Acme Inc.' finds nothing: it must be 'acmeinc'",
                "manufacturers.csv:3: kind unknown has no manufacturer",
                "manufacturers.csv:4: kind maker needs a manufacturer",
                "manufacturers.csv:5: 'Zed' is not a spelling of its own",
            ],
        ),
        ("special_networks", "network\n", ["special_networks.csv: this table is the same everywhere"]),
        ("uid_root", ROOTS, ["uid_root.csv: no table has this name: there are "]),
    ],
)
def test_each_problem_is_told(write: Write, name: str, text: str, told: list[str]) -> None:
    found = problems(write(name, text).parent)
    if name == "special_networks":
        found = found[:1]
    assert len(found) == len(told)
    for line, expected in zip(found, told, strict=True):
        assert line.startswith(expected) if expected.endswith(": ") or "there are " in expected else line == expected


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert problems(tmp_path / "none") == [f"{tmp_path}/none: no such file or directory"]
    assert problems(tmp_path) == [f"{tmp_path}: there is no table (*.csv) in this folder"]


def test_a_file_as_a_spreadsheet_writes_it(write: Write) -> None:
    path = write("user_agent_os", "\ufeff" + (OS + "^A,B,s,A\n").replace("\n", "\r\n"))
    assert [row.line for row in site_tables(path.parent, duckdb.connect())["user_agent_os"]] == [2]


def test_the_line_is_where_the_row_begins(write: Write) -> None:
    path = write("user_agent_os", OS + '\n"^A\n",B,s,"A\n"\n^B,,s,B\n')
    assert problems(path.parent) == [
        "user_agent_os.csv:3: example has unprintable characters",
        "user_agent_os.csv:3: pattern has unprintable characters",
        "user_agent_os.csv:6: operating_system is empty",
    ]


def test_the_command_that_lint_runs(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("user_agent_os", OS + "^A,B,,A\n")
    assert main([str(path.parent)]) == 1
    assert capsys.readouterr().err == f"{path}:2: source is empty\n"
    write("user_agent_os", OS + "^A,B,ours,A\n")
    assert main([str(path.parent)]) == 0


def test_a_sites_rows_are_added_and_win(write: Write) -> None:
    write("manufacturers", MAKERS + "acme,Acme,maker,s\n")
    write("user_agent_os", OS + "^Acme/,AcmeOS,s,Acme/1\n")
    folder = write(
        "uid_roots",
        "root,organisation,kind,source,example\n1.2.840.113619,Acme,maker,s,1.2.840.113619.1\n"
        "1.2.3.4,Acme,maker,s,1.2.3.4\n",
    ).parent
    con = duckdb.connect()
    create_tables(con)
    counted = {
        name: con.execute(f"SELECT count(*) FROM knowledge_{name}").fetchall()
        for name in ("uid_roots", "manufacturers", "user_agent_os")
    }
    con = duckdb.connect()
    create_tables(con, folder)
    for name, more in (("uid_roots", 1), ("manufacturers", 1), ("user_agent_os", 1)):
        assert con.execute(f"SELECT count(*) - {more} FROM knowledge_{name}").fetchall() == counted[name]
    assert con.execute(
        "SELECT layer, organisation, product, version_suffix FROM knowledge_uid_roots "
        "WHERE root IN ('1.2.840.113619', '1.2.3.4', '1.3.12.2.1107') ORDER BY root"
    ).fetchall() == [(0, "Acme", None, None), (0, "Acme", None, None), (1, "Siemens Healthineers", None, "false")]
