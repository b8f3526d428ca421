"""Judging one digest by itself: its form, its place and its signature.

Source: AWS CloudTrail User Guide, "Custom implementations of CloudTrail log file integrity validation".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

from insights.errors import WindowError
from insights.integrity.content import inflated
from insights.integrity.places import Place
from insights.integrity.public_keys import KeysOfRegion, PublicKey, is_signed_by
from insights.integrity.verdicts import Finding, Verdict
from insights.records.digest import (
    BACKFILLED_AT,
    SIGNATURE,
    Chain,
    Digest,
    DigestKey,
    parse_digest,
    span_of,
    string_to_sign,
)
from insights.windows import HOUR, Window, parse_instant

# AWS's validator asks for keys up to two hours after the last hour it looks at, and an hour around a backfill.
_AFTER_HOUR = timedelta(hours=2)
_AROUND_BACKFILL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class FoundDigest:
    """A digest as the store gave it: its key there, its bytes, and its metadata without `x-amz-meta-`."""

    key: str
    name: DigestKey
    content: bytes
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JudgedDigest:
    """A digest and what was found out about it.

    `digest` is what it says, present only where its signature vouches for it; `covers` is then the time it says it
    covers, else the hour before the time in its name. `hash` is of its uncompressed content.
    """

    finding: Finding
    name: DigestKey
    covers: Window
    signature: str = ""
    hash: str = ""
    digest: Digest | None = None

    @property
    def key(self) -> str:
        """Its key in the store."""
        return self.finding.key

    def replaced(self, detail: str) -> JudgedDigest:
        """Give the same digest as one that the next digest does not vouch for."""
        return replace(self, finding=Finding("digest", self.key, Verdict.REPLACED, detail), digest=None)


def judge_digest(found: FoundDigest, place: Place, keys: KeysOfRegion) -> JudgedDigest:
    """Judge a digest; the first thing that is wrong decides."""
    content = inflated(found.content)
    if isinstance(content, Verdict):
        return _refused(found, content)
    digest = parse_digest(content)
    if digest is None:
        return _refused(found, Verdict.INVALID_FORMAT)
    if not place.is_at(found.key, bucket=digest.bucket, recorded_key=digest.key):
        return _refused(found, Verdict.MOVED, f"(s3://{digest.bucket}/{digest.key})")
    refusal = _check_signature(found, digest, content, keys)
    if refusal is not None:
        return refusal
    return JudgedDigest(
        Finding("digest", found.key, Verdict.VALID),
        found.name,
        span_of(digest),
        found.metadata[SIGNATURE],
        sha256(content).hexdigest(),
        digest,
    )


def absent_digest(key: str, name: DigestKey) -> JudgedDigest:
    """Judge a digest that was listed and is no longer there."""
    return JudgedDigest(Finding("digest", key, Verdict.MISSING), name, _hour_before(name))


def _check_signature(found: FoundDigest, digest: Digest, content: bytes, keys: KeysOfRegion) -> JudgedDigest | None:
    try:
        needed = _time_of_signing(found, digest)
    except WindowError:
        return _refused(found, Verdict.INVALID_FORMAT, f"(its metadata have no {BACKFILLED_AT})")
    key = keys(found.name.chain.home_region).get(digest.fingerprint)
    if key is None or not key.validity.overlaps(needed):
        return _refused(found, Verdict.KEY_NOT_FOUND, _which_key(found.name.chain, digest, key))
    try:
        is_valid = is_signed_by(
            key, signed=string_to_sign(digest, content), signature=found.metadata.get(SIGNATURE, "")
        )
    except ValueError:
        return _refused(found, Verdict.KEY_UNREADABLE, f"with fingerprint {digest.fingerprint}")
    return None if is_valid else _refused(found, Verdict.FORGED)


def _time_of_signing(found: FoundDigest, digest: Digest) -> Window:
    """Give the span in which a key must have been valid.

    Raises:
        WindowError: a backfill digest does not say when it was made.
    """
    if not found.name.chain.is_backfill:
        return span_of(digest).widened(after=_AFTER_HOUR)
    made_at = parse_instant(found.metadata.get(BACKFILLED_AT, ""))
    return Window(made_at - _AROUND_BACKFILL, made_at + _AROUND_BACKFILL)


def _which_key(chain: Chain, digest: Digest, key: PublicKey | None) -> str:
    known = f" (the list has it for {key.validity})" if key else ""
    return f"in region {chain.home_region} for fingerprint {digest.fingerprint}{known}"


def _refused(found: FoundDigest, verdict: Verdict, detail: str = "") -> JudgedDigest:
    return JudgedDigest(Finding("digest", found.key, verdict, detail), found.name, _hour_before(found.name))


def _hour_before(name: DigestKey) -> Window:
    return Window(name.ends_at - HOUR, name.ends_at)
