"""A file that nobody reads without its key, and in which nothing can be altered, swapped or cut off unseen.

    magic │ length, header │ length, chunk │ length, chunk │ … │ length, last chunk

The content is compressed, cut into chunks and encrypted with AES-256-GCM under a key of this file alone
(HKDF from the ring's key and the header's salt). A chunk's nonce is its number and whether it is the last;
magic and header are authenticated with every chunk.
"""

import base64
import binascii
import json
import secrets
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from servicekit.sealing import KeyRing
from tanggap.errors import CliError

MAGIC = b"tanggap-backup-1\n"
CHUNK_BYTES = 1024 * 1024
SALT_BYTES = 32
LENGTH = struct.Struct(">I")
HEADER_LIMIT = 4096
TAG_BYTES = 16
COMPRESSION_LEVEL = 3
"""A third of the time of the usual level, for a few percent more bytes."""


class DamagedBackup(CliError):
    """The file is no backup, is not whole, was altered, or belongs to another key."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class SealedWriter:
    """Compresses and encrypts what is written. A file without `finish` is refused by its reader."""

    def __init__(self, sink: BinaryIO, ring: KeyRing, created_at: str) -> None:
        kid, key = ring.keys[0]
        salt = secrets.token_bytes(SALT_BYTES)
        header = json.dumps(
            {"kid": kid, "salt": base64.b64encode(salt).decode(), "created_at": created_at}
        ).encode()
        self._prologue = MAGIC + LENGTH.pack(len(header)) + header
        self._cipher = AESGCM(file_key(key, salt))
        self._sink = sink
        self._deflate = zlib.compressobj(COMPRESSION_LEVEL)
        self._waiting = bytearray()
        self._number = 0
        sink.write(self._prologue)

    def write(self, data: bytes) -> None:
        self._waiting += self._deflate.compress(data)
        # One byte stays: which chunk is the last is not known before the end.
        while len(self._waiting) > CHUNK_BYTES:
            self._emit(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]

    def finish(self) -> None:
        self._waiting += self._deflate.flush()
        while len(self._waiting) > CHUNK_BYTES:
            self._emit(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]
        self._emit(bytes(self._waiting), last=True)

    def _emit(self, plain: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(nonce(self._number, last), plain, self._prologue)
        self._sink.write(LENGTH.pack(len(sealed)))
        self._sink.write(sealed)
        self._number += 1


def opened(source: Readable, ring: KeyRing) -> Iterator[bytes]:
    """The content in pieces of at most a chunk. Raises DamagedBackup, at the latest at the end."""
    prologue, kid, salt = read_prologue(source)
    key = dict(ring.keys).get(kid)
    if key is None:
        raise DamagedBackup(f"The backup was made with the key {kid!r}, which is not in the ring.")
    cipher = AESGCM(file_key(key, salt))
    inflate = zlib.decompressobj()
    for number, (sealed, last) in enumerate(frames(source)):
        plain = decrypted(cipher, number, last, sealed, prologue)
        while plain:
            piece = inflate.decompress(plain, CHUNK_BYTES)
            plain = inflate.unconsumed_tail
            if piece:
                yield piece
    if rest := inflate.flush():
        yield rest
    if not inflate.eof or inflate.unused_data:
        raise DamagedBackup("The backup's content does not end where it should.")


def read_prologue(source: Readable) -> tuple[bytes, str, bytes]:
    if source.read(len(MAGIC)) != MAGIC:
        raise DamagedBackup("This is no backup of Tanggap, or one of another version.")
    length = source.read(LENGTH.size)
    size = LENGTH.unpack(length)[0] if len(length) == LENGTH.size else 0
    raw = source.read(size) if 0 < size <= HEADER_LIMIT else b""
    try:
        header = json.loads(raw)
        return MAGIC + length + raw, str(header["kid"]), base64.b64decode(header["salt"], validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise DamagedBackup("The backup's header cannot be read.") from None


def frames(source: Readable) -> Iterator[tuple[bytes, bool]]:
    """Every chunk, and whether nothing follows it."""
    length = source.read(LENGTH.size)
    if not length:
        raise DamagedBackup("The backup is cut short: nothing follows its header.")
    while length:
        size = LENGTH.unpack(length)[0] if len(length) == LENGTH.size else 0
        if not TAG_BYTES <= size <= CHUNK_BYTES + TAG_BYTES:
            raise DamagedBackup("The backup is cut short or altered: a chunk's length is impossible.")
        sealed = source.read(size)
        if len(sealed) != size:
            raise DamagedBackup("The backup is cut short in the middle of a chunk.")
        length = source.read(LENGTH.size)
        yield sealed, not length


def decrypted(cipher: AESGCM, number: int, last: bool, sealed: bytes, prologue: bytes) -> bytes:
    try:
        return cipher.decrypt(nonce(number, last), sealed, prologue)
    except InvalidTag:
        what = f"Chunk {number + 1} was altered, stands in a wrong place, or the key is another one."
        if last and opens(cipher, number, sealed, prologue):
            what = f"The backup is cut short after chunk {number + 1}."
        raise DamagedBackup(what) from None


def opens(cipher: AESGCM, number: int, sealed: bytes, prologue: bytes) -> bool:
    """Whether it is a chunk in the middle, of which we believed that it was the last."""
    try:
        cipher.decrypt(nonce(number, last=False), sealed, prologue)
    except InvalidTag:
        return False
    return True


def nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def file_key(key: bytes, salt: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt, MAGIC).derive(key)
