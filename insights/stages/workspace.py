"""Everything a stage works with besides its window."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib.abc import MetaPathFinder

from insights.errors import NotFoundError, SettingsError, WindowError
from insights.settings import Settings
from insights.storage.aws_access import AwsAccess
from insights.storage.objects import ObjectStore
from insights.storage.opening import open_store
from insights.storage.places import no_lake, refuse_lake_in_trail, refuse_no_lake
from insights.windows import DAY, Window, floor, format_instant


def tune_arrow() -> None:
    """Let Arrow give memory back as soon as it is free, and spare it pandas, and NumPy threads.

    Its own allocators keep a third of a process's peak, and are no faster here. Of each list it is given it wonders
    whether that is one of pandas', and imports pandas to find out: 0.25 CPU seconds and 50 MB of every process. If that
    fails it wonders no more, and still converts to pandas for those who ask. NumPy's algebra, which nothing here is
    large enough for, starts threads that spin for a tenth of a CPU second, unless the environment says otherwise.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, _NoPandas)
        pa.array([])
        sys.meta_path.remove(_NoPandas)


class _NoPandas(MetaPathFinder):
    """Finds that pandas is not installed."""

    @classmethod
    def find_spec(cls, name: str, path: object, target: object = None) -> None:
        """Refuse pandas; leave what else there is to others."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Workspace:
    """Settings, the trail, the lake and a clock.

    Attributes:
        aws: How S3 and the notification services are reached.
        lookback: How far before the window objects are still looked for that came late. Nothing for a backfill, whose
            earlier hours are other runs' work.
        creates_lake: Whether a lake may begin here; readers had better say that there is none.
        now: The clock; stages ask no other.
    """

    settings: Settings
    aws: AwsAccess = field(default_factory=AwsAccess)
    lookback: timedelta = timedelta()
    creates_lake: bool = True
    now: Callable[[], datetime] = field(default=_utc_now)

    @cached_property
    def trail(self) -> ObjectStore:
        """The trail's bucket or folder; never written to.

        Raises:
            StorageError: it cannot be opened, or the lake lies in it.
        """
        url = _required(self.settings.trail.url, "trail.url", "--trail")
        if self.settings.lake.url:
            refuse_lake_in_trail(url, self.settings.lake.url)
        return open_store(url, aws=self.aws, s3_client=self.settings.ingest.s3_client)

    @cached_property
    def lake(self) -> ObjectStore:
        """The lake's bucket or folder.

        Raises:
            NotFoundError: there is no lake, and none is to be made.
            StorageError: it cannot be opened.
        """
        url = _required(self.settings.lake.url, "lake.url", "--lake")
        client = self.settings.ingest.s3_client
        if self.creates_lake:
            return open_store(url, aws=self.aws, create=True, s3_client=client)
        try:
            lake = open_store(url, aws=self.aws, s3_client=client)
        except NotFoundError as error:
            raise no_lake(url) from error
        refuse_no_lake(lake)
        return lake

    @property
    def settle(self) -> timedelta:
        """How long after its end an hour is waited for: CloudTrail delivers within about ten minutes of a call."""
        return timedelta(minutes=self.settings.trail.settle_minutes)

    def delivered(self, window: Window, *, lookback: bool = True) -> Window:
        """Give the span of delivery in which the objects of a window's hours are looked for."""
        found = window.widened(before=self.lookback if lookback else timedelta(), after=self.settle)
        kept = self.kept_since()
        return Window(max(found.start, kept), found.end) if kept and kept < found.end else found

    def kept_since(self) -> datetime | None:
        """Give the first day that can still be read and judged, None where retention deletes nothing.

        It is a day later than what any table keeps, so that what is read now is not deleted meanwhile; and later by
        the counts that detection needs than what `minute_counts` keeps. What lies before does not change any more: an
        hour whose events are gone must not be counted again from one that came late.
        """
        kept = self.settings.retention
        days = [kept.events_days, kept.quality_days, kept.quarantine_days, kept.ledger_days]
        days += [kept.integrity_days, kept.insights_days]
        days.append(kept.minute_counts_days and kept.minute_counts_days - self.settings.counts_behind_days)
        shortest = min((each for each in days if each), default=None)
        return floor(self.now(), DAY) - (shortest - 1) * DAY if shortest else None

    def refuse_forgotten(self, window: Window) -> None:
        """Refuse a window that begins before what retention keeps.

        Raises:
            WindowError: it does; the message says where to begin.
        """
        kept = self.kept_since()
        if kept is not None and window.start < kept:
            raise WindowError(
                f"the window {window} begins before {format_instant(kept)}, and what came before that is deleted by "
                "[retention]: begin there, or keep more"
            )


def _required(url: str, setting: str, option: str) -> str:
    if url:
        return url
    raise SettingsError(
        f"the setting {setting} is empty: set it in the settings file, the environment, or with {option}"
    )
