from __future__ import annotations

import pytest

from insights.integrity.places import Place, place_of

KEY = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/01/x.json.gz"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("s3://logs", Place("logs")),
        ("s3://logs/", Place("logs")),
        ("s3://logs/my/prefix/", Place("logs", "my/prefix/")),
        ("/home/me/trail", Place(None)),
        ("memory://", Place(None)),
    ],
)
def test_place_of(url: str, place: Place) -> None:
    """A bucket's URL gives bucket and prefix; anything else is a copy."""
    assert place_of(url) == place


@pytest.mark.parametrize(
    ("bucket", "recorded", "is_at"),
    [("logs", f"p/{KEY}", True), ("other", f"p/{KEY}", False), ("logs", KEY, False), ("logs", f"p/{KEY}x", False)],
    ids=["there", "another bucket", "another prefix", "another key"],
)
def test_bucket(bucket: str, recorded: str, is_at: bool) -> None:
    """In a bucket an object is where its bucket and whole key say."""
    assert Place("logs", "p/").is_at(KEY, bucket=bucket, recorded_key=recorded) == is_at


@pytest.mark.parametrize(
    ("key", "recorded", "is_at"),
    [
        (KEY, KEY, True),
        (KEY, f"prefix/{KEY}", True),
        (f"copies/logs/{KEY}", KEY, True),
        (KEY, KEY.replace("x.json", "y.json"), False),
        (KEY, KEY.replace("AWSLogs", "notAWSLogs"), False),
    ],
    ids=["same", "prefix cut off", "folder put before", "another name", "another folder"],
)
def test_copy(key: str, recorded: str, is_at: bool) -> None:
    """In a copy only what begins with AWSLogs/ counts."""
    assert Place(None).is_at(key, bucket="any", recorded_key=recorded) == is_at


@pytest.mark.parametrize(
    ("place", "bucket", "recorded", "key"),
    [
        (Place("logs", "p/"), "logs", f"p/{KEY}", KEY),
        (Place("logs", "p/"), "other", f"p/{KEY}", None),
        (Place("logs", "p/"), "logs", KEY, None),
        (Place(None), "other", f"p/{KEY}", f"copies/{KEY}"),
    ],
    ids=["here", "another bucket", "outside of the prefix", "copy"],
)
def test_key_of(place: Place, bucket: str, recorded: str, key: str | None) -> None:
    """What a digest records is found in the store, in a copy beside the digest."""
    assert place.key_of("copies/AWSLogs/digest.json.gz", bucket=bucket, recorded_key=recorded) == key
