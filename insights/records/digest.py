"""Digests: the hourly, signed lists of log files that CloudTrail leaves beside them, and the grammar of their keys.

Source: AWS CloudTrail User Guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail log file
integrity validation". A trail that validates has one chain of digests for each Region it covers. Each digest names the
one before it with its signature, so that none can be taken out or exchanged unnoticed; the digests of backfilled log
files form a chain of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from insights.errors import WindowError
from insights.windows import HOUR, Window

FOLDER = "CloudTrail-Digest"

SIGNATURE_ALGORITHM = "SHA256withRSA"
"""RSASSA-PKCS1-v1_5 over SHA-256."""

SIGNATURE, ALGORITHM = "signature", "signature-algorithm"
"""A digest object's metadata (`x-amz-meta-…`): the signature in hex, and its algorithm."""

BACKFILLED_AT = "backfill-generation-timestamp"
"""Metadata of a backfill digest: when it was made, which may be long after the hour it covers."""

_STAMP = "%Y%m%dT%H%M%SZ"
# Names of trails may hold underscores, those of Regions may not.
_NAME = re.compile(
    rf"(?P<account>\d{{12}})_{FOLDER}_(?P<region>[a-z0-9-]+)_(?P<trail>[A-Za-z0-9._-]+)_(?P<home>[a-z0-9-]+)_"
    r"(?P<time>\d{8}T\d{6}Z)(?P<backfill>_backfill)?\.json\.gz"
)


@dataclass(frozen=True, slots=True, order=True)
class Chain:
    """Whose digests follow one another: a trail's in one account and Region, those of backfilled files apart."""

    account_id: str
    region: str
    trail_name: str
    home_region: str
    is_backfill: bool = False


@dataclass(frozen=True, slots=True, order=True)
class DigestKey:
    """What the name of a digest tells: its chain and the end of the hour it covers."""

    chain: Chain
    ends_at: datetime

    @property
    def name(self) -> str:
        """The object's name."""
        chain = self.chain
        place = f"{chain.account_id}_{FOLDER}_{chain.region}_{chain.trail_name}_{chain.home_region}"
        return f"{place}_{self.ends_at:{_STAMP}}{'_backfill' if chain.is_backfill else ''}.json.gz"


class LoggedFile(msgspec.Struct, frozen=True, rename="camel"):
    """A log file as a digest lists it; `hash_value` is the hex SHA-256 of its uncompressed content."""

    bucket: str = msgspec.field(name="s3Bucket")
    key: str = msgspec.field(name="s3Object")
    hash_value: str
    hash_algorithm: str = "SHA-256"
    newest_event_time: str | None = None
    oldest_event_time: str | None = None


class Digest(msgspec.Struct, frozen=True, rename="camel"):
    """What a digest says. The five `previous_…` are None in the first of a chain.

    Required are the members without which AWS's own validator refuses a digest.
    """

    digest_start_time: datetime
    digest_end_time: str
    bucket: str = msgspec.field(name="digestS3Bucket")
    key: str = msgspec.field(name="digestS3Object")
    fingerprint: str = msgspec.field(name="digestPublicKeyFingerprint")
    previous_digest_signature: str | None
    aws_account_id: str | None = None
    digest_signature_algorithm: str | None = None
    newest_event_time: str | None = None
    oldest_event_time: str | None = None
    previous_bucket: str | None = msgspec.field(name="previousDigestS3Bucket", default=None)
    previous_key: str | None = msgspec.field(name="previousDigestS3Object", default=None)
    previous_digest_hash_value: str | None = None
    previous_digest_hash_algorithm: str | None = None
    log_files: tuple[LoggedFile, ...] = ()


_decoder = msgspec.json.Decoder(Digest)


def parse_digest_key(key: str) -> DigestKey | None:
    """Read an object's key, None where it is no digest's."""
    match = _NAME.fullmatch(key.rpartition("/")[2])
    if match is None:
        return None
    try:
        ends_at = datetime.strptime(match["time"], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    chain = Chain(match["account"], match["region"], match["trail"], match["home"], match["backfill"] is not None)
    return DigestKey(chain, ends_at)


def format_digest_key(key: DigestKey, *, prefix: str = "", organization_id: str = "") -> str:
    """Give the whole key of a digest; `prefix` is what stands before `AWSLogs/`."""
    parts = [prefix.strip("/"), "AWSLogs", organization_id, key.chain.account_id, FOLDER, key.chain.region]
    return "/".join([*(part for part in parts if part), f"{key.ends_at:%Y/%m/%d}", key.name])


def digest_before(key: str, hours: int) -> str:
    """Give the key that the digest so many hours before another one would have; a negative number looks ahead.

    Raises:
        ValueError: the key is no digest's.
    """
    parsed = parse_digest_key(key)
    if parsed is None:
        raise ValueError(f"{key!r} is no digest's key")
    other = DigestKey(parsed.chain, parsed.ends_at - hours * HOUR)
    return "/".join([*key.split("/")[:-4], f"{other.ends_at:%Y/%m/%d}", other.name])


def parse_digest(content: bytes) -> Digest | None:
    """Read an uncompressed digest, None where it is none."""
    try:
        digest = _decoder.decode(content)
        span_of(digest)
    except (msgspec.MsgspecError, ValueError, RecursionError, WindowError):
        return None
    return digest


def span_of(digest: Digest) -> Window:
    """Give the time whose deliveries a digest lists.

    Raises:
        ValueError: its end is no instant.
        WindowError: its start is not earlier than its end.
    """
    return Window(digest.digest_start_time, datetime.fromisoformat(digest.digest_end_time))


def string_to_sign(digest: Digest, content: bytes) -> bytes:
    """Give what CloudTrail signs of a digest, from its members and its uncompressed content.

    Four lines: the end of its hour as it says it, where it lies, the hash of its content, and the signature of the
    digest before it, or the word null.
    """
    before = digest.previous_digest_signature
    return "\n".join(
        (
            digest.digest_end_time,
            f"{digest.bucket}/{digest.key}",
            sha256(content).hexdigest(),
            "null" if before is None else before,
        )
    ).encode()
