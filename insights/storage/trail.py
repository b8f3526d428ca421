"""Finding a trail's objects.

Folders are walked one level at a time, so that date folders outside the window and the folders of Insight and digest
siblings cost nothing, while any other layout is still searched to its end. Every object seen is either found or counted
as skipped with a reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from insights.errors import NotFoundError
from insights.records.object_keys import NotTrail, TrailKey, folder_may_hold, parse_key
from insights.settings import TrailSettings
from insights.storage.objects import ObjectInfo, ObjectStore
from insights.windows import HOUR, Window

PAGE = 1000
"""S3 lists at most so many objects and folders at a request."""

UNKNOWN = "-"
"""Stands for the account and Region of an object whose name does not tell them."""

_SKIPPED = {
    NotTrail.SIBLING: "Insight, digest or other sibling",
    NotTrail.LOOSE: "no trail object name",
    NotTrail.FOREIGN: "no JSON file name",
}


class TrailObject(msgspec.Struct, frozen=True, array_like=True):
    """One object of a trail. A loose one (its name tells nothing) has `UNKNOWN` account and Region, and as time of
    delivery the time it was last modified."""

    key: str
    etag: str
    size: int
    account_id: str
    region: str
    delivered_at: datetime
    is_loose: bool

    @property
    def date(self) -> str:
        """The UTC day of delivery: 2026-11-01."""
        return f"{self.delivered_at:%Y-%m-%d}"

    @property
    def ledger_path(self) -> str:
        """The ledger's partition of this object."""
        return f"account_id={self.account_id}/region={self.region}/date={self.date}"


@dataclass(slots=True)
class Search:
    """A walk through a trail for what was delivered in a window.

    Iterate `objects()` once; afterwards `skipped` counts what was passed over by reason and `requests` the listings.
    """

    store: ObjectStore
    delivered: Window
    settings: TrailSettings
    skipped: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    listed: int = 0

    def objects(self) -> Iterator[TrailObject]:
        """Yield what is to be read, folder by folder in the order of keys.

        Raises:
            NotFoundError: there is nothing at all, in no hour: a trail never looks like that, a wrong prefix does.
        """
        yield from self._walk("")

    def _walk(self, prefix: str) -> Iterator[TrailObject]:
        level = self.store.list_folder(prefix)
        self.requests += max(1, -(-(len(level.folders) + len(level.objects)) // PAGE))
        if not (prefix or level.folders or level.objects):
            raise NotFoundError(f"there is nothing below {self.store.url}: check the bucket and prefix in trail.url")
        for info in level.objects:
            self.listed += 1
            found = self._judge(info)
            if isinstance(found, TrailObject):
                yield found
            else:
                self.skipped[found] += 1
        # The date folder of a delivery just after midnight can be the day before.
        near = self.delivered.widened(before=HOUR)
        for folder in level.folders:
            if folder_may_hold(folder, near):
                yield from self._walk(folder)

    def _judge(self, info: ObjectInfo) -> TrailObject | str:
        key = parse_key(info.key)
        if key is NotTrail.LOOSE and self._reads_loose_files:
            return TrailObject(info.key, info.etag, info.size, UNKNOWN, UNKNOWN, info.last_modified, True)
        if isinstance(key, NotTrail):
            return _SKIPPED[key]
        reason = self._out_of_range(key)
        return reason or TrailObject(
            info.key, info.etag, info.size, key.account_id, key.region, key.delivered_at, False
        )

    def _out_of_range(self, key: TrailKey) -> str | None:
        if self.settings.accounts and key.account_id not in self.settings.accounts:
            return "account not selected"
        if self.settings.regions and key.region not in self.settings.regions:
            return "Region not selected"
        if key.delivered_at not in self.delivered:
            return "delivered outside the window"
        return None

    @property
    def _reads_loose_files(self) -> bool:
        """A local folder was chosen by hand; a bucket is often shared with files that are none of ours."""
        choice = self.settings.loose_files
        return choice == "read" or (choice == "auto" and not self.store.url.startswith("s3://"))
