"""Walking the hours of a table newest first, a day at a time, for readers that ask again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Generic, TypeVar

from insights.records.partitions import is_usable_name
from insights.storage.caching import Cache
from insights.storage.objects import ObjectStore
from insights.storage.partitions import Place, account_regions, day_of
from insights.windows import HOUR

SECONDS = 10.0
"""For so long a listing is believed."""

_DAYS_AHEAD = 8
_AT_ONCE = 8
_DAYS_KEPT = 4096


F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class HourFile(Generic[F]):
    """One hour of one account, and the version of the file that holds it, alone or among others of its day."""

    hour: datetime
    account_id: str
    info: F


class Listing(Generic[F]):
    """The hours of one table.

    Args:
        hours_of_day: Gives the hours that a day's folder holds, each once, with the version of the file it lies in.
    """

    def __init__(
        self, store: ObjectStore, table: str, hours_of_day: Callable[[str], Iterable[tuple[datetime, F]]]
    ) -> None:
        self._store, self._table, self._hours_of_day = store, table, hours_of_day
        self._places: Cache[tuple[Place, ...]] = Cache(1, seconds=SECONDS)
        self._days: Cache[tuple[str, ...]] = Cache(_DAYS_KEPT, seconds=SECONDS)
        self._files: Cache[tuple[HourFile[F], ...]] = Cache(_DAYS_KEPT, seconds=SECONDS)

    def accounts(self, region: str, allowed: frozenset[str] | None) -> tuple[str, ...]:
        """Name the accounts that have data in a Region, as far as they are allowed to be seen (None: all)."""
        places = self._places.get((), lambda: tuple(account_regions(self._store, self._table)))
        return tuple(
            account for account, place in places if place == region and (allowed is None or account in allowed)
        )

    def hours(
        self, accounts: Sequence[str], region: str, *, first: datetime, last: datetime, newest_first: bool
    ) -> Iterator[tuple[datetime, list[HourFile[F]]]]:
        """Yield the hours from that of `first` to that of `last`, both included, each with the files of the accounts.

        What is listed is a few days ahead of what is asked for, however long the span.
        """
        if not is_usable_name(region):
            return
        wanted = sorted(
            (
                (day_of(folder).start, account, folder)
                for account in accounts
                for folder in self._folders(account, region)
                if day_of(folder).start <= last and first < day_of(folder).end
            ),
            reverse=newest_first,
        )
        by_day = ((day, list(group)) for day, group in groupby(wanted, key=lambda each: each[0]))
        while ahead := list(islice(by_day, _DAYS_AHEAD)):
            listed = self._of_folders([each for _, folders in ahead for each in folders])
            files = [file for found in listed for file in found if first - HOUR < file.hour <= last]
            files.sort(key=lambda file: (file.hour, file.account_id), reverse=newest_first)
            for hour, group in groupby(files, key=lambda file: file.hour):
                yield hour, list(group)

    def _folders(self, account: str, region: str) -> tuple[str, ...]:
        prefix = f"{self._table}/account_id={account}/region={region}/"
        return self._days.get(prefix, lambda: self._store.list_folder(prefix).folders)

    def _of_folders(self, folders: Sequence[tuple[datetime, str, str]]) -> list[tuple[HourFile[F], ...]]:
        """List day folders, those that are not known (any longer) side by side."""
        known = {each: self._files.known(each[2]) for each in folders}
        unknown = [each for each in folders if known[each] is None]
        if unknown:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="list") as pool:
                for each, found in zip(unknown, pool.map(self._listed, unknown), strict=True):
                    self._files.put(each[2], found)
                    known[each] = found
        return [found for found in known.values() if found is not None]

    def _listed(self, folder: tuple[datetime, str, str]) -> tuple[HourFile[F], ...]:
        _, account, prefix = folder
        return tuple(HourFile(hour, account, info) for hour, info in self._hours_of_day(prefix))
