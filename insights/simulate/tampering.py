"""What somebody may do to a signed trail afterwards, each kind done in the middle of it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import msgspec
from isal import igzip

from insights.records.digest import SIGNATURE, digest_before, parse_digest, string_to_sign
from insights.simulate.digests import SignedDigest, SigningKey
from insights.simulate.trail import TrailObject

Delivered = TrailObject | SignedDigest


class Tampering(StrEnum):
    """One way to tamper with a trail."""

    CHANGED_LOG_FILE = "changed_log_file"
    CHANGED_DIGEST = "changed_digest"
    REMOVED_LOG_FILE = "removed_log_file"
    REMOVED_DIGEST = "removed_digest"
    TWO_REMOVED_DIGESTS = "two_removed_digests"
    NEWEST_DIGESTS_REMOVED = "newest_digests_removed"
    CUT_CHAIN = "cut_chain"
    MOVED_LOG_FILE = "moved_log_file"
    MOVED_DIGEST = "moved_digest"
    APPENDED_LOG_FILE = "appended_log_file"
    ADDED_LOG_FILE = "added_log_file"
    FORGED_SIGNATURE = "forged_signature"
    WRONG_FINGERPRINT = "wrong_fingerprint"


_OF_LOG_FILES = (
    Tampering.CHANGED_LOG_FILE,
    Tampering.REMOVED_LOG_FILE,
    Tampering.MOVED_LOG_FILE,
    Tampering.APPENDED_LOG_FILE,
)


def tampered(objects: Sequence[Delivered], how: Tampering, forger: SigningKey) -> tuple[list[Delivered], list[str]]:
    """Tamper with a trail.

    Args:
        objects: A trail of one account and Region with at least six digests, in order of delivery.
        how: What is done.
        forger: The key of somebody who is not CloudTrail.

    Returns:
        The trail as it is then, and the keys of the objects that are concerned.
    """
    scene = _Scene.of(objects)
    removed = _removed(how, scene)
    added: list[Delivered] = [*_added_log_files(how, scene.log_file), *_added_digests(how, scene.digest, forger)]
    gone = {each.key for each in removed}
    left = [each for each in objects if each.key not in gone]
    return left + added, sorted(gone | {each.key for each in added})


@dataclass(frozen=True, slots=True)
class _Scene:
    """All digests, the one in the middle, and a log file that it lists."""

    digests: list[SignedDigest]
    middle: int
    log_file: TrailObject

    @classmethod
    def of(cls, objects: Sequence[Delivered]) -> _Scene:
        digests = [each for each in objects if isinstance(each, SignedDigest)]
        middle = len(digests) // 2
        hour_start = digests[middle - 1].delivered_at
        files = (each for each in objects if isinstance(each, TrailObject) and each.delivered_at >= hour_start)
        return cls(digests, middle, next(files))

    @property
    def digest(self) -> SignedDigest:
        return self.digests[self.middle]


def _removed(how: Tampering, scene: _Scene) -> Sequence[Delivered]:
    digests, middle = scene.digests, scene.middle
    match how:
        case Tampering.ADDED_LOG_FILE:
            return []
        case Tampering.TWO_REMOVED_DIGESTS:
            return digests[middle : middle + 2]
        case Tampering.NEWEST_DIGESTS_REMOVED:
            return digests[middle:]
        case Tampering.CUT_CHAIN:
            return digests[:middle]
        case Tampering.MOVED_DIGEST:
            return digests[middle - 1 : middle + 1]
    return [scene.log_file if how in _OF_LOG_FILES else scene.digest]


def _added_log_files(how: Tampering, log_file: TrailObject) -> list[TrailObject]:
    match how:
        case Tampering.CHANGED_LOG_FILE:
            return [replace(log_file, body=_changed(log_file.body))]
        case Tampering.MOVED_LOG_FILE | Tampering.ADDED_LOG_FILE:
            return [replace(log_file, key=_renamed(log_file.key))]
        case Tampering.APPENDED_LOG_FILE:
            return [replace(log_file, body=log_file.body + igzip.compress(b'{"Records":[]}', 1, mtime=0))]
    return []


def _added_digests(how: Tampering, digest: SignedDigest, forger: SigningKey) -> list[SignedDigest]:
    match how:
        case Tampering.CHANGED_DIGEST:
            return [replace(digest, body=_changed(digest.body))]
        case Tampering.MOVED_DIGEST:
            return [replace(digest, key=digest_before(digest.key, 1))]
        case Tampering.FORGED_SIGNATURE:
            return [_signed_anew(digest, forger, None)]
        case Tampering.WRONG_FINGERPRINT:
            return [_signed_anew(digest, forger, forger.fingerprint)]
    return []


def _changed(body: bytes) -> bytes:
    """Change one byte of the content."""
    content = bytearray(zlib.decompress(body, zlib.MAX_WBITS | 16))
    place = content.rindex(b"Z")  # of an instant
    content[place - 1] = ord("8") if content[place - 1] != ord("8") else ord("9")
    return bytes(igzip.compress(bytes(content), 1, mtime=0))


def _renamed(key: str) -> str:
    """Give the name another unique part."""
    stem = key.removesuffix(".json.gz")
    return f"{stem[:-16]}{'A' * 16}.json.gz"


def _signed_anew(digest: SignedDigest, forger: SigningKey, fingerprint: str | None) -> SignedDigest:
    """Take a log file out of a digest and sign it with another key."""
    parsed = parse_digest(zlib.decompress(digest.body, zlib.MAX_WBITS | 16))
    assert parsed is not None
    forged = msgspec.structs.replace(
        parsed, log_files=parsed.log_files[1:], fingerprint=fingerprint or parsed.fingerprint
    )
    content = msgspec.json.encode(forged)
    signature = forger.sign(string_to_sign(forged, content))
    return replace(
        digest, body=igzip.compress(content, 1, mtime=0), attributes={**digest.attributes, SIGNATURE: signature}
    )
