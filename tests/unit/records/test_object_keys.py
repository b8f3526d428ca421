from datetime import UTC, datetime

import pytest

from insights.records.object_keys import NotTrail, TrailKey, folder_may_hold, format_key, parse_key
from insights.windows import Window

ACCOUNT, REGION, UNIQUE = "111122223333", "us-east-1", "Qxyz0123ABCDefgh"
NAME = f"{ACCOUNT}_CloudTrail_{REGION}_20261101T1310Z_{UNIQUE}.json.gz"
FOLDER = f"{ACCOUNT}/CloudTrail/{REGION}/2026/11/01"
DELIVERED = datetime(2026, 11, 1, 13, 10, tzinfo=UTC)

PLACES = {
    "account trail": f"AWSLogs/{FOLDER}/{NAME}",
    "organisation trail": f"AWSLogs/o-exampleorgid/{FOLDER}/{NAME}",
    "prefix": f"audit/cloudtrail/AWSLogs/{FOLDER}/{NAME}",
    "prefix that looks like an organisation": f"o-exampleorgid/AWSLogs/o-exampleorgid/{FOLDER}/{NAME}",
    "prefix that looks like a sibling": f"CloudTrail-logs/AWSLogs/{FOLDER}/{NAME}",
    "copied to a flat folder": NAME,
    "copied to another layout": f"2026-11-01/{NAME}",
}


@pytest.mark.parametrize("key", PLACES.values(), ids=PLACES)
def test_places(key: str) -> None:
    """An object is known by its name, wherever it lies."""
    assert parse_key(key) == TrailKey(ACCOUNT, REGION, DELIVERED, UNIQUE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"{ACCOUNT}_CloudTrail_us-gov-west-1_20261101T1310Z_{UNIQUE}.json.gz", ("us-gov-west-1", UNIQUE, ".json.gz")),
        (f"{ACCOUNT}_CloudTrail_{REGION}_20261101T1310Z_{UNIQUE}.json", (REGION, UNIQUE, ".json")),
        (f"{ACCOUNT}_CloudTrail_{REGION}_20261101T1310Z{UNIQUE}.json.gz", (REGION, UNIQUE, ".json.gz")),
        (f"{ACCOUNT}_CloudTrail_{REGION}_20261101T1310Z.json.gz", (REGION, "", ".json.gz")),
        (f"{ACCOUNT}_CloudTrail_{REGION}-20261101T1310.json", (REGION, "", ".json")),
    ],
    ids=["Region with four parts", "not compressed", "no underscore", "no unique part", "hyphen before the time"],
)
def test_older_names(name: str, expected: tuple[str, str, str]) -> None:
    """Names that CloudTrail or a copying tool wrote differently give the same account and minute."""
    key = parse_key(name)

    assert isinstance(key, TrailKey)
    assert (key.account_id, key.delivered_at) == (ACCOUNT, DELIVERED)
    assert (key.region, key.unique, key.suffix) == expected


SIBLINGS = ["CloudTrail-Insight", "CloudTrail-Digest", "CloudTrail-NetworkActivity", "CloudTrail-Aggregated"]


@pytest.mark.parametrize("sibling", SIBLINGS)
def test_siblings(sibling: str) -> None:
    """What CloudTrail delivers beside the trail is recognised by its name alone and by its folder alone."""
    name = f"{ACCOUNT}_{sibling}_{REGION}_20261101T1310Z_{UNIQUE}.json.gz"

    assert parse_key(f"AWSLogs/{ACCOUNT}/{sibling}/{REGION}/2026/11/01/{name}") is NotTrail.SIBLING
    assert parse_key(f"copies/{name}") is NotTrail.SIBLING
    assert parse_key(f"AWSLogs/{ACCOUNT}/{sibling}/{REGION}/renamed.json.gz") is NotTrail.SIBLING


def test_digest_of_a_trail() -> None:
    """A digest's name has the trail's name and home Region in it, and is still a sibling."""
    digest = f"{ACCOUNT}_CloudTrail-Digest_{REGION}_my_trail_{REGION}_20261101T131000Z.json.gz"

    assert parse_key(digest) is NotTrail.SIBLING


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("events.json", NotTrail.LOOSE),
        ("AWSLogs/export.json.gz", NotTrail.LOOSE),
        (f"{ACCOUNT}_CloudTrail_{REGION}_20261301T1310Z_{UNIQUE}.json.gz", NotTrail.LOOSE),
        (f"{NAME}.tmp", NotTrail.FOREIGN),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/", NotTrail.FOREIGN),
        ("AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/11/01/x.log.gz", NotTrail.FOREIGN),
        ("README.md", NotTrail.FOREIGN),
        ("", NotTrail.FOREIGN),
    ],
)
def test_others(key: str, expected: NotTrail) -> None:
    """JSON of unknown origin is loose, everything else foreign; a name with a month 13 tells no time."""
    assert parse_key(key) is expected


def test_format() -> None:
    """Keys are written in AWS's layout, for organisations and Insight objects too."""
    key = TrailKey(ACCOUNT, REGION, DELIVERED, UNIQUE)

    assert format_key(key) == PLACES["account trail"]
    assert format_key(key, prefix="/audit/cloudtrail/") == PLACES["prefix"]
    assert format_key(key, organization_id="o-exampleorgid") == PLACES["organisation trail"]
    assert format_key(key, folder="CloudTrail-Insight") == (
        f"AWSLogs/{ACCOUNT}/CloudTrail-Insight/{REGION}/2026/11/01/"
        f"{ACCOUNT}_CloudTrail-Insight_{REGION}_20261101T1310Z_{UNIQUE}.json.gz"
    )


@pytest.mark.parametrize(
    ("folder", "may_hold"),
    [
        ("AWSLogs/", True),
        (f"AWSLogs/{ACCOUNT}/", True),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/", True),
        (f"AWSLogs/{ACCOUNT}/CloudTrail-Insight/", False),
        (f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/", False),
        ("CloudTrail-logs/", True),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/", True),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2025/", False),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/11/", True),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/12/", False),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/10/", False),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/11/01/", True),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/11/02/", False),
        (f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/13/", True),
        ("2025/10/31/", True),
    ],
)
def test_folders(folder: str, may_hold: bool) -> None:
    """Only siblings, and date folders of AWS's layout outside the window, are passed over."""
    window = Window(datetime(2026, 11, 1, 13, tzinfo=UTC), datetime(2026, 11, 1, 14, tzinfo=UTC))

    assert folder_may_hold(folder, window) is may_hold
