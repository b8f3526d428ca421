"""Whose copies of events an hour of the `events` table holds."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from insights.records.columns import UNCOMPLETED
from insights.records.partitions import EventHour
from insights.storage.event_keys import event_names
from insights.storage.events import KEY_COLUMNS, hour_key
from insights.storage.objects import ObjectStore
from insights.storage.tables import open_rows


@dataclass(frozen=True, slots=True)
class Standing:
    """The objects whose rows an hour holds, as rows name them, by event; and those that come before others."""

    objects: Mapping[str, set[str]]
    vouched: frozenset[str]


def standing_of(store: ObjectStore, hour: EventHour, event_ids: Collection[str]) -> Standing:
    """Tell whose copies of some events (`event_names`) are in an hour."""
    old = open_rows(store, hour_key(hour), UNCOMPLETED)
    rows = old.read(KEY_COLUMNS)
    names = event_names(rows)
    is_asked = pc.is_in(names, pa.array(sorted(event_ids), pa.string()))
    objects: dict[str, set[str]] = {}
    for name, key in zip(
        names.filter(is_asked).to_pylist(), rows.filter(is_asked)["object_key"].to_pylist(), strict=True
    ):
        objects.setdefault(name, set()).add(key)
    return Standing(objects, frozenset(json.loads(old.vouched)) if old.vouched else frozenset())
