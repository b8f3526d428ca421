"""validate: judge the event hours of a window by the quality rules, before anything is counted from them.

Several hours of one account × Region × day are validated together, since every validation has a fixed price; the
checks tell hours apart where a critical rule fails. What a held hour means for the run is the caller's business;
`count` leaves it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from insights.records.object_keys import TrailKey, parse_key, without_version
from insights.records.partitions import EventHour, parse_event_hour
from insights.records.rules import Severity
from insights.records.schemas import EVENTS, INSTANT
from insights.stages.report import RECORD_COUNTS, ValidateReport
from insights.stages.workspace import Workspace
from insights.storage import events, ledger, quality
from insights.storage.hours import touched, with_versions
from insights.storage.objects import ObjectStore
from insights.storage.tables import read_version
from insights.storage.trail import Search
from insights.windows import HOUR, Window

GROUP_ROWS = 20_000
"""So many rows are validated at once, or one larger hour."""


def run(window: Window, workspace: Workspace) -> ValidateReport:
    """Judge every event hour the window's deliveries touched that was not judged in its present version.

    Hours that are held back are judged again when a run asks for them by its own window, and stay its failure. Where a
    run only looks back for what came late they are left alone: somebody was told already.
    """
    lake, delivered = workspace.lake, workspace.delivered(window)
    accounts = _account_by_day(workspace, delivered)
    own = set(touched(lake, workspace.delivered(window, lookback=False)))
    verdicts: Counter[str] = Counter()
    unchanged = 0
    judged: list[EventHour] = []
    for day_path, versions in with_versions(lake, touched(lake, delivered)):
        due = _due(lake, day_path, versions, again=own)
        unchanged += len(versions) - len(due)
        counts = accounts.get(day_path, {})
        for group in _groups(lake, due):
            verdicts += _judge(lake, day_path, group, counts)
            judged += group
            # What a day's objects held is told once; what share of it was refused holds for every hour of the day.
            counts = {name: number for name, number in counts.items() if name not in RECORD_COUNTS}
    held = quality.held_hours(lake, own.union(judged))
    return ValidateReport(
        window=str(window),
        checked=verdicts.total(),
        unchanged=unchanged,
        passed=verdicts["passed"],
        warned=verdicts["warned"],
        held={str(hour): held[hour] for hour in sorted(held)},
    )


def _judge(
    lake: ObjectStore, day_path: str, group: Mapping[EventHour, tuple[str, pa.Table]], account: Mapping[str, float]
) -> Counter[str]:
    from insights.checks.result import Verdict
    from insights.checks.suites import check_events

    rows = pa.concat_tables([table for _, table in group.values()])
    result = check_events([rows], {**_facts(rows), **account}, partition=day_path)
    failed = {hour.hour for hour in result.hours if hour.verdict is Verdict.FAILED}
    rules = tuple(each.rule_id for each in result.outcomes if each.severity is Severity.CRITICAL and each.failed)
    judgement = quality.Judgement(
        versions={hour.path: version for hour, (version, _) in group.items()},
        held={hour.path: rules for hour in group if hour.start in failed},
        result=msgspec.Raw(result.to_json()),
    )
    quality.write(lake, day_path, judgement)
    return Counter(str(hour.verdict) for hour in result.hours)


def _due(
    lake: ObjectStore, day_path: str, versions: Mapping[EventHour, str], *, again: Collection[EventHour]
) -> dict[EventHour, str]:
    judged: dict[str, str] = {}
    held: set[str] = set()
    for judgement in quality.read_day(lake, day_path):
        judged |= judgement.versions
        held.update(judgement.held)
    return {
        hour: version
        for hour, version in versions.items()
        if judged.get(hour.path) != version or (hour.path in held and hour in again)
    }


def _groups(lake: ObjectStore, due: Mapping[EventHour, str]) -> Iterator[dict[EventHour, tuple[str, pa.Table]]]:
    """Read the hours that are due, a bounded number of rows at a time."""
    from insights.checks.suites import COLUMNS

    group: dict[EventHour, tuple[str, pa.Table]] = {}
    rows = 0
    for hour in due:
        columns = list(dict.fromkeys((*COLUMNS, "event_time", "inferred_fields", "object_key")))
        version = read_version(lake, events.hour_key(hour), EVENTS, columns=columns)
        stamp = pa.array([hour.start], INSTANT).take(pa.array([0] * version.table.num_rows, pa.int64()))
        group[hour] = (version.etag, version.table.append_column("partition_hour", stamp))
        rows += version.table.num_rows
        if rows >= GROUP_ROWS:
            yield group
            group, rows = {}, 0
    if group:
        yield group


def _facts(rows: pa.Table) -> dict[str, float]:
    """Give what only the rows together tell: how many are ahead of their delivery, how many reads were inferred."""
    keys = pc.dictionary_encode(rows["object_key"].combine_chunks())
    parsed = [parse_key(without_version(key)) for key in keys.dictionary.to_pylist()]
    delivered = pa.array([key.delivered_at if isinstance(key, TrailKey) else None for key in parsed], INSTANT)
    ahead = pc.subtract(pc.cast(rows["event_time"], pa.int64()), pc.cast(delivered.take(keys.indices), pa.int64()))
    is_ahead = pc.greater(ahead, int(HOUR.total_seconds()) * 1_000_000)
    inferred = pc.match_substring(rows["inferred_fields"], "readOnly")
    return {
        "future_events": float(pc.sum(is_ahead).as_py() or 0),
        "inferred_share": (pc.sum(inferred).as_py() or 0) / max(rows.num_rows, 1),
    }


def _account_by_day(workspace: Workspace, delivered: Window) -> dict[str, dict[str, float]]:
    """Add up what became of the records of the objects delivered, each object once: under the account × Region × day of
    its first event hour, or of its key where none of its records was kept."""
    days: dict[str, Counter[str]] = {}
    for entry in _present(workspace, delivered):
        hour = parse_event_hour(entry["partitions"][0]) if entry["partitions"] else _hour_of_key(entry["object_key"])
        if hour is not None:
            days.setdefault(hour.day_path, Counter()).update(
                {name: entry[name] for name in (*RECORD_COUNTS, "withdrawn")}
            )
    return {path: _with_shares(counts) for path, counts in days.items()}


def _present(workspace: Workspace, delivered: Window) -> Iterator[dict[str, Any]]:
    """Yield the ledger's entries of the objects as they are now: one that was replaced no longer speaks for its old
    content."""
    entries = list(ledger.entries(workspace.lake, delivered))
    if len({entry["object_key"] for entry in entries}) == len(entries):
        yield from entries
        return
    search = Search(workspace.trail, delivered, workspace.settings.trail)
    listed = {(each.key, each.etag) for each in search.objects()}
    yield from (entry for entry in entries if (entry["object_key"], entry["object_etag"]) in listed)


def _hour_of_key(key: str) -> EventHour | None:
    parsed = parse_key(key)
    return EventHour(parsed.account_id, parsed.region, parsed.delivered_at) if isinstance(parsed, TrailKey) else None


def _with_shares(counts: Mapping[str, int]) -> dict[str, float]:
    unaccounted = counts["records_in"] - sum(counts[name] for name in RECORD_COUNTS[1:])
    # What a digest refuted could be read. Holding its hour back for it would keep the very calls counted that went.
    unreadable = counts["quarantined"] - counts["withdrawn"]
    return {
        **{name: float(counts[name]) for name in RECORD_COUNTS},
        "unaccounted_records": float(unaccounted),
        "quarantined_share": unreadable / max(counts["records_in"], 1),
    }
