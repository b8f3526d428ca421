from insights.storage.partitions import account_regions, day_folders, day_of
from insights.windows import Window, parse_instant

FIRST = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))


def fill(store) -> None:
    for path in (
        "account_id=1/region=b/date=2026-11-01", "account_id=1/region=b/date=2026-11-02",
        "account_id=1/region=a/date=2026-11-01", "account_id=-/region=-/date=2020-01-01",
    ):  # fmt: skip
        store.put(f"ledger/{path}/x.parquet", b"")


def test_account_regions(store) -> None:
    """All accounts and Regions of a table are found, in order."""
    fill(store)

    assert list(account_regions(store, "ledger")) == [("-", "-"), ("1", "a"), ("1", "b")]
    assert list(account_regions(store, "events")) == []


def test_day_folders(store) -> None:
    """Only folders of the window's days are found, and only those of the account and Region that are asked for."""
    fill(store)

    assert list(day_folders(store, "ledger", "1", "b", FIRST)) == ["ledger/account_id=1/region=b/date=2026-11-01/"]
    assert list(day_folders(store, "ledger", "2", "b", FIRST)) == []


def test_day_of() -> None:
    """A folder stands for its whole UTC day."""
    assert day_of("insights/date=2026-11-01/") == FIRST
