from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest

from insights.records.digest import (
    Chain,
    DigestKey,
    digest_before,
    format_digest_key,
    parse_digest,
    parse_digest_key,
    span_of,
    string_to_sign,
)
from insights.windows import Window, parse_instant

CHAIN = Chain("111122223333", "us-west-2", "your_trail-1", "us-east-1")
NAME = DigestKey(CHAIN, datetime(2026, 11, 1, 13, 5, 8, tzinfo=UTC))
KEY = (
    "AWSLogs/111122223333/CloudTrail-Digest/us-west-2/2026/11/01/"
    "111122223333_CloudTrail-Digest_us-west-2_your_trail-1_us-east-1_20261101T130508Z.json.gz"
)
DOCUMENT = {
    "digestStartTime": "2026-11-01T12:05:08Z",
    "digestEndTime": "2026-11-01T13:05:08Z",
    "digestS3Bucket": "my-bucket",
    "digestS3Object": KEY,
    "digestPublicKeyFingerprint": "31e8b5433410dfb61a9dc45cc65b22ff",
    "previousDigestSignature": None,
}


def test_key_of_an_account() -> None:
    """An account trail's digest has the key the User Guide spells, with its trail and home Region in the name."""
    assert format_digest_key(NAME) == KEY
    assert parse_digest_key(KEY) == NAME


def test_key_of_an_organization() -> None:
    """Prefix and organization id stand before the account; they tell nothing about the chain."""
    key = format_digest_key(NAME, prefix="my/prefix/", organization_id="o-exampleorgid")

    assert key == KEY.replace("AWSLogs/", "my/prefix/AWSLogs/o-exampleorgid/")
    assert parse_digest_key(key) == NAME


def test_key_of_a_backfill() -> None:
    """A backfill digest's name ends in `_backfill`, and it is of another chain."""
    key = KEY.replace("Z.json.gz", "Z_backfill.json.gz")
    parsed = parse_digest_key(key)

    assert parsed is not None
    assert parsed.chain == Chain("111122223333", "us-west-2", "your_trail-1", "us-east-1", is_backfill=True)
    assert format_digest_key(parsed) == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        KEY.replace("CloudTrail-Digest_", "CloudTrail_"),
        KEY.replace("111122223333_", "1111_"),
        KEY.replace("20261101T130508Z", "20261301T130508Z"),
        KEY.replace("20261101T130508Z", "20261101T1305Z"),
        KEY.replace(".json.gz", ".json.gz.metadata.json"),
        KEY + "\n",
    ],
)
def test_other_keys(key: str) -> None:
    """What does not have a digest's name is none."""
    assert parse_digest_key(key) is None


@pytest.mark.parametrize(
    ("hours", "date", "time"),
    [
        (1, "2026/11/01", "20261101T120508Z"),
        (14, "2026/10/31", "20261031T230508Z"),
        (-11, "2026/11/02", "20261102T000508Z"),
    ],
    ids=["an hour", "the day before", "ahead"],
)
def test_digest_before(hours: int, date: str, time: str) -> None:
    """The digest hours before another has the same key but for the time, in the folder of its day."""
    assert digest_before(KEY, hours) == KEY.replace("2026/11/01", date).replace("20261101T130508Z", time)


def test_document() -> None:
    """A digest needs the six members AWS's validator needs; its span is what it says."""
    digest = parse_digest(json.dumps(DOCUMENT | {"unknown": 1}).encode())

    assert digest is not None
    assert (digest.bucket, digest.key, digest.log_files) == ("my-bucket", KEY, ())
    assert span_of(digest) == Window(parse_instant("2026-11-01T12:05:08"), parse_instant("2026-11-01T13:05:08"))


@pytest.mark.parametrize("member", DOCUMENT)
def test_document_without_a_member(member: str) -> None:
    """A document that lacks one of the six is no digest."""
    assert (
        parse_digest(json.dumps({name: value for name, value in DOCUMENT.items() if name != member}).encode()) is None
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        json.dumps(DOCUMENT | {"digestEndTime": "soon"}).encode(),
        json.dumps(DOCUMENT | {"digestEndTime": "2026-11-01T11:00:00Z"}).encode(),
        json.dumps(DOCUMENT | {"digestEndTime": "2026-11-01T14:00:00"}).encode(),
        json.dumps(DOCUMENT | {"logFiles": [{"s3Bucket": "my-bucket"}]}).encode(),
    ],
    ids=["empty", "list", "no text", "deep", "no instant", "ends before it starts", "no time zone", "half a log file"],
)
def test_no_document(content: bytes) -> None:
    """Anything else is no digest either, whatever it is."""
    assert parse_digest(content) is None


@pytest.mark.parametrize(("previous", "last_line"), [(None, "null"), ("5F0a", "5F0a")], ids=["starting", "following"])
def test_string_to_sign(previous: str | None, last_line: str) -> None:
    """What is signed has four lines: end, place, hash of the content, the signature before it or the word null."""
    content = json.dumps(DOCUMENT | {"previousDigestSignature": previous}).encode()
    digest = parse_digest(content)

    assert digest is not None
    assert string_to_sign(digest, content).decode() == (
        f"2026-11-01T13:05:08Z\nmy-bucket/{KEY}\n{hashlib.sha256(content).hexdigest()}\n{last_line}"
    )
