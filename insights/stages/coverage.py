"""coverage: write down which hours of which account and Region were read, what they brought, and how late it came.

Derived from the ledger, the marks of what was read whole, and the verdicts of validation and of the digests; so it may
be written again at any time and says the same. A row belongs to an hour of event time. Log files that came more than
two days after an hour are no part of its row, or old hours could never be written without reading all that came since.

An account × Region is known by the first data that come of it. The hours that were read before, be they earlier or,
where a backfill found it, later ones, brought nothing of it: their rows are written then, so that a missing row always
means an hour that was not read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from insights.records.partitions import EventHour, parse_event_hour
from insights.stages.report import CoverageReport
from insights.stages.verify import LATE
from insights.stages.workspace import Workspace
from insights.storage import coverage, events, ledger, quality, reading
from insights.storage.coverage import DATA, NO_DATA, PARTIAL, Row
from insights.storage.integrity import REFUTED, UNVERIFIED, VERIFIED, Verdicts
from insights.storage.objects import ObjectStore
from insights.storage.partitions import Place, account_regions
from insights.windows import DAY, HOUR, MINUTE, Window, ceil, floor, joined

LATEST = 2 * DAY
"""How long after its day a log file may come and still be part of an hour's row."""

NAMED_GAPS = 20

_AT_ONCE = timedelta(days=28)
"""Of so many days the ledger's entries are held in memory at once."""

Object = dict[str, Any]
"""An entry of the ledger."""


class _Hour(msgspec.Struct):
    hour: datetime
    rows: int


class _Result(msgspec.Struct):
    """What is needed of the checks' document."""

    hours: list[_Hour]


@dataclass(frozen=True, slots=True)
class _Found:
    """What rows are made of."""

    lake: ObjectStore
    objects: dict[EventHour, list[Object]]
    read: list[Window]
    settle: timedelta
    verdicts: Verdicts


def run(window: Window, workspace: Workspace) -> CoverageReport:
    """Write the days on which a window's log files were delivered or verified, and those of the calls they hold, as far
    as they are part of an hour's row; the report is about the window's hours only.

    To be run once the window was counted: that is when it is noted what was read whole.
    """
    lake = workspace.lake
    delivered = workspace.delivered(window)
    kept = workspace.kept_since()
    # What retention has ended is not looked at: the row of a day whose log files are forgotten stays as it is.
    oldest = _oldest(lake, delivered) if kept is None else max(_oldest(lake, delivered), min(kept, delivered.start))
    days = Window(floor(oldest, DAY), delivered.end)
    found = _find(workspace, days)
    places = {(hour.account_id, hour.region) for hour in found.objects} | set(account_regions(lake, events.TABLE))
    # In this order: a place that has the first hour that was read has them all, whenever a run is killed.
    _write_after(workspace, sorted(places), ceil(days.end, DAY))
    _write(found, sorted(places), _newest_first(days))
    _write_before(workspace, sorted(places), days.start)
    return _report(window, lake)


def _find(workspace: Workspace, days: Window) -> _Found:
    lake = workspace.lake
    return _Found(
        lake,
        _objects_by_hour(lake, days),
        reading.spans(lake, days.widened(before=DAY, after=DAY)),
        workspace.settle,
        Verdicts(lake),
    )


def _write(found: _Found, places: Iterable[Place], days: Sequence[Window]) -> None:
    for place in places:
        for day in days:
            rows = list(_rows(found, place, day))
            if rows:
                coverage.write(found.lake, EventHour(*place, day.start), rows)


def _newest_first(span: Window) -> list[Window]:
    """Give the days of a span so that the oldest, once it is written, tells that all are."""
    return list(reversed(list(span.days())))


def _write_after(workspace: Workspace, places: Iterable[Place], since: datetime) -> None:
    """Write the days from one on of the places that are new: what was read of them before brought nothing.

    The newest day comes last, and tells that all are there.
    """
    since = max([since, *_kept_bounds(workspace)])
    read = reading.spans(workspace.lake, Window(since, max(workspace.now(), since + DAY)))
    end = reading.end_of_complete(read, workspace.settle)
    if end is None or end <= since:
        return
    new = [place for place in places if not coverage.has_day(workspace.lake, EventHour(*place, end - HOUR))]
    while new and since < end:
        span = Window(since, min(since + _AT_ONCE, ceil(end, DAY)))
        _write(_find(workspace, span), new, list(span.days()))
        since = span.end


def _write_before(workspace: Workspace, places: Iterable[Place], until: datetime) -> None:
    """Write the days before an instant of the places that are new: what was read then brought nothing of them."""
    first = _first_read(workspace)
    if first is None or first >= until:
        return
    new = [place for place in places if not coverage.has_day(workspace.lake, EventHour(*place, first))]
    start = floor(first, DAY)
    while new and start < until:
        span = Window(max(start, until - _AT_ONCE), until)
        _write(_find(workspace, span), new, _newest_first(span))
        until = span.start


