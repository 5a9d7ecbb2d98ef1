"""Conversations of the light parsers, as real software has them, and what is to be said of each."""

from __future__ import annotations

import struct
from typing import NamedTuple

from scapy.layers.ldap import ASN1_STRING, LDAP, LDAP_Authentication_simple, LDAP_BindRequest

from parsers.astm import Astm
from parsers.banners import Ftp, Smtp, Telnet
from parsers.dcerpc import DceRpc
from parsers.ldap import Ldap
from parsers.printing import Pjl
from parsers.protocol import Parser
from parsers.rdp import Rdp
from parsers.records import Side
from parsers.smb import Smb
from parsers.ssh import Ssh
from parsers.vnc import Vnc
from tests.parsers.building import (
    ASTM_HEADER,
    ASTM_PATIENT,
    ASTM_RESULT,
    ASTM_ROWS,
    AUTHENTICATE_ROWS,
    CHALLENGE_ROWS,
    CLIENT_OS,
    CONNECT_INITIAL,
    GEX_GROUP,
    GEX_REPLY,
    KEX_REPLY,
    KEXINIT,
    NEGOTIATE,
    NEGOTIATE_1,
    NEGOTIATE_2,
    NEGOTIATED_1,
    NEGOTIATED_3,
    RDP_REQUEST,
    SESSION_REQUEST,
    SETUP_1,
    SETUP_1_ANSWER,
    SSH_CLIENT,
    SSH_KEY,
    SSH_SERVER,
    Row,
    astm_frame,
    authenticate,
    ber,
    challenge,
    rdp_confirm,
    setup_request,
    setup_response,
    smb1,
    smb2,
    ssh_packet,
    ssh_string,
)

C, S = Side.CLIENT, Side.SERVER
TREE_CONNECT = 3  # MS-SMB2 2.2.1.2


class Conversation(NamedTuple):
    parser: type[Parser]
    turns: list[tuple[Side, bytes]]
    rows: list[Row]


