"""Walking the Hive folders of a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from insights.storage.objects import ObjectStore
from insights.windows import DAY, Window

Place = tuple[str, str]
"""An account id and a Region."""


def account_regions(store: ObjectStore, table: str) -> Iterator[Place]:
    """Yield every account and Region a table has data of, in order."""
    for account in store.list_folder(f"{table}/").folders:
        for region in store.list_folder(account).folders:
            yield _value(account), _value(region)


def day_folders(store: ObjectStore, table: str, account_id: str, region: str, window: Window) -> Iterator[str]:
    """Yield the day folders (ending in `/`) that a table has of an account × Region and that overlap a window."""
    for folder in store.list_folder(f"{table}/account_id={account_id}/region={region}/").folders:
        if day_of(folder).overlaps(window):
            yield folder


def day_of(folder: str) -> Window:
    """Give the day a `…/date=2026-11-01/` folder stands for."""
    start = datetime.strptime(_value(folder), "%Y-%m-%d").replace(tzinfo=UTC)
    return Window(start, start + DAY)


def _value(folder: str) -> str:
    return folder.rstrip("/").rpartition("=")[2]
