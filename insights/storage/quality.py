"""Quality verdicts: one document for each account × Region × day of events.

A verdict belongs to one version of an hour's events. Once the hour has changed it is void, and validation is due again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from insights.errors import NotFoundError
from insights.records.partitions import EventHour
from insights.storage import documents
from insights.storage.hours import with_versions
from insights.storage.objects import ABSENT, ObjectStore, repeated_on_conflict
from insights.storage.partitions import account_regions
from insights.windows import Window

TABLE = "quality"


class Judgement(msgspec.Struct, frozen=True):
    """One validation: `versions` has the ETag of each hour judged (by `EventHour.path`), `held` the critical rules that
    failed in an hour, `result` the checks' own document."""

    versions: dict[str, str]
    held: dict[str, tuple[str, ...]]
    result: msgspec.Raw


_codec = msgspec.json.Decoder(list[Judgement])


def read_day(store: ObjectStore, day_path: str) -> list[Judgement]:
    """Read the judgements of one `EventHour.day_path`, oldest first."""
    return _read(store, day_path)[0]


@repeated_on_conflict
def write(store: ObjectStore, day_path: str, judgement: Judgement) -> None:
    """Add a judgement; hours it is about no longer count for earlier ones, and a judgement without hours goes."""
    earlier, etag = _read(store, day_path)
    remaining = [_without(each, judgement.versions) for each in earlier]
    content = msgspec.json.encode([*(each for each in remaining if each.versions), judgement])
    store.put(_key(day_path), content, replacing=etag)


def held_hours(store: ObjectStore, hours: Iterable[EventHour]) -> dict[EventHour, tuple[str, ...]]:
    """Give the hours whose events, as they are now, a critical rule stops, with the rules' names."""
    held = {}
    for day_path, versions in with_versions(store, hours):
        for judgement in read_day(store, day_path):
            for hour, version in versions.items():
                if judgement.versions.get(hour.path) == version and hour.path in judgement.held:
                    held[hour] = judgement.held[hour.path]
    return held


def read_judgements(store: ObjectStore, window: Window) -> Iterator[Judgement]:
    """Yield the judgements of every day that overlaps a window, by account, Region and day."""
    for account, region in account_regions(store, TABLE):
        for day in window.days():
            yield from read_day(store, EventHour(account, region, day.start).day_path)


def _without(judgement: Judgement, hours: Mapping[str, str]) -> Judgement:
    versions = {hour: version for hour, version in judgement.versions.items() if hour not in hours}
    held = {hour: rules for hour, rules in judgement.held.items() if hour in versions}
    return Judgement(versions, held, judgement.result)


def _read(store: ObjectStore, day_path: str) -> tuple[list[Judgement], str]:
    try:
        return documents.read(store, _key(day_path), _codec)
    except NotFoundError:
        return [], ABSENT


def _key(day_path: str) -> str:
    return f"{TABLE}/{day_path}/quality.json"
