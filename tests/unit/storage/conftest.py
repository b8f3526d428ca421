from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from insights.records.batches import Batch
from insights.records.columns import build_rows, complete
from insights.records.document import read_document
from insights.records.partitions import EventHour
from insights.storage.objects import ObjectStore
from insights.storage.opening import open_store
from insights.storage.trail import TrailObject


@pytest.fixture
def store() -> ObjectStore:
    return open_store("memory://")


@pytest.fixture
def hour() -> EventHour:
    return EventHour("111122223333", "us-east-1", datetime(2026, 11, 1, 13, tzinfo=UTC))


@pytest.fixture(scope="session")
def events_of(body: Callable[..., bytes]) -> Callable[..., pa.Table]:
    """Makes rows of the events table of records, as if they came from one object."""

    def made(records: Sequence[dict[str, Any]], object_key: str = "a") -> pa.Table:
        batch = Batch()
        batch.add(read_document("x.json.gz", body(*records)), 0)
        table = build_rows(batch)[0].table
        return complete(table.append_column("object_key", pa.array([object_key] * table.num_rows)))

    return made


@pytest.fixture(scope="session")
def delivered() -> Callable[..., TrailObject]:
    """Makes what the search gives of an object delivered on 2026-11-01 at a time."""

    def made(key: str, time: str = "13:10", *, etag: str = "1", is_loose: bool = False, size: int = 100) -> TrailObject:
        at = datetime.fromisoformat(f"2026-11-01T{time}").replace(tzinfo=UTC)
        account, region = ("-", "-") if is_loose else ("111122223333", "us-east-1")
        return TrailObject(key, etag, size, account, region, at, is_loose)

    return made
