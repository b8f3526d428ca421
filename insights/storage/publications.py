"""What was published, and what is about to be: in which object each Insight record lies, and who is still to be told.

Every account × Region has one small file, `state/publishing/…`, that names the batch it is publishing. It is replaced
only over the version that was read, so of two publishers one begins; whoever comes after a kill finds the batch, with
all its records, and does the rest of it: its steps may all be repeated. A batch has a number, so that no two versions
of the file are the same.

`published/…` says which object holds a record, under the record's day; `outbox/…` holds what channels are to be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import groupby

import msgspec

from insights.errors import NotFoundError
from insights.storage import documents
from insights.storage.objects import ABSENT, ObjectStore
from insights.storage.partitions import Place, day_of
from insights.storage.tables import put_if_new
from insights.windows import Window, parse_instant

TABLE = "published"
OUTBOX = "outbox"
_PUBLISHING = "state/publishing"
_HASH_BYTES = 8


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it is written, what it is known by, and what the detector says of it; `is_news` if people are to be
    told. `integrity_json` is its insight's, as it was then."""

    event_id: str
    event_time: str
    state: str
    record: msgspec.Raw
    explanation: str
    is_news: bool = False
    integrity_json: str | None = None

    @property
    def at(self) -> datetime:
        """The record's time."""
        return parse_instant(self.event_time)

    @property
    def folder(self) -> str:
        """The folder of its day, as `date=2026-11-01`."""
        return f"date={self.event_time[:10]}"


def by_age(item: Item) -> tuple[datetime, bool, str]:
    """Sort the oldest first, and a Start before an End."""
    return item.at, item.state != "Start", item.event_id


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Records that are published together, and the object they go into; once it is done it holds no items any more."""

    number: int = 0
    object_key: str = ""
    items: tuple[Item, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to do."""
        return not self.items


_items = msgspec.json.Decoder(Item)
_batches = msgspec.json.Decoder(Batch)
_objects = msgspec.json.Decoder(dict[str, str])


@dataclass(frozen=True, slots=True)
class Publishing:
    """The batch of an account × Region, as it was read."""

    place: Place
    batch: Batch
    etag: str


def publishing(store: ObjectStore, place: Place) -> Publishing:
    """Read which batch an account × Region publishes, or published last."""
    try:
        return Publishing(place, *documents.read(store, _key(place), _batches))
    except NotFoundError:
        return Publishing(place, Batch(), ABSENT)


def replace(store: ObjectStore, known: Publishing, batch: Batch) -> None:
    """Put a batch over the one that was read.

    Raises:
        ConflictError: somebody else did so meanwhile.
    """
    store.put(_key(known.place), msgspec.json.encode(batch), replacing=known.etag)


def published(store: ObjectStore, place: Place, days: Iterable[str]) -> dict[str, str]:
    """Give the object that holds each record, by the record's id, of the records of some days (`2026-11-01`)."""
    found: dict[str, str] = {}
    for day in sorted(set(days)):
        for info in store.list(f"{_folder(place)}/date={day}/"):
            found |= documents.read(store, info.key, _objects)[0]
    return found


def note_published(store: ObjectStore, place: Place, batch: Batch) -> None:
    """Note which object holds the records of a batch."""
    by_day = groupby(sorted(batch.items, key=by_age), key=lambda item: item.folder)
    for folder, items in by_day:
        content = msgspec.json.encode({item.event_id: batch.object_key for item in items})
        name = blake2b(batch.object_key.encode(), digest_size=_HASH_BYTES).hexdigest()
        put_if_new(store, f"{_folder(place)}/{folder}/{name}.json", content)


def hand_over(store: ObjectStore, batch: Batch) -> None:
    """Put what people are to be told of a batch where `waiting` finds it."""
    for item in batch.items:
        if item.is_news:
            put_if_new(store, f"{OUTBOX}/{item.folder}/{item.event_id}.json", msgspec.json.encode(item))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A record that is to be told, as its file's name tells it."""

    key: str

    @property
    def event_id(self) -> str:
        """The record's id."""
        return self.key.rpartition("/")[2].removesuffix(".json")

    @property
    def folder(self) -> str:
        """The folder of its day, as `date=2026-11-01`."""
        return self.key.split("/")[-2]

    @property
    def day(self) -> Window:
        """The day of the record."""
        return day_of(f"{self.folder}/")


def waiting(store: ObjectStore) -> Iterator[Waiting]:
    """Yield what is to be told, or was told not long ago."""
    return (Waiting(info.key) for info in store.list(f"{OUTBOX}/"))


def read_waiting(store: ObjectStore, each: Waiting) -> Item:
    """Read what is to be told."""
    return documents.read(store, each.key, _items)[0]


def forget(store: ObjectStore, each: Waiting) -> None:
    """Forget what all were told."""
    store.delete(each.key)


def _key(place: Place) -> str:
    return f"{_PUBLISHING}/account_id={place[0]}/region={place[1]}.json"


def _folder(place: Place) -> str:
    return f"{TABLE}/account_id={place[0]}/region={place[1]}"