CONVERSATIONS: dict[str, Conversation] = {
    "SMB 3.1.1, NTLM": Conversation(
        Smb,
        [
            (C, NEGOTIATE_2), (S, NEGOTIATED_3), (C, setup_request(NEGOTIATE)),
            (S, setup_response(b"\xa1\x81\x99" + challenge())), (C, setup_request(authenticate())),
            (S, setup_response(b"", 0)), (C, smb2(TREE_CONNECT, bytes(8))),
        ],
        [
            (S, "smb_dialect", "3.1.1", "peer"), (S, "smb_signing", "required", "peer"),
            CLIENT_OS, *CHALLENGE_ROWS, *AUTHENTICATE_ROWS,
        ],
    ),
    "SMB 1 in a NetBIOS session": Conversation(
        Smb,
        [
            (C, SESSION_REQUEST), (S, b"\x82\0\0\0"), (C, NEGOTIATE_1), (S, NEGOTIATED_1),
            (C, SETUP_1), (S, SETUP_1_ANSWER), (C, smb1(0x75, b"", b"")),
        ],
        [
            (C, "hostname", "CT-CONSOLE", "peer"), (S, "smb_dialect", "NT LM 0.12", "peer"),
            (S, "smb_signing", "disabled", "peer"), (S, "domain", "RAD", "peer"), (S, "hostname", "PACS01", "peer"),
            (C, "os_version", "Windows 2002 Service Pack 2 2600", "peer"),
            (S, "os_version", "Unix (Samba 4.7.4)", "peer"),
        ],
    ),
    "RDP, its own security": Conversation(
        Rdp,
        [(C, RDP_REQUEST), (S, rdp_confirm(0)), (C, CONNECT_INITIAL)],
        [
            (S, "rdp_security", "rdp", "peer"),
            (C, "rdp_client", '{"ClientBuild":"2600","ClientName":"CT-CONSOLE"}', "peer"),
            (C, "hostname", "CT-CONSOLE", "peer"),
        ],
    ),
    "RDP, CredSSP": Conversation(
        Rdp, [(C, RDP_REQUEST), (S, rdp_confirm(2))], [(S, "rdp_security", "credssp", "peer")]
    ),
    "LDAP, simple bind": Conversation(
        Ldap,
        [(C, bytes(LDAP(messageID=1, protocolOp=LDAP_BindRequest(
            bind_name=ASN1_STRING(b"cn=PHICANARY08"),
            authentication=LDAP_Authentication_simple(b"PHICANARY09"))))),
         (S, ber(0x30, b"\x02\x01\x01", ber(0x61, b"\x0a\x01\0\x04\0\x04\0")))],
        [(S, "clear_credentials", "ldap", "claim")],
    ),
    "LDAP, NTLM": Conversation(
        Ldap,
        [
            (C, ber(0x30, b"\x02\x01\x02", ber(0x60, b"\x02\x01\x03\x04\0", ber(0x8A, NEGOTIATE)))),
            (S, ber(0x30, b"\x02\x01\x02", ber(0x61, b"\x0a\x01\0", ber(0x04, challenge()), b"\x04\0"))),
            (C, ber(0x30, b"\x02\x01\x03", ber(0x60, b"\x02\x01\x03\x04\0", ber(0x8B, authenticate())))),
        ],
        [CLIENT_OS, *CHALLENGE_ROWS, *AUTHENTICATE_ROWS],
    ),
    "DCE/RPC, NTLM": Conversation(
        DceRpc,
        [
            (side, struct.pack("<BBBB4sHHI", 5, 0, kind, 3, b"\x10\0\0\0", 48 + len(token), len(token), 1)
             + bytes(32) + token)
            for side, kind, token in ((C, 11, NEGOTIATE), (S, 12, challenge()), (C, 16, authenticate()))
        ],
        [CLIENT_OS, *CHALLENGE_ROWS, *AUTHENTICATE_ROWS],
    ),
    "SSH": Conversation(
        Ssh,
        [
            (S, b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13\r\n"), (C, b"SSH-2.0-PuTTY_Release_0.78\r\n"),
            (S, KEXINIT), (C, KEXINIT + ssh_packet(b"\x1e" + ssh_string(bytes(32)))), (S, KEX_REPLY),
        ],
        [SSH_SERVER, SSH_CLIENT, SSH_KEY],
    ),
    "SSH, group exchange behind a notice": Conversation(
        Ssh,
        [
            (C, b"SSH-2.0-PuTTY_Release_0.78\r\n"),
            (S, b"Authorised use only\r\n\r\nSSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13\r\n" + KEXINIT),
            (C, KEXINIT), (S, GEX_GROUP + ssh_packet(b"\x02" + ssh_string(b"ignored")) + GEX_REPLY),
        ],
        [SSH_CLIENT, SSH_SERVER, SSH_KEY],
    ),
    "SSH 1": Conversation(
        Ssh,
        [(S, b"SSH-1.5-1.2.26\n"), (C, b"SSH-1.5-OpenSSH_6.2\n")],
        [(S, "ssh_software", "SSH-1.5-1.2.26", "peer"), (C, "ssh_software", "SSH-1.5-OpenSSH_6.2", "peer")],
    ),
    "VNC": Conversation(
        Vnc,
        [(S, b"RFB 003.889\n"), (C, b"RFB 003.008\n"), (S, b"\2\x1e\2"), (C, b"\2")],
        [
            (S, "vnc_version", "003.889", "peer"), (C, "vnc_version", "003.008", "peer"),
            (S, "vnc_security", "vnc", "peer"),
        ],
    ),
    "FTP": Conversation(
        Ftp,
        [
            (S, b"220-\r\n220-  Welcome to the modality's FTP server \r\n  of radiology\r\n220 ready\r\n"),
            (C, b"USER PHICANARY10\r\n"), (S, b"331 Password for PHICANARY10\r\n"), (C, b"PASS PHICANARY11\r\n"),
            (S, b"230-Hello PHICANARY10\r\n230 Come in\r\n"),
        ],
        [
            (S, "ftp_banner", "Welcome to the modality's FTP server", "peer"),
            (S, "clear_credentials", "ftp", "claim"),
        ],
    ),
    "FTP, nobody's login": Conversation(
        Ftp,
        [(S, b"220 (vsFTPd 3.0.5)\r\n"), (C, b"user Anonymous\n"), (S, b"331 Please.\r\n"), (C, b"pass PHICANARY@x\n")],
        [(S, "ftp_banner", "(vsFTPd 3.0.5)", "peer")],
    ),
    "FTP, TLS": Conversation(
        Ftp,
        [
            (S, b"220 FTP ready\r\n"), (C, b"AUTH SSL\r\n"), (S, b"504 What?\r\n"),
            (C, b"AUTH TLS\r\n"), (S, b"234 Go on\r\n"),
        ],
        [(S, "ftp_banner", "FTP ready", "peer")],
    ),
    "SMTP": Conversation(
        Smtp,
        [
            (S, b"220-mail.example ESMTP Exim 4.69 #1 Mon, 05 Oct 2026 01:05:54 -0500\r\n220 no bulk mail\r\n"),
            (C, b"EHLO mri-1.rad.example\r\n"), (S, b"250-mail.example\r\n250-AUTH PLAIN LOGIN\r\n250 HELP\r\n"),
            (C, b"AUTH LOGIN\r\n"), (S, b"334 VXNlcm5hbWU6\r\n"), (C, b"UEhJQ0FOQVJZ\r\n"),
            (S, b"334 UGFzc3dvcmQ6\r\n"), (C, b"UEhJQ0FOQVJZ\r\n"), (S, b"235 2.7.0 Come in\r\n"),
        ],
        [
            (S, "smtp_banner", "mail.example ESMTP Exim 4.69 #1", "peer"),
            (C, "hostname", "mri-1.rad.example", "peer"), (S, "clear_credentials", "smtp", "claim"),
        ],
    ),
    "SMTP, TLS": Conversation(
        Smtp,
        [
            (S, b"220 mail.example ESMTP\r\n"), (C, b"EHLO [10.0.0.1]\r\n"), (S, b"250-mail\r\n250 STARTTLS\r\n"),
            (C, b"STARTTLS\r\n"), (S, b"220 2.0.0 Ready\r\n"),
        ],
        [(S, "smtp_banner", "mail.example ESMTP", "peer")],
    ),
    "telnet": Conversation(
        Telnet,
        [
            (S, bytes.fromhex("fffd18fffd20fffd23fffd27")), (C, bytes.fromhex("fffb18fffc20fffc23fffc27")),
            (S, bytes.fromhex("fffa1801fff0fffb03fffb01")), (C, bytes.fromhex("fffa1800") + b"XTERM" + b"\xff\xf0"),
            (S, b"\r\n\x1b[2J\x1b[1mVxWorks CT host\x1b[0m\r\n\r\nlogin: "), (C, b"PHICANARY12\r\n"),
            (S, b"PHICANARY12\r\nPassword: "), (C, b"PHICANARY13\r\n"),
            (S, b"\r\nLast failed login: Mon Oct  5 from PHICANARY14\r\n-> "), (C, b"i\r\n"),
        ],
        [(S, "telnet_banner", "VxWorks CT host", "peer"), (S, "clear_credentials", "telnet", "claim")],
    ),
    "ASTM": Conversation(
        Astm,
        [
            (C, b"\x05"), (S, b"\x06"), (C, astm_frame(1, ASTM_HEADER[:20], b"\x17")), (S, b"\x06"),
            (C, astm_frame(2, ASTM_HEADER[20:])), (S, b"\x06"), (C, astm_frame(3, ASTM_PATIENT + ASTM_RESULT)),
            (C, astm_frame(4, b"L|1|N\r") + b"\x04"),
        ],
        ASTM_ROWS,
    ),
    "ASTM without frames": Conversation(
        Astm, [(C, ASTM_HEADER + ASTM_PATIENT + b"\n" + ASTM_RESULT + b"L|1|N\r")], ASTM_ROWS
    ),
    "PJL": Conversation(
        Pjl,
        [
            (C, b'\x1b%-12345X@PJL SET USERNAME="PHICANARY14"\r\n@PJL INFO ID\r\n\x1b%-12345X'),
            (S, b'@PJL INFO STATUS\r\nCODE=10001\r\n\x0c@PJL INFO ID\r\n"HP LaserJet 4100"\r\n\x0c'),
        ],
        [(S, "printer_id", "HP LaserJet 4100", "peer")],
    ),
}  # fmt: skip
