"""Conversations that end where another protocol begins, as real software has them: SOCKS, PostgreSQL, MySQL."""

from __future__ import annotations

import struct

from parsers.records import Side
from parsers.socks import Socks
from parsers.starttls import MySql, PostgreSql
from tests.parsers.conversations import Conversation

C, S = Side.CLIENT, Side.SERVER
CREDENTIALS = [(S, "clear_credentials", "socks", "claim")]
GRANTED_V4 = bytes.fromhex("005a99b40ab49cf9")
GRANTED = bytes.fromhex("05000001c0a8001f0a80")
TO_ADDRESS = bytes.fromhex("050100014a7d83670050")
TO_NAME = b"\5\1\0\3\x0cpacs.example" + struct.pack(">H", 104)
LOGIN = b"\1\x09PHICANARY\x0aPHICANARY2"
GREETING = bytes.fromhex(
    "4a0000000a352e372e313600 4d682000 0937522b2f254629 00 ffff 08 0200 ffc1 15 00000000000000000000"
    "69647844637e236654082b1b006d7973716c5f6e61746976655f70617373776f726400"
)

OPENINGS: dict[str, Conversation] = {
    "SOCKS 4": Conversation(Socks, [(C, bytes.fromhex("040101bb5db8d87700")), (S, GRANTED_V4)], []),
    "SOCKS 4, refused": Conversation(
        Socks, [(C, bytes.fromhex("040101bb5db8d877") + b"PHICANARY\0"), (S, bytes.fromhex("005b000000000000"))], []
    ),
    "SOCKS 4a": Conversation(
        Socks, [(C, bytes.fromhex("0401006800000001") + b"PHICANARY\0pacs.example\0"), (S, GRANTED_V4)], []
    ),
    "SOCKS 4, BIND": Conversation(
        Socks, [(C, bytes.fromhex("040200155db8d87700")), (S, GRANTED_V4), (S, GRANTED_V4)], []
    ),
    "SOCKS 5": Conversation(Socks, [(C, b"\5\1\0"), (S, b"\5\0"), (C, TO_ADDRESS), (S, GRANTED)], []),
    "SOCKS 5, by name": Conversation(
        Socks, [(C, b"\5\2\0\2"), (S, b"\5\0"), (C, TO_NAME), (S, b"\5\0\0\4" + bytes(range(18)))], []
    ),
    "SOCKS 5, impatient": Conversation(Socks, [(C, b"\5\1\0" + TO_ADDRESS), (S, b"\5\0" + GRANTED)], []),
    "SOCKS 5, with a password": Conversation(
        Socks,
        [(C, b"\5\3\0\1\2"), (S, b"\5\2"), (C, LOGIN), (S, b"\1\0"), (C, TO_NAME), (S, GRANTED)],
        CREDENTIALS,
    ),
    "SOCKS 5, with a wrong password": Conversation(
        Socks,
        [(C, b"\5\3\0\1\2"), (S, b"\5\2"), (C, LOGIN), (S, b"\1\xff")],
        [(S, "clear_credentials", "socks-refused", "claim")],
    ),
    "SOCKS 5, with a user but no password": Conversation(
        Socks, [(C, b"\5\1\2"), (S, b"\5\2"), (C, b"\1\x09PHICANARY\0"), (S, b"\1\0"), (C, TO_NAME), (S, GRANTED)], []
    ),
    "SOCKS 5, no method acceptable": Conversation(Socks, [(C, b"\5\2\0\1"), (S, b"\5\xff")], []),
    "SOCKS 5, GSS-API": Conversation(Socks, [(C, b"\5\2\0\1"), (S, b"\5\1"), (C, b"\1\1\0\4LONG")], []),
    "SOCKS 5, refused": Conversation(
        Socks, [(C, b"\5\1\0"), (S, b"\5\0"), (C, TO_NAME), (S, bytes.fromhex("05050001000000000000"))], []
    ),
    "SOCKS 5, for datagrams": Conversation(
        Socks, [(C, b"\5\1\0"), (S, b"\5\0"), (C, b"\5\3" + TO_ADDRESS[2:]), (S, GRANTED)], []
    ),
    "SOCKS 5, for nothing there is": Conversation(
        Socks, [(C, b"\5\1\0"), (S, b"\5\0"), (C, b"\5\0" + TO_NAME[2:])], []
    ),
    "PostgreSQL": Conversation(PostgreSql, [(C, bytes.fromhex("0000000804d2162f")), (S, b"S")], []),
    "PostgreSQL, second choice": Conversation(
        PostgreSql,
        [(C, bytes.fromhex("0000000804d21630")), (S, b"N"), (C, bytes.fromhex("0000000804d2162f")), (S, b"S")],
        [],
    ),
    "PostgreSQL, encrypted otherwise": Conversation(
        PostgreSql, [(C, bytes.fromhex("0000000804d21630")), (S, b"G")], []
    ),
    "PostgreSQL, in clear": Conversation(
        PostgreSql,
        [
            (C, bytes.fromhex("0000000804d2162f")),
            (S, b"N"),
            (C, bytes.fromhex("0000002300030000") + b"user\0PHICANARY"),
        ],
        [],
    ),
    "MySQL": Conversation(MySql, [(S, GREETING), (C, bytes.fromhex("200000018faa3a00ffffff0021") + bytes(23))], []),
    "MySQL, in clear": Conversation(
        MySql, [(S, GREETING), (C, bytes.fromhex("3a00000185a23a00ffffff0021") + bytes(23) + b"PHICANARY\0")], []
    ),
}
HANDED_OVER = {
    "SOCKS 4", "SOCKS 4a", "SOCKS 4, BIND", "SOCKS 5", "SOCKS 5, by name", "SOCKS 5, impatient",
    "SOCKS 5, with a password", "SOCKS 5, with a user but no password", "PostgreSQL",
    "PostgreSQL, second choice", "MySQL",
}  # fmt: skip
