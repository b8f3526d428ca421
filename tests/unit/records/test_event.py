import json
from typing import Any

import msgspec
import pytest

from insights.records.event import MEMBERS, NO_TEXT, Refusal, mend
from insights.records.schemas import EVENTS


def mended(record: dict[str, Any]) -> tuple[Any, Any]:
    result = mend(record, 0, b"")
    assert not isinstance(result, Refusal)
    other = result[1]
    return result[0], json.loads(other) if other is not None else None


def test_members_have_columns() -> None:
    """Every member's column is one of the events table."""
    assert {member.column for member in MEMBERS} <= set(EVENTS.names)


def test_unknown_member(record) -> None:
    """A member that AWS adds tomorrow is kept beside the columns."""
    event, other = mended(record(newMember={"a": [1, None]}))

    assert event.event_name == "RunInstances"
    assert other == {"newMember": {"a": [1, None]}}


@pytest.mark.parametrize(
    ("value", "is_read_only"), [("true", True), ("false", False), ("yes", None), (None, None), (1, None)]
)
def test_flags(record, value: Any, is_read_only: bool | None) -> None:
    """Flags written as text mean what they say; other values mean nothing; all are kept as they were."""
    event, other = mended(record(readOnly=value))

    assert event.is_read_only is is_read_only
    assert other == {"readOnly": value}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01T13:05:07.123Z", "2026-11-01T13:05:07Z"),
        ("2026-11-01T13:05:07+05:30", "2026-11-01T07:35:07Z"),
        ("2026-11-01T13:05:07", "2026-11-01T13:05:07Z"),
    ],
    ids=["milliseconds", "offset", "no zone"],
)
def test_instants(record, text: str, expected: str) -> None:
    """An instant in another form gives the second it lies in, and is kept as it was."""
    event, other = mended(record(eventTime=text))

    assert event.event_time == expected
    assert other == {"eventTime": text}


@pytest.mark.parametrize("value", [None, 7, ["a"], {"a": 1}, True])
def test_wrong_types(record, value: Any) -> None:
    """A text that is none leaves its column empty and is kept as it was."""
    event, other = mended(record(userAgent=value))

    assert event.user_agent is None
    assert other == {"userAgent": value}


@pytest.mark.parametrize("value", [None, [], {}, "null", 0, {"a": "\ud800"}])
def test_nested(record, value: Any) -> None:
    """A nested member takes any value, null too, in its own column."""
    event, other = mended(record(requestParameters=value, newMember=1))

    assert json.loads(bytes(event.request_parameters_json)) == value
    assert other == {"newMember": 1}


def test_absent(record) -> None:
    """What a record does not have is None or no text, and not confused with a null."""
    event, _ = mended(record(newMember=1))

    assert event.additional_event_data_json is NO_TEXT
    assert isinstance(event.response_elements_json, msgspec.Raw)
