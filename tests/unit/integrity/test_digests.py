from __future__ import annotations

import gzip
from dataclasses import replace
from typing import Any

import pytest

from insights.integrity.digests import FoundDigest, absent_digest, judge_digest
from insights.integrity.places import Place
from insights.integrity.public_keys import PublicKey
from insights.integrity.verdicts import Finding, Verdict
from insights.windows import Window, parse_instant

PLACE = Place("my-bucket")
HOUR = Window(parse_instant("2026-11-01T12:05:08"), parse_instant("2026-11-01T13:05:08"))


@pytest.fixture(scope="module")
def found(author: Any) -> FoundDigest:
    return author.digest("12:05:08", "13:05:08", previousDigestSignature="5f")


def test_valid(author: Any, found: FoundDigest) -> None:
    """A digest that lies where it says, signed with a key of the list, is valid, and what it says is known."""
    judged = judge_digest(found, PLACE, author.keys)

    assert judged.finding == Finding("digest", found.key, Verdict.VALID)
    assert judged.covers == HOUR
    assert judged.digest is not None
    assert judged.signature == found.metadata["signature"]


def test_changed(author: Any, found: FoundDigest) -> None:
    """One other byte in the document, and the signature is none."""
    content = gzip.compress(gzip.decompress(found.content) + b" ")
    judged = judge_digest(replace(found, content=content), PLACE, author.keys)

    assert judged.finding == Finding("digest", found.key, Verdict.FORGED)
    assert judged.finding.sentence == "signature verification failed"
    assert judged.digest is None


def test_signed_by_somebody_else(forger: Any, author: Any) -> None:
    """The right fingerprint with another's signature is a forgery."""
    judged = judge_digest(forger.digest("12:00:00", "13:00:00"), PLACE, author.keys)

    assert judged.finding.verdict is Verdict.FORGED


def test_without_metadata(author: Any, found: FoundDigest) -> None:
    """A copy whose metadata were not copied has no signature that could be verified."""
    assert judge_digest(replace(found, metadata={}), PLACE, author.keys).finding.verdict is Verdict.FORGED


def test_moved(author: Any, found: FoundDigest) -> None:
    """A digest somewhere else than it says was moved, and it is told from where."""
    judged = judge_digest(found, Place("other-bucket"), author.keys)

    assert judged.finding.verdict is Verdict.MOVED
    assert judged.finding.sentence == (f"has been moved from its original location (s3://my-bucket/{found.key})")


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (b"nonsense", Verdict.INVALID_FORMAT),
        (gzip.compress(b"[]"), Verdict.INVALID_FORMAT),
        (gzip.compress(b"[]") * 2, Verdict.APPENDED),
    ],
    ids=["no gzip", "no digest", "appended"],
)
def test_unreadable(author: Any, found: FoundDigest, content: bytes, verdict: Verdict) -> None:
    """What cannot be read as a digest is told so; it stands for the hour in its name."""
    judged = judge_digest(replace(found, content=content), PLACE, author.keys)

    assert judged.finding.verdict is verdict
    assert judged.covers == HOUR


def test_unknown_fingerprint(author: Any) -> None:
    """A key that the list does not have is named with the trail's home Region, in AWS's words."""
    judged = judge_digest(author.digest("12:00:00", "13:00:00", digestPublicKeyFingerprint="00ff"), PLACE, author.keys)

    assert judged.finding.verdict is Verdict.KEY_NOT_FOUND
    assert judged.finding.sentence == "public key not found in region us-east-1 for fingerprint 00ff"


def test_key_of_another_time(author: Any, found: FoundDigest) -> None:
    """A key that was not valid when the digest was signed is as good as none; the list's span is told."""
    judged = judge_digest(
        found, PLACE, replace(author, valid=Window(parse_instant("2026-11-02"), parse_instant("2026-12-01"))).keys
    )

    assert judged.finding.verdict is Verdict.KEY_NOT_FOUND
    assert "2026-11-02T00:00:00Z/2026-12-01T00:00:00Z" in judged.finding.sentence


def test_unreadable_key(author: Any, found: FoundDigest) -> None:
    """A key that is none is told apart from a wrong signature, in AWS's words."""
    fingerprint = "31e8b5433410dfb61a9dc45cc65b22ff"
    judged = judge_digest(found, PLACE, lambda region: {fingerprint: PublicKey(fingerprint, b"x", author.valid)})

    assert judged.finding.sentence == f"Unable to load PKCS #1 key with fingerprint {fingerprint}"


class TestBackfill:
    MADE = "2026-12-24T00:00:00.000Z"

    def judge(self, author: Any, metadata: dict[str, str]) -> Finding:
        found = author.digest("12:00:00", "13:00:00", kind="_backfill")
        valid = Window(parse_instant("2026-12-24T00:30"), parse_instant("2026-12-25"))
        keys = replace(author, valid=valid).keys
        return judge_digest(replace(found, metadata={**found.metadata, **metadata}), PLACE, keys).finding

    def test_key_of_its_making(self, author: Any) -> None:
        """A backfill digest is signed with a key of the time it was made, within an hour, not of the time it covers."""
        assert self.judge(author, {"backfill-generation-timestamp": self.MADE}).verdict is Verdict.VALID
        earlier = self.judge(author, {"backfill-generation-timestamp": "2026-12-23T23:00:00.000Z"})
        assert earlier.verdict is Verdict.KEY_NOT_FOUND

    @pytest.mark.parametrize("metadata", [{}, {"backfill-generation-timestamp": "soon"}], ids=["none", "no time"])
    def test_without_its_making(self, author: Any, metadata: dict[str, str]) -> None:
        """One that does not say when it was made has an invalid format, as AWS's validator has it."""
        finding = self.judge(author, metadata)

        assert finding.verdict is Verdict.INVALID_FORMAT
        assert "backfill-generation-timestamp" in finding.sentence


def test_absent(found: FoundDigest) -> None:
    """A digest that went away while one looked is missing, and stands for the hour in its name."""
    judged = absent_digest(found.key, found.name)

    assert judged.finding == Finding("digest", found.key, Verdict.MISSING)
    assert judged.covers == HOUR
