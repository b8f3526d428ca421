"""Notes on events that two objects tell differently, for whoever learns later which of them is to be believed.

Only one of the copies is in the table. There is one note each time that rows are put into an hour, about all pairs of
objects: how many there are does not follow from how many objects somebody puts into the trail. It is named by what it
holds, so that what is read again is noted once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from hashlib import blake2b

import msgspec

from insights.records.partitions import EventHour
from insights.storage import documents
from insights.storage.objects import ObjectStore
from insights.storage.partitions import day_of
from insights.storage.tables import put_if_new
from insights.windows import Window

FOLDER = "state/disputed"
NAMED_EVENTS = 20
EARLIER = timedelta(days=1)
"""Calls may be so much older than their delivery."""


class Dispute(msgspec.Struct, frozen=True, order=True):
    """Two objects, as rows name them, that tell some events of an hour (its path) differently: the first of these
    (`event_names`), and how many they are. `is_correction` where one corrects the other."""

    hour: str
    objects: tuple[str, str]
    event_ids: tuple[str, ...]
    events: int
    is_correction: bool


_codec = msgspec.json.Decoder(list[Dispute])


def write(store: ObjectStore, hour: EventHour, found: Iterable[tuple[str, str, str, bool]]) -> None:
    """Note events: each the names of two objects and its own, and whether one corrects the other."""
    pairs: dict[tuple[str, str, bool], set[str]] = {}
    for one, other, event_id, is_correction in found:
        first, second = sorted((one, other))
        pairs.setdefault((first, second, is_correction), set()).add(event_id)
    if not pairs:
        return
    content = msgspec.json.encode(
        [
            Dispute(hour.path, (first, second), tuple(sorted(ids)[:NAMED_EVENTS]), len(ids), is_correction)
            for (first, second, is_correction), ids in sorted(pairs.items())
        ]
    )
    name = blake2b(content, digest_size=10).hexdigest()
    put_if_new(store, f"{FOLDER}/date={hour.date}/{name}.json", content)


def read(store: ObjectStore, delivered: Window) -> Iterator[Dispute]:
    """Yield what is noted of calls that what was delivered in a window may hold."""
    span = delivered.widened(before=EARLIER)
    for folder in store.list_folder(f"{FOLDER}/").folders:
        if day_of(folder).overlaps(span):
            for info in store.list(folder):
                yield from documents.read(store, info.key, _codec)[0]
