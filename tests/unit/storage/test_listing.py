"""Walking the hours of a table, a day at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from insights.storage.listing import Listing
from insights.storage.objects import ObjectStore
from insights.storage.opening import open_store
from insights.storage.partitions import day_of
from insights.windows import parse_instant

HOURS = [
    ("111122223333", "us-east-1", "2026-10-31T23"),
    ("111122223333", "us-east-1", "2026-11-01T00"),
    ("444455556666", "us-east-1", "2026-11-01T00"),
    ("444455556666", "eu-west-1", "2026-11-01T05"),
]


class Asked:
    """A table of a file an hour, and the folders that were listed."""

    def __init__(self, store: ObjectStore) -> None:
        self.store, self.folders = store, list[str]()
        for account, region, hour in HOURS:
            store.put(f"table/account_id={account}/region={region}/date={hour[:10]}/{hour[11:]}", b"")
        self.listing = Listing(store, "table", self.hours_of_day)

    def hours_of_day(self, folder: str) -> Iterator[tuple[datetime, str]]:
        self.folders.append(folder)
        for info in self.store.list(folder):
            yield day_of(folder).start + timedelta(hours=int(info.key[-2:])), info.key

    def found(self, region: str, first: str, last: str, *, newest_first: bool = True) -> list[str]:
        accounts = self.listing.accounts(region, None)
        hours = self.listing.hours(
            accounts, region, first=parse_instant(first), last=parse_instant(last), newest_first=newest_first
        )
        return [f"{hour:%dT%H} {' '.join(file.account_id[:4] for file in files)}" for hour, files in hours]


@pytest.fixture
def asked() -> Asked:
    return Asked(open_store("memory://"))


def test_accounts(asked: Asked) -> None:
    """The accounts of a Region are named, as far as they may be seen."""
    assert asked.listing.accounts("us-east-1", None) == ("111122223333", "444455556666")
    assert asked.listing.accounts("us-east-1", frozenset({"444455556666"})) == ("444455556666",)
    assert asked.listing.accounts("us-east-2", None) == ()


def test_hours(asked: Asked) -> None:
    """Hours come in the order that is asked for, those of all accounts together, from the first one's on."""
    span = "2026-10-31T23:59", "2026-11-01T00:00"

    assert asked.found("us-east-1", *span) == ["01T00 4444 1111", "31T23 1111"]
    assert asked.found("us-east-1", *span, newest_first=False) == ["31T23 1111", "01T00 1111 4444"]
    assert asked.found("us-east-1", "2026-11-01T00:00", "2026-11-01T00:00") == ["01T00 4444 1111"]
    assert asked.found("us-east-1", "2026-11-01T01:00", "2026-11-02T00:00") == []


def test_remembered(asked: Asked) -> None:
    """A day that was listed is not listed again at once."""
    for _ in range(2):
        asked.found("us-east-1", "2026-10-31", "2026-11-01T12:00")

    assert len(asked.folders) == len(set(asked.folders)) == 3


def test_no_region(asked: Asked) -> None:
    """What cannot be a Region never becomes part of a path."""
    hours = asked.listing.hours(
        ["111122223333"],
        "../../table/account_id=111122223333/region=us-east-1",
        first=parse_instant("2026-10-31"),
        last=parse_instant("2026-11-02"),
        newest_first=True,
    )

    assert list(hours) == []
