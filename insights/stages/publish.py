"""publish: write new Start and End records to S3 in AWS's form, those of an account × Region in one object, each once.

What is new is what the `insights` table has and `published/` does not know, among the insights that were written since
they were last looked at, or that started on the days of a window. It becomes a batch, and the batch is written down
before its object is: a run that was killed anywhere is made up for by the next, with the same records under the same
name. Format: contract of CloudTrail's own delivery,
`AWSLogs/[o-id/]<account>/CloudTrail-Insight/<region>/YYYY/MM/DD/…json.gz`.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b

import msgspec

from insights.errors import ConflictError, NotFoundError
from insights.records.object_keys import TrailKey, format_key
from insights.stages.report import PublishReport
from insights.stages.workspace import Workspace
from insights.storage import insights, publications
from insights.storage.objects import ObjectStore
from insights.storage.partitions import Place
from insights.storage.publications import Batch, Item, Publishing, by_age
from insights.storage.tables import put_if_new
from insights.windows import Window, parse_instant

FOLDER = "CloudTrail-Insight"
MAX_RECORDS = 500
"""Of one object. A record with its thirty attributed values of a kilobyte has 40 KB: the object stays below the 50 MB
that CloudTrail's files have at most."""

_UNIQUE_CHARACTERS = 16
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
"""AWS Organizations API Reference, "Organization", Id."""


def run(window: Window | None, workspace: Workspace) -> PublishReport:
    """Write the records that are not in the bucket yet, of new insights or of those of a window's days."""
    lake = workspace.lake
    rows = list(insights.read_marked(lake) if window is None else insights.read(lake, window))
    by_place: dict[Place, list[Item]] = defaultdict(list)
    news_since = workspace.now() - timedelta(hours=workspace.settings.notify.max_age_hours)
    for row in rows:
        by_place[row["account_id"], row["region"]] += _items(row, news_since)
    organizations = _Organizations(workspace)
    done = [batch for place, items in sorted(by_place.items()) for batch in _publish(lake, place, items, organizations)]
    insights.settle(lake, rows)
    written = [item for batch in done for item in batch.items]
    return PublishReport(
        window=str(window or "everything"),
        started=sum(item.state == "Start" for item in written),
        ended=sum(item.state == "End" for item in written),
        too_old=sum(not item.is_news for item in written),
        keys=tuple(batch.object_key for batch in done),
    )


def _items(row: insights.Row, news_since: datetime) -> Iterator[Item]:
    for text in (row["start_record_json"], row["end_record_json"]):
        if text is not None:
            record = json.loads(text)
            yield Item(
                event_id=record["eventID"],
                event_time=record["eventTime"],
                state=record["insightDetails"]["state"],
                record=msgspec.Raw(text.encode()),
                explanation=row["explanation"],
                is_news=parse_instant(record["eventTime"]) >= news_since,
                integrity_json=row.get("integrity_json"),
            )


class _Organizations:
    """Knows the organization an account's trail belongs to, by the folders of the trail."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def of(self, account_id: str) -> str:
        """Give the organization's id, or nothing."""
        return self._by_account.get(account_id, "")

    @cached_property
    def _by_account(self) -> Mapping[str, str]:
        trail = self._workspace.trail
        return {
            _last(account): _last(folder)
            for folder in trail.list_folder("AWSLogs/").folders
            if _ORGANIZATION.fullmatch(_last(folder))
            for account in trail.list_folder(folder).folders
        }


def _last(folder: str) -> str:
    return folder.rstrip("/").rpartition("/")[2]


def _publish(lake: ObjectStore, place: Place, items: Sequence[Item], organizations: _Organizations) -> Iterator[Batch]:
    """Publish what is new of an account × Region; yields the batches that were completed here."""
    while True:
        # Read before the index: a batch that is done meanwhile makes the replacement fail.
        known = publications.publishing(lake, place)
        if not known.batch.is_done:
            if _complete(lake, known):
                yield known.batch
            continue
        new = _unpublished(lake, place, items)
        if not new:
            return
        try:
            publications.replace(lake, known, _batch(place, known.batch.number + 1, new[:MAX_RECORDS], organizations))
        except ConflictError:
            continue


def _complete(lake: ObjectStore, known: Publishing) -> bool:
    """Do every step of a batch that is not done yet; tells whether nobody else was faster."""
    batch = known.batch
    put_if_new(lake, batch.object_key, gzip.compress(document_of(batch.items), mtime=0))
    publications.hand_over(lake, batch)
    publications.note_published(lake, known.place, batch)
    try:
        publications.replace(lake, known, Batch(number=batch.number, object_key=batch.object_key))
    except ConflictError:
        return False
    return True


def _unpublished(lake: ObjectStore, place: Place, items: Sequence[Item]) -> list[Item]:
    published = publications.published(lake, place, (item.event_time[:10] for item in items))
    new = {item.event_id: item for item in items if item.event_id not in published}
    return sorted((item for item in new.values() if not _exists(lake, _key_of_one(place, item))), key=by_age)


def _batch(place: Place, number: int, items: Sequence[Item], organizations: _Organizations) -> Batch:
    unique = blake2b(document_of(items), digest_size=_UNIQUE_CHARACTERS // 2).hexdigest()
    key = object_key(place, items[-1].at, unique, organizations.of(place[0]))
    return Batch(number=number, object_key=key, items=tuple(items))


def document_of(items: Iterable[Item]) -> bytes:
    """Give the JSON text of an object: equal records give equal bytes."""
    return b'{"Records":[' + b",".join(bytes(item.record) for item in items) + b"]}"


def object_key(place: Place, at: datetime, unique: str, organization_id: str = "") -> str:
    """Give the key of an object whose newest record is of an instant."""
    return format_key(TrailKey(*place, at, unique), organization_id=organization_id, folder=FOLDER)


def _key_of_one(place: Place, item: Item) -> str:
    """Give the key under which version 0.1 wrote a record, in an object of its own."""
    return object_key(place, item.at, blake2b(item.event_id.encode(), digest_size=_UNIQUE_CHARACTERS // 2).hexdigest())


def _exists(lake: ObjectStore, key: str) -> bool:
    try:
        lake.get(key)
    except NotFoundError:
        return False
    return True
