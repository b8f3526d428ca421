"""What CloudTrail's digests say of the log files an insight rests on: its columns `integrity` and `integrity_json`.

An insight rests on the log files that hold calls of the hours it spans, from the first unusual minute (or that of the
window that spoke) to its end. The worst verdict among them is its own. The hours of its baseline, a week or more, are
not looked at: one file of thousands moves no mean.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from insights.errors import ConflictError
from insights.records.partitions import EventHour
from insights.stages.eras import LONGEST_EPISODE
from insights.stages.workspace import Workspace
from insights.storage import insights, ledger
from insights.storage.insights import Row
from insights.storage.integrity import REFUTED, UNVERIFIED, VERIFIED, Verdicts
from insights.storage.objects import ObjectStore
from insights.windows import DAY, HOUR, Window, floor

COLUMNS = ("integrity", "integrity_json")
_WORST_FIRST = (REFUTED, UNVERIFIED, VERIFIED)


@dataclass
class Vouching:
    """Looks up what insights rest on; reads each day of the ledger once."""

    lake: ObjectStore
    verdicts: Verdicts = field(init=False)
    days: dict[datetime, dict[str, list[tuple[str, str]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.verdicts = Verdicts(self.lake)

    def columns(self, row: Row) -> dict[str, Any]:
        """Give an insight's two columns; None and None where nothing is known of what it rests on."""
        used: set[tuple[str, str]] = set()
        for hour in _hours(row):
            place = EventHour(row["account_id"], row["region"], hour)
            for day in (floor(hour, DAY), floor(hour, DAY) + DAY):  # what came late, came the next day
                used.update(self._objects(day).get(place.path, ()))
        if not used:
            return dict.fromkeys(COLUMNS)
        said = [self.verdicts.of(*version) for version in used]
        numbers = Counter(each.verdict for each in said)
        document = {
            **{verdict: numbers[verdict] for verdict in reversed(_WORST_FIRST)},
            "reasons": dict(sorted(Counter(each.reason for each in said if each.verdict != VERIFIED).items())),
        }
        worst = next(verdict for verdict in _WORST_FIRST if numbers[verdict])
        return dict(zip(COLUMNS, (worst, msgspec.json.encode(document).decode()), strict=True))

    def _objects(self, day: datetime) -> dict[str, list[tuple[str, str]]]:
        """Give the objects delivered on a day, by the event hours they touch."""
        if day not in self.days:
            found: dict[str, list[tuple[str, str]]] = {}
            for table in ledger.read_tables(self.lake, Window(day, day + DAY)):
                for entry in table.select(["object_key", "object_etag", "partitions"]).to_pylist():
                    for path in entry["partitions"]:
                        found.setdefault(path, []).append((entry["object_key"], entry["object_etag"]))
            self.days[day] = found
        return self.days[day]


def refresh(workspace: Workspace, span: Window) -> int:
    """Bring the columns of the insights up to date that rest on what was delivered in a span; give how many changed.

    Where retention has ended what was delivered, they stay as they are.
    """
    vouching = Vouching(workspace.lake)
    changed = 0
    kept = workspace.kept_since()
    for row in insights.read(workspace.lake, span.widened(before=2 * DAY + LONGEST_EPISODE)):
        if kept is not None and row["start_time"] < kept:
            continue
        columns = vouching.columns(row)
        if any(row.get(name) != value for name, value in columns.items()):
            try:
                insights.write(workspace.lake, row | columns)
                changed += 1
            except ConflictError:  # detection writes it at this moment, with the same verdicts
                continue
    return changed


def _hours(row: Row) -> list[datetime]:
    end = row["end_time"] or row["detected_at"]
    start = min(row["start_time"], end - timedelta(minutes=1))
    span = Window(start, min(max(end, start + HOUR / 60), start + LONGEST_EPISODE + HOUR))
    return [hour.start for hour in span.hours()]
