"""A signed trail of one account and Region, and a lake that reads it, for the tests of what follows digests."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from insights.simulate import (
    SignedDigest,
    SigningKey,
    TrailObject,
    TrailPlan,
    public_key_list,
    scenario,
    simulate,
    with_digests,
)
from insights.stages import extract, normalize, verify
from insights.stages.report import VerifyReport
from insights.stages.workspace import Workspace
from insights.storage import integrity
from insights.storage.objects import ObjectInfo, ObjectStore
from insights.storage.tables import read_columns
from insights.windows import Window

Delivered = TrailObject | SignedDigest
START = datetime(2026, 11, 2, tzinfo=UTC)
HOURS = 8
WHOLE = Window(START, START + timedelta(hours=12))
NOW = START + timedelta(hours=10)


class SignedTrail:
    """Eight hours, calm enough to have hours without log files; keyword arguments change the plan."""

    def __init__(self, **changes: Any) -> None:
        small = scenario("quiet", start=START, days=HOURS / 24, seed=3, calls_per_hour=20)
        one = {"accounts": ("111122223333",), "regions": ("us-east-1",), "late_share": 0, "duplicate_share": 0}
        self.plan: TrailPlan = replace(small, **one | changes)
        self.key = new_key()
        self.objects: list[Delivered] = list(with_digests(self.plan, simulate(self.plan), self.key))

    @property
    def digests(self) -> list[SignedDigest]:
        return [each for each in self.objects if isinstance(each, SignedDigest)]

    @property
    def log_files(self) -> list[TrailObject]:
        return [each for each in self.objects if isinstance(each, TrailObject)]

    @property
    def public_keys(self) -> bytes:
        """The list that CloudTrail gives of the keys it signed with."""
        return public_key_list(self.plan, self.key)


def new_key() -> SigningKey:
    return SigningKey(rsa.generate_private_key(65537, 2048))


def put(store: ObjectStore, each: Delivered) -> None:
    """Put a log file, or a digest with its signature."""
    store.put(each.key, each.body, attributes=each.attributes if isinstance(each, SignedDigest) else None)


@dataclass
class Case:
    """A signed trail of which nothing is delivered yet, and a lake that reads it."""

    workspace: Workspace
    trail: SignedTrail
    delivered: set[str] = field(default_factory=set)

    @property
    def objects(self) -> list[Delivered]:
        return self.trail.objects

    def deliver(self, objects: Iterable[Delivered], *, until: datetime = WHOLE.end) -> None:
        for each in objects:
            if each.delivered_at <= until and each.key not in self.delivered:
                self.delivered.add(each.key)
                put(self.workspace.trail, each)

    def read(self, window: Window = WHOLE) -> None:
        for shard in extract.run(window, self.workspace).shards:
            normalize.run(window, self.workspace, shard)

    def verify(self, window: Window = WHOLE, *, now: datetime = NOW) -> VerifyReport:
        self.workspace.now = lambda: now
        return verify.run(window, self.workspace)

    def rows(self) -> list[integrity.Row]:
        places = integrity.places(self.workspace.lake)
        return [row for place in sorted(places) for row in integrity.read_days(self.workspace.lake, *place, WHOLE)]

    def refuted(self) -> dict[str, str]:
        return {row["object_key"]: row["reason"] for row in self.rows() if row["verdict"] == "refuted"}

    def events(self) -> list[ObjectInfo]:
        return list(self.workspace.lake.list("events/"))

    def object_keys(self) -> list[str]:
        """Give what each row of `events` says of the object it came from."""
        tables = [read_columns(self.workspace.lake.get(info.key)[0]) for info in self.events()]
        return [key for table in tables for key in table["object_key"].to_pylist()]

    def lake(self) -> dict[str, bytes]:
        return {info.key: self.workspace.lake.get(info.key)[0] for info in self.workspace.lake.list("")}


def records_of(each: TrailObject) -> list[dict[str, Any]]:
    """Give the records of a log file."""
    found: list[dict[str, Any]] = json.loads(gzip.decompress(each.body))["Records"]
    return found


def body_of(records: Iterable[Any]) -> bytes:
    """Give the content of a log file, other than CloudTrail would write it."""
    return gzip.compress(json.dumps({"Records": list(records)}, indent=1).encode())
