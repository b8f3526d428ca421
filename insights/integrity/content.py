"""The bytes of an object: exactly one gzip member, and the hash of what it holds.

A digest's hash is of the uncompressed content. Readers of gzip go on with whatever member follows the first, so records
that somebody appends would be read while that hash stays right: anything after the first member is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from isal import isal_zlib
from isal.igzip_lib import IsalError

from insights.integrity.verdicts import Verdict

MOST_DIGEST_BYTES = 256 * 2**20
"""A digest of an hour with a hundred thousand log files has 40 MB; it is unpacked before anything vouches for it."""

_GZIP_WINDOW = isal_zlib.MAX_WBITS | 16
_PIECE_BYTES = 2**20


def hash_or_verdict(content: bytes) -> str | Verdict:
    """Give the lower-case hex SHA-256 of what one gzip member holds, or why there is none; needs no more memory."""
    digest = sha256()
    for piece in _pieces(content):
        if isinstance(piece, Verdict):
            return piece
        digest.update(piece)
    return digest.hexdigest()


def inflated(content: bytes, most_bytes: int = MOST_DIGEST_BYTES) -> bytes | Verdict:
    """Give what one gzip member holds, or why it is not taken."""
    whole = bytearray()
    for piece in _pieces(content):
        if isinstance(piece, Verdict):
            return piece
        whole += piece
        if len(whole) > most_bytes:
            return Verdict.INVALID_FORMAT
    return bytes(whole)


def _pieces(content: bytes) -> Iterator[bytes | Verdict]:
    """Yield the uncompressed content in pieces of bounded size; last, a verdict where it is not exactly one member."""
    member = isal_zlib.decompressobj(_GZIP_WINDOW)
    remaining = content
    try:
        while not member.eof:
            piece = member.decompress(remaining, _PIECE_BYTES)
            remaining = member.unconsumed_tail
            if not (piece or remaining or member.eof):  # it ends in the middle
                yield Verdict.INVALID_FORMAT
                return
            yield piece
    except IsalError:  # type: ignore[misc]  # its stub gives an instance for the class
        yield Verdict.INVALID_FORMAT
        return
    if member.unused_data:
        yield Verdict.APPENDED
