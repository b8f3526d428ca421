"""What finding a window's objects cost: a small note for the quality report, written over by each run of the window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from insights.errors import NotFoundError
from insights.storage import documents
from insights.storage.objects import ObjectInfo, ObjectStore
from insights.windows import Window

TABLE = "state/discovery"
_MINUTE = "%Y%m%dT%H%M"


class Discovery(msgspec.Struct, frozen=True):
    """How many listings it took to see how many objects."""

    list_requests: int
    listed: int


_codec = msgspec.json.Decoder(Discovery)


def write(store: ObjectStore, window: Window, found: Discovery) -> None:
    """Note what finding a window's objects cost."""
    store.put(_key(window), msgspec.json.encode(found))


def read(store: ObjectStore, window: Window) -> Discovery | None:
    """Give the note on exactly this window, None where there is none."""
    try:
        return documents.read(store, _key(window), _codec)[0]
    except NotFoundError:
        return None


def expired(store: ObjectStore, before: datetime) -> Iterator[ObjectInfo]:
    """Yield the notes on windows that ended by an instant."""
    for folder in store.list_folder(f"{TABLE}/").folders:
        if folder.split("/")[-2] <= f"{before:%Y-%m}":
            for info in store.list(folder):
                end = info.key.rpartition("-")[2].removesuffix(".json")
                if datetime.strptime(end, _MINUTE).replace(tzinfo=UTC) <= before:
                    yield info


def _key(window: Window) -> str:
    return f"{TABLE}/{window.start:%Y-%m}/{window.start:{_MINUTE}}-{window.end:{_MINUTE}}.json"
