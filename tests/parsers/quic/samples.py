"""Initial packets for the tests: those of the RFCs, and others sealed with the library's own key derivation."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tests.parsers.tls.handshakes import client_hello, extensions, numbers, vector

# RFC 9001 A.2, the protected packet
RFC_9001 = bytes.fromhex(
    "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9bd8bab936b47d92ec356c"
    "0bab7df5976d27cd449f63300099f3991c260ec4c60d17b31f8429157bb35a1282a643a8d2262cad67500cadb8e7378c"
    "8eb7539ec4d4905fed1bee1fc8aafba17c750e2c7ace01e6005f80fcb7df621230c83711b39343fa028cea7f7fb5ff89"
    "eac2308249a02252155e2347b63d58c5457afd84d05dfffdb20392844ae812154682e9cf012f9021a6f0be17ddd0c208"
    "4dce25ff9b06cde535d0f920a2db1bf362c23e596d11a4f5a6cf3948838a3aec4e15daf8500a6ef69ec4e3feb6b1d98e"
    "610ac8b7ec3faf6ad760b7bad1db4ba3485e8a94dc250ae3fdb41ed15fb6a8e5eba0fc3dd60bc8e30c5c4287e53805db"
    "059ae0648db2f64264ed5e39be2e20d82df566da8dd5998ccabdae053060ae6c7b4378e846d29f37ed7b4ea9ec5d82e7"
    "961b7f25a9323851f681d582363aa5f89937f5a67258bf63ad6f1a0b1d96dbd4faddfcefc5266ba6611722395c906556"
    "be52afe3f565636ad1b17d508b73d8743eeb524be22b3dcbc2c7468d54119c7468449a13d8e3b95811a198f3491de3e7"
    "fe942b330407abf82a4ed7c1b311663ac69890f4157015853d91e923037c227a33cdd5ec281ca3f79c44546b9d90ca00"
    "f064c99e3dd97911d39fe9c5d0b23a229a234cb36186c4819e8b9c5927726632291d6a418211cc2962e20fe47feb3edf"
    "330f2c603a9d48c0fcb5699dbfe5896425c5bac4aee82e57a85aaf4e2513e4f05796b07ba2ee47d80506f8d2c25e50fd"
    "14de71e6c418559302f939b0e1abd576f279c4b2e0feb85c1f28ff18f58891ffef132eef2fa09346aee33c28eb130ff2"
    "8f5b766953334113211996d20011a198e3fc433f9f2541010ae17c1bf202580f6047472fb36857fe843b19f5984009dd"
    "c324044e847a4f4a0ab34f719595de37252d6235365e9b84392b061085349d73203a4a13e96f5432ec0fd4a1ee65accd"
    "d5e3904df54c1da510b0ff20dcc0c77fcb2c0e0eb605cb0504db87632cf3d8b4dae6e705769d1de354270123cb11450e"
    "fc60ac47683d7b8d0f811365565fd98c4c8eb936bcab8d069fc33bd801b03adea2e1fbc5aa463d08ca19896d2bf59a07"
    "1b851e6c239052172f296bfb5e72404790a2181014f3b94a4e97d117b438130368cc39dbb2d198065ae3986547926cd2"
    "162f40a29f0c3c8745c0f50fba3852e566d44575c29d39a03f0cda721984b6f440591f355e12d439ff150aab7613499d"
    "bd49adabc8676eef023b15b65bfc5ca06948109f23f350db82123535eb8a7433bdabcb909271a6ecbcb58b936a88cd4e"
    "8f2e6ff5800175f113253d8fa9ca8885c2f552e657dc603f252e1a8e308f76f0be79e2fb8f5d5fbbe2e30ecadd220723"
    "c8c0aea8078cdfcb3868263ff8f0940054da48781893a7e49ad5aff4af300cd804a6b6279ab3ff3afb64491c85194aab"
    "760d58a606654f9f4400e8b38591356fbf6425aca26dc85244259ff2b19c41b9f96f3ca9ec1dde434da7d2d392b905dd"
    "f3d1f9af93d1af5950bd493f5aa731b4056df31bd267b6b90a079831aaf579be0a39013137aac6d404f518cfd4684064"
    "7e78bfe706ca4cf5e9c5453e9f7cfd2b8b4c8d169a44e55c88d4a9a7f9474241e221af44860018ab0856972e194cd934"
)
# RFC 9001 A.2, the CRYPTO frame in it; RFC 9369 A.2 has the same
RFC_FRAME = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c000004130113"
    "02010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce1"
    "5d43e994ec74d748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c0002400100"
    "3900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806"
    "048000ffff"
)
# RFC 9369 A.2, how the protected packet begins
RFC_9369_BEGIN = bytes.fromhex(
    "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485dd04de806071bf03dceebfa162e75d6c"
    "96058bdbfb127cdfcbf903388e99ad049f9a3dd4425ae4d0992cfff18ecf0fdb5a842d09747052f17ac2053d21f57c5d"
    "250f2c4f0e0202b70785b7946e992e58a59ac52dea6774d4f03b55545243cf1a12834e3f249a78d395e0d18f4d766004"
)
DCID = bytes.fromhex("8394c8f03e515708")
V1, V2 = 0x00000001, 0x6B3343CF
_DRAFT_23 = "c3eef712c72ebb5a11a7d2432bb46365bef9f502"  # draft-ietf-quic-tls-23 to 28, 5.2
_DRAFT_29 = "afbfec289993d24c9e9786f19c6111e04390a899"  # draft-ietf-quic-tls-29 to 32, 5.2
SALTS = {
    V1: "38762cf7f55934b34d179ae6a4c80cadccbb7f0a",  # RFC 9001 5.2
    V2: "0dede3def700a6db819381be6e269dcbf9bd2ed9",  # RFC 9369 3.3.1
    0xFF000016: "7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a",  # draft-ietf-quic-tls-22 5.2
    **dict.fromkeys((0xFF000017, 0xFF00001B, 0xFF00001C, 0xFACEB002), _DRAFT_23),
    **dict.fromkeys((0xFF00001D, 0xFF000020), _DRAFT_29),
    **dict.fromkeys((0xFF000021, 0xFF000022), "38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
}


def hello(name: bytes = b"pacs.example", filler: int = 0) -> bytes:
    """A ClientHello message; `filler` bytes make it longer."""
    tail = extensions(
        (0, vector(2, b"\0" + vector(2, name))),
        (16, vector(2, vector(1, b"h3"))),
        (43, vector(1, numbers(0x0304))),
        (13, vector(2, numbers(0x0403))),
        (21, bytes(filler)),
    )
    return client_hello(numbers(0x1301, 0x1302), tail)


def integer(value: int) -> bytes:
    """A variable-length integer (RFC 9000 16), of four bytes."""
    return (value | 0x80000000).to_bytes(4)


def crypto(offset: int, data: bytes) -> bytes:
    return b"\6" + integer(offset) + integer(len(data)) + data


def seal(
    frames: bytes,
    dcid: bytes = DCID,
    version: int = V1,
    number: int = 0,
    keys_of: bytes | None = None,
    size: int = 1162,
    token: bytes = b"",
    sender: bytes = b"client in",
) -> bytes:
    """An Initial packet with `frames` padded to `size`, its keys derived from the connection ID `keys_of`."""
    extract = HMAC(bytes.fromhex(SALTS[version]), SHA256())
    extract.update(dcid if keys_of is None else keys_of)
    prefix = b"quicv2 " if version == V2 else b"quic "
    secret = _expand(extract.finalize(), sender, 32)
    key, iv, hp = (_expand(secret, prefix + name, n) for name, n in ((b"key", 16), (b"iv", 12), (b"hp", 16)))
    frames = frames.ljust(size, b"\0")
    head = bytes([0xD3 if version == V2 else 0xC3]) + version.to_bytes(4) + bytes([len(dcid)]) + dcid + b"\0"
    head += (integer(len(token)) + token if token else b"\0") + (0x4000 | 4 + len(frames) + 16).to_bytes(2)
    nonce = (int.from_bytes(iv) ^ number).to_bytes(12)
    body = AESGCM(key).encrypt(nonce, frames, head + number.to_bytes(4))
    mask = Cipher(algorithms.AES(hp), modes.ECB()).encryptor().update(body[:16])
    first = bytes([head[0] ^ mask[0] & 15])
    return first + head[1:] + bytes(a ^ b for a, b in zip(number.to_bytes(4), mask[1:5], strict=True)) + body


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    label = b"tls13 " + label
    info = length.to_bytes(2) + bytes([len(label)]) + label + b"\0"
    return HKDFExpand(SHA256(), length, info).derive(secret)
