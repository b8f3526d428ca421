"""A trail of records known by numbers, and of digests that say what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from insights.stages import count, reconcile, withdrawal
from insights.storage import integrity, ledger
from insights.windows import Window, parse_instant

PLACE = "111122223333", "us-east-1"
DAY = Window(parse_instant("2026-11-01"), parse_instant("2026-11-02"))


class Trail:
    """A pipeline whose records are known by numbers, and whose digests say what a test wants."""

    def __init__(self, pipeline: Any, record: Callable[..., dict[str, Any]]) -> None:
        self.pipeline, self.workspace = pipeline, pipeline.workspace
        self._record = record
        self.workspace.now = lambda: parse_instant("2026-11-02T06:00")

    def read(
        self, *numbers: int, at: str = "20261101T1310Z", unique: str = "A" * 16, **members: Any
    ) -> tuple[str, str]:
        """Put an object in place of what was there, read it, and give its key and ETag."""
        key = self.pipeline.deliver(*(self._record(number, **members) for number in numbers), at=at, unique=unique)
        self.pipeline.ingest()
        return key, self.workspace.trail.get(key)[1]

    def say(self, verdict: str, *versions: tuple[str, str], reason: str = "") -> None:
        rows = [
            {
                "kind": "log file", "object_key": key, "object_etag": etag, "delivered_at": entry["delivered_at"],
                "verdict": verdict, "reason": reason or ("changed" if verdict == "refuted" else "valid"),
            }
            for key, etag in versions
            for entry in self.pipeline.rows("ledger") if (entry["object_key"], entry["object_etag"]) == (key, etag)
        ]  # fmt: skip
        assert len(rows) == len(versions)
        integrity.write(self.workspace.lake, *PLACE, rows)

    def withdraw(self) -> int:
        """Withdraw, and see that every number adds up and that doing it again changes nothing."""
        withdrawn = withdrawal.run(self.workspace, DAY)
        count.run(DAY, self.workspace)
        reconcile.run(DAY, self.workspace)
        before = self.lake()
        assert withdrawal.run(self.workspace, DAY) == 0
        assert self.lake() == before
        return withdrawn

    def lake(self) -> dict[str, bytes]:
        return {info.key: self.workspace.lake.get(info.key)[0] for info in self.workspace.lake.list("")}

    def numbers(self, table: str = "events") -> list[int]:
        return sorted(int(row["event_id"][:8], 16) for row in self.pipeline.rows(table))

    def entries(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Give of each version how many of its records are kept, duplicate, out of scope and in quarantine."""
        names = ("kept", "duplicate", "out_of_scope", "quarantined")
        found = ledger.entries(self.workspace.lake, DAY)
        return {(each["object_key"], each["object_etag"]): tuple(each[name] for name in names) for each in found}

    def quarantined(self) -> int:
        return sum(row["reason"] == "refuted_object" for row in self.pipeline.rows("quarantine"))
