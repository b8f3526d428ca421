"""One small trail that several files read; it is made once."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from insights.simulate import TrailObject, TrailPlan, scenario, simulate


@dataclass(frozen=True)
class Trail:
    plan: TrailPlan
    objects: list[TrailObject]
    records: list[tuple[TrailObject, dict[str, Any]]]
    """Every record with its object, in order of delivery, repeated ones too."""

    @property
    def distinct(self) -> list[tuple[TrailObject, dict[str, Any]]]:
        """Every record with the first object that holds it."""
        first: dict[str, tuple[TrailObject, dict[str, Any]]] = {}
        for delivered, record in self.records:
            first.setdefault(record["eventID"], (delivered, record))
        return list(first.values())


def delivered(plan: TrailPlan) -> Trail:
    objects = list(simulate(plan))
    records = [(one, record) for one in objects for record in json.loads(gzip.decompress(one.body))["Records"]]
    return Trail(plan, objects, records)


@pytest.fixture(scope="session")
def default_trail() -> Trail:
    return delivered(scenario("default", start=datetime(2026, 11, 2, tzinfo=UTC), days=1, seed=3, calls_per_hour=100))


@pytest.fixture(scope="session")
def announcement_trail() -> Trail:
    return delivered(
        scenario("announcement", start=datetime(2026, 11, 2, tzinfo=UTC), days=8, seed=5, calls_per_hour=60)
    )
