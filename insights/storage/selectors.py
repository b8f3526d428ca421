"""The Insight selectors that were put through the API: one small JSON file beside the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from insights.errors import NotFoundError, StorageError
from insights.records.selection import Selection
from insights.records.series import InsightType
from insights.storage.objects import ABSENT, ObjectStore

KEY = "state/insight-selectors.json"


class _Selector(msgspec.Struct):
    insight_type: InsightType
    event_categories: list[Literal["Management", "Data"]]


@dataclass(frozen=True, slots=True)
class Stored:
    """What was put, if anything ever was, and the version that it was read as (`ABSENT` where there is none)."""

    selection: Selection | None
    etag: str


def read(store: ObjectStore) -> Stored:
    """Give the selectors that were put last.

    Raises:
        StorageError: the file holds something else.
    """
    try:
        content, etag = store.get(KEY)
    except NotFoundError:
        return Stored(None, ABSENT)
    try:
        found = msgspec.json.decode(content, type=list[_Selector])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StorageError(
            f"{store.url}/{KEY} holds no Insight selectors: delete it, and put them again: {error}"
        ) from error
    return Stored(Selection.of((each.insight_type, each.event_categories) for each in found), etag)


def write(store: ObjectStore, selection: Selection, *, over: Stored) -> None:
    """Put selectors over those that were read.

    Raises:
        ConflictError: somebody else put some meanwhile.
    """
    entries = [{"insight_type": kind, "event_categories": categories} for kind, categories in selection.selectors]
    store.put(KEY, msgspec.json.encode(entries), replacing=over.etag)
