"""What lies in the lake: files, columns, the rules they are held to, the reasons of what is refused."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pyarrow as pa

from docs.generating.markdown import WORDS, markdown_table, nothing_left
from insights.records import schemas
from insights.records.event import MEMBERS, REASONS, Refusal
from insights.records.partitions import EventHour
from insights.records.rules import EVENT_RULES, FactBetween, InSet, Matches, NotNull, Rule, UniqueInHour, WithinHour
from insights.stages import publish
from insights.storage import counts, coverage, events, insights, integrity, ledger, publications, quality, quarantine
from insights.storage import reasons as candidates
from insights.storage.opening import open_store
from insights.storage.trail import TrailObject
from insights.windows import parse_instant

_TYPES = {
    pa.string(): "text",
    pa.bool_(): "true or false",
    pa.int64(): "whole number",
    pa.float64(): "number",
    pa.binary(): "bytes",
    schemas.INSTANT: "instant",
    pa.list_(pa.string()): "list of texts",
}


def files() -> str:
    """Name a file of each table, as the code that writes it does."""
    rows = [(f"`{table}`", WORDS["rows"][table], f"`{key}`") for table, key in _example_keys().items()]
    return markdown_table(("folder", "a file holds", "for example"), rows)


def _example_keys() -> dict[str, str]:
    """Write one of everything to a store in memory and look how it is called."""
    store, hour = (
        open_store("memory://docs"),
        EventHour("111122223333", "us-east-1", parse_instant("2026-11-08T13:00Z")),
    )
    trail_object = TrailObject("…", "…", 1, hour.account_id, hour.region, hour.start, False)
    unit = ledger.unit_name([trail_object])
    store.put(events.hour_key(hour), b"")
    store.put(counts.hour_key(hour), b"")
    insights.write(store, _example_insight(hour))
    quarantine.write(store, [(trail_object, Refusal("not_json", "", None, b""))])
    outcome = {
        "records_in": 1,
        "kept": 0,
        "duplicate": 0,
        "out_of_scope": 0,
        "quarantined": 1,
        "partitions": [hour.path],
    }
    ledger.write(store, unit, [(trail_object, outcome)])
    store.put(candidates.day_key(hour.account_id, hour.region, hour.date), b"")
    store.put(coverage.day_key(hour), b"")
    store.put(integrity.day_key(hour.account_id, hour.region, hour.date), b"")
    quality.write(store, hour.day_path, quality.Judgement({}, {}, msgspec.Raw(b"{}")))
    place = (hour.account_id, hour.region)
    key = publish.object_key(place, hour.start, "e4a6a0577479b2b4")
    store.put(key, b"")
    publications.note_published(store, place, publications.Batch(object_key=key, items=(_example_item(hour),)))
    keys = {info.key.partition("/")[0]: info.key for info in store.list("")}
    # The second half of this name changes with the Parquet library.
    keys["quarantine"] = re.sub(r"-[0-9a-f]{12}\.", "-<hash of its content>.", keys["quarantine"])
    return {table: keys[table] for table in WORDS["rows"]}


def _example_item(hour: EventHour) -> publications.Item:
    return publications.Item(
        event_id="", event_time=str(hour.start), state="Start", record=msgspec.Raw(b"{}"), explanation=""
    )


def _example_insight(hour: EventHour) -> dict[str, Any]:
    blank: dict[Any, Any] = {pa.string(): "", pa.bool_(): False, pa.int64(): 0, pa.float64(): 0.0}
    row = {field.name: blank.get(field.type, hour.start) for field in schemas.INSIGHTS}
    return row | {"insight_id": "8db86c8d-67de-5a1d-ba74-7875f1c9d8c4"}


def columns(table: str) -> str:
    """List a table's columns with type and meaning; those of `events` name the record's member they come from."""
    schema: pa.Schema = getattr(schemas, table.upper())
    meanings = dict(WORDS["columns"][table])
    members = {member.column: f"`{member.name}`" for member in MEMBERS} if table == "events" else {}
    rows = []
    for field in schema:
        kind = _TYPES[field.type] + (", never null" if not field.nullable else "")
        known = [text for text in (members.get(field.name), meanings.pop(field.name, None)) if text]
        if not known:
            raise KeyError(f"words.toml does not say what {table}.{field.name} means")
        rows.append((f"`{field.name}`", kind, "; ".join(known)))
    nothing_left(meanings, f"words.toml [columns.{table}]")
    return markdown_table(("column", "type", "meaning"), rows)


def rules() -> str:
    """List the data-quality rules in the order of reports."""
    head = ("rule", "severity", "checked", "why", "what to do")
    return markdown_table(
        head, [(f"`{r.id}`<br>{r.title}", r.severity, _checked(r), r.why, r.remedy) for r in EVENT_RULES]
    )


def _checked(rule: Rule) -> str:
    match rule.check:
        case NotNull():
            return f"`{rule.column}` has a value"
        case UniqueInHour():
            return f"`{rule.column}` is unique in its hour"
        case WithinHour():
            return f"`{rule.column}` lies in the hour of its partition"
        case InSet(values):
            return f"`{rule.column}` is {' or '.join(f'`{value}`' for value in values)}"
        case Matches(pattern):
            return f"`{rule.column}` matches `{pattern}`"
        case FactBetween(fact, low, high):
            return f"`{fact}` is {low:g}" if low == high else f"`{fact}` lies in {low:g} … {high:g}"


def reasons() -> str:
    """List the reasons of quarantine rows, each with what to do."""
    remedies = dict(WORDS["reasons"])
    rows = [(f"`{reason}`", meaning, remedies.pop(reason)) for reason, meaning in REASONS.items()]
    nothing_left(remedies, "words.toml [reasons]")
    return markdown_table(("reason", "meaning", "what to do"), rows)
