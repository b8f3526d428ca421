"""What finding a window's objects cost: a small note for the quality report, written over by each run of the window."""

from __future__ import annotations

import msgspec

from insights.errors import NotFoundError
from insights.storage.objects import ObjectStore
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
        return _codec.decode(store.get(_key(window))[0])
    except NotFoundError:
        return None


def _key(window: Window) -> str:
    return f"{TABLE}/{window.start:%Y-%m}/{window.start:{_MINUTE}}-{window.end:{_MINUTE}}.json"
