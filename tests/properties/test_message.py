"""Whatever the log says, a message stays a message."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from insights.notify.message import SUBJECT_LIMIT, message_of

ANYTHING = st.text(max_size=300)
AVERAGES = st.floats(min_value=0, max_value=1e9).map(lambda average: round(average, 10))


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a Start record whose every text is somebody else's choice."""
    shares = [{"value": draw(ANYTHING), "average": draw(AVERAGES)}]
    return {
        "eventTime": "2025-03-04T14:07:00Z",
        "awsRegion": draw(ANYTHING),
        "eventID": draw(ANYTHING),
        "recipientAccountId": draw(ANYTHING),
        "sharedEventID": draw(ANYTHING),
        "insightDetails": {
            "state": "Start",
            "eventSource": draw(ANYTHING),
            "eventName": draw(ANYTHING),
            "insightType": "ApiErrorRateInsight",
            "errorCode": draw(ANYTHING),
            "insightContext": {
                "statistics": {"baseline": {"average": draw(AVERAGES)}, "insight": {"average": draw(AVERAGES)}},
                "attributions": [{"attribute": draw(ANYTHING), "insight": shares, "baseline": []}],
            },
        },
    }


@given(records(), ANYTHING)
def test_subject(record: dict[str, Any], explanation: str) -> None:
    """A subject is always what SNS takes: printable ASCII, under 100 characters."""
    subject = message_of(record, explanation).subject

    assert len(subject) <= SUBJECT_LIMIT
    assert subject.isascii()
    assert subject.isprintable()


@given(records(), ANYTHING)
def test_text(record: dict[str, Any], explanation: str) -> None:
    """A text always has the same thirteen printable lines, can be sent as UTF-8 and holds no markup and no links."""
    text = message_of(record, explanation).text

    lines = text.split("\n")
    assert len(lines) == 13
    assert all(line.isprintable() for line in lines)
    assert text.encode()
    assert not any(forbidden in text for forbidden in ("<", ">", "://"))
