from typing import Any

import pytest

from insights.errors import NotFoundError
from insights.settings import TrailSettings
from insights.storage.objects import ObjectStore
from insights.storage.trail import Search
from insights.windows import Window, parse_instant

HOUR = Window(parse_instant("2026-11-01T13:00"), parse_instant("2026-11-01T14:00"))


def search(store: ObjectStore, window: Window = HOUR, **settings: Any) -> tuple[Search, list[str]]:
    found = Search(store, window, TrailSettings(**settings))
    return found, [each.key for each in found.objects()]


def fill(store: ObjectStore, *keys: str) -> None:
    for key in keys:
        store.put(key, b"content")


def test_what_is_found(store, key) -> None:
    """What was delivered in the window is found with its account, Region, time, size and ETag."""
    fill(store, key("20261101T1310Z"))
    (found,) = Search(store, HOUR, TrailSettings()).objects()

    assert (found.account_id, found.region, found.is_loose) == ("111122223333", "us-east-1", False)
    assert found.delivered_at == parse_instant("2026-11-01T13:10")
    assert (found.size, found.etag) == (7, store.get(found.key)[1])
    assert found.ledger_path == "account_id=111122223333/region=us-east-1/date=2026-11-01"


def test_delivery_window(store, key) -> None:
    """The minute in the name decides, half open, not the folder of the day."""
    inside = [key("20261101T1300Z"), key("20261101T1359Z")]
    fill(store, *inside, key("20261101T1259Z"), key("20261101T1400Z"))
    result, keys = search(store)

    assert keys == inside
    assert result.skipped == {"delivered outside the window": 2}
    assert result.listed == 4


def test_delivered_after_midnight_filed_before(store, key) -> None:
    """An object that lies in the folder of the day before its delivery is found."""
    late = key("20261102T0000Z").replace("/2026/11/02/", "/2026/11/01/")
    fill(store, late)

    assert search(store, Window(parse_instant("2026-11-02"), parse_instant("2026-11-03")))[1] == [late]


def test_folders_of_other_days(store, key) -> None:
    """Folders of other days are not even listed: the cost of an hour does not grow with the trail."""
    fill(store, *(key(f"2026{month:02}{day:02}T1310Z") for month in range(1, 12) for day in range(1, 28)))
    result, keys = search(store)

    assert keys == [key("20261101T1310Z")]
    assert result.requests == 8  # root, AWSLogs, account, CloudTrail, Region, year, month, day


def test_cost_of_an_organization(store, key) -> None:
    """Each account × Region costs the listings of its Region, year, month and day; whatever lies beside them, none."""
    for account in ("111122223333", "444455556666"):
        for region in ("us-east-1", "eu-west-1", "ap-south-1"):
            for day in (1, 2, 3):
                fill(store, key(f"202611{day:02}T1310Z", account=account).replace("us-east-1", region))
            fill(
                store, key(account=account).replace("us-east-1", region).replace("/CloudTrail/", "/CloudTrail-Digest/")
            )
    result, keys = search(store)

    assert (len(keys), result.requests) == (6, 2 + 2 * 2 + 6 * 4)


def test_full_folders_take_a_request_a_thousand(store, key) -> None:
    """S3 lists a thousand names at a request: a folder with more counts as several."""
    fill(store, *(key("20261101T1310Z", f"{number:016}") for number in range(1001)))

    assert search(store)[0].requests == 9


def test_siblings(store) -> None:
    """Insight and digest folders are passed over unlisted; their objects elsewhere are counted."""
    name = "111122223333_CloudTrail-Insight_us-east-1_20261101T1310Z_AAAAAAAAAAAAAAAA.json.gz"
    fill(store, f"AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/11/01/{name}", f"copies/{name}")
    result, keys = search(store)

    assert keys == []
    assert result.skipped == {"Insight, digest or other sibling": 1}


def test_selection(store, key) -> None:
    """Only the accounts and Regions of the settings are read; the others are counted."""
    mine, other = key(), key(account="444455556666")
    abroad = key(unique="B" * 16).replace("us-east-1", "eu-west-1")
    fill(store, mine, other, abroad)
    result, keys = search(store, accounts=("111122223333",), regions=("us-east-1",))

    assert keys == [mine]
    assert result.skipped == {"account not selected": 1, "Region not selected": 1}


@pytest.mark.parametrize(
    ("url", "loose_files", "is_read"),
    [
        ("/folder", "auto", True),
        ("s3://bucket", "auto", False),
        ("s3://bucket", "read", True),
        ("/folder", "skip", False),
    ],
)
def test_loose_files(store, url: str, loose_files: str, is_read: bool) -> None:
    """JSON that tells no account is read from folders, and from shared buckets only when asked to."""
    fill(store, "export/events.json")
    store.url = url
    result, keys = search(store, loose_files=loose_files)

    assert keys == (["export/events.json"] if is_read else [])
    assert result.skipped == ({} if is_read else {"no trail object name": 1})


def test_loose_object(store) -> None:
    """A loose object has no account or Region, and was delivered when it was last modified."""
    fill(store, "events.json")
    (found,) = Search(store, HOUR, TrailSettings()).objects()

    assert (found.account_id, found.region, found.is_loose) == ("-", "-", True)
    assert found.delivered_at == next(store.list("")).last_modified


def test_foreign_files(store) -> None:
    """What is no JSON is counted and never read."""
    fill(store, "README.md", "AWSLogs/111122223333/elasticloadbalancing/x.log.gz")

    assert search(store)[0].skipped == {"no JSON file name": 2}


def test_empty_trail(store) -> None:
    """A place with nothing at all is a wrong prefix, not a calm trail."""
    with pytest.raises(NotFoundError, match=r"nothing below memory://: check the bucket and prefix in trail\.url"):
        search(store)
