from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from insights.simulate import (
    SignedDigest,
    SigningKey,
    TrailObject,
    TrailPlan,
    public_key_list,
    scenario,
    seeded_key,
    simulate,
    with_digests,
)

START = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey(rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="module")
def plan() -> TrailPlan:
    small = scenario("quiet", start=START, days=0.25, seed=3, calls_per_hour=20)
    return replace(
        small, accounts=("111122223333",), regions=("us-east-1", "eu-west-1"), duplicate_share=0, late_share=0
    )


@pytest.fixture(scope="module")
def delivered(plan: TrailPlan, key: SigningKey) -> list[TrailObject | SignedDigest]:
    return list(with_digests(plan, simulate(plan), key, bucket="my-bucket", root="p/"))


def digests_of(delivered: list[TrailObject | SignedDigest], region: str = "us-east-1") -> list[SignedDigest]:
    return [each for each in delivered if isinstance(each, SignedDigest) and f"/{region}/" in each.key]


def document(digest: SignedDigest) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(gzip.decompress(digest.body))
    return content


def test_objects_pass_through(plan: TrailPlan, delivered: list[TrailObject | SignedDigest]) -> None:
    """The trail's own objects are the same, in the same order; a digest comes after what it lists."""
    assert [each for each in delivered if isinstance(each, TrailObject)] == list(simulate(plan))
    instants = [each.delivered_at for each in delivered]
    assert [at.replace(minute=0, second=0) for at in instants] == sorted(
        at.replace(minute=0, second=0) for at in instants
    )


def test_every_object_is_listed_once(delivered: list[TrailObject | SignedDigest]) -> None:
    """Each object is in the digest of its hour, with its place in the bucket and the hash of its content."""
    listed = {
        (each["s3Bucket"], each["s3Object"], each["hashValue"])
        for region in ("us-east-1", "eu-west-1")
        for digest in digests_of(delivered, region)
        for each in document(digest)["logFiles"]
    }

    assert listed == {
        ("my-bucket", f"p/{each.key}", hashlib.sha256(gzip.decompress(each.body)).hexdigest())
        for each in delivered
        if isinstance(each, TrailObject)
    }


def test_hours(delivered: list[TrailObject | SignedDigest]) -> None:
    """There is one digest an hour from the plan's start until the last object is listed; the first continues none."""
    documents = [document(each) for each in digests_of(delivered)]

    assert [each["digestStartTime"] for each in documents] == [
        f"{START + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}" for hour in range(len(documents))
    ]
    assert len(documents) == 7  # what was called in the last minutes of the sixth hour is delivered in the seventh
    assert [each["previousDigestS3Object"] for each in documents] == [
        None,
        *(each["digestS3Object"] for each in documents[:-1]),
    ]


def test_signatures(delivered: list[TrailObject | SignedDigest], key: SigningKey) -> None:
    """Each digest is signed over its end, its place, its hash and the signature before it, as the User Guide says."""
    before = "null"
    for digest in digests_of(delivered):
        content = gzip.decompress(digest.body)
        text = (
            f"{json.loads(content)['digestEndTime']}\nmy-bucket/p/{digest.key}\n"
            f"{hashlib.sha256(content).hexdigest()}\n{before}"
        )
        before = digest.attributes["signature"]
        key.private.public_key().verify(bytes.fromhex(before), text.encode(), padding.PKCS1v15(), hashes.SHA256())
        assert digest.attributes["signature-algorithm"] == "SHA256withRSA"


def test_hour_without_objects(plan: TrailPlan, key: SigningKey) -> None:
    """An hour in which nothing was delivered has a digest that lists nothing."""
    documents = [document(each) for each in with_digests(plan, [], key) if isinstance(each, SignedDigest)]

    assert len(documents) == 12
    assert {(str(each["logFiles"]), each["newestEventTime"]) for each in documents} == {("[]", None)}


def test_organization(plan: TrailPlan, key: SigningKey) -> None:
    """In an organization's trail the digests lie in the organization's folder, below the plan's own prefix."""
    shared = replace(plan, layout="organization", prefix="logs")
    digest = next(each for each in with_digests(shared, [], key) if isinstance(each, SignedDigest))

    assert digest.key == (
        "logs/AWSLogs/o-exampleorgid/111122223333/CloudTrail-Digest/us-east-1/2026/11/02/"
        "111122223333_CloudTrail-Digest_us-east-1_simulated-trail_us-east-1_20261102T010000Z.json.gz"
    )


def test_key_list(plan: TrailPlan, key: SigningKey) -> None:
    """The key list has the members of ListPublicKeys, and its key verifies what was signed."""
    (entry,) = json.loads(public_key_list(plan, key))["PublicKeyList"]
    public = load_der_public_key(base64.b64decode(entry["Value"]))

    assert (entry["ValidityStartTime"], entry["ValidityEndTime"]) == ("2026-11-01T00:00:00Z", "2026-11-04T06:00:00Z")
    assert len(entry["Fingerprint"]) == 32
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(bytes.fromhex(key.sign(b"text")), b"text", padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        public.verify(bytes.fromhex(key.sign(b"other")), b"text", padding.PKCS1v15(), hashes.SHA256())


def test_seeded_key() -> None:
    """A seed gives one key of 2,048 bits, another seed another."""
    one, same, other = seeded_key(1), seeded_key(1), seeded_key(2)

    assert one.public_value == same.public_value != other.public_value
    assert one.private.key_size == 2048


def test_bounded(plan: TrailPlan, key: SigningKey) -> None:
    """Objects are taken one at a time: the first is there before the second was asked for."""
    taken = 0

    def counted() -> Iterator[TrailObject]:
        nonlocal taken
        for each in simulate(plan):
            taken += 1
            yield each

    next(iter(with_digests(plan, counted(), key)))

    assert taken == 1
