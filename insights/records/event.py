"""One CloudTrail record: typed where people filter, raw JSON where it is nested, and given back exactly.

Format: AWS CloudTrail User Guide, "CloudTrail record contents for management, data, and network activity events".
`MEMBERS` is the single source: it makes the decoder's type, names the lake's columns, and gives a row back as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any

import msgspec

from insights.errors import WindowError
from insights.windows import format_instant, parse_instant

_FLAG_TEXTS = {"true": True, "false": False}

_TO_THE_MINUTE = re.compile(r"T\d\d:?\d\d")

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""An event time t is usable where EARLIEST <= t < LATEST: years that cannot be would make folders nobody can read."""

INSTANT_LENGTH = len("2026-11-01T13:05:07Z")
"""How many characters the event time of every decoded record has."""


class Kind(Enum):
    """How a member of a record is kept."""

    INSTANT = "instant"
    TEXT = "text"
    ID = "id"
    """A text that tells events apart, so that an empty one is none."""
    FLAG = "flag"
    NESTED = "nested"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a record and the column it goes to."""

    name: str
    column: str
    kind: Kind
    is_required: bool = False


MEMBERS = (
    Member("eventVersion", "event_version", Kind.TEXT),
    Member("userIdentity", "user_identity_json", Kind.NESTED),
    Member("eventTime", "event_time", Kind.INSTANT, is_required=True),
    Member("eventSource", "event_source", Kind.TEXT, is_required=True),
    Member("eventName", "event_name", Kind.TEXT, is_required=True),
    Member("awsRegion", "aws_region", Kind.TEXT, is_required=True),
    Member("sourceIPAddress", "source_ip_address", Kind.TEXT),
    Member("userAgent", "user_agent", Kind.TEXT),
    Member("errorCode", "error_code", Kind.TEXT),
    Member("errorMessage", "error_message", Kind.TEXT),
    Member("requestParameters", "request_parameters_json", Kind.NESTED),
    Member("responseElements", "response_elements_json", Kind.NESTED),
    Member("additionalEventData", "additional_event_data_json", Kind.NESTED),
    Member("requestID", "request_id", Kind.TEXT),
    Member("eventID", "event_id", Kind.ID),
    Member("readOnly", "is_read_only", Kind.FLAG),
    Member("resources", "resources_json", Kind.NESTED),
    Member("eventType", "event_type", Kind.TEXT),
    Member("apiVersion", "api_version", Kind.TEXT),
    Member("managementEvent", "is_management", Kind.FLAG),
    Member("recipientAccountId", "recipient_account_id", Kind.TEXT),
    Member("sharedEventID", "shared_event_id", Kind.TEXT),
    Member("serviceEventDetails", "service_event_details_json", Kind.NESTED),
    Member("vpcEndpointId", "vpc_endpoint_id", Kind.TEXT),
    Member("vpcEndpointAccountId", "vpc_endpoint_account_id", Kind.TEXT),
    Member("addendum", "addendum_json", Kind.NESTED),
    Member("eventCategory", "event_category", Kind.TEXT),
    Member("sessionCredentialFromConsole", "session_credential_from_console", Kind.TEXT),
    Member("edgeDeviceDetails", "edge_device_details_json", Kind.NESTED),
    Member("tlsDetails", "tls_details_json", Kind.NESTED),
    Member("eventContext", "event_context_json", Kind.NESTED),
)
"""In the order in which AWS writes them, which is also the order the decoder finds them in fastest."""

BY_NAME = {member.name: member for member in MEMBERS}

# Exactly AWS's form; anything else (milliseconds, offsets) takes the slower path that keeps the original text.
_InstantText = Annotated[str, msgspec.Meta(min_length=INSTANT_LENGTH, max_length=INSTANT_LENGTH)]
_IdText = Annotated[str, msgspec.Meta(min_length=1)]
_TYPES = {Kind.INSTANT: _InstantText, Kind.TEXT: str, Kind.ID: _IdText, Kind.FLAG: bool, Kind.NESTED: msgspec.Raw}

NO_TEXT = msgspec.Raw()
"""What an absent nested member is: no JSON is empty."""

_DEFAULTS = {kind: NO_TEXT if kind is Kind.NESTED else None for kind in Kind}

# The default None is not part of the types: an explicit null is thus refused and kept by the slower path, so that
# absent and null stay apart.
EventRecord: Any = msgspec.defstruct(
    "EventRecord",
    [(m.column, _TYPES[m.kind]) if m.is_required else (m.column, _TYPES[m.kind], _DEFAULTS[m.kind]) for m in MEMBERS],
    rename={m.column: m.name for m in MEMBERS},
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
)
"""A decoded record: attributes are columns, nested members stay `msgspec.Raw`; what is absent is None, or `NO_TEXT`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one record, or a whole object (`index` None), cannot be kept. `reason` is one of `REASONS`; `records` is more
    than one where all from a record on are refused together."""

    reason: str
    detail: str
    index: int | None
    content: bytes
    records: int = 1


REASONS = {
    "empty_object": "the object has no bytes",
    "not_gzip": "the object is named .gz but is no gzip stream",
    "truncated_gzip": "the gzip stream breaks off, or bytes that are no gzip follow it",
    "corrupt_gzip": "the gzip stream is damaged: its blocks or its checksum are wrong",
    "mostly_no_records": "most entries of Records are so short that they cannot be records",
    "object_too_large": "the object unpacks to more than the setting ingest.unpacked_megabytes allows",
    "not_json": "the text is no JSON document, or has a number or a depth that cannot be read",
    "no_records": "the JSON has no list named Records",
    "mostly_refused": "of the records before these so many were refused that these were not looked at",
    "record_not_an_object": "an entry of Records is no JSON object",
    "missing_field": "a member every record must have is absent",
    "invalid_field": "a member every record must have has no usable value",
    "invalid_text": "a text is not UTF-8",
    "unusable_partition": "the account id or Region cannot name a folder",
    "refuted_object": "a digest refutes the log file the record came from (policy `refuse`)",
    "unreadable_object": "the store listed the object but did not give it",
}
"""Why something is in quarantine."""


def mend(raw: Mapping[str, Any], index: int, content: bytes) -> tuple[Any, str | None] | Refusal:
    """Turn a record that the typed decoder refused into an `EventRecord` and the JSON text of what does not fit it.

    Members without a column, nulls, flags written as text, instants in another form and texts with halves of surrogate
    pairs are kept in that text; their columns hold the value they mean, or nothing.

    Raises:
        ValueError: a number is not finite, for which JSON has no form.
    """
    values: dict[str, Any] = {}
    odd: dict[str, Any] = {}
    for name, value in raw.items():
        member = BY_NAME.get(name)
        fitted = _fit(member, value) if member else None
        if member and fitted is not None:
            values[member.column] = fitted
        if fitted is None or _is_altered(fitted, value):
            odd[name] = value
    for member in MEMBERS:
        if member.is_required and member.column not in values:
            reason = "invalid_field" if member.name in raw else "missing_field"
            shown = f"{member.name} is {json.dumps(raw[member.name])[:100]}" if member.name in raw else member.name
            return Refusal(reason, shown, index, content)
    return EventRecord(**values), json.dumps(odd, allow_nan=False) if odd else None


def _fit(member: Member, value: Any) -> Any:
    """Give the value a column can hold, or None."""
    if member.kind is Kind.NESTED:
        return msgspec.Raw(json.dumps(value, allow_nan=False).encode())
    if member.kind is Kind.FLAG:
        return value if isinstance(value, bool) else _FLAG_TEXTS.get(str(value))
    if not isinstance(value, str):
        return None
    if member.kind is Kind.ID and not value:
        return None
    return _instant_text(value) if member.kind is Kind.INSTANT else value.encode("utf-8", "replace").decode()


def _is_altered(fitted: Any, value: Any) -> bool:
    return not isinstance(fitted, msgspec.Raw) and (fitted != value or type(fitted) is not type(value))


def _instant_text(text: str) -> str | None:
    if not _TO_THE_MINUTE.search(text):
        # A day alone would put all its calls into the minute of midnight.
        return None
    try:
        instant = parse_instant(text)
    except WindowError:
        return None
    return format_instant(instant) if EARLIEST <= instant < LATEST else None


def restore_text(row: Mapping[str, Any]) -> str:
    """Give back the JSON text of a record from a row of the `events` table (as `Table.to_pylist` gives it).

    What is nested is not read but stands there as it came, so that numbers keep all their digits. Halves of surrogate
    pairs are escaped.
    """
    inferred = (row["inferred_fields"] or "").split(",")
    texts: dict[str, str] = {}
    for member in MEMBERS:
        value = row[member.column]
        if value is None or member.name in inferred:
            continue
        if member.kind is Kind.NESTED:
            texts[member.name] = value
        else:
            told = format_instant(value) if member.kind is Kind.INSTANT else value
            texts[member.name] = json.dumps(told, ensure_ascii=False)
    if row["other_fields_json"] is not None:
        texts |= {name: json.dumps(value) for name, value in json.loads(row["other_fields_json"]).items()}
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in texts.items()) + "}"
