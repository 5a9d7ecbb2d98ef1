"""Messages of the light parsers, and what is to be said of them. NTLM and SMB negotiations are built by scapy.

What is marked PHICANARY must never be said.
"""

from __future__ import annotations

import struct

from scapy.layers.ntlm import AV_PAIR, NTLM_AUTHENTICATE_V2, NTLM_CHALLENGE, NTLM_NEGOTIATE
from scapy.layers.smb import NBTSession, SMB_Dialect, SMB_Header, SMBNegotiate_Request, SMBNegotiate_Response_Security
from scapy.layers.smb2 import SMB2_Header, SMB2_Negotiate_Protocol_Request, SMB2_Negotiate_Protocol_Response

from parsers.records import Side

C, S = Side.CLIENT, Side.SERVER
Row = tuple[Side, str, str, str]


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
