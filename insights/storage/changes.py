"""Which event hours were counted anew and are still to be judged: small marks in the lake.

Comparing every hour that was ever counted with what was judged would cost more with every year of history; a mark costs
the hour it is about. It is put before the counts are, and stays until the counts are those of the hour's events, so
that a kill in between leaves a mark too many, never one too few.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from insights.records.partitions import EventHour
from insights.storage.objects import ObjectStore
from insights.storage.partitions import Place, account_regions

TABLE = "state/changed"
_HOUR = "%Y-%m-%dT%H"


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """An hour that was counted anew, and the mark that says so."""

    hour: datetime
    key: str


def mark(store: ObjectStore, hour: EventHour, version: str) -> None:
    """Note that an hour's counts are about to be made from another version of its events."""
    name = f"{hour.start:{_HOUR}}-{blake2b(version.encode(), digest_size=8).hexdigest()}"
    store.put(f"{TABLE}/account_id={hour.account_id}/region={hour.region}/{name}", b"")


def pending(store: ObjectStore) -> dict[Place, list[Change]]:
    """Give what is still to be judged of each (account id, Region), oldest hour first."""
    found = {}
    for account_id, region in account_regions(store, TABLE):
        marks = store.list(f"{TABLE}/account_id={account_id}/region={region}/")
        # A local folder stays when its last mark has gone.
        if changes := sorted(Change(_hour_of(info.key), info.key) for info in marks):
            found[account_id, region] = changes
    return found


def clear(store: ObjectStore, changes: Iterable[Change]) -> None:
    """Forget changes that were judged; what changed meanwhile has marks of its own."""
    for change in changes:
        store.delete(change.key)


def _hour_of(key: str) -> datetime:
    return datetime.strptime(key.rpartition("/")[2][:13], _HOUR).replace(tzinfo=UTC)
