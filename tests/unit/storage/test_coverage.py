"""The table `coverage`: its days."""

from __future__ import annotations

from dataclasses import replace

import pytest

from insights.records.partitions import EventHour
from insights.storage import coverage
from insights.storage.objects import ObjectStore
from insights.windows import DAY

ROW = {
    "status": coverage.DATA, "objects": 1, "records": 7, "first_delivered_at": None, "last_delivered_at": None,
    "lag_minutes": None, "verified": 0, "unverified": 1, "refuted": 0,
}  # fmt: skip


def test_has_day(store: ObjectStore, hour: EventHour, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a day was written is told of that day, account and Region, and nothing is read for it."""
    coverage.write(store, hour, [{"hour": hour.start, **ROW}])
    for name in ("get", "get_range", "get_with_attributes"):
        monkeypatch.setattr(store, name, lambda key, *_, **__: pytest.fail(f"{key} was read"))

    assert coverage.has_day(store, hour)
    for other in ({"account_id": "444455556666"}, {"region": "eu-west-1"}, {"start": hour.start + DAY}):
        assert not coverage.has_day(store, replace(hour, **other))