def _first_read(workspace: Workspace) -> datetime | None:
    """Give the first hour that was read whole and whose coverage retention keeps."""
    since = max(_kept_bounds(workspace), default=None)
    for _, marks in reading.by_month(workspace.lake):
        for span in joined(marks):
            hour = ceil(span.start if since is None else max(span.start, since), HOUR)
            if hour + HOUR + workspace.settle <= span.end:
                return hour
    return None


def _kept_bounds(workspace: Workspace) -> list[datetime]:
    """Give the instants before which retention keeps no coverage, or not what it is made of."""
    days = workspace.settings.retention.coverage_days
    bounds = [workspace.kept_since(), floor(workspace.now(), DAY) - days * DAY if days else None]
    return [each for each in bounds if each is not None]


def gaps(rows: Iterable[Row]) -> list[str]:
    """Name the hours that were read whole and brought nothing, joined where they follow each other."""
    spans: dict[Place, list[Window]] = defaultdict(list)
    for row in rows:
        if row["status"] == NO_DATA:
            spans[row["account_id"], row["region"]].append(Window(row["hour"], row["hour"] + HOUR))
    return [
        f"{account_id} {region} {span}"
        for (account_id, region), found in sorted(spans.items())
        for span in joined(found)
    ]


def _oldest(lake: ObjectStore, delivered: Window) -> datetime:
    """Give the oldest instant whose row what was delivered in a window can change."""
    hours = [
        hour.start
        for entry in ledger.entries(lake, delivered)
        for hour in filter(None, map(parse_event_hour, entry["partitions"]))
        if not entry["is_loose"] and _is_part_of(entry, hour)
    ]
    return min([delivered.start - LATE, *hours])


def _is_part_of(entry: Object, hour: EventHour) -> bool:
    return bool(entry["is_loose"] or entry["delivered_at"] < floor(hour.start, DAY) + DAY + LATEST)


def _objects_by_hour(lake: ObjectStore, days: Window) -> dict[EventHour, list[Object]]:
    found: dict[EventHour, list[Object]] = defaultdict(list)
    for entry in ledger.entries(lake, days.widened(before=DAY, after=LATEST)):
        for hour in filter(None, map(parse_event_hour, entry["partitions"])):
            if _is_part_of(entry, hour):
                found[hour].append(entry)
    return found


def _rows(found: _Found, place: Place, day: Window) -> Iterator[Row]:
    """Give the hours of a day that were read whole or brought something."""
    records = _records(found.lake, EventHour(*place, day.start))
    for hour in day.hours():
        objects = found.objects.get(EventHour(*place, hour.start), [])
        is_complete = reading.is_complete(hour.start, found.read, found.settle)
        if not (objects or is_complete):
            continue
        delivered = [each["delivered_at"] for each in objects if not each["is_loose"]]
        last = max(delivered, default=None)
        said = Counter(found.verdicts.of(each["object_key"], each["object_etag"]).verdict for each in objects)
        yield {
            "hour": hour.start,
            "status": (DATA if is_complete else PARTIAL) if objects else NO_DATA,
            "objects": len(objects),
            "records": records.get(hour.start, 0),
            "first_delivered_at": min(delivered, default=None),
            "last_delivered_at": last,
            "lag_minutes": None if last is None else max(0, int((last - hour.end) / MINUTE)),
            "verified": said[VERIFIED],
            "unverified": said[UNVERIFIED],
            "refuted": said[REFUTED],
        }


def _records(lake: ObjectStore, day: EventHour) -> dict[datetime, int]:
    """Give how many records the hours of a day held when they were last judged."""
    found: dict[datetime, int] = {}
    for judgement in quality.read_day(lake, day.day_path):
        result = msgspec.json.decode(judgement.result, type=_Result)
        found |= {
            each.hour: each.rows for each in result.hours if f"{day.day_path}/hour={each.hour:%H}" in judgement.versions
        }
    return found


def _report(window: Window, lake: ObjectStore) -> CoverageReport:
    rows = list(coverage.read(lake, window))
    status = Counter(row["status"] for row in rows)
    return CoverageReport(
        window=str(window),
        places=len({(row["account_id"], row["region"]) for row in rows}),
        data=status[DATA],
        partial=status[PARTIAL],
        no_data=status[NO_DATA],
        longest_lag_minutes=max((row["lag_minutes"] or 0 for row in rows), default=0),
        verified=sum(row["verified"] for row in rows),
        unverified=sum(row["unverified"] for row in rows),
        refuted=sum(row["refuted"] for row in rows),
        first_gaps=tuple(gaps(rows)[:NAMED_GAPS]),
    )
