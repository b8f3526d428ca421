"""publish: write Start and End records to S3 in AWS's form, each in an object of its own, once and for ever.

An object's name derives from its record's `eventID`, so writing it again changes nothing. What is to be written is what
the `insights` table has and the bucket has not, among the insights that were written since they were last looked at, or
that started on the days of a window. Format: contract of CloudTrail's own delivery,
`AWSLogs/<account>/CloudTrail-Insight/<region>/YYYY/MM/DD/…json.gz`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from typing import Any

from insights.records.object_keys import TrailKey, format_key
from insights.stages.report import PublishReport
from insights.stages.workspace import Workspace
from insights.storage import insights
from insights.storage.tables import put_if_new
from insights.windows import Window, parse_instant

FOLDER = "CloudTrail-Insight"
_UNIQUE_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class PublishedRecord:
    """One Insight record and the key of its object."""

    key: str
    record: dict[str, Any]
    explanation: str

    @property
    def state(self) -> str:
        """`Start` or `End`."""
        return str(self.record["insightDetails"]["state"])


def run(window: Window | None, workspace: Workspace) -> PublishReport:
    """Write the records that are not in the bucket yet, of new insights or of those of a window's days."""
    lake = workspace.lake
    rows = list(insights.read_marked(lake) if window is None else insights.read(lake, window))
    new = []
    for folder, waiting in groupby(sorted(_records(rows), key=lambda each: each.key), key=_folder):
        published = {info.key for info in lake.list(folder)}
        for each in waiting:
            if each.key not in published and put_if_new(lake, each.key, content_of(each.record)):
                new.append(each)
    insights.settle(lake, rows)
    return PublishReport(
        window=str(window or "everything"),
        started=sum(each.state == "Start" for each in new),
        ended=sum(each.state == "End" for each in new),
        keys=tuple(each.key for each in new),
    )


def _folder(each: PublishedRecord) -> str:
    return each.key.rpartition("/")[0] + "/"


def records(window: Window, workspace: Workspace) -> Iterator[PublishedRecord]:
    """Yield the Start and End records of the insights that started on the days of a window, oldest first."""
    return _records(insights.read(workspace.lake, window))


def _records(rows: Iterable[insights.Row]) -> Iterator[PublishedRecord]:
    for row in rows:
        for column in ("start_record_json", "end_record_json"):
            if row[column] is not None:
                record = json.loads(row[column])
                yield PublishedRecord(key_of(record), record, row["explanation"])


def key_of(record: dict[str, Any]) -> str:
    """Give the key of a record's object; its sixteen characters derive from the record's id."""
    unique = blake2b(record["eventID"].encode(), digest_size=_UNIQUE_CHARACTERS // 2).hexdigest()
    name = TrailKey(record["recipientAccountId"], record["awsRegion"], parse_instant(record["eventTime"]), unique)
    return format_key(name, folder=FOLDER)


def content_of(record: dict[str, Any]) -> bytes:
    """Give the content of a record's object; equal records give equal bytes."""
    document = json.dumps({"Records": [record]}, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(document.encode(), mtime=0)
