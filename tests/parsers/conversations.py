"""Conversations of the light parsers, as real software has them, and what is to be said of each.

NTLM, SMB 1 and LDAP are built by scapy; what is marked PHICANARY must never be said.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from scapy.layers.ldap import ASN1_STRING, LDAP, LDAP_Authentication_simple, LDAP_BindRequest
from scapy.layers.ntlm import AV_PAIR, NTLM_AUTHENTICATE_V2, NTLM_CHALLENGE, NTLM_NEGOTIATE
from scapy.layers.smb import NBTSession, SMB_Dialect, SMB_Header, SMBNegotiate_Request, SMBNegotiate_Response_Security
from scapy.layers.smb2 import SMB2_Header, SMB2_Negotiate_Protocol_Request, SMB2_Negotiate_Protocol_Response

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

C, S = Side.CLIENT, Side.SERVER
Row = tuple[Side, str, str, str]


class Conversation(NamedTuple):
    parser: type[Parser]
    turns: list[tuple[Side, bytes]]
    rows: list[Row]


# -- NTLM ----------------------------------------------------------------------------------------------------------

VERSIONED = "NEGOTIATE_UNICODE+NEGOTIATE_VERSION"
WINDOWS_10 = {"ProductMajorVersion": 10, "ProductMinorVersion": 0, "ProductBuild": 19041, "NTLMRevisionCurrent": 15}
SERVER_2019 = {**WINDOWS_10, "ProductBuild": 17763}
NEGOTIATE = bytes(NTLM_NEGOTIATE(NegotiateFlags=VERSIONED, **WINDOWS_10))


def challenge(**options: object) -> bytes:
    pairs = {
        "MsvAvNbDomainName": "RAD",
        "MsvAvNbComputerName": "PACS01",
        "MsvAvDnsDomainName": "rad.example",
        "MsvAvDnsComputerName": "pacs01.rad.example",
        "MsvAvDnsTreeName": "tree.example",
    }
    items = [AV_PAIR(AvId=name, Value=value) for name, value in pairs.items()]
    told = {
        "NegotiateFlags": VERSIONED + "+NEGOTIATE_TARGET_INFO+TARGET_TYPE_DOMAIN",
        "Payload": [("TargetName", "RAD"), ("TargetInfo", [*items, AV_PAIR(AvId="MsvAvEOL")])],
        **SERVER_2019,
        **options,
    }
    return bytes(NTLM_CHALLENGE(**told))


def authenticate(workstation: str = "CT-CONSOLE", **options: object) -> bytes:
    payload = [
        ("DomainName", "PHICANARY01"), ("UserName", "PHICANARY02"), ("Workstation", workstation),
        ("LmChallengeResponse", bytes(24)), ("NtChallengeResponse", bytes(24)),
        ("EncryptedRandomSessionKey", bytes(16)),
    ]  # fmt: skip
    return bytes(NTLM_AUTHENTICATE_V2(**{"NegotiateFlags": VERSIONED, "Payload": payload, **WINDOWS_10, **options}))


CLIENT_OS: Row = (C, "os_version", "Windows 10.0 build 19041", "peer")
CHALLENGE_ROWS: list[Row] = [
    (S, "hostname", "PACS01", "peer"),
    (S, "hostname", "pacs01.rad.example", "peer"),
    (S, "domain", "RAD", "peer"),
    (S, "domain", "rad.example", "peer"),
    (S, "os_version", "Windows 10.0 build 17763", "peer"),
]
AUTHENTICATE_ROWS: list[Row] = [(C, "hostname", "CT-CONSOLE", "peer"), CLIENT_OS]

# -- SMB -----------------------------------------------------------------------------------------------------------

_TREE_CONNECT = 3


def framed(message: bytes) -> bytes:
    return struct.pack(">I", len(message)) + message


def smb2(command: int, body: bytes, response: bool = False, status: int = 0) -> bytes:
    """MS-SMB2 2.2.1.2"""
    header = struct.pack("<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 1, status, command, 1, response, 0, 1, 0, 0, 0, b"")
    return framed(header + body)


def setup_request(token: bytes) -> bytes:
    return smb2(1, struct.pack("<HBBIIHHQ", 25, 0, 1, 1, 0, 64 + 24, len(token), 0) + token)


def setup_response(token: bytes, status: int = 0xC0000016) -> bytes:
    return smb2(1, struct.pack("<HHHH", 9, 0, 64 + 8, len(token)) + token, response=True, status=status)


def smb1(command: int, words: bytes, data: bytes, reply: bool = False, unicode: bool = True) -> bytes:
    """MS-CIFS 2.2.3"""
    header = struct.pack("<4sBIBH22s", b"\xffSMB", command, 0, reply << 7, unicode << 15, b"")[:32]
    return framed(header + bytes([len(words) // 2]) + words + struct.pack("<H", len(data)) + data)


def text(*strings: str) -> bytes:
    return "".join(string + "\0" for string in strings).encode("utf-16-le")


SESSION_REQUEST = (  # RFC 1002 4.3.2: from CT-CONSOLE<00> to *SMBSERVER
    b"\x81\0\0\x44 CKFDENECFDEFFCFGEFFCCACACACACACA\0 EDFECNEDEPEOFDEPEMEFCACACACACAAA\0"
)
NEGOTIATE_2 = bytes(NBTSession() / SMB2_Header(Command="SMB2_NEGOTIATE") / SMB2_Negotiate_Protocol_Request())
NEGOTIATED_3 = bytes(
    NBTSession()
    / SMB2_Header(Command="SMB2_NEGOTIATE", Flags="SMB2_FLAGS_SERVER_TO_REDIR")
    / SMB2_Negotiate_Protocol_Response(DialectRevision=0x0311, SecurityMode="SIGNING_ENABLED+SIGNING_REQUIRED")
)
DIALECTS = ("PC NETWORK PROGRAM 1.0", "LANMAN1.0", "NT LM 0.12")
NEGOTIATE_1 = bytes(
    NBTSession()
    / SMB_Header(Command=0x72)
    / SMBNegotiate_Request(Dialects=[SMB_Dialect(DialectString=name) for name in DIALECTS])
)
NEGOTIATED_1 = bytes(
    NBTSession()
    / SMB_Header(Command=0x72, Flags="REPLY", Flags2="UNICODE")
    / SMBNegotiate_Response_Security(
        DialectIndex=2, SecurityMode=3, ServerCapabilities=0, Challenge=b"12345678",
        DomainName="RAD".encode("utf-16-le"), ServerName="PACS01".encode("utf-16-le"),
    )
)  # fmt: skip
SETUP_1 = smb1(
    0x73,
    struct.pack("<BBHHHHIHHII", 0xFF, 0, 0, 4356, 50, 0, 0, 24, 24, 0, 0x54),
    bytes(48) + b"\0" + text("PHICANARY03", "PHICANARY04", "Windows 2002 Service Pack 2 2600", "Windows 2002 5.1"),
)
SETUP_1_ANSWER = smb1(0x73, struct.pack("<BBHH", 0xFF, 0, 0, 0), b"\0" + text("Windows 6.1", "Samba 4.7.4"), reply=True)

# -- RDP -----------------------------------------------------------------------------------------------------------


def tpkt(body: bytes) -> bytes:
    return struct.pack(">BBH", 3, 0, 4 + len(body)) + body


def x224(kind: int, rest: bytes = b"") -> bytes:
    return tpkt(bytes([6 + len(rest), kind, 0, 0, 0, 0, 0]) + rest)


def rdp_confirm(protocol: int) -> bytes:
    return x224(0xD0, struct.pack("<BBHI", 2, 0, 8, protocol))


RDP_REQUEST = x224(0xE0, b"Cookie: mstshash=PHICANARY\r\n" + struct.pack("<BBHI", 1, 0, 8, 1))
CORE_DATA = struct.pack("<HHIHHHHII32sIII", 0xC001, 68, 0x80004, 1024, 768, 0xCA01, 0xAA03, 1033, 2600,
                        "CT-CONSOLE".encode("utf-16-le"), 4, 0, 12)  # fmt: skip
# MS-RDPBCGR 4.1.3: Connect-Initial, its domain parameters, and a GCC conference create request
CONNECT_INITIAL = tpkt(
    b"\x02\xf0\x80\x7f\x65\x82\x01\x94\x04\x01\x01\x04\x01\x01\x01\x01\xff" + bytes(78) + b"\x04\x82\x01\x33"
    b"\x00\x05\x00\x14\x7c\x00\x01\x81\x2a\x00\x08\x00\x10\x00\x01\xc0\x00Duca\x81\x1c" + CORE_DATA + bytes(40)
)

# -- SSH -----------------------------------------------------------------------------------------------------------


def ssh_packet(payload: bytes) -> bytes:
    """RFC 4253 6"""
    padding = 16 - (5 + len(payload)) % 8 if (5 + len(payload)) % 8 > 4 else 8 - (5 + len(payload)) % 8
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + bytes(padding)


def ssh_string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


KEXINIT = ssh_packet(b"\x14" + bytes(16) + ssh_string(b"curve25519-sha256") + bytes(41))
# `ssh-keygen -l` prints this fingerprint of it
HOST_KEY = ssh_string(b"ssh-ed25519") + ssh_string(bytes(range(32)))
FINGERPRINT = "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA"
KEX_REPLY = ssh_packet(b"\x1f" + ssh_string(HOST_KEY) + ssh_string(bytes(32)) + ssh_string(bytes(83)))
GEX_GROUP = ssh_packet(b"\x1f" + ssh_string(b"\0" + b"\xff" * 256) + ssh_string(b"\x02"))
GEX_REPLY = ssh_packet(b"\x21" + ssh_string(HOST_KEY) + ssh_string(bytes(257)) + ssh_string(bytes(83)))
SSH_CLIENT: Row = (C, "ssh_software", "SSH-2.0-PuTTY_Release_0.78", "peer")
SSH_SERVER: Row = (S, "ssh_software", "SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13", "peer")
SSH_KEY: Row = (S, "ssh_host_key", FINGERPRINT, "peer")

# -- LDAP ----------------------------------------------------------------------------------------------------------


def ber(tag: int, *content: bytes) -> bytes:
    value = b"".join(content)
    return bytes([tag, 0x82]) + struct.pack(">H", len(value)) + value


# -- ASTM ----------------------------------------------------------------------------------------------------------


def astm_frame(number: int, record: bytes, end: bytes = b"\x03") -> bytes:
    """CLSI LIS1-A"""
    body = b"%d" % number + record + end
    return b"\x02" + body + b"%02X\r\n" % (sum(body) % 256)


ASTM_HEADER = b"H|\\^&||PHICANARY05|ARCHITECT^8.10^F3453010030^H1P1O1R1C1Q1L1|||||||P|1|20260901100000\r"
ASTM_PATIENT = b"P|1||PHICANARY06||PHICANARY07^MARY\r"
ASTM_RESULT = b"R|1|^^^16^TSH^UNDILUTED^P|1.2|uIU/mL\r"
ASTM_ROWS: list[Row] = [
    (C, "astm_sender", '{"SenderName":"ARCHITECT^8.10^F3453010030^H1P1O1R1C1Q1L1","Version":"8.10"}', "object"),
    (C, "clear_patient_data", "true", "peer"),
    (C, "astm_record_types", '["H","L","P","R"]', "peer"),
]

CONVERSATIONS: dict[str, Conversation] = {
    "SMB 3.1.1, NTLM": Conversation(
        Smb,
        [
            (C, NEGOTIATE_2), (S, NEGOTIATED_3), (C, setup_request(NEGOTIATE)),
            (S, setup_response(b"\xa1\x81\x99" + challenge())), (C, setup_request(authenticate())),
            (S, setup_response(b"", 0)), (C, smb2(_TREE_CONNECT, bytes(8))),
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
            authentication=LDAP_Authentication_simple(b"PHICANARY09")))))],
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
        [(S, b"RFB 003.889\n"), (C, b"RFB 003.008\n")],
        [(S, "vnc_version", "003.889", "peer"), (C, "vnc_version", "003.008", "peer")],
    ),
    "FTP": Conversation(
        Ftp,
        [
            (S, b"220-\r\n220-  Welcome to the modality's FTP server \r\n  of radiology\r\n220 ready\r\n"),
            (C, b"USER PHICANARY10\r\n"), (S, b"331 Password for PHICANARY10\r\n"), (C, b"PASS PHICANARY11\r\n"),
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
